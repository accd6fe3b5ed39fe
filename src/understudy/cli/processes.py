"""A process that does a command's work, and is stopped in good order where the command is."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

INTERRUPTED = 130  # as a shell has it for a process that SIGINT has ended

# For an interrupted pytest to tear its fixtures down.
_PATIENCE = 30.0


def call(
    command: Sequence[str], folder: Path, output: IO[str], environment: Mapping[str, str] | None
) -> int:
    """Run a command and return its exit code.

    Args:
        command: the program and its arguments.
        folder: the directory to run it in.
        output: receives its output while it runs; a file with a descriptor.
        environment: None for this process's own.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; the process has ended by then.
    """
    output.flush()
    with _sigterm_is_an_interrupt():
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output.fileno(),
            # A group of its own: the terminal's Ctrl-C reaches it once, from here. A second one
            # would cut short the fixtures that are being torn down.
            process_group=None if sys.platform == "win32" else 0,
        )
        try:
            return process.wait()
        except BaseException:
            _stop(process)
            raise


def _stop(process: subprocess.Popen[bytes]) -> None:
    if sys.platform != "win32":  # there the console has told both
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()


@contextmanager
def _sigterm_is_an_interrupt() -> Iterator[None]:
    """Stop the process for whoever ends this one politely, like `timeout` or a CI runner."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
