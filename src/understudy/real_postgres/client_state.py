"""A client of a sandbox: what has to be put in place before its next statement runs."""

from __future__ import annotations

from collections.abc import Iterator

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol.statements import Portal
from understudy.script.calls import Transaction

# What every client has alike.
_ALIKE = frozenset({"client_encoding"})


class Guest(Client):
    """A connection whose statements run in the transaction of all.

    Attributes:
        settings_made: the statements that make its run-time parameters what they are, in order.
        settings_kept: those before the present transaction.
        is_read_only: whether its transaction may not write.
        portals: those that it has on the real server until the end of its transaction, by the names
            that they have there; cursors among them.
        bound: portals with a name that are not there yet.
        unnamed: the name there of the latest that has none for the client.
        closing: the names of those that are to be closed there.
    """

    def __init__(self, pid: int, secret: int, begun: list[Transaction]) -> None:
        super().__init__(pid, secret, begun)
        self._made: tuple[str, ...] | None = None
        self.settings_kept: tuple[str, ...] = ()
        self.is_read_only = False
        self.portals: list[str] = []
        self.bound: dict[str, Portal] = {}
        self.unnamed = ""
        self.closing: list[str] = []

    @property
    def initial(self) -> tuple[str, ...]:
        """What its client asked for when it connected."""
        return tuple(_setting(*each) for each in self._asked_for())

    def initially(self, parameter: str) -> tuple[str, ...]:
        """Return what of that makes one parameter."""
        return tuple(_setting(*each) for each in self._asked_for() if each[0].lower() == parameter)

    def _asked_for(self) -> Iterator[tuple[str, str]]:
        return (each for each in self.options.items() if each[0].lower() not in _ALIKE)

    def declared(self, cursor: str, *, hold: bool) -> None:
        """Take note of a cursor: of those that end with the transaction, unless it is to hold."""
        self.portals = [each for each in self.portals if each != cursor]
        if not hold:
            self.portals.append(cursor)

    @property
    def settings_made(self) -> tuple[str, ...]:
        """The statements that make its run-time parameters."""
        if self._made is None:
            self._made = self.initial
        return self._made

    @settings_made.setter
    def settings_made(self, statements: tuple[str, ...]) -> None:
        self._made = statements


def _setting(name: str, value: str) -> str:
    return f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, false)"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f" E'{escaped}'"
