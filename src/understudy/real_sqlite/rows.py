"""`real_sqlite.insert`: rows whose missing values are made up from SQLite's schema."""

from __future__ import annotations

import itertools
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from understudy.pg.sql_spelling import quoted
from understudy.rows.alternatives import alternatives
from understudy.rows.column_hints import ColumnHints
from understudy.rows.errors import NotATable, RowRefused, UnknownName
from understudy.rows.names import did_you_mean, keyword
from understudy.rows.row import Row

_MOST = 2000  # combinations of values that are tried for a row
_LARGEST = 1_000_000
_LENGTH = re.compile(r"\((\d+)\)")
_TABLES = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
_KEYS = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'


@dataclass(frozen=True)
class _Column:
    """A column of a table; `key` is its place in the primary key, 0 for none."""

    name: str
    type: str
    not_null: bool
    default: str | None
    key: int
    hidden: int

    @property
    def is_generated(self) -> bool:
        """Whether it is a generated column."""
        return self.hidden in (2, 3)


@dataclass(frozen=True)
class _Table:
    name: str
    sql: str
    columns: tuple[_Column, ...]
    keys: tuple[tuple[str, tuple[tuple[str, str | None], ...]], ...]

    def is_required(self, column: _Column) -> bool:
        """Return whether a row needs a value that SQLite does not give."""
        if column.is_generated or column.default is not None:
            return False
        if column.key and not self._needs_key(column):
            return False  # the rowid
        return column.not_null or bool(column.key)

    def _needs_key(self, column: _Column) -> bool:
        several = sum(bool(other.key) for other in self.columns) > 1
        return several or column.type.upper() != "INTEGER"


class SqliteRows:
    """Inserts the rows of one test.

    Args:
        connect: opens a connection to the database.
        seed: the same seed generates the same values.
        locale: of the values that a column's name suggests; None for the default.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], seed: str, locale: str | None
    ) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._random = Random(seed)
        self._hints = ColumnHints(seed, locale)
        self._latest: dict[str, Row] = {}

    def insert(self, name: str, values: dict[str, object]) -> Row:
        """Insert a row and return it.

        Raises:
            RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("SAVEPOINT rows")
        try:
            row = self._insert(self._connection, name, values)
            self._connection.execute("RELEASE rows")
        except sqlite3.Error as error:
            raise RowRefused(f"SQLite refuses the row of {name}: {error}{_hint(error)}") from None
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return row

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()

    def _insert(self, connection: sqlite3.Connection, name: str, values: dict[str, object]) -> Row:
        table = _table(connection, name, values)
        made: dict[str, object] = {}
        for parent, pairs in table.keys:
            made |= self._reference(connection, table, parent, pairs, values)
        free = [
            column
            for column in table.columns
            if column.name not in values and column.name not in made and table.is_required(column)
        ]
        row = self._first_accepted(connection, table, {**made, **values}, free)
        self._latest[table.name.lower()] = row
        return row

    def _reference(
        self,
        connection: sqlite3.Connection,
        table: _Table,
        parent: str,
        pairs: Sequence[tuple[str, str | None]],
        values: dict[str, object],
    ) -> dict[str, object]:
        """Return the values of a foreign key that the row requires."""
        columns = {column.name.lower(): column for column in table.columns}
        own = [columns[name.lower()] for name, _ in pairs]
        if any(column.name in values for column in own):
            return {}
        if not any(map(table.is_required, own)) or parent.lower() == table.name.lower():
            return {}
        row = self._latest.get(parent.lower())
        if row is None:
            found = connection.execute(f"SELECT * FROM {quoted(parent)} ORDER BY 1 LIMIT 1")
            first = found.fetchone()
            if first is not None:
                names = (column[0] for column in found.description)
                row = Row(parent, dict(zip(names, first, strict=True)))
            else:
                row = self._insert(connection, parent, {})
        keys = [column.name for column in _read(connection, parent).columns if column.key]
        targets = [to or keys[place] for place, (_, to) in enumerate(pairs)]
        named = {key.lower(): value for key, value in row.items()}
        return {
            column.name: named[target.lower()] for column, target in zip(own, targets, strict=True)
        }

    def _first_accepted(
        self,
        connection: sqlite3.Connection,
        table: _Table,
        given: dict[str, object],
        free: Sequence[_Column],
    ) -> Row:
        """Insert the first row that SQLite accepts, of the values that can be made up."""
        definition = [table.sql] if "CHECK" in table.sql.upper() else []
        choices: list[Sequence[object]] = []
        for column in free:
            own = [self._value(column), self._value(column)]
            others = alternatives(definition, [], self._random) if definition else []
            choices.append([*own, *others])
        error: sqlite3.Error | None = None
        for values in itertools.islice(_combinations(choices), _MOST):
            named = given | dict(zip((column.name for column in free), values, strict=True))
            try:
                return Row(table.name, _inserted(connection, table, named))
            except sqlite3.IntegrityError as problem:
                error = problem
                if not free:
                    break
        assert error is not None
        shown = ", ".join(f"{key}={value!r}" for key, value in given.items())
        remedy = ", ".join(keyword(column.name) for column in free)
        raise RowRefused(
            f"SQLite refuses the row of {table.name}: {error}"
            + (f"\n  given: {shown}" if shown else "")
            + (f"\nPass it: insert({table.name!r}, {remedy})" if free else "")
        )

    def _value(self, column: _Column) -> object:
        kind = column.type.upper()
        number = self._random.randint(1, _LARGEST)
        if "BOOL" in kind:
            return number % 2
        if "INT" in kind:
            return number
        if any(word in kind for word in ("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL")):
            return number / 100
        if "BLOB" in kind:
            return self._random.randbytes(8)
        if "TIMESTAMP" in kind or "DATETIME" in kind:
            return f"2024-01-{number % 28 + 1:02} {number % 24:02}:00:00"
        if "DATE" in kind:
            return f"2024-01-{number % 28 + 1:02}"
        if "TIME" in kind:
            return f"{number % 24:02}:00:00"
        if "JSON" in kind:
            return "{}"
        if "UUID" in kind or kind == "CHAR(32)":
            return f"{self._random.getrandbits(128):032x}"
        text = self._hints.value(column.name) or f"{column.name} {number}"
        length = _LENGTH.search(kind)
        return text if length is None else text[: int(length[1])]


def _combinations(choices: Sequence[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield a value for each column: with one changed at a time, then all combinations."""
    first = [values[0] for values in choices]
    yield first
    for place, values in enumerate(choices):
        for value in values[1:]:
            yield [*first[:place], value, *first[place + 1 :]]
    yield from itertools.product(*choices)


def _inserted(
    connection: sqlite3.Connection, table: _Table, values: dict[str, object]
) -> dict[str, Any]:
    names = ", ".join(map(quoted, values))
    places = ", ".join("?" * len(values))
    body = f"({names}) VALUES ({places})" if values else "DEFAULT VALUES"
    returned = ", ".join(quoted(column.name) for column in table.columns)
    cursor = connection.execute(
        f"INSERT INTO {quoted(table.name)} {body} RETURNING {returned}", list(values.values())
    )
    rows = cursor.fetchall()
    return dict(zip((column.name for column in table.columns), rows[0], strict=True))


def _table(connection: sqlite3.Connection, name: str, values: dict[str, object]) -> _Table:
    """Return a table that has a column for each of the values."""
    table = _read(connection, name)
    columns = {column.name: column for column in table.columns}
    for column in values:
        if column not in columns:
            hint = did_you_mean(column, [*columns])
            raise UnknownName(f"{table.name} has no column {column!r}.{hint}")
        if columns[column].is_generated:
            raise RowRefused(f"{table.name}.{column} is a generated column.\nLeave it out.")
    return table


def _read(connection: sqlite3.Connection, name: str) -> _Table:
    found = {row[0].lower(): row for row in connection.execute(_TABLES)}
    if name.lower() not in found:
        tables = sorted(row[0] for row in found.values() if row[1] == "table")
        hint = did_you_mean(name, tables) or (
            "\nThe database has no tables: name its schema in pyproject.toml, such as\n"
            '[tool.understudy] schema = ["schema.sql"]'
        )
        raise UnknownName(f"There is no table {name!r}.{hint}")
    spelled, kind, text = found[name.lower()]
    if kind == "view":
        raise NotATable(f"{spelled} is a view, which cannot be inserted into.")
    rows = connection.execute(_COLUMNS, (spelled,))
    columns = tuple(_Column(row[0], row[1], bool(row[2]), *row[3:]) for row in rows)
    keys: dict[int, tuple[str, list[tuple[str, str | None]]]] = {}
    for number, parent, own, to in connection.execute(_KEYS, (spelled,)):
        keys.setdefault(number, (parent, []))[1].append((own, to))
    references = tuple((parent, tuple(pairs)) for parent, pairs in keys.values())
    return _Table(spelled, text or "", columns, references)


def _hint(error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorname", "") not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return ""
    return (
        "\nAnother connection of this test holds the lock: end its transaction before you insert."
    )
