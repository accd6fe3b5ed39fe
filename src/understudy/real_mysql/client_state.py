"""A connection of a client, with its own connection to the real server."""

from __future__ import annotations

from understudy.fake_mysql.clients import Client
from understudy.fake_mysql.protocol.connection import Connection
from understudy.real_mysql.shared_connection import SharedConnection
from understudy.real_mysql.upstream import Upstream
from understudy.script.calls import Transaction


class RealClient(Client):
    """A connection whose statements are executed by a real server.

    Attributes:
        upstream: its connection to the real server; None before the login.
    """

    def __init__(self, pid: int, begun: list[Transaction]) -> None:
        super().__init__(pid, begun)
        self.upstream: Upstream | SharedConnection | None = None

    @property
    def connected(self) -> Upstream | SharedConnection:
        """Its connection to the real server, once it is logged in."""
        assert self.upstream is not None, "the login makes it"
        return self.upstream


def real_client(connection: Connection) -> RealClient:
    """Return a connection of the server as what the server has made of it."""
    assert isinstance(connection, RealClient), "the server makes every connection"
    return connection
