"""What passes between an application and its database, and the change of one call on its way.

A server keeps the events of a test in a `Boundary`. A rerun sets its `change`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from understudy.pg.errors import ErrorFields
from understudy.script.answers import Drop, Error, Hang
from understudy.script.calls import Call
from understudy.script.requests import Request, now

Kind = Literal[
    "connect", "statement", "begin", "commit", "rollback", "savepoint", "release", "rollback to"
]
Phase = Literal["setup", "call", "teardown"]


class CallId(NamedTuple):
    """Which call of a test it is; the same in every run of the test.

    Attributes:
        request: the method, path and number of its request, such as "POST /users #1"; "" for code
            that no request has called.
        kind: see Event.
        statement: its text with white space normalized.
        nth: 1 for the first such call of the request, or of the test without a request.
    """

    request: str
    kind: Kind
    statement: str
    nth: int


@dataclass(slots=True, eq=False)
class Event:
    """A call at the boundary.

    Attributes:
        id: which call it is.
        kind: what it does; "statement" for everything that is not transaction control, and
            "connect" for a new connection.
        call: statement, parameters, connection, transaction, and the line that sent it.
        request: the request that it was sent for; None if there is none or it is unknown.
        phase: of the test.
        begun: its position in the order of all that happens (script/requests.py).
        ended: the position at which it was answered; None before.
        tag: the command tag, such as "INSERT 0 1"; None before, or if it failed.
        error: the error that it was answered with, or None.
        is_lost: whether the connection was lost instead of an answer.
        is_drivers: whether a driver or pool has sent it on its own.
        is_handling: whether it was sent while an exception was being handled.
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


@dataclass(frozen=True, slots=True)
class Replace:
    """Another statement instead of the one that was sent, with the same parameters.

    Attributes:
        sql: its text.
    """

    sql: str


Change: TypeAlias = Replace | Error | Drop | Hang


class Boundary:
    """The events of a test at the boundary of one server.

    Attributes:
        events: in the order in which they began.
        change: called for each event before it goes on; what it returns happens instead. None
            lets everything go on.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.change: Callable[[Event], Change | None] | None = None
