"""Describe statements: the verdicts of MySQL or MariaDB as plain values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.catalog.cached_answers import Answer, AnswerRows
from understudy.catalog.description import (
    Column,
    Description,
    Nullability,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.errors import DescribeFailed
from understudy.catalog.session_schema import Context
from understudy.mysql import sql
from understudy.mysql.packets import Err
from understudy.mysql.sql import Piece, name_of
from understudy.mysql.types import Column as WireColumn
from understudy.mysql.types import Flag
from understudy.mysql_catalog.column_types import computed_type
from understudy.mysql_catalog.compared_columns import compared
from understudy.mysql_catalog.prepare import Prepared, prepare
from understudy.mysql_catalog.row_bounds import bounds
from understudy.mysql_catalog.schema import Schema, is_strict, read_schema
from understudy.mysql_catalog.scopes import (
    Scope,
    closing,
    opening,
    outside_brackets,
    qualified,
    word_at,
)
from understudy.mysql_catalog.stored_columns import stored

if TYPE_CHECKING:
    from pymysql.connections import Connection

DESCRIBED = ("SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "VALUES", "TABLE")
_NOT_PREPARED = 1295
_ENDS_QUERY = ("ON", "RETURNING")
# Errors that say nothing about the statement: too many connections or prepared statements, no
# memory, a lock, a shutdown, a timeout.
_PASSING = frozenset([1037, 1038, 1040, 1041, 1053, 1077, 1203, 1205, 1213, 1317, 1461, 1969, 3024])
_NO_COLUMN, _NO_TABLE, _NO_ROUTINE = 1054, 1146, 1305
_QUOTED = re.compile(r"'([^']+)'")
_NEAR = re.compile(r"near '(.*)' at line \d+\Z", re.DOTALL)
# Statements that do not commit implicitly, and that a described statement may depend on.
_REPEATED = ("CREATE TEMPORARY ", "SET SQL_MODE", "SET SESSION SQL_MODE", "SET @@")


class MysqlDescriber:
    """Describes statements without executing them, on one connection that is opened when needed.

    Not thread-safe.

    Args:
        connect: opens a connection of PyMySQL to a database with the schema in it.
    """

    def __init__(self, connect: Callable[[], Connection[Any]]) -> None:
        self._connect = connect
        self._open: Connection[Any] | None = None
        self._schema: Schema | None = None

    @property
    def schema(self) -> Schema:
        """The schema.

        Raises:
            DescribeFailed: the server cannot be asked.
        """
        if self._schema is None:
            self._schema = self._asked(read_schema)
        return self._schema

    @property
    def major(self) -> str:
        """The server, such as "MariaDB 10.11"."""
        return self.schema.server

    def schema_facts(self) -> SchemaFacts:
        """Return what a catalog file tells of the schema."""
        return self.schema.facts

    def describe(
        self, statements: Sequence[str], declared: Sequence[Sequence[str]] = ()
    ) -> list[Verdict]:
        """Return the verdict on each statement, in order.

        Args:
            statements: the statements, with `?` instead of values.
            declared: always empty: MySQL's drivers declare no types.

        Raises:
            DescribeFailed: the server gave no verdict on one of the statements.
        """
        return [self._verdict(statement) for statement in statements]

    def describe_in(
        self, context: Context, statement: str, declared: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict on a statement in a session with temporary tables or a sql_mode.

        What else a session has made is not repeated, since it would stay: the statement is then
        only parsed.

        Raises:
            DescribeFailed: as `describe`.
        """
        changes = list(context.changes)
        if context.search_path is not None or not all(map(_can_be_repeated, changes)):
            return ParsedOnly(sql.command_of(statement))
        own = MysqlDescriber(self._connect)
        try:
            for change in changes:
                own._asked(partial(_run, change))
            return own._verdict(statement)
        finally:
            own.close()

    def answer(
        self, statement: str, description: Description, given: Sequence[str | None]
    ) -> Answer:
        """Return no rows: nobody asks a catalog of MySQL for the answers of a server."""
        return AnswerRows(())

    def is_alive(self) -> bool:
        """Return whether its connection is open, if it has been opened."""
        return self._open is None or bool(self._open.open)

    def close(self) -> None:
        """Close the connection."""
        if self._open is not None and self._open.open:
            self._open.close()
        self._open = None

    def _asked(self, ask: Callable[[Connection[Any]], Any]) -> Any:
        """Ask the server; a lost connection, and what says nothing of a statement, is a failure."""
        import pymysql

        try:
            if self._open is None:
                self._open = self._connect()
            return ask(self._open)
        except (pymysql.MySQLError, OSError) as error:
            text = f"the MySQL server gave no verdict: {type(error).__name__}: {error}"
            raise DescribeFailed(text) from error

    def _verdict(self, statement: str) -> Verdict:
        pieces = sql.pieces(statement)
        command = sql.command_of(statement)
        prepared = self._prepared(statement)
        if isinstance(prepared, Prepared) and command in ("INSERT", "REPLACE", "DELETE"):
            prepared = self._returned(pieces, prepared)
        if isinstance(prepared, Prepared) and command in ("INSERT", "REPLACE"):
            prepared = self._with_query(statement, pieces, prepared)
        if isinstance(prepared, Err):
            if prepared.code == _NOT_PREPARED:
                return ParsedOnly(command)
            return self._refusal(statement, pieces, prepared)
        if command == "CALL":
            return self._procedure(pieces) or ParsedOnly(command)
        if command not in DESCRIBED:
            return ParsedOnly(command)
        return self._description(pieces, command, prepared)

    def _prepared(self, statement: str) -> Prepared | Err:
        found: Prepared | Err = self._asked(lambda connection: prepare(connection, statement))
        if isinstance(found, Err) and found.code in _PASSING:
            raise DescribeFailed(
                f"the MySQL server gave no verdict: {found.message} ({found.code})"
            )
        return found

    def _description(
        self, pieces: Sequence[Piece], command: str, prepared: Prepared
    ) -> Description:
        scope = Scope(pieces, self.schema)
        strict = is_strict(self.schema.sql_mode)
        found = stored(pieces, self.schema, scope, strict=strict)
        comparisons = tuple(compared(pieces, scope))
        types = {comparison.parameter: comparison.type for comparison in comparisons}
        types |= {to.parameter: to.type for to in found.assigned if to.parameter and to.type}
        columns = tuple(_columns(prepared.columns, pieces, self.schema))
        touched = {column.origin for column in columns if column.origin}
        touched |= {comparison.column for comparison in comparisons}
        touched |= {assignment.column for assignment in found.assigned}
        tables = [self.schema.tables[name] for name in scope.tables]
        return Description(
            command,
            tuple(types.get(number, "") for number in range(1, prepared.parameters + 1)),
            columns,
            scope.tables,
            tuple(sorted(touched)),
            runs_code=any(table.triggers for table in tables) or not scope.is_closed,
            rows=bounds(pieces, self.schema, scope, found.rows),
            fails=found.fails,
            assigned=found.assigned,
            checks=found.checks,
            compared=comparisons,
        )

    def _with_query(
        self, statement: str, pieces: Sequence[Piece], prepared: Prepared
    ) -> Prepared | Err:
        """Check the columns of INSERT ... SELECT, which MariaDB does when it runs it."""
        places = outside_brackets(pieces)
        outer = [word_at(pieces, at) for at in places]
        if "SELECT" not in outer or "VALUES" in outer:
            return prepared
        start = next(at for at in places if word_at(pieces, at) in ("SELECT", "WITH"))
        into = statement[: pieces[start].start]
        if word_at(pieces, start - 1) != ")":
            return prepared  # all columns of the table
        begin = opening(pieces, start - 1)
        count = sum(piece.text == "," for piece in pieces[begin:start]) + 1
        inserted = self._prepared(f"{into} VALUES ({', '.join('?' * count)})")
        ends = (at for at in places if at > start and word_at(pieces, at) in _ENDS_QUERY)
        end = next(ends, None)
        query = statement[pieces[start].start : None if end is None else pieces[end].start]
        selected = self._prepared(query)
        if isinstance(inserted, Err):
            return inserted
        if isinstance(selected, Prepared) and len(selected.columns) != count:
            return Err(1136, "21S01", "Column count doesn't match value count at row 1")
        return prepared

    def _returned(self, pieces: Sequence[Piece], prepared: Prepared) -> Prepared | Err:
        """Add the columns of RETURNING, of which MariaDB tells nothing when it prepares.

        They are those of a query of the table with the same list.
        """
        places = outside_brackets(pieces)
        start = next((at for at in places if word_at(pieces, at) == "RETURNING"), None)
        scope = Scope(pieces, self.schema)
        into = next((at for at in places if word_at(pieces, at) in ("INTO", "FROM")), 0)
        if start is None or not scope.tables:
            return prepared
        table = ".".join(map(sql.quoted, qualified(pieces, into + 1)[0]))
        listed = " ".join(piece.text for piece in pieces[start + 1 :])
        query = f"SELECT {listed} FROM {table or sql.quoted(scope.tables[0])}"
        found = self._prepared(query)
        return found if isinstance(found, Err) else prepared._replace(columns=found.columns)

    def _procedure(self, pieces: Sequence[Piece]) -> Refusal | None:
        """Return the error of a CALL of a procedure that is not there, or takes other arguments."""
        names, at = qualified(pieces, 1)
        if len(names) != 1:
            return None
        (name,) = names
        wanted = self.schema.procedures.get(name.lower())
        if wanted is None:
            hint = _hint(name, self.schema.procedures)
            message = f"PROCEDURE {name} does not exist"
            return Refusal("42000", message, hint=hint, code=1305)
        end = closing(pieces, at)
        commas = [word_at(pieces, place) for place in outside_brackets(pieces[:end], at + 1)]
        given = commas.count(",") + 1 if end > at + 1 else 0
        if given == wanted:
            return None
        message = (
            f"Incorrect number of arguments for PROCEDURE {name}; expected {wanted}, got {given}"
        )
        return Refusal("42000", message, code=1318)

    # Refusals ------------------------------------------------------------------------------------

    def _refusal(self, statement: str, pieces: Sequence[Piece], error: Err) -> Refusal:
        code, message = error.code, self._without_database(error.message)
        hint = position = None
        quoted = _QUOTED.search(message)
        name = quoted[1].rpartition(".")[2] if quoted else ""
        near = _NEAR.search(message)
        if near is not None and near[1]:
            found = statement.find(near[1])
            position = found + 1 if found >= 0 else None
        elif code in (_NO_COLUMN, _NO_TABLE, _NO_ROUTINE):
            if code == _NO_ROUTINE:
                name = message.split()[1].rpartition(".")[2]
            at = (piece.start for piece in pieces if name_of(piece.text).lower() == name.lower())
            position = next((start + 1 for start in at), None)
            hint = _hint(name, self._candidates(code, pieces))
        return Refusal(error.sqlstate, message, None, hint, position, code)

    def _without_database(self, message: str) -> str:
        """Return a message without the name of the database, which is another in each run."""
        name = self.schema.database
        return message.replace(f"`{name}`.", "").replace(f"{name}.", "")

    def _candidates(self, code: int, pieces: Sequence[Piece]) -> Iterable[str]:
        if code == _NO_TABLE:
            return self.schema.tables
        if code == _NO_COLUMN:
            tables = [self.schema.tables[name] for name in Scope(pieces, self.schema).tables]
            return [column.name for table in tables for column in table.columns.values()]
        return ()


def _run(statement: str, connection: Connection[Any]) -> None:
    connection.query(statement)


def _hint(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, list(known), 1)
    return f"Did you mean '{near[0]}'?" if near else None


def _can_be_repeated(change: str) -> bool:
    return sql.one_line(change).upper().startswith(_REPEATED)


def _columns(
    columns: Sequence[WireColumn], pieces: Sequence[Piece], schema: Schema
) -> Iterator[Column]:
    """Yield the columns of a result, as far as they do not depend on the values.

    The type of `COALESCE(a, ?)` is that of the value, which is not known here.
    """
    end = next(
        (at for at in outside_brackets(pieces) if word_at(pieces, at) == "FROM"), len(pieces)
    )
    words = {piece.word for piece in pieces if piece.kind == "word"}
    is_nested = bool(words & {"UNION", "EXCEPT", "INTERSECT", "WITH"}) or any(
        word_at(pieces, at) == "(" and word_at(pieces, at + 1) == "SELECT"
        for at in range(end, len(pieces))
    )
    is_open = any(
        piece.kind == "parameter" for piece in pieces[: len(pieces) if is_nested else end]
    )
    for field in columns:
        table = schema.tables.get(field.original_table) if field.schema == schema.database else None
        column = None if table is None else table.columns.get(field.original_name.lower())
        is_never_null = bool(field.flags & Flag.NOT_NULL) and "ROLLUP" not in words
        if table is not None and column is not None:
            null: Nullability = "not null" if is_never_null else "unknown"
            yield Column(field.name, column.type, f"{table.name}.{column.name}", null)
        elif is_open:
            yield Column(field.name, "", None, "unknown")
        else:
            kind = computed_type(field)
            yield Column(field.name, kind, None, "not null" if is_never_null else "unknown")
