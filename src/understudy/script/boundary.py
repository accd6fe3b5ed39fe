"""What passes between an application and its database, and the change of one call on its way.

A server keeps the events of a test in a `Boundary`. A rerun (rerun/) sets its `change`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from understudy.pg.errors import ErrorFields
from understudy.script import requests
from understudy.script.answers import Drop, Error, Hang
from understudy.script.calls import Call
from understudy.script.requests import Phase, Request, now

Kind = Literal[
    "connect", "statement", "begin", "commit", "rollback", "savepoint", "release", "rollback to"
]
Database = Literal["postgresql", "mysql", "sqlite"]
# Drivers number savepoints over the whole process, so their names differ from run to run.
_NAMED = frozenset(("savepoint", "release", "rollback to"))
MOST_ROWS = 5  # of an answer
# The rows of an answer that are kept now: more of them while a script is recorded (record/).
kept_rows = MOST_ROWS


class CallId(NamedTuple):
    """Which call of a test it is; the same in every run of the test.

    Attributes:
        request: the key of its request, such as "POST /users #1"; "" for code that no request has
            called. In the setup and the teardown it begins with the name of the phase.
        kind: see Event.
        statement: its shape: the text without white space and comments, and with `?` for each
            literal. "" for a savepoint, whose name the driver has chosen.
        nth: 1 for the first such call of the request, or of the phase without a request.
    """

    request: str
    kind: Kind
    statement: str
    nth: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The first rows with which a call was answered.

    Attributes:
        columns: their names.
        types: the OID of each column's type; empty on a fake.
        formats: the format of each value if the rows have bytes, as a real server has sent them;
            None if they have Python values.
        rows: the values of each row.
        count: on a fake, the number of all rows; None on a server, whose tag has it.
    """

    columns: Sequence[str]
    types: Sequence[int]
    formats: Sequence[int] | None
    rows: Sequence[Sequence[Any]]
    count: int | None = None


@dataclass(slots=True, eq=False)
class Event:
    """A call at the boundary.

    A statement outside of a transaction block (`call.transaction` is None) is committed if it has
    a `tag`.

    Attributes:
        id: which call it is.
        kind: what it does; "statement" for everything that is not transaction control, and
            "connect" for a new connection.
        call: statement, parameters, connection, transaction, and the line that sent it.
        request: the request that it was sent for; None if there is none or it is unknown.
        phase: of the test.
        begun: its position in the order of all that happens (script/requests.py).
        ended: the position at which it was answered; None before.
        tag: the command tag, such as "INSERT 0 1"; None before, or if it failed. "" for a new
            connection, and for a part of the rows.
        error: the error that it was answered with, or None.
        is_lost: whether the connection was lost instead of an answer.
        is_drivers: whether a driver or pool has sent it on its own.
        is_handling: whether it was sent while an exception was being handled.
        answer: the first rows of its answer; None without rows, and if nothing watches.
        is_counted: whether it counts as a call: not if it was refused before it ran, and not the
            DECLARE of a cursor.
        database: the kind of its database.
    """

    id: CallId
    kind: Kind
    call: Call
    request: Request | None
    phase: Phase
    begun: int = field(default_factory=now)
    ended: int | None = None
    tag: str | None = None
    error: ErrorFields | None = None
    is_lost: bool = False
    is_drivers: bool = False
    is_handling: bool = False
    answer: Answer | None = None
    is_counted: bool = True
    database: Database = "postgresql"

    @property
    def is_codes(self) -> bool:
        """Whether the code under test sends it: also `SELECT 1`, if that stands in its function."""
        return not self.is_drivers or self.call.statement in self.call.origin.code.co_consts


class Watcher(Protocol):
    """Follows the events of all servers and fakes of this process, in the thread of each."""

    def begun(self, event: Event, boundary: Boundary) -> None:
        """Note that a call begins."""

    def ended(self, event: Event) -> None:
        """Note that a call is answered, or that its connection is lost."""


# Empty unless a run is recorded or shown: a call pays for none.
watchers: list[Watcher] = []


def tell_ended(event: Event) -> None:
    """Tell the watchers that a call is over."""
    for watcher in watchers:
        watcher.ended(event)


@dataclass(frozen=True, slots=True)
class Replace:
    """Another statement instead of the one that was sent, with the same parameters.

    Only a statement is replaced, never transaction control.

    Attributes:
        sql: its text.
    """

    sql: str


Change: TypeAlias = Replace | Error | Drop | Hang


class Boundary:
    """The events of a test at the boundary of one server.

    Args:
        server: its name.
        database: the kind of its database.

    Attributes:
        server, database: as above.
        events: in the order in which they began.
        leaks: the transactions and connections that the test has left open, as its failures say.
        change: called for each event before it goes on; what it returns happens instead. None
            lets everything go on.
    """

    def __init__(self, server: str = "", database: Database = "postgresql") -> None:
        self.server = server
        self.database = database
        self.events: list[Event] = []
        self.leaks: tuple[str, ...] = ()
        self.change: Callable[[Event], Change | None] | None = None
        self._counts: dict[tuple[str, Kind], dict[str, int]] = {}

    def begin_test(self) -> None:
        """Forget the events of the last test."""
        self.events = []
        self.leaks = ()
        self._counts = {}

    def change_of(self, event: Event) -> Change | None:
        """Return what is to happen instead of an event, or None."""
        return None if self.change is None else self.change(event)

    def begin(
        self, kind: Kind, call: Call, request: Request | None, *, is_drivers: bool = False
    ) -> Event:
        """Add the event of a call that begins.

        Args:
            kind: what it does.
            call: the call.
            request: the request that it was sent for, if known.
            is_drivers: whether a driver or pool has sent it on its own.
        """
        phase = requests.phase
        sender = "" if request is None else request.key
        if phase != "call":
            sender = f"{phase} {sender}".rstrip()
        statement = "" if kind in _NAMED else call.shape
        counts = self._counts.get((sender, kind))
        if counts is None:
            counts = self._counts[sender, kind] = {}
        nth = counts[statement] = counts.get(statement, 0) + 1
        event = Event(CallId(sender, kind, statement, nth), kind, call, request, phase, now())
        event.is_drivers, event.database = is_drivers, self.database
        self.events.append(event)
        for watcher in watchers:
            watcher.begun(event, self)
        return event


# The calls on all fakes. They have events only if something watches.
FAKES = Boundary("fakes")
