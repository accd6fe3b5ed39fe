"""The reruns of a session: the normal run is recorded, then the reruns follow."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import isolation, servers, summary
from understudy.plugin.leak_checks.monitor import WATCH
from understudy.rerun import quiet
from understudy.rerun.deadline import Deadline
from understudy.rerun.reruns import Environment, Reruns, events_of
from understudy.rerun.runs import Recorded, Run
from understudy.script import requests

if TYPE_CHECKING:
    from understudy.rerun.quiet import Report
    from understudy.serving.server import Server

_ON_CLONE = "it runs on a clone, where Understudy does not see its statements"
_LAST_TEARDOWN = 30.0  # seconds


def around_loop(session: pytest.Session, reruns: Reruns) -> Generator[None, object, object]:
    """Record the tests of a session while they run as always, and run some again afterwards."""
    config = session.config
    if config.pluginmanager.has_plugin("dsession"):  # the workers of pytest-xdist do it
        return (yield)
    interruption = servers.interruption(config)
    reruns.environment = Environment(lambda: _started(config), interruption, _code_of)
    recorder = Recorder(reruns)
    config.pluginmanager.register(recorder)
    state: Any = session._setupstate
    state.teardown_exact = _keeping(session)
    try:
        result = yield
    except BaseException:
        del state.teardown_exact
        raise
    finally:
        config.pluginmanager.unregister(recorder)
    del state.teardown_exact
    try:
        with without_trace(config):
            for function in reruns.after:
                function()
    finally:
        _tear_down(session, reruns, recorder.latest)
    return result


def _started(config: pytest.Config) -> list[Server[Any]]:
    """Return the servers that run; one that only gave its address to a variable answers nothing."""
    return [server for server in servers.made(config) if server.is_started]


class Recorder:
    """Records the normal run of each test."""

    def __init__(self, reruns: Reruns) -> None:
        self._reruns = reruns
        self._found: list[Report] = []
        self._failed: list[pytest.TestReport] = []
        self.latest: pytest.Item | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Record a test when it is over."""
        begun = requests.now()
        self._found, self._failed = [], []
        self.latest = item
        result = yield
        made = servers.made(item.config)
        run = Run(events=events_of(made, begun), requests=list(requests.of_test))
        for call, report in self._found:
            run.note(call, report)
        for failed in self._failed:  # of subtests
            run.note_failed(failed)
        on_clone = isolation.uses_real_postgres(item) and isolation.of(item) == "clone"
        reason = _ON_CLONE if on_clone else None
        self._reruns.recorded[item.nodeid] = Recorded(item, run, reason)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the failures that are reported."""
        if report.failed:
            self._failed.append(report)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Keep the reports of a test; those of a run that is repeated are forgotten."""
        report = yield
        if call.when == "setup":
            self._found = []
        self._found.append((call, report))
        return report


@contextmanager
def without_trace(config: pytest.Config) -> Iterator[None]:
    """Undo at the end what tests add to the figures and files of the run."""
    watch = config.stash[WATCH]
    watch.is_off = True
    with ExitStack() as stack:
        stack.callback(setattr, watch, "is_off", False)
        stack.enter_context(summary.unchanged())
        stack.enter_context(isolation.unchanged(config))
        checker: Any = getattr(
            sys.modules.get("understudy.catalog.active_checker"), "made", lambda: None
        )()
        if checker is not None:
            stack.enter_context(checker.forgetting())
        stack.enter_context(quiet.with_cheap_collections(config))
        yield


def _keeping(session: pytest.Session) -> Any:
    """Return a teardown that keeps the fixtures which outlive the last test, for the reruns."""
    state: Any = session._setupstate

    def teardown_exact(nextitem: pytest.Item | None) -> None:
        following: Any = nextitem
        if following is None and state.stack and not (session.shouldfail or session.shouldstop):
            last = next(reversed(state.stack))
            following = last.parent if isinstance(last, pytest.Item) else last
        type(state).teardown_exact(state, following)

    return teardown_exact


def _tear_down(session: pytest.Session, reruns: Reruns, latest: pytest.Item | None) -> None:
    """Tear down the fixtures that were kept, and report what that raises.

    If a rerun has changed a call, they may have been damaged: then nobody is to blame.
    """
    config, state = session.config, session._setupstate
    if latest is None or not state.stack:
        return
    interruption = servers.interruption(config)

    def tear_down() -> None:
        with Deadline(interruption, _LAST_TEARDOWN, lambda: None), interruption.handled():
            state.teardown_exact(None)

    if reruns.has_changed:
        with (
            quiet.without_output(config),
            quiet.without_prints(),
            quiet.with_warning_filters(latest),
        ):
            pytest.CallInfo.from_call(tear_down, when="teardown", reraise=(KeyboardInterrupt,))
            quiet.collect(config)
        return
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    with capture.item_capture("teardown", latest):
        call = pytest.CallInfo.from_call(tear_down, when="teardown", reraise=(KeyboardInterrupt,))
    if call.excinfo is not None:
        hook = latest.ihook
        report = hook.pytest_runtest_makereport(item=latest, call=call)
        hook.pytest_runtest_logreport(report=report)


def _code_of(item: pytest.Item) -> Any:
    function = getattr(item, "function", None)
    return None if function is None else getattr(inspect.unwrap(function), "__code__", None)
