"""What a suite is run against: a real PostgreSQL, and what stands in front of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import psycopg

from benchmarks.driver_suites.port_forwarder import port_of
from benchmarks.driver_suites.proxy_server import RelayServer
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.server import Server
from understudy.real_postgres.rollback_server import RollbackServer

EMBEDDED = "embedded"
RELAY = "by value"
SANDBOX = "sandbox"
LANES = (EMBEDDED, RELAY, SANDBOX)
USER = "postgres"


class ConnectedSandbox(RollbackServer):
    """A sandbox for tests in another process: it goes back whenever nobody is connected.

    A real server that a test has ended is replaced too.
    """

    def __init__(self, dsn: Callable[[], str]) -> None:
        super().__init__(dsn)
        self.database = USER  # to which the suites connect

    def new_session(self) -> Session:
        """Return the session of a new connection; the first one begins a transaction."""
        if not (self.scheduler.is_open and any(client.is_open for client in self.clients)):
            self.begin_test()
        return super().new_session()


@contextmanager
def port(lane: str, schema: str) -> Iterator[int]:
    """Start what a suite is to be run against, and give its port of 127.0.0.1.

    Args:
        lane: one of LANES.
        schema: SQL to be run before.
    """
    with EmbeddedServer() as real:
        with psycopg.connect(real.dsn(), autocommit=True) as connection:
            connection.execute(schema.encode())
        if lane == EMBEDDED:
            where = parse_qs(urlsplit(real.dsn()).query)
            with port_of(f"{where['host'][0]}/.s.PGSQL.{where['port'][0]}") as number:
                yield number
            return
        server: Server = RelayServer(real) if lane == RELAY else ConnectedSandbox(real.dsn)
        server.start()
        try:
            with port_of(f"{server.host}/.s.PGSQL.{server.port}") as number:
                yield number
        finally:
            server.stop()
