"""A connection of a client, with the state that its next statement needs on the real server."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Portal
from understudy.script.calls import Transaction

if TYPE_CHECKING:
    from understudy.real_postgres.tunnel import Tunnel

# Parameters that are the same for all clients.
_SHARED = frozenset({"client_encoding"})


class RollbackClient(Client):
    """A connection whose statements run in the transaction that all clients of a test share.

    Attributes:
        committed_settings: the setting statements at the start of the current transaction.
        is_read_only: whether its transaction may not write.
        portals: its portals and cursors on the real server that end with its transaction, by their
            names there.
        bound: named portals that do not exist on the real server yet.
        unnamed: the name on the real server of its latest unnamed portal.
        closing: the names of portals to close on the real server.
        tunnel: its own connection to the clone of the test, or None.
    """

    def __init__(self, pid: int, secret: int, begun: list[Transaction]) -> None:
        super().__init__(pid, secret, begun)
        self.committed_settings: tuple[str, ...] = ()
        self.is_read_only = False
        self.portals: list[str] = []
        self.bound: dict[str, Portal] = {}
        self.unnamed = ""
        self.closing: list[str] = []
        self.tunnel: Tunnel | None = None

    def startup_statements(self, parameter: str | None = None) -> tuple[str, ...]:
        """Return the statements that set what the client asked for when it connected.

        Args:
            parameter: the only parameter to return, in lower case; None returns all.
        """
        return tuple(
            f"SELECT pg_catalog.set_config({_literal(name)}, {_literal(value)}, false)"
            for name, value in self.options.items()
            if name.lower() not in _SHARED and parameter in (None, name.lower())
        )

    @cached_property
    def setting_statements(self) -> tuple[str, ...]:
        """The statements that give its run-time parameters their values, in order."""
        return self.startup_statements()


def rollback_client(connection: Connection) -> RollbackClient:
    """Return a connection of the server as what the server has made of it."""
    assert isinstance(connection, RollbackClient), "the server makes every connection"
    return connection


def _literal(text: str) -> str:
    escaped = text.replace("'", "''").replace("\\", "\\\\")
    return f" E'{escaped}'"
