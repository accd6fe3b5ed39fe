"""`real_sqlite.insert`: rows whose missing values are made up from SQLite's schema."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from understudy.pg.sql_spelling import quoted
from understudy.rows.errors import NotATable, RowRefused, UnknownName
from understudy.rows.names import did_you_mean
from understudy.rows.row import Row
from understudy.rows.simple_rows import SimpleColumn, SimpleRows, SimpleTable

_LENGTH = re.compile(r"\((\d+)\)")
_TABLES = "SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')"
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)'
_KEYS = 'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq'
_GENERATED = (2, 3)


class SqliteRows(SimpleRows):
    """Inserts the rows of one test.

    Args:
        connect: opens a connection to the database.
        seed: the same seed generates the same values.
        locale: of the values that a column's name suggests; None for the default.
    """

    product = "SQLite"
    _integrity_error = sqlite3.IntegrityError

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], seed: str, locale: str | None
    ) -> None:
        super().__init__(seed, locale)
        self._connect = connect
        self._opened: sqlite3.Connection | None = None

    def insert(self, name: str, values: dict[str, object]) -> Row:
        """Insert a row and return it.

        Raises:
            RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        if self._opened is None:
            self._opened = self._connect()
            self._opened.execute("PRAGMA foreign_keys = ON")
        self._opened.execute("SAVEPOINT rows")
        try:
            row = self._insert(name, values)
            self._opened.execute("RELEASE rows")
        except sqlite3.Error as error:
            raise RowRefused(f"SQLite refuses the row of {name}: {error}{_hint(error)}") from None
        finally:
            if self._opened.in_transaction:
                self._opened.execute("ROLLBACK")
        return row

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None, "insert() opens it"
        return self._opened

    def _first_row(self, table: str) -> Mapping[str, Any] | None:
        found = self._connection.execute(f"SELECT * FROM {quoted(table)} ORDER BY 1 LIMIT 1")
        first = found.fetchone()
        names = (column[0] for column in found.description)
        return None if first is None else dict(zip(names, first, strict=True))

    def _inserted(self, table: SimpleTable, values: Mapping[str, object]) -> Mapping[str, Any]:
        names = ", ".join(map(quoted, values))
        places = ", ".join("?" * len(values))
        body = f"({names}) VALUES ({places})" if values else "DEFAULT VALUES"
        returned = ", ".join(quoted(column.name) for column in table.columns)
        cursor = self._connection.execute(
            f"INSERT INTO {quoted(table.name)} {body} RETURNING {returned}", list(values.values())
        )
        rows = cursor.fetchall()
        return dict(zip((column.name for column in table.columns), rows[0], strict=True))

    def _value(self, column: SimpleColumn) -> object:
        kind = column.type.upper()
        number = self._number()
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
        text = self._text(column, number)
        length = _LENGTH.search(kind)
        return text if length is None else text[: int(length[1])]

    def _read(self, name: str) -> SimpleTable:
        found = {row[0].lower(): row for row in self._connection.execute(_TABLES)}
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
        rows = self._connection.execute(_COLUMNS, (spelled,)).fetchall()
        has_several = sum(bool(row[4]) for row in rows) > 1
        columns = [_column(*row, has_several=has_several) for row in rows]
        keys: dict[int, tuple[str, list[tuple[str, str]]]] = {}
        for number, parent, own, to in self._connection.execute(_KEYS, (spelled,)).fetchall():
            pairs = keys.setdefault(number, (parent, []))[1]
            pairs.append((own, to or self._key_of(parent)[len(pairs)]))
        return SimpleTable(spelled, columns, list(keys.values()), text or "")

    def _key_of(self, table: str) -> list[str]:
        rows = self._connection.execute(_COLUMNS, (table,)).fetchall()
        return [row[0] for row in rows if row[4]]


def _column(
    name: str,
    kind: str,
    not_null: int,
    default: str | None,
    key: int,
    hidden: int,
    *,
    has_several: bool,
) -> SimpleColumn:
    is_generated = hidden in _GENERATED
    is_rowid = bool(key) and not has_several and kind.upper() == "INTEGER"
    is_required = bool(not_null or key) and not (is_generated or is_rowid or default is not None)
    return SimpleColumn(name, kind, is_required, is_generated)


def _hint(error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorname", "") not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return ""
    return (
        "\nAnother connection of this test holds the lock: end its transaction before you insert."
    )
