"""A small responder, which answers these tests' statements as MySQL would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import ServerOptions
from understudy.fake_mysql.protocol.session import Session
from understudy.fake_mysql.protocol.statements import Execution, Statement
from understudy.mysql import sql as mysql_sql
from understudy.mysql.error_fields import server_error
from understudy.mysql.packets import Command
from understudy.mysql.results import Result
from understudy.mysql.types import Column, Type, column_of
from understudy.serving.waits import Pending

Answer = Callable[[Sequence[Any]], Result | Pending]


def rows(names: Sequence[str], *values: Sequence[Any]) -> Result:
    columns = [column_of(name, [row[i] for row in values]) for i, name in enumerate(names)]
    return Result(columns, values)


class Known:
    """Answers the statements in `statements`, and refuses others as MySQL refuses a syntax error.

    `controls` are answers, or errors, instead of the session's own, by their SQL.
    """

    def __init__(self) -> None:
        self.statements: dict[str, Answer | Result] = {}
        self.columns: dict[str, Sequence[Column]] = {}
        self.controls: dict[str, Result | Pending | Exception] = {}
        self.controlled: list[str] = []
        self.commands: list[Command] = []
        self.executed: list[tuple[str, Sequence[Any] | None]] = []
        self.closings: list[str] = []
        self.lost_connections: list[int] = []
        self.sessions: list[Session] = []

    def connect(self, options: ServerOptions | None = None) -> Session:
        connection = Connection(len(self.sessions) + 1)
        session = Session(self, connection, options or ServerOptions())
        self.sessions.append(session)
        return session

    def log_in(self, connection: Connection) -> Pending | None:
        return None

    def prepare(self, sql: str, connection: Connection) -> Statement | Pending:
        answer = self._answer(sql)
        count = sum(piece.text == "?" for piece in mysql_sql.pieces(sql))
        columns = self.columns.get(sql, ())
        if isinstance(answer, Result):
            columns = [one for one in answer.columns or () if isinstance(one, Column)]
        return Statement(sql, [Column("?", Type.VAR_STRING)] * count, columns)

    def execute(
        self, statement: Statement, execution: Execution, connection: Connection
    ) -> Result | Pending:
        self.executed.append((statement.sql, execution.values))
        answer = self._answer(statement.sql)
        return answer if isinstance(answer, Result) else answer(execution.values or ())

    def _answer(self, sql: str) -> Answer | Result:
        if sql not in self.statements:
            raise server_error(1064, "42000", f"You have an error in your SQL syntax: {sql}")
        return self.statements[sql]

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        self.controlled.append(sql)
        answer = self.controls.get(sql)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def command(
        self, command: Command, body: bytes, connection: Connection
    ) -> Result | Pending | None:
        self.commands.append(command)
        return None

    def closed(self, statement: Statement, connection: Connection) -> None:
        self.closings.append(statement.sql)

    def lost(self, connection: Connection) -> None:
        self.lost_connections.append(connection.pid)
