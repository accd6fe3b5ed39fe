"""A pytest in a child process: how it is started, what it reports, and how it is stopped.

A plugin that the child loads gets a request from the parent and answers with JSON objects. Each
answer is written as soon as it is known, so a child that had to be stopped has answered in part.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from understudy.embedded.watcher import Watcher

INTERRUPTED = 130  # a shell's exit code for a process that SIGINT has ended
REQUEST_VARIABLE = "UNDERSTUDY_PYTEST_REQUEST"
ANSWERS_VARIABLE = "UNDERSTUDY_PYTEST_ANSWERS"


@dataclass(frozen=True)
class Ended:
    """How a pytest ended.

    Attributes:
        exit_code: pytest's exit code.
        answers: what its plugin answered, in order.
        output: what it printed; empty if that was shown as it came.
        timed_out: whether it was stopped because its time was up.
    """

    exit_code: int
    answers: Sequence[dict[str, Any]]
    output: str = ""
    timed_out: bool = False

    def tail(self, lines: int) -> str:
        """Return the last lines of its output."""
        return "\n".join(self.output.strip().splitlines()[-lines:])


def run(
    arguments: Sequence[str],
    folder: Path,
    *,
    plugin: str | None = None,
    request: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
    timeout: float | None = None,
    patience: float = 30.0,
) -> Ended:
    """Run pytest in a process of its own.

    Args:
        arguments: pytest's arguments.
        folder: the working directory.
        plugin: a module to load as a plugin, which calls `requested` and `answer`.
        request: what `requested` returns there.
        environment: its environment variables; those of this process if None.
        output: a file with a descriptor, to which its output goes as it comes. If None, the output
            is returned instead.
        timeout: the seconds after which it is stopped.
        patience: the seconds between SIGINT, which lets it tear its fixtures down, and SIGKILL,
            which also ends the processes that it started. 0 for SIGKILL at once.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; the child was stopped before.
    """
    with started(
        arguments,
        folder,
        plugin=plugin,
        request=request,
        environment=environment,
        output=output,
        patience=patience,
    ) as child:
        return ended(child, timeout, patience)


def ended(child: Child, timeout: float | None, patience: float = 30.0) -> Ended:
    """Wait for the end of a child, and stop it if its time is up; see `run`."""
    late = not child.wait(timeout)
    if late:
        stop([child], 0 if sys.platform == "win32" else patience)  # it has no SIGINT to send
    return Ended(child.exit_code or 0, child.new_answers(), child.output(), late)


class Child:
    """A pytest that runs in a process of its own.

    Args:
        process: the process.
        answers: the file of what its plugin answers.
        output: the file of what it prints; None if that is shown as it comes.

    Attributes:
        process: as above.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], answers: Path, output: Path | None
    ) -> None:
        self.process = process
        self._answers = answers
        self._output = output
        self._read = 0

    @property
    def exit_code(self) -> int | None:
        """Pytest's exit code; None while it runs."""
        return self.process.poll()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end; return whether it has ended in time."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def new_answers(self) -> list[dict[str, Any]]:
        """Return what its plugin has answered since the last call."""
        if not self._answers.exists():
            return []
        with self._answers.open("rb") as file:
            file.seek(self._read)
            # The last line is incomplete while it is written, or if the child was killed.
            complete, newline, _ = file.read().rpartition(b"\n")
        self._read += len(complete) + len(newline)
        return [json.loads(line) for line in complete.splitlines()]

    def output(self) -> str:
        """Return what it has printed; empty if that is shown as it comes."""
        return "" if self._output is None else self._output.read_bytes().decode(errors="replace")


@contextmanager
def started(
    arguments: Sequence[str],
    folder: Path,
    *,
    plugin: str | None = None,
    request: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
    patience: float = 30.0,
) -> Iterator[Child]:
    """Start pytest in a process of its own, which is stopped at the end of the block.

    The arguments are those of `run`. SIGTERM interrupts the block like Ctrl-C. The child ends, too,
    when this process is killed or its terminal is closed.
    """
    command = [sys.executable, "-m", "pytest", *(["-p", plugin] if plugin else []), *arguments]
    with tempfile.TemporaryDirectory(prefix="understudy-pytest-") as scratch, ExitStack() as stack:
        answers = Path(scratch, "answers")
        variables = {
            **(os.environ if environment is None else environment),
            REQUEST_VARIABLE: json.dumps(request or {}),
            ANSWERS_VARIABLE: str(answers),
        }
        if output is not None:
            output.flush()
            printed = None
        else:
            # Not a pipe: a process that the tests leave running would keep it open.
            printed = Path(scratch, "output")
        stack.enter_context(interrupted_by_sigterm())
        watcher = Watcher(Path(scratch), signal="TERM")
        stack.callback(watcher.dismiss)
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output if printed is None else stack.enter_context(printed.open("wb")),
            stderr=None if printed is None else subprocess.STDOUT,
            # In another group it gets the terminal's Ctrl-C once, from here. A second one would cut
            # the teardown of its fixtures short.
            **watcher.popen_arguments,
        )
        child = Child(process, answers, printed)
        try:
            yield child
        finally:
            stop([child], patience)


def environment_without(*prefixes: str) -> dict[str, str]:
    """Return this process's environment without the variables that begin with a prefix."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def stop(children: Sequence[Child], patience: float = 30.0) -> None:
    """End those that still run: with SIGINT, and after `patience` seconds with SIGKILL."""
    running = [child.process for child in children if child.exit_code is None]
    try:
        if patience:
            if sys.platform != "win32":  # on Windows the console has interrupted all of them
                for process in running:
                    process.send_signal(signal.SIGINT)
            end = time.monotonic() + patience
            for process in running:
                process.wait(max(0.0, end - time.monotonic()))
            return
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        pass  # it had its time, or the user is out of patience as well
    for process in running:
        if process.poll() is None:
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(os.getpgid(process.pid), signal.SIGKILL)
            process.wait()


@contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Make SIGTERM, as sent by `timeout` or a CI runner, interrupt the block like Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# In the child ------------------------------------------------------------------------------------


def error_lines(lines: Iterable[str]) -> list[str]:
    """Return the texts of the lines in which pytest shows an error."""
    return [line[1:].strip() for line in lines if line.startswith("E ")]


def requested() -> dict[str, Any]:
    """Return the request of the parent; empty in a pytest that was started in another way."""
    request: dict[str, Any] = json.loads(os.environ.get(REQUEST_VARIABLE, "{}"))
    return request


def answer(fields: Mapping[str, object]) -> None:
    """Send an answer to the parent."""
    with Path(os.environ[ANSWERS_VARIABLE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(fields) + "\n")
