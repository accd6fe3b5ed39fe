"""Running a test suite with pytest in a separate process, and the outcome of each test."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.processes import pytest_in

Verdict = Literal["passed", "failed", "skipped"]

# Aborts a test that hangs, so that the other tests run.
CONFTEST = """\
import contextlib
import signal

import pytest


@contextlib.contextmanager
def _limit():
    def give_up(number, frame):
        raise RuntimeError("timeout of 60 s")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 60)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    with _limit():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    with _limit():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    with _limit():
        return (yield)
"""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a test.

    Attributes:
        verdict: how it ended; an error in setup or teardown is a failure.
        reason: the first line of the failure message, "" if it did not fail.
    """

    verdict: Verdict
    reason: str = ""


def run(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Outcome]:
    """Run pytest in a folder and return the outcome of each test, by its name.

    Failed tests are run once more, because some tests depend on timing. The second outcome counts.

    Args:
        folder: the folder of the suite.
        arguments: pytest's arguments; it loads only the suite's plugins.
        environment: additional environment variables.

    Raises:
        RuntimeError: if pytest is aborted.
    """
    found = _run(folder, arguments, environment)
    if any(outcome.verdict == "failed" for outcome in found.values()):
        again = _run(folder, [*arguments, "--last-failed"], environment)
        # If both fail, the first reason counts: leftovers of the first run may fail the second.
        found |= {name: outcome for name, outcome in again.items() if outcome.verdict != "failed"}
    return found


def _run(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Outcome]:
    report = folder / "report.xml"
    report.unlink(missing_ok=True)
    done = pytest_in(
        folder,
        *("--tb=native", f"--junitxml={report}", *arguments),
        **{"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
    )
    if done.returncode not in (0, 1) or not report.exists():
        raise RuntimeError(done.stdout)
    return read(report.read_text(encoding="utf-8"))


def read(report: str) -> dict[str, Outcome]:
    """Read a report in JUnit's format.

    A test whose teardown fails too is in it twice, and has failed.

    >>> read('<testsuite><testcase classname="tests.a.B" name="c"/></testsuite>')
    {'tests.a.B.c': Outcome(verdict='passed', reason='')}
    """
    found: dict[str, Outcome] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if name not in found or found[name].verdict != "failed":
            found[name] = _outcome(case)
    return found


def _outcome(case: ElementTree.Element) -> Outcome:
    for child in case:
        if child.tag in ("failure", "error"):
            return Outcome("failed", child.get("message", "").partition("\n")[0])
    skipped = any(child.tag == "skipped" for child in case)
    return Outcome("skipped" if skipped else "passed")
