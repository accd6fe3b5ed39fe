"""`--understudy-record`: scripts recorded from a run on a real PostgreSQL.

A test that calls `fake_postgres.record()` is run four times: until that call, twice on the server
of real_postgres, and on fake_postgres with the script that the two have given. Only the last run is
reported, or the one that has failed. The files are written when all tests have run.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol  # as pytest-rerunfailures and pytest-xdist do

from understudy.plugin import servers, xdist_workers
from understudy.plugin.outcomes import failure
from understudy.plugin.reruns import without_trace
from understudy.plugin.rows import RowsOfTest
from understudy.plugin.second_run import log
from understudy.rerun import quiet
from understudy.rerun.reruns import events_of

if TYPE_CHECKING:
    from understudy.fake_postgres.fixture import FakePostgres
    from understudy.fake_postgres.recording import Recorder
    from understudy.record.outcome import Finding
    from understudy.record.places import Place
    from understudy.record.recorders import Recorded, Scripts
    from understudy.rerun.quiet import Report

NAME = "understudy-record"
_FIXTURE = "fake_postgres"
_OUTPUT = "understudy_record"
_FAILED = "This is the test's run on a real PostgreSQL, from which its script was to be recorded."


def begin(config: pytest.Config) -> None:
    """Record in this run.

    Raises:
        pytest.UsageError: another flag forbids what recording needs.
    """
    if config.getoption("understudy_locked"):
        raise pytest.UsageError(
            "--understudy-record adds the statements of its scripts to the catalog, and "
            "--understudy-locked forbids that. Give one of them."
        )
    if not config.option.collectonly:
        config.pluginmanager.register(RecordPlugin(config), NAME)


def of(config: pytest.Config) -> RecordPlugin | None:
    """Return what records in this run; None if nothing does."""
    found: RecordPlugin | None = config.pluginmanager.get_plugin(NAME)
    return found


class RecordPlugin:
    """The hooks of a run that records."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._recorder: Recorder | None = None
        self._unavailable: str | None = None
        self._findings: list[Finding] = []
        self._lines: list[str] = []

    # Runs of a test ------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> object:
        """Run a test as often as its script needs."""
        options = item.config.option
        is_users = _FIXTURE in getattr(item, "fixturenames", ())
        if not is_users or options.setuponly or options.setupshow:
            return None
        from understudy.record.recorders import Looking

        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._recorder = looking = Looking()
        before = len(item.user_properties)
        with (
            warnings.catch_warnings(record=True) as caught,
            quiet.held_reports(item.config) as subtests,
        ):
            found = _run(item, lambda: item.parent if looking.is_wanted else _after(item, nextitem))
            if looking.is_wanted:
                warnings.simplefilter("ignore")
                quiet.forget(item)
                quiet.collect(item.config)  # else another test would get the warnings
        if looking.is_wanted:
            del found, item.user_properties[before:]
            self._record(item, nextitem)
        else:
            log(item, found, subtests, caught)
        self._recorder = None
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _record(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Record the script of a test, and run it with that."""
        from understudy.record.calls import NotRecordable
        from understudy.record.recorders import Recorded, Refusing, Replaying, scripts_of

        recorded: list[Recorded] = []
        scripts: Scripts | None = None
        with without_trace(item.config), self._on_real_postgres():
            for _ in range(2):
                self._recorder = run = Recorded()
                recorded.append(run)
                found, subtests = self._run_quietly(item, run)
                if not all(report.passed for report in [*subtests, *(one[1] for one in found)]):
                    break
            else:
                try:
                    scripts = scripts_of(*recorded)
                except NotRecordable as problem:
                    self._recorder = Refusing(str(problem))
        places = [part.place for part in recorded[-1].parts]
        if scripts is not None:
            self._recorder = Replaying(scripts.scripts)
        elif not isinstance(self._recorder, Refusing):
            _explain([report for _, report in found], _FAILED)
            log(item, found, subtests)
            self._note_failed(item, places)
            self._tear_down(item, nextitem)
            return
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        has_passed = scripts is not None and all(report.passed for report in reports)
        if has_passed and scripts is not None:
            self._note(item, scripts)
        else:
            self._note_failed(item, places)
            if scripts is not None:
                _explain(reports, _unfit(scripts))
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)

    def _run_quietly(
        self, item: pytest.Item, run: Recorded
    ) -> tuple[list[Report], list[pytest.TestReport]]:
        from understudy.script import requests

        begun = requests.now()
        with quiet.without_output(item.config) as subtests, quiet.with_warning_filters(item):
            found = _run(item, lambda: item.parent)
            real = servers.rollback_server_of(item.config)
            run.events = [] if real is None else events_of([real], begun)
            quiet.forget(item)
            quiet.collect(item.config)
        return found, subtests

    @contextmanager
    def _on_real_postgres(self) -> Iterator[None]:
        """Lead the clients of fake_postgres to the server of real_postgres."""
        from understudy.embedded import PostgresError
        from understudy.record.calls import rows_kept

        fake, real = servers.server(self._config), servers.rollback_server(self._config)
        with ExitStack() as stack:
            try:
                real.start()
                self._unavailable = None
            except PostgresError as error:
                self._unavailable = str(error)
            real.aliases[fake.user] = real.user
            stack.callback(real.aliases.clear)
            # What a fixture that outlives tests has scripted counts here, too.
            stack.callback(setattr, real.engine, "scripts", (real.base,))
            stack.callback(setattr, real, "base", real.base)
            real.base = fake.base
            fake.sockets.stand_in = real.sockets
            stack.callback(setattr, fake.sockets, "stand_in", None)
            fake.renew_pools()
            stack.callback(real.renew_pools)
            stack.enter_context(rows_kept())
            yield

    @staticmethod
    def _tear_down(item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Tear down the fixtures that the next test does not need, and report what that raises."""
        call = pytest.CallInfo.from_call(
            lambda: item.session._setupstate.teardown_exact(_after(item, nextitem)),
            when="teardown",
            reraise=(pytest.exit.Exception, KeyboardInterrupt),
        )
        if call.excinfo is not None:
            report = item.ihook.pytest_runtest_makereport(item=item, call=call)
            log(item, [(call, report)])

    # For the fixture -----------------------------------------------------------------------------

    def fake_postgres(self, request: pytest.FixtureRequest) -> FakePostgres:
        """Return the value of the fixture in the run that is on.

        Raises:
            pytest.fail.Exception: there is no PostgreSQL to record from.
        """
        from understudy.fake_postgres.fixture import FakePostgres
        from understudy.fake_postgres.recording import NOT_ASKED
        from understudy.real_postgres.fixture import RealPostgres
        from understudy.record.recorders import Recorded

        recorder = self._recorder or NOT_ASKED
        if not isinstance(recorder, Recorded):
            return FakePostgres(servers.server(self._config), recorder)
        if self._unavailable is not None:
            raise failure(self._unavailable)
        server = servers.rollback_server(self._config)
        rows = recorder.target = RowsOfTest(request, server.socket_dsn)
        return RealPostgres(server, rows, recorder=recorder)

    # The end of the run --------------------------------------------------------------------------

    def _note(self, item: pytest.Item, scripts: Scripts) -> None:
        from understudy.record.outcome import Finding

        self._findings += [Finding(item.nodeid, one.place, one) for one in scripts.scripts]

    def _note_failed(self, item: pytest.Item, places: list[Place]) -> None:
        from understudy.record.outcome import Finding

        self._findings += [Finding(item.nodeid, place, None) for place in places]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the scripts; what cannot be written fails the run."""
        from understudy.atomic_write import write_files
        from understudy.record import outcome

        config = self._config
        if xdist_workers.send(config, _OUTPUT, lambda: list(map(outcome.plain, self._findings))):
            return
        for part in xdist_workers.results(config, _OUTPUT):
            self._findings += map(outcome.from_plain, part)
        files, lines, problems = outcome.settle(self._findings)
        try:
            write_files(files)
        except OSError as error:
            lines, problems = [], [*problems, f"no script was written: {error}"]
        self._lines = [*lines, *problems] or ["No test that has run calls fake_postgres.record()."]
        if problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was written."""
        terminalreporter.section("understudy record", sep="-")
        for line in self._lines:
            terminalreporter.line(line)


def _run(
    item: pytest.Item, following: Callable[[], pytest.Item | pytest.Collector | None]
) -> list[Report]:
    """Run the phases of a test, and return their reports without logging them."""
    with quiet.with_request(item):
        found = [quiet.run_phase(item, "setup", {})]
        if found[0][1].passed:
            found.append(quiet.run_phase(item, "call", {}))
        found.append(quiet.run_phase(item, "teardown", {"nextitem": following()}))
    return found


def _after(item: pytest.Item, nextitem: pytest.Item | None) -> pytest.Item | None:
    """Return the test that follows, None if the run ends with this one."""
    return None if item.session.shouldfail or item.session.shouldstop else nextitem


def _explain(reports: list[pytest.TestReport], text: str) -> None:
    for report in reports:
        if report.failed:
            report.sections.append(("understudy record", f"{text}\nNothing was written."))


def _unfit(scripts: Scripts) -> str:
    texts = "\n".join(script.text for script in scripts.scripts)
    hint = f"\n{scripts.hint}" if scripts.hint else ""
    return (
        "The test passes on a real PostgreSQL, and not with the script recorded from it.\n"
        f"{texts}{hint}"
    )
