"""Tests that are run again in the same process, with one change at the boundary.

The tests of a session run as always first, and are recorded. What is in `Reruns.after` is called
then, and runs single tests again. A rerun leaves no trace: nothing of it is reported, printed,
counted or kept, and it does not change the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from understudy.real_postgres.leaked_tasks import runs_users_code, tasks
from understudy.rerun import quiet
from understudy.rerun.deadline import Deadline
from understudy.rerun.interruption import Interruption
from understudy.rerun.runs import Recorded, Run
from understudy.script import requests
from understudy.script.boundary import CallId, Change, Event, Replace
from understudy.script.formatting import shortened
from understudy.serving import attribution, pool_renewal
from understudy.serving.clients import Client
from understudy.serving.server import Server

Changing = Callable[[Event], Change | None]

_FACTOR = 5.0  # how many times as long as usual a test may take
_LEAST = 2.0  # seconds that it may always take
_SETUP = 30.0  # seconds that its fixtures may take
_LONGEST = 200  # characters of an exception
_UNSOUND = "its fixtures do not survive what an earlier run has done to their connections"
# The fixtures of pytest-asyncio and anyio that hold an event loop.
_LOOPS = re.compile(r"_scoped_runner$|event_loop|^anyio_backend")
NAME = "understudy-reruns"  # under which pytest knows the reruns of a session


def of(config: pytest.Config) -> Reruns:
    """Return the reruns of a session; ask for them before its tests run."""
    found = made(config)
    if found is None:
        found = Reruns(config)
        config.pluginmanager.register(found, NAME)
    return found


def made(config: pytest.Config) -> Reruns | None:
    """Return the reruns of a session, or None if nothing has asked for them."""
    found: Reruns | None = config.pluginmanager.get_plugin(NAME)
    return found


def once(call_id: CallId, change: Change) -> Changing:
    """Return a function that changes one call and lets every other go on."""
    return lambda event: change if event.id == call_id else None


@dataclass(frozen=True, slots=True)
class Environment:
    """What the reruns need of the plugin.

    Attributes:
        servers: returns the servers that the tests have used.
        interruption: interrupts a test.
        code: returns the code of a test's function; None if unknown.
    """

    servers: Callable[[], Sequence[Server[Any]]]
    interruption: Interruption
    code: Callable[[pytest.Item], Any]


class Reruns:
    """The reruns of the tests of one session.

    Attributes:
        after: called when all tests have run, in order.
        recorded: what ran, by its node id.
        has_changed: whether any rerun has changed a call.
    """

    environment: Environment

    def __init__(self, config: pytest.Config) -> None:
        self.after: list[Callable[[], None]] = []
        self.recorded: dict[str, Recorded] = {}
        self.has_changed = False
        self._config = config
        self._controls: dict[str, str | None] = {}
        self._is_doubtful = False

    # Which tests can be run again ------------------------------------------------------------

    def why_not(self, nodeid: str) -> str | None:
        """Return why a test cannot be run again, as far as its normal run tells, or None."""
        recorded = self.recorded.get(nodeid)
        if recorded is None:
            return "it has not run"
        run = recorded.run
        if recorded.reason is not None:
            return recorded.reason
        if not run.passed:
            return f"it did not pass: {run.error}"
        return None if run.asked else "it sends nothing to a database"

    def control(self, item: pytest.Item) -> str | None:
        """Run a test again without a change, and return why it cannot be judged, or None.

        It has to pass, and to ask what it has asked before. If it asks something else, it gets a
        second chance: caches may have been filled by the first run of all.
        """
        nodeid = item.nodeid
        if nodeid not in self._controls:
            self._controls[nodeid] = self.why_not(nodeid) or self._control(item)
        return self._controls[nodeid]

    def limit(self, item: pytest.Item) -> float:
        """Return the seconds that a rerun may take, by what the test usually takes."""
        recorded = self.recorded.get(item.nodeid)
        usual = 0.0 if recorded is None else recorded.run.seconds
        return max(_LEAST, _FACTOR * usual)

    def _control(self, item: pytest.Item) -> str | None:
        recorded = self.recorded[item.nodeid]
        difference = None
        before = recorded.run
        for _ in range(2):
            run = self.run(item, None, seconds=self.limit(item))
            # A change in another test may have damaged what both share, such as a session.
            if not run.passed and self.has_changed and self._heal(item):
                run = self.run(item, None, seconds=self.limit(item))
            if not run.passed:
                return f"it fails when it is run again: {shortened(run.error, _LONGEST)}"
            difference = _difference(before.asked, run.asked)
            if difference is None:
                recorded.run = run
                return None
            before = run
        return f"it does not send the same statements each time: {difference}"

    # Reruns ----------------------------------------------------------------------------------

    def run(
        self, item: pytest.Item, change: Changing | None, *, seconds: float, connects: bool = False
    ) -> Run:
        """Run a test again.

        Args:
            item: the test.
            change: called with each call that comes to a server; what it returns happens instead.
            seconds: how long the test may take, without its fixtures.
            connects: whether the pools that outlive the test have to open new connections in it.

        Returns:
            What it did. If the fixtures that it shares with other tests were damaged by an earlier
            run, and cannot be set up again, it fails without a change.
        """
        if change is not None and self._is_doubtful and not self._heal(item):
            return Run(passed=False, phase="setup", error=_UNSOUND)
        if connects:
            for server in self.environment.servers():
                server.renew_pools(pool_renewal.is_renewed)
        return self._run(item, change, seconds)

    def _heal(self, item: pytest.Item) -> bool:
        """Make sure that a test still passes; set up its fixtures again if it does not.

        Event loops are kept as long as possible: pools in global variables belong to them.
        """

        def set_up_again() -> None:
            self._tear_down(item.session, None)
            for server in self.environment.servers():
                server.renew_pools()

        remedies: list[Callable[[], None]] = [
            lambda: None,
            lambda: self._finish_fixtures(item),
            set_up_again,
        ]
        for remedy in remedies:
            remedy()
            if self._run(item, None, self.limit(item)).passed:
                return True
        return False

    def _run(self, item: pytest.Item, change: Changing | None, seconds: float) -> Run:
        run, begun = Run(), requests.now()
        servers = self.environment.servers()
        self._is_doubtful = False
        for server in servers:
            server.sockets.settle()
        before = {client.pid: client for server in servers for client in server.open_clients}
        earlier = tasks()
        try:
            with ExitStack() as stack:
                logged = stack.enter_context(quiet.without_output(self._config))
                stack.enter_context(quiet.with_warning_filters(item))
                self._tear_down(item.session, item)
                for server in servers:
                    server.boundary.change = self._noting(change, run) if change else None
                self._run_phases(item, run, seconds, before)
                for report in logged:
                    if report.failed:
                        run.note_failed(report)
                self._clean_up(item, earlier)
        finally:
            for server in servers:
                server.boundary.change = None
        run.events = events_of(servers, begun)
        self._renew(servers, before, run)
        run.requests = list(requests.of_test)
        run.leaks = tuple(leak for server in servers for leak in server.boundary.leaks)
        return run

    def _run_phases(
        self, item: pytest.Item, run: Run, seconds: float, before: Container[int]
    ) -> None:
        environment = self.environment
        environment.interruption.code = environment.code(item)

        def end_connections() -> None:
            for server in environment.servers():
                server.end_connections(
                    lambda client: client.pid not in before or client.event is not None
                )

        def phase(when: str, limit: float, **arguments: Any) -> bool:
            deadline = Deadline(environment.interruption, limit, end_connections)
            call, report = quiet.run_phase(item, when, arguments, deadline)
            run.note(call, report)
            if deadline.is_over:
                run.is_timeout = self._is_doubtful = True
            return report.passed

        with quiet.with_request(item), environment.interruption.handled():
            try:
                if phase("setup", max(seconds, _SETUP)):
                    phase("call", seconds)
            finally:
                # What outlives the test stays for the next rerun.
                is_whole = run.phase != "setup"
                phase("teardown", max(seconds, _LEAST), nextitem=item.parent if is_whole else None)

    def _clean_up(self, item: pytest.Item, earlier: set[asyncio.Task[Any]]) -> None:
        """End the tasks that a run has left in the event loops that outlive it."""
        quiet.forget(item)
        with quiet.without_prints():
            self._end_tasks(earlier)
            quiet.collect(self._config)

    def _end_tasks(self, earlier: set[asyncio.Task[Any]]) -> None:
        left = {task for task in tasks() - earlier if runs_users_code(task)}
        for task in left:
            task.cancel()
        for loop in attribution.loops_of_this_thread() if left else ():
            if not loop.is_running():
                own = [task for task in left if task.get_loop() is loop]
                loop.run_until_complete(asyncio.wait(own, timeout=_LEAST))

    def _noting(self, change: Changing, run: Run) -> Changing:
        def changed(event: Event) -> Change | None:
            found = change(event)
            if found is not None:
                run.has_fired = self.has_changed = True
                if not isinstance(found, Replace) and event.call.connection is not None:
                    run.damaged.add(event.call.connection)
            return found

        return changed

    def _renew(
        self, servers: Sequence[Server[Any]], before: Mapping[int, Client], run: Run
    ) -> None:
        """Have the pools that outlive a test replace the connections that it has damaged.

        After an error that they do not expect, drivers may take a connection for in a transaction.
        """
        for server in servers:
            server.end_connections(lambda client: client.pid in run.damaged)
            server.sockets.settle()
        after = {client.pid for server in servers for client in server.open_clients}
        if lost := before.keys() - after:
            pool_renewal.renew(lost)
            is_renewed = all(map(pool_renewal.is_renewed, map(before.__getitem__, lost)))
            self._is_doubtful = self._is_doubtful or not is_renewed

    def _tear_down(self, session: pytest.Session, item: pytest.Item | None) -> None:
        """Tear down what a test does not need; what that raises was reported in the normal run."""
        state: Any = session._setupstate
        for _ in range(2):  # what fails at first is gone then
            with self._suppressed():
                state.teardown_exact(item)

    def _finish_fixtures(self, item: pytest.Item) -> None:
        """Tear down the fixtures that a test shares with others, but not their event loops."""
        test: Any = item
        with quiet.without_output(self._config), quiet.with_request(item):
            for definitions in test._fixtureinfo.name2fixturedefs.values():
                for definition in definitions:
                    is_kept = definition.scope == "function" or _LOOPS.search(definition.argname)
                    if definition.cached_result is not None and not is_kept:
                        with self._suppressed():
                            definition.finish(test._request)

    @contextlib.contextmanager
    def _suppressed(self) -> Iterator[None]:
        """Let a teardown fail, and end it when it takes too long."""
        interruption = self.environment.interruption
        with (
            contextlib.suppress(Exception, pytest.fail.Exception, pytest.skip.Exception),
            quiet.without_prints(),
            Deadline(interruption, _SETUP, lambda: None),
            interruption.handled(),
        ):
            yield


def events_of(servers: Sequence[Server[Any]], begun: int) -> list[Event]:
    """Return the events of servers since a position, in order."""
    found = [event for server in servers for event in server.boundary.events if event.begun > begun]
    return sorted(found, key=lambda event: event.begun)


def _difference(before: Sequence[CallId], after: Sequence[CallId]) -> str | None:
    """Return what two runs have asked differently, as a sentence; None for nothing."""
    counts = Counter(before), Counter(after)
    if counts[0] == counts[1]:
        return None
    only = next(iter((counts[0] - counts[1]) or (counts[1] - counts[0])))
    times = [sum(call[:3] == only[:3] for call in asked) for asked in (before, after)]
    statement = only.statement or only.kind
    request = f" in {only.request}" if only.request else ""
    return f"{statement}{request} was sent {_times(times[0])}, then {_times(times[1])}"


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")
