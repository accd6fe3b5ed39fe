"""A suite of tests, run by pytest in a process of its own, and what became of each test."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.processes import pytest_in

Verdict = Literal["passed", "failed", "skipped"]

# A test that waits for what never comes must not keep the others from running.
CONFTEST = """\
import contextlib
import signal

import pytest


@contextlib.contextmanager
def _limit():
    def give_up(number, frame):
        raise RuntimeError("it took more than 60 s")

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
    """What became of a test.

    Attributes:
        verdict: how it ended; an error in its set-up is a failure.
        reason: the first line that says why it failed, "" for any other.
    """

    verdict: Verdict
    reason: str = ""


def run(
    folder: Path, arguments: Sequence[str], environment: Mapping[str, str]
) -> dict[str, Outcome]:
    """Run pytest in a folder; return what became of each test, by its name.

    What fails is run once more, as some tests race with a clock, and the second outcome counts.

    Args:
        folder: where the suite is.
        arguments: what pytest is given, which loads no plugin but those of the suite.
        environment: variables besides those that there are.

    Raises:
        RuntimeError: it did not get to its end.
    """
    found = _run(folder, arguments, environment)
    if any(each.verdict == "failed" for each in found.values()):
        again = _run(folder, [*arguments, "--last-failed"], environment)
        # Why it failed is what the first one says: the second may find what that has left.
        found |= {name: each for name, each in again.items() if each.verdict != "failed"}
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

    A test whose end failed too comes twice in it, and has failed.

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
    for each in case:
        if each.tag in ("failure", "error"):
            return Outcome("failed", each.get("message", "").partition("\n")[0])
    skipped = any(each.tag == "skipped" for each in case)
    return Outcome("skipped" if skipped else "passed")
