"""The servers that a suite runs against: a real PostgreSQL, fake_postgres and real_postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import psycopg

from benchmarks.driver_suites.port_forwarder import port_of
from benchmarks.driver_suites.proxy_server import ProxyServer
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.server import Server
from understudy.real_postgres.rollback_server import RollbackServer

EMBEDDED = "embedded PostgreSQL"
FAKE_POSTGRES = "fake_postgres"
REAL_POSTGRES = "real_postgres"
TARGETS = (EMBEDDED, FAKE_POSTGRES, REAL_POSTGRES)
USER = "postgres"


class SuiteServer(RollbackServer):
    """The server of real_postgres, for tests in another process.

    It rolls back whenever no client is connected, and replaces a real server that a test has ended.
    """

    def __init__(self, dsn: Callable[[], str]) -> None:
        super().__init__(dsn)
        self.database = USER  # the suites connect to it

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection; the first one begins a test."""
        if not (self.scheduler.is_open and any(client.is_open for client in self.clients)):
            self.begin_test()
        return super().new_session(is_private=is_private)


@contextmanager
def port(target: str, schema: str) -> Iterator[int]:
    """Start a server and yield its port of 127.0.0.1.

    Args:
        target: one of TARGETS.
        schema: SQL to run in the embedded PostgreSQL first.
    """
    with EmbeddedServer() as real:
        with psycopg.connect(real.dsn(), autocommit=True) as connection:
            connection.execute(schema.encode())
        if target == EMBEDDED:
            with port_of(_socket_path(real.socket_dsn())) as number:
                yield number
            return
        server: Server = ProxyServer(real) if target == FAKE_POSTGRES else SuiteServer(real.dsn)
        server.start()
        try:
            with port_of(_socket_path(server.socket_dsn)) as number:
                yield number
        finally:
            server.stop()


def _socket_path(dsn: str) -> str:
    query = parse_qs(urlsplit(dsn).query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
