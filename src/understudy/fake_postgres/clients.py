"""A connection of `fake_postgres`, or of `real_postgres`."""

from __future__ import annotations

from understudy.engine.copied_rows import Columns
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.session import Session
from understudy.script.calls import Transaction
from understudy.serving import clients

# The beginnings of the statements that pools send when a connection comes back.
_RESETS = frozenset({"RESET ", "DISCAR"})


class Client(clients.Client, Connection):
    """A connection, and who uses it.

    Attributes:
        copied: the columns that a driver was told for a COPY without a schema, by their query.
    """

    def __init__(self, pid: int, secret: int, begun: list[Transaction]) -> None:
        super().__init__(pid, begun)
        self.secret = secret
        self.copied: dict[str, Columns] = {}

    @property
    def session(self) -> Session:
        """The protocol on it."""
        session = self.transport.session
        assert isinstance(session, Session), "the server has made it"
        return session

    @property
    def application_name(self) -> str:
        """The run-time parameter of that name, "" for none."""
        return self.settings.get("application_name", "")

    def note_reset(self, sql: str) -> None:
        """Record that the connection went back to its pool, if a statement shows that."""
        if sql[:6].upper() in _RESETS:
            self.used_by = None


def client_of(connection: Connection) -> Client:
    """Return a connection of a server as the Client that the server has made of it."""
    assert isinstance(connection, Client), "a server makes every connection"
    return connection
