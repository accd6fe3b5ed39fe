"""`--understudy-html` and `--understudy-trace`: what happened in a run, for people and programs.

A worker of pytest-xdist sends what it has recorded of a test with the report of its teardown. The
files are written at the end of the run, by the controller.
"""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from understudy import __version__
from understudy.plugin import catalog_hooks, isolation, summary, xdist_workers
from understudy.plugin.event_texts import codecs_of, known_verdict
from understudy.plugin.leak_checks.monitor import WATCH
from understudy.plugin.options import given_path, origin, read_settings
from understudy.plugin.recorded_tests import finished_test
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.catalog.description import Verdict
    from understudy.run_report.assembly import Assembly, Finished
    from understudy.run_report.records import Record, Summary, TestEvent

_RUN: pytest.StashKey[RunReport] = pytest.StashKey()
_OUTPUT = "understudy_run_report"
_SENT = "understudy_recorded"  # the attribute of a report
# In "://user:password@host", also if the password has such characters, and in "password=...".
_PASSWORD = re.compile(
    r"""(://[^\s/:@]*:)\S+(?=@)|(:)[^:/@\s]+(?=@)|(passw(?:or)?d\s*=\s*)(?:'[^']*'|[^\s&'"]+)""",
    re.IGNORECASE,
)
_ON_CLONE = "it ran on a clone, where Understudy does not read its statements"
_FIRST_RUN = (
    "it ran again on a clone, where Understudy does not read its statements; these are the calls "
    "of its first run, which was rolled back"
)
# What the terminal counts beside tests.
_NOT_OUTCOMES = ("", "deselected", "warnings")


def begin(config: pytest.Config) -> None:
    """Record this run, unless it is recorded already.

    Raises:
        pytest.UsageError: the page and the record have the same file.
    """
    settings = read_settings(config)
    if settings.html is not None and settings.html == settings.trace:
        raise pytest.UsageError(
            f"--understudy-html and --understudy-trace both name {settings.html}.\n"
            "Give each a file of its own, such as report.html and trace.ndjson."
        )
    if not config.option.collectonly and _RUN not in config.stash:
        config.stash[_RUN] = run = RunReport(config, settings)
        config.pluginmanager.register(run, "understudy-run-report")


def prepare_end(config: pytest.Config) -> None:
    """Ask for what only a server tells, before it is stopped."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.prepare_end()


def end(config: pytest.Config) -> list[str]:
    """Write the files, after everything else has ended; return the problems."""
    run = config.stash.get(_RUN, None)
    problems = [] if run is None else run.end()
    for problem in problems:
        summary.add_problem(config, problem)
    return problems


class RunReport:
    """The record of one run.

    Args:
        config: of the run.
        settings: of the project.
    """

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        from understudy.run_report.recording import Recording
        from understudy.script import boundary, requests

        self._config = config
        self._settings = settings
        self._start, self._started = perf_counter(), datetime.now(UTC)
        self._finished: list[Finished] = []
        self._reports: dict[str, list[pytest.TestReport]] = {}
        self._order: dict[str, int] = {}
        self._texts: set[str] = set()
        self._uncollected: set[str] = set()
        self._recorded: dict[str, dict[str, Any]] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._first_run: tuple[list[TestEvent], int, list[str]] = [], 0, []
        stack = ExitStack()
        config.add_cleanup(stack.close)
        times = stack.enter_context(requests.timed())
        self._recording = Recording(partial(codecs_of, config), settings.report_events, times)
        boundary.watchers.append(self._recording)
        stack.callback(boundary.watchers.remove, self._recording)

    # Tests ---------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin the record of a test."""
        if not self._order:  # the same in each worker of pytest-xdist
            items = item.session.items
            self._order = {test.nodeid: number for number, test in enumerate(items)}
        self._recording.begin_test()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        """End the record of a test with its teardown."""
        report = yield
        if call.when == "teardown" and not self._config.stash[WATCH].is_off:
            recorded = self._end_test(item)
            if self._is_worker:
                setattr(report, _SENT, recorded)
            else:
                self._recorded[item.nodeid] = recorded
        return report

    @property
    def _is_worker(self) -> bool:
        return hasattr(self._config, "workeroutput")

    def _end_test(self, item: pytest.Item) -> dict[str, Any]:
        from understudy.run_report.ndjson import plain

        events, left_out, statements = self._recording.end_test()
        used = isolation.of(item) if isolation.uses_real_postgres(item) else ""
        unseen = _ON_CLONE if used == "clone" else ""
        if isolation.may_move(item):
            self._first_run = events, left_out, statements
        elif isolation.has_moved(item):
            events, left_out, statements = self._first_run
            # The terminal does not count them.
            events, unseen = [replace(event, is_counted=False) for event in events], _FIRST_RUN
        self._texts.update(statements)
        return {
            "order": self._order.get(item.nodeid, 0),
            "statements": statements,
            "test": {
                "events": plain(events) if self._is_worker else events,
                "left_out": left_out,
                "isolation": used,
                "unseen": unseen,
            },
        }

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Make a record of a test whose last report is there."""
        hook = self._config.hook.pytest_understudy_test_recorded
        has_hook = bool(hook.get_hookimpls())
        if self._is_worker and not has_hook:
            return
        if report.when == "setup":
            self._reports[report.nodeid] = []
        self._reports.setdefault(report.nodeid, []).append(report)
        if report.when in ("setup", "call"):
            return
        # pytest-xdist says "???" of a test in which a worker crashed.
        recorded = getattr(report, _SENT, None) or self._recorded.pop(report.nodeid, {})
        finished = finished_test(self._reports.pop(report.nodeid), recorded)
        if not self._is_worker:
            self._finished.append(finished)
        if has_hook and not hasattr(report, "node"):  # pytest-xdist's, of a test in a worker
            one = self._assembly(known_verdict)
            test = one.test(finished)
            statements = {statement.id: statement for statement in one.statements()}
            hook(config=self._config, test=test, statements=statements)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Make a record of a module that could not be collected."""
        if not report.failed or self._is_worker or report.nodeid in self._uncollected:
            return  # each worker of pytest-xdist reports it
        from understudy.run_report.assembly import Finished
        from understudy.run_report.records import Test

        self._uncollected.add(report.nodeid)
        test = Test(report.nodeid, "error", 0.0, f"{report.nodeid}:1", report.longreprtext)
        self._finished.append(Finished(-1, test))

    def _assembly(
        self,
        verdict_on: Callable[[str], Verdict | None],
        conditions: Mapping[str, Sequence[str]] = {},
    ) -> Assembly:
        from understudy.run_report.assembly import Assembly
        from understudy.run_report.redaction import Redaction

        settings = self._settings
        longest = settings.report_value_length
        return Assembly(verdict_on, Redaction(settings.report_redact), longest, conditions)

    # The end -------------------------------------------------------------------------------------

    def prepare_end(self) -> None:
        """Collect what PostgreSQL says of the statements.

        The catalog of each process knows those of the fakes. Those of `real_postgres` that no
        catalog knows are described on its server.
        """
        if not (self._settings.html or self._settings.trace):
            return
        from understudy.catalog.catalog_lines import read_verdict, verdict_line

        known = self._known_verdicts()
        lines = {text: verdict_line(verdict) for text, verdict in known.items()}
        if xdist_workers.send(self._config, _OUTPUT, lambda: lines):
            return
        for part in xdist_workers.results(self._config, _OUTPUT):
            known |= {text: read_verdict(line, is_complete=True) for text, line in part.items()}
        self._verdicts = {**self._described(known), **known}

    def _known_verdicts(self) -> dict[str, Verdict]:
        found = {text: known_verdict(text) for text in self._texts}
        return {text: verdict for text, verdict in found.items() if verdict is not None}

    def _described(self, known: Mapping[str, Verdict]) -> dict[str, Verdict]:
        """Describe the statements that `real_postgres` has executed and no catalog knows."""
        new = {
            finished.statements[event.statement]: None
            for finished in self._finished
            for event in finished.test.events
            if event.server == "real_postgres" and event.statement is not None
        }
        texts = [text for text in new if text not in known]
        if not texts or not self._settings.schema:
            return {}
        from understudy.catalog.describer import Describer
        from understudy.catalog.errors import CatalogError
        from understudy.embedded.errors import PostgresError
        from understudy.plugin import databases

        try:
            with databases.clone(self._config) as dsn, closing(Describer(dsn)) as describer:
                return dict(zip(texts, describer.describe(texts), strict=True))
        except (PostgresError, CatalogError):
            return {}  # nothing is claimed about them, and redaction hides their values

    def end(self) -> list[str]:
        """Write the files, and return the problems."""
        if self._is_worker or not (self._settings.html or self._settings.trace):
            return []
        problems: list[str] = []
        records = self._records(problems)
        for key in ("html", "trace"):
            path = given_path(self._config, key)
            if path is not None:
                try:
                    _write(path, records, is_page=key == "html")
                except OSError as error:
                    problems.append(f"{path} cannot be written: {error.strerror}")
        return problems

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the statements that took the most time, if that is asked for."""
        if self._settings.durations is None or not self._finished:
            return
        from understudy.run_report.durations import durations

        terminalreporter.section("understudy: slowest statements", sep="-")
        for line in durations(self._finished, self._settings.durations):
            terminalreporter.line(line)

    def _records(self, problems: list[str]) -> list[Record]:
        from understudy.run_report.records import Run

        assembly = self._assembly(self._verdicts.get, self._conditions())
        run = Run(
            understudy=__version__,
            python=platform.python_version(),
            pytest=pytest.__version__,
            started=self._started.isoformat(timespec="seconds"),
            arguments=[_without_passwords(text) for text in self._config.invocation_params.args],
            postgres=catalog_hooks.postgres(self._config),
            redacted=self._settings.report_redact,
        )
        records = assembly.records(self._finished)
        return [run, *records, assembly.summary(self._summary(problems))]

    def _conditions(self) -> Mapping[str, Sequence[str]]:
        if not self._config.pluginmanager.has_plugin("understudy-sql-coverage"):
            return {}
        from understudy.pg import sql
        from understudy.plugin import sql_coverage

        missing = sql_coverage.missing(self._config)
        return {sql.spelled(text): remarks for text, remarks in missing.items()}

    def _summary(self, problems: list[str]) -> Summary:
        from understudy.run_report.records import Summary

        config, settings = self._config, self._settings
        # With -v, the section has texts of statements.
        verbose = config.getoption("verbose") > 0 and not settings.report_redact
        (fakes, on_fakes), (real, on_real) = (
            summary.figures(config),
            summary.figures(config, "REAL"),
        )
        return Summary(
            round(perf_counter() - self._start, 3),
            self._outcomes(),
            summary.lines(config, settings, verbose=verbose),
            (fakes, len(on_fakes)),
            (real, len(on_real)),
            self._read("report_review", problems).get("modules", ()),
            self._read("report_mutants", problems) or None,
        )

    def _outcomes(self) -> dict[str, int]:
        terminal: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is None:
            return dict(Counter(finished.test.outcome for finished in self._finished))
        return {
            category: len(reports)
            for category, reports in terminal.stats.items()
            if category not in _NOT_OUTCOMES and reports
        }

    def _read(self, key: str, problems: list[str]) -> dict[str, Any]:
        """Return the JSON in the file of a setting; nothing if there is no file."""
        path = given_path(self._config, key)
        if path is None or not path.exists():
            return {}
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            problems.append(f"{origin(self._config, key)}: {path} cannot be read: {error}")
            return {}
        return document if isinstance(document, dict) else {}


def _without_passwords(text: str) -> str:
    return _PASSWORD.sub(lambda found: f"{next(filter(None, found.groups()))}...", str(text))


def _write(path: Path, records: Sequence[Record], *, is_page: bool) -> None:
    if is_page:
        from understudy.run_report import page

        page.write(path, records)
        return
    from understudy.atomic_write import write_files
    from understudy.run_report.ndjson import text_of

    write_files({path: text_of(records).encode()})
