"""The answers of the real server to a flow, as the script of the fake."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.conformance.mysql.players import Player, Pymysql
from understudy.fake_mysql.fixture import FakeMysql
from understudy.mysql.errors import is_client
from understudy.mysql.sql import statements

# What the fake's session answers without a rule.
_OWN = re.compile(
    r"\s*(BEGIN|START|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|USE|KILL|SET|SHOW\s+(WARNINGS|ERRORS|COUNT"
    r"|VARIABLES)|SELECT\s+(@|(DATABASE|VERSION|LAST_INSERT_ID|ROW_COUNT)\(|1$)|$|--)",
    re.IGNORECASE,
)
# For these the fake's session has no answer if the server refuses them.
_REFUSABLE = re.compile(r"\s*(SET\s|SELECT\s+@@|USE\s|KILL\s)", re.IGNORECASE)
_BULK = re.compile(r"\s*(INSERT|REPLACE)\b.*\bVALUES?\b", re.IGNORECASE | re.DOTALL)


class Scripted(NamedTuple):
    """An answer of the real server.

    Attributes:
        statement: what it answered, as for `on`.
        parameters: its parameters.
        columns: the names of the columns; None for a statement without rows.
        rows: the rows.
        affected, last_insert_id: of a statement without rows.
        error: an error, as PyMySQL has raised it.
        warnings: those that SHOW WARNINGS told.
    """

    statement: Any
    parameters: tuple[Any, ...] = ()
    columns: list[str] | None = None
    rows: Sequence[tuple[Any, ...]] = ()
    affected: int = 0
    last_insert_id: int = 0
    error: BaseException | None = None
    warnings: Sequence[tuple[Any, ...]] = ()


class Recorder(Pymysql):
    """PyMySQL on the real server; it keeps the answers.

    Args:
        where: the server.
        player: the driver for which they are kept.
    """

    def __init__(self, where: Any, player: type[Player]) -> None:
        super().__init__(where)
        self.scripted: list[Scripted] = []
        self.finds_rows, self.sends_bulk = player.finds_rows, player.sends_bulk

    async def connect(self, **options: Any) -> Any:
        import pymysql
        from pymysql.constants import CLIENT

        host, port, user, password, database, _ = self.where
        flags = CLIENT.MULTI_STATEMENTS | (CLIENT.FOUND_ROWS if self.finds_rows else 0)
        return pymysql.connect(
            host=host, port=port, user=user, password=password, database=database,
            charset="utf8mb4", client_flag=flags, ssl_disabled=True,
        )  # fmt: skip

    async def execute(self, statement: str, arguments: Any) -> Any:
        import pymysql

        if arguments is None or isinstance(arguments, dict):
            parameters: tuple[Any, ...] = () if arguments is None else (arguments,)
        else:
            parameters = tuple(arguments) if isinstance(arguments, list | tuple) else (arguments,)
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(statement, arguments)
            except pymysql.MySQLError as error:
                if not error.args[0] or is_client(error.args[0]):  # of the driver itself
                    raise
                if not _OWN.match(statement) or _REFUSABLE.match(statement):
                    self._keep(Scripted(statement, parameters, error=error))
                raise
            self._read(statement, parameters, cursor)
            while cursor.nextset():
                pass

    def _read(self, statement: Any, parameters: tuple[Any, ...], cursor: Any) -> None:
        result = cursor._result
        warnings = self._warnings() if result.warning_count and not result.has_next else ()
        if isinstance(statement, str) and _OWN.match(statement):
            return
        if cursor.description:
            names = [column[0] for column in cursor.description]
            found = Scripted(statement, parameters, names, list(cursor.fetchall()))
        else:
            affected, number = result.affected_rows, result.insert_id
            found = Scripted(statement, parameters, affected=affected, last_insert_id=number)
        self._keep(found._replace(warnings=warnings))

    def _keep(self, found: Scripted) -> None:
        self.scripted.append(found)

    def _warnings(self) -> Sequence[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute("SHOW WARNINGS")
            return [tuple(row) for row in cursor.fetchall()]

    async def executemany(self, statement: str, rows: list[Any]) -> Any:
        import pymysql

        if not (self.sends_bulk and _BULK.match(statement)):
            for row in rows:
                await self.execute(statement, row)
            return
        with self.connection.cursor() as cursor:
            try:
                cursor.executemany(statement, rows)
            except pymysql.MySQLError as error:
                self._keep(Scripted(statement, tuple(rows), error=error))
                raise
            self._read(statement, tuple(rows), cursor)

    async def cursor(
        self, kind: str, statement: str, arguments: Any, fetches: list[Any]
    ) -> list[Any]:
        await self.execute(statement, arguments)
        return []

    async def several(self, text: str) -> list[Any]:
        import pymysql

        parts = [part.text for part in statements(text)]
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            for number, part in enumerate(parts):
                try:
                    if number and not cursor.nextset():
                        break
                except pymysql.MySQLError as error:
                    self._keep(Scripted(part, error=error))
                    break
                self._read(part, (), cursor)
        return []

    async def call(self, procedure: str, arguments: tuple[Any, ...]) -> Any:
        import pymysql

        statement = re.compile(rf"(?i)^CALL `?{procedure}`?\(")
        with self.connection.cursor() as cursor:
            try:
                cursor.callproc(procedure, arguments)
            except pymysql.MySQLError as error:
                self._keep(Scripted(statement, error=error))
                raise
            self._read(statement, (), cursor)
            while cursor.nextset():
                pass


def script(fake: FakeMysql, answers: Sequence[Scripted]) -> None:
    """Script the fake with what the real server has answered."""
    rules: dict[str, Any] = {}
    for answer in answers:
        key = repr((answer.statement, answer.parameters))
        rule = rules.get(key)
        if rule is None:
            rule = rules[key] = fake.on(answer.statement, *answer.parameters).optional()
        if answer.error is not None:
            rule.raises(answer.error)
            continue
        if answer.columns is not None:
            rule.rows(*answer.rows, columns=answer.columns)
        else:
            rule.affected(answer.affected, last_insert_id=answer.last_insert_id)
        for level, code, text in answer.warnings:
            rule.warns(code, text, level=level)


def can_play(player: type[Player], flow: Sequence[tuple[Any, ...]]) -> bool:
    """Return whether a driver has all steps of a flow."""
    return not {step[0] for step in flow} & set(player.leaves_out)
