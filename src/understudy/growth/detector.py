"""Run the tests that send a statement repeatedly again, with more rows, and compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.fake_postgres.protocol.statements import Sent
from understudy.growth.doubling import doubling
from understudy.growth.repeats import Repeat, by_site, repeats, rows_of, site_of
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.observation import Facts, Observation
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.rerun import Reruns, Run
from understudy.rows.table_facts import Schema
from understudy.script.boundary import CallId
from understudy.script.budgets import short
from understudy.script.origin import Origin
from understudy.script.request_blocks import tables
from understudy.serving.clients import Client

_Place = tuple[str, Origin]


@dataclass(frozen=True, slots=True)
class Growth:
    """A statement whose number grows with the rows.

    Attributes:
        test: the node id of the test.
        repeat: the statement.
        rows: how many rows its source had, and has in the rerun.
        times: how often it was sent, and is in the rerun.
    """

    test: str
    repeat: Repeat
    rows: tuple[int, int]
    times: tuple[int, int]

    @property
    def text(self) -> str:
        """The report."""
        (rows, more_rows), (times, more_times) = self.rows, self.times
        source, event = self.repeat.source, self.repeat.events[0]
        where = self.repeat.site.request.rpartition(" #")[0] or self.test
        return "\n".join(
            [
                f"N+1 in {where}: {times} statements for {rows} rows, {more_times} for {more_rows}",
                f"  the loop sends: {event.call.origin.place}",
                f"    {short(event)}",
                f"  for each row of: {source.call.origin.place}",
                f"    {short(source)}",
                "Ask once for all of them: `WHERE ... = ANY($1)`, with SQLAlchemy `selectinload`, "
                "with Tortoise `prefetch_related`.",
            ]
        )


class _MoreRows:
    """Adds rows before a statement of a rerun (real_postgres/observation.py, Observer)."""

    def __init__(self, before: CallId, statement: str) -> None:
        self._before = before
        self._request = upstream_requests.query(statement)

    def is_of_interest(self, statement: str) -> bool:
        """Return whether it is asked about a statement on a clone."""
        return False

    def observe(
        self,
        statement: str,
        parameters: Sequence[int],
        values: Sequence[Sent | None],
        client: Client,
        facts: Facts,
    ) -> Observation | None:
        """Return the statement that adds rows, before the one that reads them first."""
        if client.event is None or client.event.id != self._before:
            return None
        return Observation(self._request, 1, b"", 0, lambda _before, _own, _after: None)

    def note_on_clone(self, statement: str, *, is_observed: bool) -> None:
        """Do nothing: reruns are not on a clone."""


@dataclass
class Detector:
    """Looks for growth in the tests of a session.

    Attributes:
        reruns: runs the tests again.
        server: where they run.
        schema: returns the schema of the database.
        found: what grows.
        constant: how many repeated statements do not grow.
        unknown: those whose rows could not be made more, or whose tests differ from run to run, by
            their place.
    """

    reruns: Reruns
    server: RollbackServer
    schema: Callable[[], Schema]

    def __post_init__(self) -> None:
        self.found: dict[_Place, Growth] = {}
        self.constant: set[_Place] = set()
        self.unknown: dict[_Place, Repeat] = {}

    def run(self) -> None:
        """Look at every test that was recorded."""
        for recorded in list(self.reruns.recorded.values()):
            if self.reruns.why_not(recorded.item.nodeid) is not None:
                continue
            for source, group in self._groups(recorded.item, recorded.run).items():
                left = [repeat for repeat in group if not self._is_known(repeat)]
                if not left:
                    continue
                if self.reruns.control(recorded.item) is None:
                    self._look_at(recorded.item, source, left)
                else:
                    self.unknown.update((repeat.site.place, repeat) for repeat in left)

    def _groups(self, item: pytest.Item, run: Run) -> dict[CallId, list[Repeat]]:
        """Return the repeated statements of a test by what they loop over."""
        groups: dict[CallId, list[Repeat]] = {}
        test = getattr(item, "function", None)
        for repeat in repeats(run.events, Path(item.path), test):
            first = next(event for event in run.events if site_of(event) == site_of(repeat.source))
            groups.setdefault(first.id, []).append(repeat)
        return groups

    def _is_known(self, repeat: Repeat) -> bool:
        return repeat.site.place in self.found or repeat.site.place in self.constant

    def _look_at(self, item: pytest.Item, first: CallId, group: Sequence[Repeat]) -> None:
        """Run a test again with more rows for a source."""
        looked_up = {name for repeat in group for name in tables(repeat.site.statement)}
        more = doubling(self.schema(), tables(first.statement), looked_up)
        if more is None:
            self.unknown.update((repeat.site.place, repeat) for repeat in group)
            return
        before = self.server.observe(_MoreRows(first, more))
        try:
            run = self.reruns.run(item, None, seconds=self.reruns.limit(item))
        finally:
            self.server.observe(before)
        for repeat in group:
            self._judge(item, repeat, run)

    def _judge(self, item: pytest.Item, repeat: Repeat, run: Run) -> None:
        sites = by_site(run.events)
        rows = rows_of(sites.get(site_of(repeat.source), ()))
        times = len(sites.get(repeat.site, ()))
        place = repeat.site.place
        if rows <= repeat.rows or times == 0:
            self.unknown[place] = repeat
            return
        self.unknown.pop(place, None)
        if times > len(repeat.events):
            self.found[place] = Growth(
                item.nodeid, repeat, (repeat.rows, rows), (len(repeat.events), times)
            )
        else:
            self.constant.add(place)
