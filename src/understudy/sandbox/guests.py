"""A client of a sandbox: what has to be put in place before its next statement runs."""

from __future__ import annotations

from understudy.script.transactions import Transaction
from understudy.wire.clients import Client
from understudy.wire.protocol.portals import Portal

# What every client has alike.
_ALIKE = frozenset({"client_encoding"})


class Guest(Client):
    """A connection whose statements run in the transaction of all.

    Attributes:
        settings_made: the statements that make its run-time parameters what they are, in order.
        settings_kept: those before the present transaction.
        is_read_only: whether its transaction may not write.
        portals: those that it has on the real server, by the names that they have there.
        bound: portals with a name that are not there yet.
        unnamed: the name of the one of them that has none for the client.
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
        return tuple(
            f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, false)"
            for name, value in self.options.items()
            if name.lower() not in _ALIKE
        )

    @property
    def settings_made(self) -> tuple[str, ...]:
        """The statements that make its run-time parameters."""
        if self._made is None:
            self._made = self.initial
        return self._made

    @settings_made.setter
    def settings_made(self, statements: tuple[str, ...]) -> None:
        self._made = statements


def _literal(text: str) -> str:
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f" E'{escaped}'"
