"""A connection of a client, with the state that its next statement needs on the real server."""

from __future__ import annotations

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.session_settings import Values
from understudy.fake_postgres.protocol.statements import Portal
from understudy.real_postgres.tunnel import Tunnel
from understudy.script.calls import Transaction

# What no statement's meaning depends on: an application often sets these for each transaction.
_NEUTRAL = ("transaction_", "application_name", "statement_timeout", "lock_timeout")


class RollbackClient(Client):
    """A connection whose statements run in the transaction that all clients of a test share.

    Attributes:
        first_settings: the values of its run-time parameters when it connected.
        may_have_written: whether it is not certain that its savepoint has only read.
        portals: its portals and cursors on the real server that end with its transaction, by their
            names there.
        bound: named portals that do not exist on the real server yet.
        unnamed: the name on the real server of its latest unnamed portal.
        closing: the names of portals to close on the real server.
        tunnel: its own connection to the clone of the test, or None.
    """

    def __init__(self, pid: int, secret: int, begun: list[Transaction]) -> None:
        super().__init__(pid, secret, begun)
        self.first_settings: Values = {}
        self.may_have_written = False
        self.portals: list[str] = []
        self.bound: dict[str, Portal] = {}
        self.unnamed = ""
        self.closing: list[str] = []
        self.tunnel: Tunnel | None = None
        self._parsed_under: tuple[Values, frozenset[tuple[str, str]]] = ({}, frozenset())

    @property
    def parse_settings(self) -> frozenset[tuple[str, str]]:
        """The role and the run-time parameters on which the meaning of a statement may depend."""
        settings = self.settings
        if self._parsed_under[0] is not settings:
            found = {
                (name, value)
                for name, value in settings.items()
                if "." not in name and not name.startswith(_NEUTRAL)
            }
            self._parsed_under = settings, frozenset(found)
        return self._parsed_under[1]


def rollback_client(connection: Connection) -> RollbackClient:
    """Return a connection of the server as what the server has made of it."""
    assert isinstance(connection, RollbackClient), "the server makes every connection"
    return connection
