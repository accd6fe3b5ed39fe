"""Run the project's tests, each time in a child process with the recorder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from understudy.project import pytest_process, suite_run
from understudy.review.errors import ReviewError


@dataclass(frozen=True, slots=True)
class Test:
    """The result of a test in one run.

    Attributes:
        name: its node id.
        path: its file, relative to pytest's root.
        outcomes: one for each time it ran: "passed", "failed", "error" or "skipped".
        fixtures: the fixtures that it uses, directly or indirectly.
        why: the first line of its first failure.
    """

    __test__ = False

    name: str
    path: str
    outcomes: Sequence[str]
    fixtures: Sequence[str] = ()
    why: str = ""

    @property
    def passed(self) -> bool:
        """Whether it passed or was skipped, each time."""
        return all(outcome in ("passed", "skipped") for outcome in self.outcomes)

    @property
    def function(self) -> str:
        """Its name in its file, without parameters: "TestUsers::test_create"."""
        return self.name.partition("::")[2].partition("[")[0]


@dataclass(frozen=True, slots=True)
class SentStatement:
    """A statement that was sent to fakes.

    Attributes:
        sql: the statement, on one line.
        place: the line of code that sent it first, as "path:line".
        tests: the tests in which it was sent, by node id.
        is_read: whether a test looked at it, or a rule names it.
        has_parameters: whether it was sent with parameters.
    """

    sql: str
    place: str
    tests: Sequence[str]
    is_read: bool
    has_parameters: bool


@dataclass(frozen=True)
class Run:
    """What one run showed.

    Attributes:
        tests: the tests by node id, in the order in which they ran.
        files: coverage's report of each measured file, by absolute path.
        statements: the statements that were sent to fakes.
        sql: the coverage of the SQL in each file, by its path below pytest's root.
    """

    tests: dict[str, Test]
    files: dict[str, Any] = field(default_factory=dict)
    statements: Sequence[SentStatement] = ()
    sql: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


class Runner:
    """Runs a project's tests without leaving anything in its folders.

    Args:
        root: the folder to start pytest in.
        scratch: a folder for what the runs write.
        catalog: the project's catalog, of which the runs get a copy; None without a schema.
        timeout: the seconds that one run may take.
        arguments: more arguments for pytest.
    """

    def __init__(
        self,
        root: Path,
        scratch: Path,
        catalog: Path | None,
        timeout: float,
        arguments: Sequence[str] = (),
    ) -> None:
        self._root = root
        self._scratch = scratch
        self._timeout = timeout
        self._options = [*arguments, *suite_run.arguments(root, scratch, catalog, arguments)]

    def run(
        self,
        paths: Sequence[str] = (),
        *,
        order: str = "as collected",
        seed: int = 0,
        only: Sequence[str] | None = None,
        measured: Sequence[Path] = (),
    ) -> Run:
        """Run tests once.

        Args:
            paths: files, folders or node ids for pytest; none for all tests.
            order: the order of the tests, see `recorder.Recorder`.
            seed: the seed of the random order.
            only: the node ids of the tests to run; None for all.
            measured: the files whose coverage is measured.

        Raises:
            ReviewError: The tests could not be collected or run, or took too long.
        """
        report = self._scratch / "sql.json"
        asked = [f"--understudy-sql-cov-report=json:{report}"] if measured else []
        ended = pytest_process.run(
            [*self._options, *asked, *paths],
            self._root,
            plugin="understudy.review.recorder",
            request={
                "order": order,
                "seed": seed,
                "only": None if only is None else list(only),
                "measured": [str(path) for path in measured],
            },
            environment=suite_run.environment(),
            timeout=self._timeout,
        )
        if ended.timed_out:
            raise ReviewError(
                f"The tests took longer than {self._timeout:g} seconds and were stopped "
                f"(--timeout sets the limit). The end of pytest's output:\n"
                f"{suite_run.tail(ended.output)}"
            )
        if ended.exit_code not in (0, 1) or not ended.answers:
            raise ReviewError(suite_run.ending(ended.exit_code, ended.output))
        return _read(ended.answers[-1], report if measured else None)


def _read(answer: Mapping[str, Any], report: Path | None) -> Run:
    if answer["not_collected"]:
        files = ", ".join(answer["not_collected"])
        raise ReviewError(f"pytest could not collect {files}. Run pytest to see why.")
    tests = {name: Test(name, **fields) for name, fields in answer["tests"].items()}
    statements = [SentStatement(sql, **fields) for sql, fields in answer["statements"].items()]
    sql = {}
    if report is not None and report.exists():
        files = json.loads(report.read_bytes())["files"]
        sql = {path: file["statements"] for path, file in files.items()}
    return Run(tests, answer["files"], statements, sql)
