"""A server with fake_postgres' sessions and codecs, whose answers come from a real PostgreSQL.

The session decodes the parameters of a statement, and the proxy sends them to the real server in
text format. The rows are decoded and encoded again. Transactions, portals, cursors, settings,
prepared statements, LISTEN and NOTIFY are handled by the session. The real server has one
connection for each client, and follows the session's transactions.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import psycopg

from benchmarks.driver_suites.upstream import Upstream
from understudy.catalog.command_tags import command_in
from understudy.embedded import EmbeddedServer
from understudy.fake_postgres import scripted_copy
from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.session import Session
from understudy.fake_postgres.protocol.statements import Field, Portal, Result, Statement
from understudy.fake_postgres.server import Server
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import TEXT, Decoder, Encoder
from understudy.pg.errors import ServerError
from understudy.pg.types import TypeFacts, Types
from understudy.serving.server import pids
from understudy.serving.waits import ConnectionDropped, Pending

T = TypeVar("T")

_REPORTED = ("server_version", "TimeZone", "DateStyle", "IntervalStyle")

_FIRST_OWN_OID = 16384  # types that are not built in
# Commands that the real server executes too, because its later answers depend on them.
_FOLLOWED = (
    c.Begin,
    c.Commit,
    c.Rollback,
    c.PrepareTransaction,
    c.Savepoint,
    c.Release,
    c.RollbackTo,
    c.SetTransaction,
    c.SetConstraints,
    c.Set,
    c.Reset,
    c.Discard,
)
_NOT_IN_BLOCK = re.compile(
    r"\s*(VACUUM|ALTER\s+SYSTEM|(CREATE|DROP|ALTER)\s+(DATABASE|TABLESPACE)|REINDEX|CALL|DO\b"
    r"|(CREATE|DROP)\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY)",
    re.IGNORECASE,
)


class ProxySession(Session):
    """A session that passes on the notices of the real server."""

    proxy: Proxy

    def resume(self, came: Result | Pending | BaseException) -> bytes:
        """Resume with a result, after the notices that came with it."""
        if self.pending is not None:
            for notice in self.proxy.take_notices():
                self._backend.notice(notice)
        return super().resume(came)

    def entrust(self) -> None:
        """Have the end of an implicit transaction reported to the proxy."""
        self._backend.forwarded = True


class Proxy:
    """Answers the statements of one client from the real server.

    Args:
        server: the proxy server.
        dsn: returns the URL of a database of the real server.
    """

    commands: tuple[type[c.Command], ...] = ()  # the session executes all that it can

    def __init__(self, server: ProxyServer, dsn: Callable[[str], str]) -> None:
        self._server = server
        self._dsn = dsn
        self._upstream: Upstream | None = None
        self._is_closed = False
        self._is_implicit = False
        self._number = 0
        self._facts: tuple[dict[str, TypeFacts], dict[str, int]] = ({}, {})
        self._values = Values(Types({}))
        self.session: ProxySession

    def admit(self, connection: Connection) -> Pending:
        """Connect to the real server, and use the process ID of its backend."""
        return self._pending(lambda: self._connect(connection))

    def _connect(self, connection: Connection) -> None:
        upstream = Upstream(self._dsn(connection.database), connection.user)
        connection.pid = upstream.pid
        self._upstream = upstream
        if self._is_closed:
            upstream.close()

    def log_in(self, connection: Connection) -> None:
        """Leave run-time parameters to the session."""

    def close(self) -> None:
        """Close the connection to the real server, as soon as there is one."""
        self._is_closed = True
        if self._upstream is not None:
            self._upstream.close()

    @property
    def upstream(self) -> Upstream:
        """The connection to the real server."""
        assert self._upstream is not None, "the client is admitted"
        return self._upstream

    def take_notices(self) -> list[ServerError]:
        """Return and remove the notices of the real server."""
        if self._upstream is None:
            return []
        notices, self._upstream.notices = self._upstream.notices, []
        return notices

    def _pending(self, function: Callable[[], T]) -> Pending:
        """Return a Pending for a function that blocks until the real server answers."""

        async def run() -> Any:  # runs in a separate thread, since no test has an event loop here
            try:
                return function()
            except ServerError:
                raise
            except Exception as error:
                self._server.report_bug(error)
                raise ConnectionDropped from error

        cancel = None if self._upstream is None else self._upstream.cancel
        return Pending(0.0, run, cancel=cancel)

    # Statements ----------------------------------------------------------------------------------

    def prepare(self, sql: str, declared: tuple[int, ...], connection: Connection) -> Pending:
        """Prepare and describe a statement on the real server."""
        self._number += 1
        return self._pending(partial(self._prepared, f"r{self._number}", sql, declared, connection))

    def _prepared(
        self, name: str, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement:
        self._set_up(connection)
        parameters, columns = self.upstream.prepare(name, sql, declared)
        self._learn(parameters, columns)
        command = command_in(sql)
        fields: tuple[Field, ...] | None = columns
        if not columns and command != "SELECT":
            fields = None
        way = scripted_copy.direction(sql)
        return Statement(sql, command, parameters, fields, way, name)

    def _set_up(self, connection: Connection) -> None:
        """Send the settings of the client's startup message, once."""
        while connection.options:
            setting, value = connection.options.popitem()
            if setting != "client_encoding":
                quoted = value.replace("'", "''")
                self.upstream.run(f"SELECT set_config('{setting}', '{quoted}', false)")

    def _learn(self, parameters: Sequence[int], columns: Sequence[Field]) -> None:
        """Read the types of the schema if a value has one of them, since they may have changed."""
        if any(oid >= _FIRST_OWN_OID for oid in (*parameters, *(column.oid for column in columns))):
            facts = self.upstream.types()
            if facts != self._facts:
                self._facts = facts
                self._values = Values(Types(*facts))

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Pending:
        """Run a statement on the real server, with the decoded parameters."""
        if connection.current is None:
            self.session.entrust()
        begins = connection.current is None and not _NOT_IN_BLOCK.match(statement.sql)
        return self._pending(partial(self._executed, statement, parameters, begins=begins))

    def _executed(self, statement: Statement, parameters: Sequence[Any], *, begins: bool) -> Result:
        if begins and not self._is_implicit:
            self.upstream.run("BEGIN")
            self._is_implicit = True
        if statement.copy == "in":
            return Result(tag=self.upstream.copy_in(statement.sql, parameters))
        if statement.copy == "out":
            pieces, columns, tag = self.upstream.copy_out(statement.sql)
            return Result(pieces, tag, columns=columns)
        fields = statement.fields or ()
        self._learn(statement.parameters, fields)
        given = [
            None if value is None else self.encoder(oid, TEXT)(value)
            for oid, value in zip(statement.parameters, parameters, strict=True)
        ]
        found = self.upstream.execute(statement.notes, given)
        decoders = [self._values.decoder(field.oid, TEXT) for field in fields]
        rows = [
            [
                None if (data := found.get_value(row, column)) is None else decode(data)
                for column, decode in enumerate(decoders)
            ]
            for row in range(found.ntuples)
        ]
        if "pg_terminate_backend" in statement.sql:
            self._server.end(parameters)
        return Result(rows, (found.command_status or b"").decode())

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return the decoder of a type, looked up at each call since the type may change."""
        if oid < _FIRST_OWN_OID:
            return self._values.decoder(oid, form)
        return lambda data: self._values.decoder(oid, form)(data)

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return the encoder of a type, looked up at each call since the type may change."""
        if oid < _FIRST_OWN_OID:
            return self._values.encoder(oid, form)
        return lambda value: self._values.encoder(oid, form)(value)

    # Following the session -----------------------------------------------------------------------

    def control(
        self, sql: str, connection: Connection, parameters: Sequence[Any] = ()
    ) -> Pending | None:
        """Execute a command of the session on the real server too."""
        command = read(sql)
        if not isinstance(command, _FOLLOWED):
            return None
        current = connection.current
        fails = current is not None and current.aborted
        if isinstance(command, c.PrepareTransaction) or (fails and isinstance(command, c.Commit)):
            chain = " AND CHAIN" if isinstance(command, c.Commit) and command.chain else ""
            sql = f"ROLLBACK{chain}"
        return self._pending(partial(self._follow, command, sql, connection))

    def _follow(self, command: c.Command, sql: str, connection: Connection) -> Result:
        self._set_up(connection)
        if isinstance(command, c.Begin | c.Commit | c.Rollback):
            self._is_implicit = False
        try:
            self.upstream.run(sql)
        except ServerError:
            if isinstance(command, c.Commit):
                raise
            # The session must find errors of other commands itself.
        finally:
            self.upstream.notices.clear()  # the session sends its own
        return Result()

    def settle(self, connection: Connection, *, commit: bool) -> Pending | None:
        """End the implicit transaction."""
        if not self._is_implicit:
            return None
        self._is_implicit = False
        if commit:
            return self._pending(lambda: self.upstream.run("COMMIT"))
        self.upstream.run("ROLLBACK")
        return None

    def describe_cursor(self, name: str, connection: Connection) -> Pending:
        """Reject a cursor that the session does not know, since the session knows all of them.

        Raises:
            ServerError: always.
        """
        raise errors.error("34000", f'portal "{name}" does not exist')

    def bound(self, portal: Portal, connection: Connection) -> None:
        """Leave portals to the session."""

    closed = bound

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        """Notify all listening clients."""
        self._server.notify(channel, payload, connection.pid)

    def lost(self, connection: Connection) -> None:
        """Close the connection to the real server."""
        self.close()


class ProxyServer(Server):
    """A fake server in front of a real one.

    Args:
        real: the real server, running.
    """

    name = "the proxy"

    def __init__(self, real: EmbeddedServer) -> None:
        super().__init__()
        self._real = real
        self._proxies: list[Proxy] = []
        with psycopg.connect(real.dsn()) as probe:
            self._reported = {
                name: value.decode()
                for name in _REPORTED
                if (value := probe.pgconn.parameter_status(name.encode())) is not None
            }

    def new_session(self, *, is_private: bool) -> Session:
        """Return the session of a new connection."""
        client = Client(next(pids), secrets.randbits(31), self.begun)
        proxy = Proxy(self, self._real.dsn)
        self._proxies.append(proxy)
        settings = dict(self._reported)
        version = settings.pop("server_version")
        options = ServerOptions(version, settings=settings, admit=proxy.admit, forwarder=proxy)
        proxy.session = session = ProxySession(proxy, client, options)
        session.proxy = proxy
        return session

    def stop(self) -> None:
        """Close all connections, those to the real server too."""
        super().stop()
        for proxy in self._proxies:
            proxy.close()

    def end(self, pids: Sequence[Any]) -> None:
        """Terminate the clients whose connections to the real server were terminated."""
        for client in self._open():
            if client.pid in pids:
                self._end(client)

    def report_bug(self, error: Exception) -> None:
        """Print an unexpected error, which is a bug in the measured code."""
        traceback.print_exception(error)
