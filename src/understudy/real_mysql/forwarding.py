"""A responder that forwards statements to a real server, unless a test scripts them."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from understudy.catalog.description import Description
from understudy.engine.engine import Engine
from understudy.fake_mysql.boundary_changes import carry_out
from understudy.fake_mysql.client_errors import server_error
from understudy.fake_mysql.protocol.commands import Set, control_of
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.prepared_statements import unknown_statement
from understudy.fake_mysql.protocol.statements import AS_TEXT, Execution, Statement
from understudy.fake_mysql.read_only import refuse_writing
from understudy.fake_mysql.script_responder import ScriptResponder, StatementNotes
from understudy.mysql.packets import Command, read_column_definition, read_text_row
from understudy.mysql.results import Result, read_prepared, read_result
from understudy.mysql.sql import pieces
from understudy.mysql.types import value_of
from understudy.real_mysql.client_state import RealClient, real_client
from understudy.real_mysql.isolation import RealDatabase
from understudy.real_mysql.shared_connection import SharedConnection
from understudy.real_mysql.upstream import Check, Upstream
from understudy.script.answers import Computed, Drop, from_real_server
from understudy.script.boundary import Boundary, Change, Replace
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.serving.chain import chain
from understudy.serving.faults import FAULTS
from understudy.serving.waits import ConnectionDropped, Pending


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What is kept with a statement that is prepared on the real server.

    Attributes:
        number: of the statement there.
        upstream: the connection on which it is prepared.
    """

    number: int
    upstream: Upstream
    description: Description | None = None

    def check(self, upstream: Upstream, known_as: int) -> None:
        """Refuse to execute the statement on another connection, which may replace a lost one.

        Raises:
            ServerError: it is another one.
        """
        if upstream is not self.upstream:
            raise unknown_statement(known_as, "mysqld_stmt_execute")


class Host(Protocol):
    """What the responder knows of its server.

    Attributes:
        database: the name by which clients know the database of the tests.
    """

    database: str

    @property
    def real(self) -> RealDatabase:
        """The database of the tests."""

    def connect_client(self, client: RealClient) -> Upstream | SharedConnection:
        """Connect a client to the real server.

        Raises:
            ServerError: it is refused.
        """

    def number_on_server(self, number: int) -> int:
        """Return the number on the real server of a connection, for KILL."""


class ForwardingResponder(ScriptResponder):
    """Answers from the script if a rule matches, and from the real server otherwise.

    Args:
        engine: finds the answers.
        lock: held while a rule is looked for or added.
        boundary: gets an event for each call, and may change it.
        host: the server.
    """

    def __init__(
        self, engine: Engine, lock: threading.RLock, boundary: Boundary, host: Host
    ) -> None:
        super().__init__(engine, lock, boundary)
        self._host = host

    def log_in(self, connection: Connection) -> Pending | None:
        """Connect a client to the real server."""
        client = real_client(connection)
        upstream = client.upstream = self._host.connect_client(client)
        if isinstance(upstream, Upstream):
            upstream.on_lost = partial(_end, client)
            upstream.watch()
        return None

    def lost(self, connection: Connection) -> None:
        """Close a client's connection to the real server, which rolls back."""
        upstream = real_client(connection).upstream
        if upstream is not None:
            upstream.leave()

    # Prepared statements -------------------------------------------------------------------------

    def prepare(self, sql: str, connection: Connection) -> Statement | Pending:
        """Prepare a statement on the real server."""
        client = real_client(connection)
        return chain(self._prepared(sql, client), lambda statement: statement)

    def _prepared(self, sql: str, client: RealClient) -> Pending:
        upstream = client.connected
        reading = read_prepared(deprecate_eof=False)
        asked = upstream.ask(Command.STMT_PREPARE, _encoded(sql, client), reading)

        def known(found: Any) -> Statement:
            head, parameters, columns = found
            return Statement(sql, parameters, columns, notes=Forwarded(head.id, upstream.real))

        return chain(asked, known)

    def closed(self, statement: Statement, connection: Connection) -> None:
        """Close a prepared statement."""
        notes = statement.notes
        if isinstance(notes, Forwarded):
            number = struct.pack("<I", notes.number)
            close = partial(notes.upstream.tell, Command.STMT_CLOSE, number)
            real_client(connection).connected.when_idle(close)

    # Executions ----------------------------------------------------------------------------------

    def execute(
        self, statement: Statement, execution: Execution, connection: Connection
    ) -> Result | Pending:
        """Answer a statement, from the script or from the real server."""
        client = real_client(connection)
        forward = partial(self._forward, statement, execution, client)
        if client.is_inserter:
            return forward()
        try:
            if client.read_only:
                refuse_writing(statement.sql, client)
            is_prepared = isinstance(statement.notes, Forwarded)
            asked = statement if is_prepared else Statement(statement.sql)
            asked.notes = statement.notes or StatementNotes(None)
            call, change = self._log(asked, execution, client)
            if isinstance(change, Replace) and change.sql != statement.sql:
                forward = partial(self._replace, change.sql, execution, client)
            elif change is not None and not isinstance(change, Replace):
                return self._changed(change, call, forward)
            outcome = self._ask(call, asked)
            if outcome.answer is None:
                return forward()
            answer = outcome.answer.outcome
            if isinstance(answer, Drop) and answer.when == "after":
                call.fail()
                return chain(forward(), _dropped)
            if isinstance(answer, Computed) and answer.function is from_real_server:
                delay = outcome.answer.delay
                return Pending(delay, forward) if delay else forward()
            outcome.description = self._described(call)
            return self._answered(outcome, asked)
        except Failure as failure:
            raise server_error(failure) from None

    def _changed(
        self, change: Change, call: Call, forward: Callable[[], Pending]
    ) -> Result | Pending:
        if isinstance(change, Drop) and change.when == "after":
            call.fail()
            return chain(forward(), _dropped)
        assert isinstance(change, FAULTS)
        return carry_out(change, call)

    def _replace(self, sql: str, execution: Execution, client: RealClient) -> Pending:
        """Forward another statement with the same parameters."""
        statement = Statement(sql)
        if execution is AS_TEXT or execution.values is None:
            return self._forward(statement, execution, client)
        return chain(
            self._prepared(sql, client), lambda other: self._forward(other, execution, client)
        )

    def _forward(self, statement: Statement, execution: Execution, client: RealClient) -> Pending:
        client.connected.check(statement.sql)
        self._host.real.note(statement.sql)
        notes = statement.notes
        if isinstance(notes, Forwarded):
            body = struct.pack("<IBI", notes.number, 0, 1) + execution.sent
            check = partial(notes.check, known_as=statement.number)
            return self._asked(Command.STMT_EXECUTE, body, client, statement.sql, check)
        body = _encoded(statement.sql, client)
        if isinstance(control_of(statement.sql), Set):  # of what only the server knows
            asked = client.connected.control(statement.sql, body)
            return asked if isinstance(asked, Pending) else Pending(0, Result)
        return self._asked(Command.QUERY, body, client, statement.sql)

    def _asked(
        self,
        command: Command,
        body: bytes,
        client: RealClient,
        sql: str = "",
        check: Check = lambda _: None,
    ) -> Pending:
        reading = read_result(deprecate_eof=False)
        return chain(client.connected.ask(command, body, reading, sql, check), _succeeded)

    # What the session follows --------------------------------------------------------------------

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Answer BEGIN, SET and the like from the script, and carry them out on the real server."""
        client = real_client(connection)
        forward = partial(self._control, sql, client)
        if client.is_inserter:
            return forward()
        try:
            scripted = super().control(sql, connection)
        except ConnectionDropped as lost:
            own = forward() if lost.effective else None
            if not isinstance(own, Pending):
                raise
            return chain(own, _dropped)
        if isinstance(scripted, Pending):
            return chain(scripted, lambda result: _unless_failed(result, forward))
        return _unless_failed(scripted, forward)

    def _control(self, sql: str, client: RealClient) -> Result | Pending | None:
        found = pieces(sql)
        if found and found[0].word == "USE" and len(found) > 1:
            return self._use(found[1].text.strip("`"), client)
        if found and found[0].word == "KILL":
            number = next((piece for piece in found if piece.text.isdecimal()), None)
            if number is not None:
                sql = f"{sql[: number.start]}{self._host.number_on_server(int(number.text))}"
        asked = client.connected.control(sql, _encoded(sql, client))
        if not isinstance(asked, Pending):
            return asked
        return chain(chain(asked, _succeeded), partial(_decoded, codec=client.codec))

    def _use(self, name: str, client: RealClient) -> Pending:
        is_own = name == self._host.database
        real = self._host.real.address.database if is_own else name
        return chain(client.connected.use(real), _succeeded)

    def command(
        self, command: Command, body: bytes, connection: Connection
    ) -> Result | Pending | None:
        """Carry a command out on the real server, too."""
        client = real_client(connection)
        super().command(command, body, connection)
        if command == Command.INIT_DB:
            return self._use(body.decode(client.codec, "replace"), client)
        if command == Command.CHANGE_USER:
            self.lost(connection)
            return self.log_in(connection)
        if command == Command.PROCESS_KILL:
            number = self._host.number_on_server(int.from_bytes(body[:4], "little"))
            return client.connected.control(f"KILL {number}", f"KILL {number}".encode())
        if command == Command.RESET_CONNECTION:
            return client.connected.reset_session()
        return self._asked(command, body, client) if command == Command.PING else None


def _end(client: RealClient) -> None:
    """End a client whose connection to the real server has ended, perhaps while it was idle."""
    client.transport.send_output(client.session.terminate())


def _encoded(sql: str, client: RealClient) -> bytes:
    return sql.encode(client.codec, "surrogateescape")


def _succeeded(result: Result) -> Result:
    if result.error is not None and result.columns is None and not result.following:
        raise result.error  # so that the session notes it
    return result


def _decoded(result: Result, codec: str) -> Result:
    """Return a result whose rows can be sent in either form: the statement may be prepared."""
    columns = [
        read_column_definition(it, codec) for it in result.columns or () if type(it) is bytes
    ]
    texts = [read_text_row(row, len(columns)) for row in result.rows if isinstance(row, bytes)]
    result.rows = [
        [
            None if text is None else value_of(text, column, codec)
            for text, column in zip(row, columns, strict=True)
        ]
        for row in texts
    ]
    return result


def _dropped(_: object) -> Result:
    raise ConnectionDropped(effective=True)


def _unless_failed(
    scripted: Result | None, forward: Callable[[], Result | Pending | None]
) -> Result | Pending | None:
    """Carry a statement out, unless the script has failed it; keep what the script says."""
    if scripted is not None and scripted.error is not None:
        return scripted
    own = forward()
    return chain(own, lambda result: scripted or result) if isinstance(own, Pending) else scripted
