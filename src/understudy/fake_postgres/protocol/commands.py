"""The statements that a session executes itself, one class each.

A statement with a syntax error is none of them: the responder, or PostgreSQL, rejects it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Command:
    """A statement that a session executes itself.

    Attributes:
        tag: its command tag.
        ends: whether it is allowed in an aborted transaction, which it may end.
    """

    tag: ClassVar[str] = ""
    ends: ClassVar[bool] = False


Modes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Begin(Command):
    """BEGIN, START TRANSACTION; `modes` are settings: transaction_isolation and the like."""

    tag: ClassVar[str] = "BEGIN"
    modes: Modes = ()


@dataclass(frozen=True, slots=True)
class StartTransaction(Begin):
    """The same in the standard's words."""

    tag: ClassVar[str] = "START TRANSACTION"


@dataclass(frozen=True, slots=True)
class Commit(Command):
    """COMMIT, END; `chain`: and begin the next with the same modes."""

    tag: ClassVar[str] = "COMMIT"
    ends: ClassVar[bool] = True
    chain: bool = False


@dataclass(frozen=True, slots=True)
class Rollback(Command):
    """ROLLBACK, ABORT; `chain`: and begin the next with the same modes."""

    tag: ClassVar[str] = "ROLLBACK"
    ends: ClassVar[bool] = True
    chain: bool = False


@dataclass(frozen=True, slots=True)
class PrepareTransaction(Command):
    """PREPARE TRANSACTION, the first half of a two-phase commit."""

    tag: ClassVar[str] = "PREPARE TRANSACTION"
    ends: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class EndPrepared(Command):
    """COMMIT PREPARED, ROLLBACK PREPARED (`words`)."""

    words: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Savepoint(Command):
    """SAVEPOINT."""

    tag: ClassVar[str] = "SAVEPOINT"
    name: str


@dataclass(frozen=True, slots=True)
class RollbackTo(Command):
    """ROLLBACK TO SAVEPOINT."""

    tag: ClassVar[str] = "ROLLBACK"
    ends: ClassVar[bool] = True
    name: str


@dataclass(frozen=True, slots=True)
class Release(Command):
    """RELEASE SAVEPOINT."""

    tag: ClassVar[str] = "RELEASE"
    name: str


@dataclass(frozen=True, slots=True)
class SetTransaction(Command):
    """SET TRANSACTION, and SET SESSION CHARACTERISTICS AS TRANSACTION (`session`)."""

    tag: ClassVar[str] = "SET"
    modes: Modes
    session: bool = False


@dataclass(frozen=True, slots=True)
class SetConstraints(Command):
    """SET CONSTRAINTS."""

    tag: ClassVar[str] = "SET CONSTRAINTS"


@dataclass(frozen=True, slots=True)
class Set(Command):
    """SET, SET LOCAL; `values` are the words after TO, None for DEFAULT."""

    tag: ClassVar[str] = "SET"
    name: str
    values: tuple[str, ...] | None
    local: bool = False


@dataclass(frozen=True, slots=True)
class Reset(Command):
    """RESET; without `name`, RESET ALL."""

    tag: ClassVar[str] = "RESET"
    name: str | None


@dataclass(frozen=True, slots=True)
class Show(Command):
    """SHOW of one parameter."""

    tag: ClassVar[str] = "SHOW"
    name: str


@dataclass(frozen=True, slots=True)
class Discard(Command):
    """DISCARD; `what` in capitals."""

    what: str


@dataclass(frozen=True, slots=True)
class Prepare(Command):
    """PREPARE in SQL; `types` as written, `sql` the statement after AS."""

    tag: ClassVar[str] = "PREPARE"
    name: str
    types: tuple[str, ...]
    sql: str


@dataclass(frozen=True, slots=True)
class Execute(Command):
    """EXECUTE in SQL; `arguments` are the tokens of each."""

    name: str
    arguments: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Deallocate(Command):
    """DEALLOCATE; without `name`, ALL."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Declare(Command):
    """DECLARE a cursor for `sql`."""

    tag: ClassVar[str] = "DECLARE CURSOR"
    name: str
    sql: str
    binary: bool = False
    hold: bool = False
    scroll: bool | None = None


Direction = Literal["forward", "backward", "absolute", "relative"]


@dataclass(frozen=True, slots=True)
class Fetch(Command):
    """FETCH, and MOVE (`move`); without `count`, ALL."""

    name: str
    direction: Direction
    count: int | None
    move: bool = False


@dataclass(frozen=True, slots=True)
class Close(Command):
    """CLOSE; without `name`, ALL."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Listen(Command):
    """LISTEN."""

    tag: ClassVar[str] = "LISTEN"
    channel: str


@dataclass(frozen=True, slots=True)
class Unlisten(Command):
    """UNLISTEN; without `channel`, all."""

    tag: ClassVar[str] = "UNLISTEN"
    channel: str | None


@dataclass(frozen=True, slots=True)
class Notify(Command):
    """NOTIFY."""

    tag: ClassVar[str] = "NOTIFY"
    channel: str
    payload: str = ""


@dataclass(frozen=True, slots=True)
class SelectNotify(Command):
    """SELECT pg_notify(channel, payload): each is a literal's text, or a parameter's number."""

    arguments: tuple[str | int, str | int]
    column: str = "pg_notify"
