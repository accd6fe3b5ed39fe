"""A connection of `fake_mysql`, or of `real_mysql`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.session import Session
from understudy.script.calls import Sender, Transaction
from understudy.script.mysql_calls import MysqlCall
from understudy.script.origin import Spot
from understudy.serving import clients
from understudy.serving.attribution import Attribution


class Client(clients.Client, Connection):
    """A connection, and who uses it."""

    def __init__(self, pid: int, begun: list[Transaction]) -> None:
        super().__init__(pid, begun)

    @property
    def session(self) -> Session:
        """The protocol on it."""
        session = self.transport.session
        assert isinstance(session, Session), "the server has made it"
        return session

    @property
    def application_name(self) -> str:
        """The program_name that the client tells when it connects, "" for none."""
        return self.attributes.get("program_name", "")

    @property
    def noted(self) -> Attribution:
        """Who sent its latest statement: every driver of MySQL knows the number of a connection."""
        return self.attribution

    def call(self, sql: str, parameters: Sequence[Any] | Any, spot: Spot) -> MysqlCall:
        """Return a call of a statement that the client has sent.

        Args:
            sql: its text.
            parameters: those that are bound to it; those in its text are found there.
            spot: the user's instruction that sent it.
        """
        call = MysqlCall(sql, parameters or (), self.current, spot)
        call.sender = Sender(self.pid, self.user, self.database, self.application_name)
        return call


def client_of(connection: Connection) -> Client:
    """Return a connection of a server as the Client that the server has made of it."""
    assert isinstance(connection, Client), "a server makes every connection"
    return connection
