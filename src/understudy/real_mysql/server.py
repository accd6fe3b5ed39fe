"""The server of `real_mysql`: in front of a real MariaDB or MySQL."""

from __future__ import annotations

from collections.abc import Callable

from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.fake_mysql.server import Server
from understudy.mysql_server.address import read_url
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlPlace
from understudy.real_mysql.client_state import RealClient
from understudy.real_mysql.forwarding import ForwardingResponder
from understudy.real_mysql.isolation import Isolation, RealDatabase
from understudy.real_mysql.mixed_rules import RealRule
from understudy.real_mysql.shared_connection import SharedConnection
from understudy.real_mysql.upstream import Upstream
from understudy.script import call_counts
from understudy.script.script import Script
from understudy.serving.clients import INSERTER
from understudy.serving.leaks import LeakReport
from understudy.serving.login import Login


class RealMysqlServer(Server):
    """A server that forwards statements to a real one, and scripts single ones.

    Args:
        place: returns where the real server is, starting it if necessary.
        isolation: that of what comes before the first test.
        password: the password in its address; None makes one.
    """

    name = "real_mysql"
    rule = RealRule
    _client = RealClient
    _tally = call_counts.REAL_MYSQL

    def __init__(
        self,
        place: Callable[[], MysqlPlace],
        isolation: Isolation = "rollback",
        password: str | None = None,
    ) -> None:
        self._place = place
        self._first_isolation = isolation
        self._known: MysqlPlace | None = None
        self._real: RealDatabase | None = None
        self._clone: RealDatabase | None = None
        super().__init__(password=password)

    @property
    def real(self) -> RealDatabase:
        """The database of the running test, once the server was started."""
        if self._clone is not None:
            return self._clone
        assert self._real is not None, "start() comes first"
        return self._real

    def start(self) -> None:
        """Accept connections, and create a database on the real server.

        Raises:
            PostgresError: there is no server, or it refuses.
        """
        place = self._place()
        if place != self._known:  # the first one, or one that replaces a killed server
            real, self._real = self._real, None
            if real is not None:
                real.close()
            self._real = RealDatabase(place, self._sockets, self._first_isolation)
            self._known = place
        super().start()

    def stop(self) -> None:
        """End every connection."""
        if self._real is not None:
            self._real.close()
            self._real = None
        super().stop()

    def begin_test(self, isolation: Isolation | None = None) -> Script:
        """Begin a test and return its script; what was written since the last one is put back.

        Args:
            isolation: that of the test; None for that of the last one.
        """
        assert self._known is not None, "start() comes first"
        if isolation not in (None, self.real.isolation):
            # A connection that is older than the test has the other kind of isolation.
            self.renew_pools()
        if isolation == "clone":
            self._clone = RealDatabase(self._known, self._sockets, "clone")
        try:
            self.real.begin(isolation)
        except BaseException:
            self._drop_clone()  # else the next test would have it
            raise
        return super().begin_test()

    def end_test(self, left: LeakReport, close: Callable[[], bool]) -> None:
        """End a test: report its leaks to `left`, and put back what it wrote."""
        super().end_test(left, close)
        if self._clone is not None:
            self.renew_pools()
        self._settle()  # ended connections are closed
        if self._clone is None:
            self.real.restore()
        else:
            self._drop_clone()

    def _drop_clone(self) -> None:
        clone, self._clone = self._clone, None
        if clone is not None:
            clone.close()
            clone.drop()

    def _make_responder(self) -> ForwardingResponder:
        return ForwardingResponder(self.engine, self.lock, self.boundary, self)

    def connect_client(self, client: RealClient) -> Upstream | SharedConnection:
        """Connect a client that has logged in to the real server."""
        return self.real.open(client, self.database)

    def connect_inserter(self) -> Admin:
        """Return a connection that inserts rows for the running test."""
        if self.real.isolation != "rollback":
            return self.real.connect()
        place = read_url(self.socket_dsn)
        return Admin(place, program_name=INSERTER)

    def number_on_server(self, number: int) -> int:
        """Return the number of a connection on the real server."""
        for client in self._open():
            if client.pid == number and isinstance(client, RealClient):
                upstream = client.upstream
                return upstream.id if isinstance(upstream, Upstream) else number
        return number

    def _kill(self, pid: int, query_only: bool) -> bool:
        """Carry out KILL, unless the real server has done it."""
        return self.real.isolation != "rollback" or super()._kill(pid, query_only)

    def _server_options(self, login: Login) -> ServerOptions:
        assert self._known is not None, "start() comes first"
        return ServerOptions(self._known.version, login, admit=self._admit, kill=self._kill)
