"""Coverage of SQL in a run: `--understudy-sql-cov`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import servers, xdist_workers
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.script.boundary import Event
    from understudy.script.expectations import Recorded
    from understudy.sqlcoverage.coverage import Coverage, Facts
    from understudy.sqlcoverage.recorder import Recorder
    from understudy.sqlcoverage.sightings import Sightings

_REPORTS = ("term", "lcov:FILE", "json:FILE")
_RUN: pytest.StashKey[SqlCoverage] = pytest.StashKey()
_OUTPUT = "understudy_sql_coverage"


def begin(config: pytest.Config, settings: Settings) -> None:
    """Record the statements of this run, if its coverage is asked for.

    Raises:
        pytest.UsageError: a report is unknown.
    """
    reports = config.getoption("understudy_sql_cov_report") or []
    if not (reports or config.getoption("understudy_sql_cov")):
        return
    for report in reports:
        kind, _, file = report.partition(":")
        if report != "term" and (kind not in ("lcov", "json") or not file):
            raise pytest.UsageError(
                f"--understudy-sql-cov-report: {report!r} is none of {', '.join(_REPORTS)}."
            )
    if config.option.collectonly:
        return  # no test runs
    known = SqlCoverage(config, settings, reports or ["term"])
    config.stash[_RUN] = known
    config.pluginmanager.register(known, "understudy-sql-coverage")


def end(config: pytest.Config) -> list[str]:
    """End the recording, while there is a server to ask, and return its problems.

    A worker of pytest-xdist sends what it has seen to the controller instead.
    """
    run = config.stash.get(_RUN, None)
    return [] if run is None else run.end()


def missing(config: pytest.Config) -> dict[str, list[str]]:
    """Return what no test has shown of each statement, by its text; call it after `end`."""
    run = config.stash.get(_RUN, None)
    coverage = None if run is None else run.coverage
    statements = [] if coverage is None else coverage.statements
    return {statement.sql: list(statement.missing) for statement in statements}


class SqlCoverage:
    """The coverage of SQL of one run.

    Args:
        config: of the run.
        settings: of the project.
        reports: what is reported: "term", "lcov:FILE", "json:FILE".

    Attributes:
        coverage: the result; None before the end.
    """

    def __init__(self, config: pytest.Config, settings: Settings, reports: Sequence[str]) -> None:
        from understudy.script import expectations
        from understudy.sqlcoverage.recorder import Recorder

        self._config = config
        self._settings = settings
        self._reports = reports
        self._scripts: list[Recorded] = []
        self.coverage: Coverage | None = None
        self._unwritten: list[str] = []
        # By boundary, the events of its latest test, and how many of them are counted.
        self._events: dict[int, tuple[list[Event], int]] = {}
        self.recorder: Recorder = Recorder()
        expectations.observers.append(self._scripts.append)
        servers.observe(config, self.recorder)
        config.add_cleanup(lambda: expectations.observers.remove(self._scripts.append))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_teardown(self) -> None:
        """Count the calls of a test."""
        calls = {id(call): call for script in self._scripts for call in script.calls}
        self._scripts.clear()
        for boundary in servers.boundaries(self._config):
            events, counted = self._events.get(id(boundary), ([], 0))
            # A server that no test has used since still has the events of an earlier one.
            first = counted if events is boundary.events else 0
            self._events[id(boundary)] = boundary.events, len(boundary.events)
            for event in boundary.events[first:]:
                if event.kind == "statement" and event.is_codes:
                    calls[id(event.call)] = event.call
        self.recorder.note_calls(calls.values())

    def end(self) -> list[str]:
        """Join what the processes of the run have seen, and return the problems."""
        own = self.recorder.sightings
        if xdist_workers.send(self._config, _OUTPUT, own.plain):
            return []
        for values in xdist_workers.results(self._config, _OUTPUT):
            own.add_plain(values)
        if self._is_mysql:
            return []  # its statements have their values in the text, and no conditions are asked
        from understudy.project.sql_literals import inventory
        from understudy.sqlcoverage.coverage import cover

        root = self._settings.root
        literals = inventory(root, self._schema_files(root))
        self.coverage = cover(root, literals, own, self._facts(own))
        return self._write_files(self.coverage)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table."""
        if self._is_mysql:
            terminalreporter.section("understudy: coverage of SQL", sep="-")
            terminalreporter.line("Not measured: the project is on MySQL (mysql_schema).")
            return
        if self.coverage is None:
            return
        from understudy.sqlcoverage import output

        terminalreporter.section("understudy: coverage of SQL", sep="-")
        if "term" in self._reports:
            width = self._config.get_terminal_writer().fullwidth
            verbose = terminalreporter.verbosity > 0
            for line in output.table(self.coverage, width, verbose=verbose):
                terminalreporter.line(line)
        for report in self._reports:
            kind, _, file = report.partition(":")
            if file and file not in self._unwritten:
                terminalreporter.line(f"{kind} written to {file}")

    @property
    def _is_mysql(self) -> bool:
        return bool(self._settings.mysql_schema) and not self._settings.schema

    def _schema_files(self, root: Path) -> list[Path]:
        found = (root.glob(name) for name in self._settings.schema if name.endswith(".sql"))
        return [path for paths in found for path in paths]

    def _facts(self, sightings: Sightings) -> Facts:
        """Ask PostgreSQL what the statements can show."""
        from understudy.sqlcoverage.coverage import Facts, ask_facts

        if not self._settings.schema or not any(s.executed for s in sightings.values()):
            return Facts()
        from understudy.catalog.describer import Describer
        from understudy.catalog.errors import CatalogError
        from understudy.embedded import PostgresError
        from understudy.plugin import databases

        try:
            with databases.clone(self._config) as dsn, closing(Describer(dsn)) as describer:
                return ask_facts(sightings, describer)
        except (PostgresError, CatalogError):
            return Facts()  # nothing is claimed about the rows and NULLs that are possible

    def _write_files(self, coverage: Coverage) -> list[str]:
        from understudy.atomic_write import write_files
        from understudy.sqlcoverage import output

        problems: list[str] = []
        formats: dict[str, Any] = {"lcov": output.as_lcov, "json": output.as_json}
        for report in self._reports:
            kind, _, file = report.partition(":")
            if file:
                path = self._config.invocation_params.dir / file
                try:
                    write_files({path: formats[kind](coverage).encode()})
                except OSError as error:
                    self._unwritten.append(file)
                    problems.append(f"{file} cannot be written: {error.strerror}")
        return problems
