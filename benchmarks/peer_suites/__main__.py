"""Run another project's tests on a plain server, and with each isolation of `real_postgres`.

    python -m benchmarks.peer_suites pgqueuer /path/to/its/checkout --python /its/venv/bin/python

The environment of `--python` has the project, what its tests need, pytest-timeout, and Understudy:
what one rolled-back transaction cannot show may keep a test waiting for ever. The tests run in
copies of the checkout, in which only the fixtures that make a database are replaced. With "auto"
they run twice: the second run has the verdicts of the first, as a project that commits them. It
prints how many tests pass, and each test that passes on the plain server and not otherwise.

With `--by-file`, each file of tests has a process of its own. A file that exceeds the limit is
interrupted, and those of its tests that have not ended did not pass.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import psycopg

from benchmarks.peer_suites.peers import PEERS, Peer
from understudy.embedded import EmbeddedServer

BASELINE = "plain server"
ISOLATIONS = ("rollback", "auto", "clone")
NEXT_RUN = "auto, next run"
# These checks are no part of the isolation. With `filterwarnings = error` they fail tests.
_CHECKS = ("state", "tasks", "coroutines")
_SCHEMA = "understudy_peer_schema"
# Threads that a suite has left running do not keep the process. The alarm of a time-out repeats: a
# test that waits for ever may wait again when its event loop is closed. uvloop swallows what a
# signal handler raises, so the alarm cancels the tasks of a running loop.
_PYTEST = """
import asyncio, os, pytest, pytest_timeout, signal, sys

fail, once = pytest_timeout.timeout_sigalrm, signal.setitimer

def cancel(loop):
    for task in asyncio.all_tasks(loop):
        task.cancel("Timeout from pytest-timeout")

def end(item, settings):
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        fail(item, settings)
    loop.call_soon_threadsafe(cancel, loop)

pytest_timeout.timeout_sigalrm = end
signal.setitimer = lambda which, seconds, interval=0: once(which, seconds, interval or seconds)
code = pytest.main()
sys.stdout.flush()
os._exit(int(code))
"""


@dataclass(frozen=True)
class Outcome:
    """What came of a suite.

    Attributes:
        passed: the tests that passed.
        problems: the first line of the failure of each test that did not pass and was not skipped.
        seconds: how long it took.
        lines: Understudy's own lines in the summary.
    """

    passed: frozenset[str]
    problems: Mapping[str, str]
    seconds: float
    lines: Sequence[str]


@contextmanager
def _plain_server() -> Iterator[Mapping[str, str]]:
    with EmbeddedServer() as server:
        dsn = server.dsn()
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE DATABASE taskiq_postgres")
        parts = urlsplit(dsn)
        yield {
            "dsn": dsn,
            "host": parts.hostname or "",
            "port": str(parts.port),
            "user": parts.username or "",
            "password": parts.password or "",
            "database": parts.path[1:],
        }


def _run(
    peer: Peer, checkout: Path, python: str, isolation: str, timeout: int, by_file: int | None
) -> Iterator[tuple[str, Outcome]]:
    """Run a suite, and yield the name and the outcome of each run.

    Args:
        peer: the suite.
        checkout: where it lies.
        python: the interpreter of its environment.
        isolation: one of `ISOLATIONS`, or `BASELINE`.
        timeout: seconds that a test may take.
        by_file: seconds that a file may take in a process of its own; None for one process.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "suite"
        shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns(".git", *peer.installed))
        if isolation == BASELINE:
            with _plain_server() as parts:
                variables = {name: text.format(**parts) for name, text in peer.server.items()}
                flags = ["-p", "no:understudy", f"--timeout={timeout}"]
                yield isolation, _pytest(peer, copy, python, flags, variables, by_file)
            return
        conftest = copy / peer.conftest
        before = conftest.read_text() if conftest.exists() else ""
        conftest.write_text(before + peer.fixtures)
        flags = [f"--understudy-isolation={isolation}", f"--timeout={timeout}"]
        flags += [f"--understudy-check-{check}=off" for check in _CHECKS]
        flags += [f"--understudy-real-postgres-env={n}={v}" for n, v in peer.variables.items()]
        for place in (copy, conftest.parent):  # pytest's root is one of them
            (place / f"{_SCHEMA}.py").write_text(peer.schema)
        flags.append(f"--understudy-schema={_SCHEMA}:install")
        yield isolation, _pytest(peer, copy, python, flags, {}, by_file)
        if isolation == "auto":
            yield NEXT_RUN, _pytest(peer, copy, python, flags, {}, by_file)


def _pytest(
    peer: Peer,
    copy: Path,
    python: str,
    flags: Sequence[str],
    variables: Mapping[str, str],
    by_file: int | None,
) -> Outcome:
    report = copy / "understudy-report.xml"
    flags = [*flags, "-q", "--tb=native", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    flags += ["-o", "timeout_func_only=false"]
    passed, problems, lines = set(), {}, []
    start = time.monotonic()
    for arguments in [peer.arguments] if by_file is None else _files(peer, copy):
        report.unlink(missing_ok=True)
        child = subprocess.Popen(
            [python, "-c", _PYTEST, *arguments, *flags],
            cwd=copy,
            env={**os.environ, "PATH": f"{Path(python).parent}:{os.environ['PATH']}", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = _output(child, by_file)
        if not report.exists():
            if by_file is None:
                raise SystemExit(output)
            continue
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname')}::{_without_address(case.get('name') or '')}"
            bad = [part for part in case if part.tag in ("failure", "error")]
            if bad:
                problems[name] = (bad[0].get("message") or "").partition("\n")[0]
            elif case.find("skipped") is None:
                passed.add(name)
        lines += [
            line
            for line in output.splitlines()
            if "real_postgres:" in line or "on a clone:" in line
        ]
    return Outcome(frozenset(passed), problems, time.monotonic() - start, lines)


def _files(peer: Peer, copy: Path) -> Iterator[Sequence[str]]:
    """Yield pytest's arguments for each file of a suite."""
    folders = [name for name in peer.arguments if (copy / name).exists()]
    others = [name for name in peer.arguments if name not in folders]
    for folder in folders:
        for file in sorted((copy / folder).rglob("test_*.py")):
            yield [str(file.relative_to(copy)), *others]


def _output(child: subprocess.Popen[str], limit: int | None) -> str:
    """Wait for a run of pytest; at the limit, interrupt it, so that it writes its report."""
    for seconds in (limit, 15):
        try:
            return child.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
    child.kill()
    return child.communicate()[0]


def _without_address(name: str) -> str:
    """Return the name of a test without the addresses in it, which differ in each run."""
    return re.sub(r"//[^/@]*@[^/]*/\w+", "", name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peer_suites", description=__doc__)
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--only", nargs="+", choices=ISOLATIONS, default=ISOLATIONS)
    parser.add_argument("--timeout", type=int, default=60, help="seconds that a test may take")
    parser.add_argument(
        "--by-file",
        type=int,
        metavar="SECONDS",
        help="run each file in a process of its own, which may take this long",
    )
    options = parser.parse_args()
    peer = PEERS[options.name]
    found: dict[str, Outcome] = {}
    for isolation in (BASELINE, *options.only):
        limits = options.timeout, options.by_file
        for run, outcome in _run(peer, options.checkout, options.python, isolation, *limits):
            found[run] = outcome
            number = len(outcome.passed & found[BASELINE].passed)
            print(f"{run}: {number} passed in {outcome.seconds:.0f} s", flush=True)
            for line in outcome.lines:
                print(f"  {line}")
            for name in sorted(found[BASELINE].passed - outcome.passed):
                print(f"  not {name}: {outcome.problems.get(name, 'not run')[:200]}")
    for name, problem in sorted(found[BASELINE].problems.items()):
        print(f"not on the plain server: {name}: {problem[:100]}")
    numbers = [len(outcome.passed & found[BASELINE].passed) for outcome in found.values()]
    print(f"| {options.name} | {' | '.join(map(str, numbers))} |")
    return 0


sys.exit(main())
