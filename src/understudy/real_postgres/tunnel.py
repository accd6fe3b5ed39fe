"""A connection to a clone: bytes are passed between a client and a connection of its own there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol import errors
from understudy.real_postgres.upstream import Upstream

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets


class Tunnel(Upstream):
    """A connection to a database, for one client that is logged in here already.

    Args:
        dsn: the URL of the database.
        client: the client; it gets the process id of its server.
        sockets: the sockets that watch the connection.
        user: the user, if it is not the one of the URL.
    """

    def __init__(self, dsn: str, client: Client, sockets: Sockets, user: str | None = None) -> None:
        import psycopg

        options = dict(client.options)
        parameters = {}
        options.pop("client_encoding", None)  # UTF-8, as here
        if user is not None:
            parameters["user"] = user
        # Settings of the start, to which a RESET goes back.
        parameters["options"] = " ".join(
            f"-c {name}={_escaped(value)}" for name, value in options.items()
        )
        try:
            super().__init__(dsn, sockets, **parameters)
        except psycopg.OperationalError as error:
            text = str(error).strip().rpartition("FATAL:  ")[2]
            raise errors.fatal("28000", text) from error
        self._client = client
        client.pid = self._libpq.info.backend_pid
        self.watch()

    def pass_on(self, data: bytes) -> None:
        """Send bytes of the client to the server."""
        if not self.is_lost:
            self._send(data)

    def cancel(self) -> None:
        """Cancel the running statement."""
        if not self.is_lost:
            self._libpq.pgconn.get_cancel().cancel()

    def _receive(self, data: bytes) -> None:
        self._client.transport.send(data)

    def _lost(self) -> None:
        if not self.is_lost:
            self.close()
            self._client.transport.finish()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
