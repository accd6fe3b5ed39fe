"""Follows what happens at the boundary, and makes the events of each test of it."""

from __future__ import annotations

import linecache
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from understudy.catalog.command_tags import command_in
from understudy.pg import sql
from understudy.pg.codec_registry import Values
from understudy.pg.types import Types
from understudy.run_report.records import Error, Server, TestEvent
from understudy.run_report.texts import has_rows, parameter_texts, row_texts
from understudy.script import boundary, origin, requests
from understudy.script.boundary import Boundary, Event
from understudy.script.calls import Transaction
from understudy.script.origin import Origin, Spot, is_known, shown_path
from understudy.script.requests import Request
from understudy.serving.clients import INSERTER

_PLAIN = Values(Types({}))


class _Place(NamedTuple):
    place: str = ""
    function: str = ""
    source: str = ""


class Recorded(NamedTuple):
    """What was recorded of a test.

    Attributes:
        events: in the order in which they began. Their `statement` is an index of `statements`.
        left_out: the number of further events.
        statements: the texts of the statements.
    """

    events: list[TestEvent]
    left_out: int
    statements: list[str]


class Reader:
    """Makes records of events.

    Args:
        codecs: returns the codecs of a server by its name; None for a fake.
        time_of: returns the seconds of a position, since the test began.
    """

    def __init__(
        self, codecs: Callable[[str], Values | None], time_of: Callable[[int | None], float | None]
    ) -> None:
        self._codecs = codecs
        self._time_of = time_of
        # By the identity of the code, which is kept so that no other gets it.
        self._places: dict[tuple[int, int], tuple[Spot, _Place]] = {}

    def request(self, request: Request) -> TestEvent:
        """Return the record of a request."""
        code = request.endpoint
        at, seconds = self._times(request.begun, request.ended)
        place = f"{shown_path(code.co_filename)}:{code.co_firstlineno}" if code else ""
        return TestEvent(
            "request",
            at,
            seconds,
            request.phase,
            text=f"{request.method} {request.path}",
            status=request.status,
            exception=request.error or "",
            place=place,
            function=code.co_qualname if code else "",
        )

    def call(self, event: Event, server: str, link: Link) -> TestEvent:
        """Return the record of a call."""
        call, rule = event.call, event.call.rule
        codecs = self._codecs(server) or _PLAIN
        answer, error = event.answer, event.error
        is_statement = event.kind == "statement"
        at, seconds = self._times(event.begun, event.ended)
        return TestEvent(
            event.kind,
            at,
            seconds,
            event.phase,
            cast("Server", server),
            text="" if is_statement else call.sql,
            parameters=parameter_texts(call, codecs) if is_statement else (),
            is_many=is_statement and has_rows(call),
            columns=() if answer is None else list(answer.columns),
            rows=None if answer is None else row_texts(answer, codecs),
            count=_count(event),
            tag=event.tag,
            error=None if error is None else Error(error.sqlstate, error.message.split("\n")[0]),
            fault="" if rule is None else _fault(event),
            rule="" if rule is None else str(rule.origin),
            is_counted=is_statement and event.is_counted,
            **link._asdict(),
            **self._place(call.spot)._asdict(),
        )

    def _times(self, begun: int, ended: int | None) -> tuple[float, float | None]:
        start, end = self._time_of(begun) or 0.0, self._time_of(ended)
        return round(start, 6), None if end is None else round(end - start, 6)

    def _place(self, spot: Spot) -> _Place:
        key = id(spot[0]), spot[1]
        if key not in self._places:
            self._places[key] = spot, _place_of(origin.at(spot))
        return self._places[key][1]


def _place_of(line: Origin) -> _Place:
    if not is_known(line.code):
        return _Place()
    source = linecache.getline(line.code.co_filename, line.line).strip()
    return _Place(str(line), line.function, source)


def _fault(event: Event) -> str:
    """Return what the rule that answered a call has done to it."""
    if event.error is not None:
        # Without a code, the method of a fake has refused its scripted answer.
        return f"scripted {event.error.sqlstate}" if event.error.sqlstate else ""
    if event.is_lost:
        return "scripted loss of the connection"
    return "scripted silence" if event.ended is None else ""


def _count(event: Event) -> int | None:
    """Return the number of rows, as the tag says, or what a fake has returned."""
    number = (event.tag or "").rpartition(" ")[2]
    if number.isdecimal():
        return int(number)
    return None if event.answer is None else event.answer.count


class Recording:
    """The events of the running test. It is a watcher of the boundary.

    Args:
        codecs: returns the codecs of a server by its name.
        most: the most events to keep of a test.
        times: the times of positions (script/requests.py).
    """

    def __init__(
        self, codecs: Callable[[str], Values | None], most: int, times: dict[int, float]
    ) -> None:
        self._most = most
        self._times = times
        self._start = time.perf_counter()
        self._events: list[tuple[Event, str]] = []
        self._left_out = 0
        self._reader = Reader(codecs, self._time_of)

    def begin_test(self) -> None:
        """Forget the last test."""
        self._times.clear()
        self._events, self._left_out = [], 0
        self._start = time.perf_counter()
        boundary.FAKES.begin_test()

    def begun(self, event: Event, boundary: Boundary) -> None:
        """Keep an event of the application."""
        if event.is_drivers and not _inserts(event):
            return
        if len(self._events) < self._most:
            self._events.append((event, boundary.server))
        else:
            self._left_out += 1

    def ended(self, event: Event) -> None:
        """Do nothing: the event is read when the test is over."""

    def end_test(self) -> Recorded:
        """Return what was recorded of the test."""
        happened: list[tuple[Event | Request, str]] = [*self._events]
        happened += [(request, "") for request in requests.of_test[: self._most]]
        happened.sort(key=lambda one: one[0].begun)
        kept = happened[: self._most]
        links = Links([one for one, _ in kept])
        events = [
            self._reader.request(one)
            if isinstance(one, Request)
            else self._reader.call(one, server, links.of(one))
            for one, server in kept
        ]
        return Recorded(events, self._left_out + len(happened) - len(kept), links.texts)

    def _time_of(self, position: int | None) -> float | None:
        moment = None if position is None else self._times.get(position)
        return None if moment is None else moment - self._start


class Link(NamedTuple):
    """What an event refers to; see TestEvent."""

    connection: int | None
    request: int | None
    transaction: int | None
    statement: int | None


class Links:
    """The numbers of what the events of a test refer to.

    Args:
        happened: the requests and calls of the test, in order.

    Attributes:
        texts: the statements, in the order of their numbers.
    """

    def __init__(self, happened: Sequence[Event | Request]) -> None:
        self._index = {id(one): number for number, one in enumerate(happened)}
        self._transactions = _transactions([one for one in happened if isinstance(one, Event)])
        self._connections: dict[int, int] = {}
        self._statements: dict[str, int] = {}
        self.texts: list[str] = []

    def of(self, event: Event) -> Link:
        """Return the numbers of an event, the next one in order."""
        pid, request = event.call.connection, event.request
        sender = None if request is None else request.background_of or request
        return Link(
            None if pid is None else self._connections.setdefault(pid, len(self._connections) + 1),
            self._index.get(id(sender)),
            self._transactions.get(id(event)),
            self._statement(event.call.text) if event.kind == "statement" else None,
        )

    def _statement(self, text: str) -> int:
        name = sql.spelled(text)
        if name not in self._statements:
            self._statements[name] = len(self.texts)
            self.texts.append(text)
        return self._statements[name]


def _transactions(events: list[Event]) -> dict[int, int]:
    """Return the number of the transaction of each event in one, by the event's identity."""
    roots: dict[int, int] = {}
    found: dict[int, int] = {}
    opened: dict[int, Event] = {}
    for event in events:
        # Of `insert`, the record has the row and not the BEGIN and COMMIT around it.
        root = None if _inserts(event) else _root(event.call.transaction)
        connection = event.call.connection
        if root is None:
            if event.kind == "begin" and connection is not None:
                opened[connection] = event
            continue
        number = roots.setdefault(id(root), len(roots) + 1)
        found[id(event)] = number
        begin = None if connection is None else opened.pop(connection, None)
        if begin is not None:
            found[id(begin)] = number
    return found


def _root(transaction: Transaction | None) -> Transaction | None:
    while transaction is not None and transaction.parent is not None:
        transaction = transaction.parent
    return transaction


def _inserts(event: Event) -> bool:
    """Return whether it is a row that the test inserts, which a reader wants to see."""
    call = event.call
    return call.application_name == INSERTER and command_in(call.statement) == "INSERT"
