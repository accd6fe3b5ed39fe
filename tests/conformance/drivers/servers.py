"""The servers of a scenario: the embedded PostgreSQL, fake_postgres, and real_postgres.

A scenario is written once. Its script is for the fake; the real server answers from its tables. A
scenario does not state the outcome: both outcomes must be equal.
"""

from __future__ import annotations

import abc
import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal, NamedTuple, Protocol, Self
from urllib.parse import urlencode, urlsplit

import psutil
import psycopg

from tests.conformance.drivers.relay import Loss, Relay
from understudy import db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer


class Login(NamedTuple):
    """The credentials of a client."""

    user: str
    password: str
    database: str


When = Literal["before", "during", "after"]

# The tables' rows at the start of a scenario. TRUNCATE, because PostgreSQL reuses the space of
# deleted rows, and a COPY of the table would return the rows in another order.
SEED = """
    TRUNCATE users, orders RESTART IDENTITY;
    INSERT INTO users (name, email, age, mood)
        VALUES ('Ana', 'ana@x.io', 30, 'happy'), ('Bia', NULL, NULL, NULL);
    INSERT INTO orders (user_id, amount, code, price) VALUES (1, 2, 'abc', 9.90);
"""
# Who is let in where a password is asked for.
LOGIN = Login(user="guarded", password="secret", database="stage")
PATIENCE = 20.0  # seconds; only a test that fails waits as long


class NoScript:
    """A rule for a server that needs none."""

    def __getattr__(self, name: str) -> Self:
        return self

    def __call__(self, *args: object, **kwargs: object) -> Self:
        return self


class ServerUnderTest(abc.ABC):
    """A server for a scenario.

    Attributes:
        dsn: the URL of its database.
        real: whether it is the real one.
        tcp: what makes a port of its socket.
        login: what clients that need no URL name when they connect.
    """

    real: bool

    def __init__(self, dsn: str, tcp: Relay) -> None:
        self.dsn = dsn
        self.tcp = tcp
        self.login: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """The URL without the name of its scheme."""
        return self.dsn.removeprefix("postgresql")

    @abc.abstractmethod
    def on(self, statement: Any, *parameters: Any) -> Any:
        """Script the fake."""

    def fails(
        self, library: Any, statement: str, *parameters: Any, sqlstate: str, **fields: Any
    ) -> Any:
        """Script an error of the database, as the driver `library` raises it."""
        return self.on(statement, *parameters).raises(self.error(library, sqlstate, **fields))

    def error(self, library: Any, sqlstate: str, **fields: Any) -> Exception:
        """Make such an error."""
        return db_error(sqlstate, driver=library, **fields)

    @abc.abstractmethod
    def running(self, statement: str) -> bool:
        """Whether `statement` runs now and has no answer yet."""

    @abc.abstractmethod
    def terminate(self) -> None:
        """End every connection as an administrator does, and wait until it is done."""

    @abc.abstractmethod
    def loses(self, when: When, statement: str, *parameters: Any, rows: Sequence[Any] = ()) -> None:
        """Drop the connection without a message at the next execution of `statement`.

        Args:
            when: "before" it takes effect, "during" its result, "after" it took effect.
            statement: the statement.
            *parameters: its parameters.
            rows: those that arrive before it is lost during the result.
        """

    @abc.abstractmethod
    def notify(self, channel: str, payload: str) -> None:
        """Send a notification from elsewhere."""

    @abc.abstractmethod
    def full(self) -> AbstractContextManager[None]:
        """While this is open, the server has no connection to spare."""

    @abc.abstractmethod
    def guarded(self) -> None:
        """Accept only the user, password and database of LOGIN."""

    @abc.abstractmethod
    def unguarded(self) -> None:
        """Ask for no password; LOGIN's user is the only one."""

    def call_as(
        self, *, user: str, password: str | None = None, database: str = LOGIN.database
    ) -> None:
        """Use these credentials for new connections."""
        parts = urlsplit(self.dsn)
        self.login = {"user": user, "password": password, "database": database}
        name = user if password is None else f"{user}:{password}"
        where = parts.netloc.rpartition("@")[2]
        self.dsn = parts._replace(netloc=f"{name}@{where}", path=f"/{database}").geturl()

    def call_with(self, **options: str) -> None:
        """Use these libpq options for new connections."""
        self.dsn = f"{self.dsn}{'&' if '?' in self.dsn else '?'}{urlencode(options)}"

    def call_by_tcp(self) -> None:
        """Use TCP for new connections."""
        parts = urlsplit(self.dsn)
        name = parts.netloc.rpartition("@")[0]
        self.dsn = parts._replace(netloc=f"{name}@127.0.0.1:{self.tcp.port}", query="").geturl()

    @abc.abstractmethod
    async def fail_over(self, client: Any) -> None:
        """Make a client's server read-only from now on."""

    @abc.abstractmethod
    def down(self) -> AbstractContextManager[None]:
        """While this is open, no server listens."""

    async def settle(self) -> None:
        """Wait until the server has noticed all disconnected clients."""
        if self.tcp.has_connections:
            await asyncio.to_thread(self.tcp.settle)

    async def until_idle(self, statement: str) -> None:
        """Wait until the server has finished `statement`."""
        deadline = time.monotonic() + PATIENCE
        while self.running(statement):  # the server runs in another thread or process
            assert time.monotonic() < deadline, f"never ended: {statement}"
            await asyncio.sleep(0.002)

    async def until_running(self, statement: str) -> None:
        """Wait until the server works on `statement`."""
        deadline = time.monotonic() + PATIENCE
        while not self.running(statement):  # the server runs in another thread or process
            assert time.monotonic() < deadline, f"never ran: {statement}"
            await asyncio.sleep(0.002)


class RealServer(ServerUnderTest):
    """The embedded PostgreSQL.

    Args:
        dsn: of a database with schema.sql in it.
        admin: another connection to it, in autocommit.
        relay: through which its clients reach it.
        tcp: the way to it by TCP.
        full_dsn: of a server that has no connection to spare.
        down_dsn: of a server that does not listen any more.
    """

    real = True

    def __init__(
        self,
        dsn: str,
        admin: psycopg.Connection,
        relay: Relay,
        tcp: Relay,
        full_dsn: str,
        down_dsn: str,
    ) -> None:
        super().__init__(dsn, tcp)
        self.admin = admin
        self.relay = relay
        self._full_dsn = full_dsn
        self._down_dsn = down_dsn
        self.terminate()  # statements that an earlier scenario left running
        admin.execute(SEED)
        relay.loss = None

    def on(self, statement: Any, *parameters: Any) -> Any:
        return NoScript()

    def running(self, statement: str) -> bool:
        found = self.admin.execute(
            "SELECT FROM pg_stat_activity WHERE query = %s AND state = 'active'"
            " AND datname = current_database()",
            [statement],
        )
        return found.fetchone() is not None

    def terminate(self) -> None:
        found = self.admin.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'catalog'"
        )
        for pid, _ in found.fetchall():
            # PostgreSQL could wait for them, too: it looks every tenth of a second.
            while psutil.pid_exists(pid):
                time.sleep(0.001)

    def loses(self, when: When, statement: str, *parameters: Any, rows: Sequence[Any] = ()) -> None:
        self.relay.loss = Loss(statement.encode(), when, len(rows))

    def notify(self, channel: str, payload: str) -> None:
        self.admin.execute("SELECT pg_notify(%s, %s)", [channel, payload])

    def full(self) -> AbstractContextManager[None]:
        return self._elsewhere(self._full_dsn)

    def down(self) -> AbstractContextManager[None]:
        return self._elsewhere(self._down_dsn)

    def guarded(self) -> None:
        """Whose name begins with that of LOGIN is asked for a password (conftest.py)."""

    def unguarded(self) -> None:
        """All others are not."""

    async def fail_over(self, client: Any) -> None:
        await client.begin()
        await client.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        await client.commit()

    @contextmanager
    def _elsewhere(self, dsn: str) -> Iterator[None]:
        self.dsn, before = dsn, self.dsn
        yield
        self.dsn = before


class MakeReal(Protocol):
    """Makes the real server as it is at first."""

    def __call__(self, *, through_relay: bool = False) -> RealServer: ...


class FakeServer(ServerUnderTest):
    """`fake_postgres`."""

    real = False

    def __init__(self, server: Server, tcp: Relay) -> None:
        self.postgres = self._begin(server)
        super().__init__(self.postgres.socket_dsn, tcp)

    def _begin(self, server: Server) -> FakePostgres:
        return FakePostgres(server)

    def on(self, statement: Any, *parameters: Any) -> Any:
        return self.postgres.on(statement, *parameters)

    async def connect_asyncpg(self, **settings: Any) -> Any:
        """Return a connection of asyncpg's in memory."""
        return await self.postgres.asyncpg.connect(**self.login, **settings)

    def asyncpg_pool(self, **settings: Any) -> Any:
        """Return a pool of asyncpg's in memory."""
        return self.postgres.asyncpg.pool(**self.login, **settings)

    def running(self, statement: str) -> bool:
        return any(
            client.latest is not None
            and client.latest.statement == statement
            and client.transport.session.pending is not None
            for client in self.postgres.connections
        )

    def terminate(self) -> None:
        self.postgres.restart()

    def loses(self, when: When, statement: str, *parameters: Any, rows: Sequence[Any] = ()) -> None:
        self.postgres.on(statement, *parameters).drops(when, *rows)

    def notify(self, channel: str, payload: str) -> None:
        self.postgres.notify(channel, payload)

    def guarded(self) -> None:
        self.postgres.require_login(**LOGIN._asdict())

    def unguarded(self) -> None:
        self.postgres.require_login(user=LOGIN.user, database=LOGIN.database)

    async def fail_over(self, client: Any) -> None:
        self.postgres.fail_over()

    @contextmanager
    def full(self) -> Iterator[None]:
        self.postgres.max_connections, before = 0, self.postgres.max_connections
        yield
        self.postgres.max_connections = before

    @contextmanager
    def down(self) -> Iterator[None]:
        self.postgres.stop()
        yield
        self.postgres.start()


class RollbackServerUnderTest(FakeServer):
    """`real_postgres`, which answers from a real server of its own that nothing is committed to."""

    def _begin(self, server: Server) -> FakePostgres:
        assert isinstance(server, RollbackServer)
        return RealPostgres(server)

    def on(self, statement: Any, *parameters: Any) -> Any:
        return NoScript()
