"""Prepared statements, and portals: statements bound to values, and the rows that come of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.commands import Command
from understudy.fake_postgres.protocol.responder import Field, Result, Statement
from understudy.pg.codecs.codec import Decoder, Encoder


@dataclass(slots=True)
class Plan:
    """How the values of a statement are read, and its rows written, in certain formats.

    Attributes:
        decoders: one for each parameter.
        encoders: one for each column.
        fields: the columns; None where the statement returns no rows.
        formats: the format of each column.
    """

    decoders: tuple[Decoder, ...]
    encoders: tuple[Encoder, ...]
    fields: tuple[Field, ...] | None
    formats: tuple[int, ...]


@dataclass(slots=True)
class Prepared:
    """A prepared statement.

    Attributes:
        name: "" for the unnamed one.
        sql: its text.
        statement: what its responder knows of it; of DECLARE and PREPARE, of the statement inside.
            None where the session carries it out alone, and where there is no statement in it.
        command: what the session carries out by itself, or None.
        parameters: the OID of each parameter's type.
        plans: by the formats of a Bind, what was worked out for them.
    """

    name: str
    sql: str
    statement: Statement | None
    command: Command | None
    parameters: tuple[int, ...] = ()
    plans: dict[tuple[tuple[int, ...], tuple[int, ...]], Plan] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Portal:
    """A statement bound to its values; and a cursor, which is one that SQL gave a name.

    Attributes:
        name: "" for the unnamed one.
        prepared: the statement.
        values: its parameters, decoded.
        plan: how its rows are written.
        result: what came of it; None until it was run.
        position: the number of the row that it stands on: 0 before the first.
        hold: whether it outlives its transaction.
        scroll: whether it goes back.
        upstream: what it is called on the server that its statement was forwarded to, if it is.
    """

    name: str
    prepared: Prepared
    values: Sequence[Any]
    plan: Plan
    result: Result | None = None
    position: int = 0
    hold: bool = False
    scroll: bool = False
    upstream: str = ""


class Portals:
    """The portals of one connection, cursors among them."""

    def __init__(self) -> None:
        self._named: dict[str, Portal] = {}
        self.unnamed: Portal | None = None

    def add(self, portal: Portal) -> None:
        """Keep a portal; an unnamed one takes the place of the last.

        Raises:
            ServerError: there is one of this name.
        """
        if not portal.name:
            self.unnamed = portal
        elif portal.name in self._named:
            raise errors.cursor_exists(portal.name)
        else:
            self._named[portal.name] = portal

    def check_free(self, name: str) -> None:
        """Raise what PostgreSQL raises where a portal of this name is there."""
        if name in self._named:
            raise errors.cursor_exists(name)

    def find(self, name: str) -> Portal:
        """Return a portal.

        Raises:
            ServerError: there is none of this name.
        """
        found = self._named.get(name) if name else self.unnamed
        if found is None:
            raise errors.no_portal(name)
        return found

    def get(self, name: str) -> Portal | None:
        """Return the portal of a name that is not empty, where there is one."""
        return self._named.get(name)

    def cursor(self, name: str) -> Portal:
        """Return a portal by the name that SQL calls it.

        Raises:
            ServerError: there is none of this name.
        """
        found = self._named.get(name)
        if found is None:
            raise errors.error("34000", f'cursor "{name}" does not exist')
        return found

    def close(self, name: str) -> None:
        """Drop a portal, where there is one."""
        if name:
            self._named.pop(name, None)
        else:
            self.unnamed = None

    def close_all(self) -> None:
        """Drop every cursor and portal that has a name."""
        self._named.clear()

    # What follows a transaction (transactions.Follower)

    def mark(self) -> dict[str, Portal]:
        """Return which there are."""
        return dict(self._named)

    def restore(self, mark: dict[str, Portal]) -> None:
        """Drop those that were made since `mark`; one that was closed stays closed."""
        self._keep(lambda portal: mark.get(portal.name) is portal)

    def fail(self, mark: dict[str, Portal]) -> None:
        """Keep them all: of each, PostgreSQL says that the transaction is aborted."""

    def settle(self, mark: dict[str, Portal], *, commit: bool) -> None:
        """Drop those that end with the transaction."""
        self.unnamed = None
        self._keep(
            lambda portal: portal.hold and (commit or mark.get(portal.name) is portal),
        )

    def _keep(self, wanted: Callable[[Portal], bool]) -> None:
        self._named = {name: portal for name, portal in self._named.items() if wanted(portal)}
