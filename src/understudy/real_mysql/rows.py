"""`real_mysql.insert`: rows whose missing values are made up from MySQL's schema."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any
from uuid import UUID

from understudy.mysql.sql import quoted
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.errors import MysqlDatabaseError
from understudy.rows.errors import NotATable, RowRefused, UnknownName
from understudy.rows.names import did_you_mean
from understudy.rows.row import Row
from understudy.rows.simple_rows import SimpleColumn, SimpleRows, SimpleTable

_TABLES = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s"
_COLUMNS = (
    "SELECT column_name, column_type, is_nullable, column_default, extra,"
    " COALESCE(generation_expression, ''), column_key FROM information_schema.columns"
    " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position"
)
_KEYS = (
    "SELECT constraint_name, referenced_table_name, column_name, referenced_column_name"
    " FROM information_schema.key_column_usage WHERE table_schema = %s AND table_name = %s"
    " AND referenced_table_schema = table_schema ORDER BY constraint_name, ordinal_position"
)
_CHECKS_OF_MARIADB = (
    "SELECT check_clause FROM information_schema.check_constraints"
    " WHERE constraint_schema = %s AND table_name = %s"
)
_CHECKS = (
    "SELECT check_clause FROM information_schema.check_constraints"
    " JOIN information_schema.table_constraints USING (constraint_schema, constraint_name)"
    " WHERE constraint_schema = %s AND table_name = %s"
)
_JSON = re.compile(r"json_valid\(`(.*)`\)")
_REFUSED = re.compile(r"refused a statement: (.*) \((\d+)\)$", re.MULTILINE)
# Data too long for column 'code'; Incorrect integer value: 'x' for column `db`.`notes`.`id`.
_COLUMN = re.compile(r"column (?:'|(?:`[^`]*`\.)*`)([^'`]+)['`]", re.IGNORECASE)
_NUMBERS = re.compile(r"\((\d+)(?:,(\d+))?\)")
_CHOICES = re.compile(r"'((?:[^']|'')*)'")
_LARGEST = {"tinyint": 2**7, "smallint": 2**15, "mediumint": 2**23, "int": 2**31, "bigint": 2**63}
# Their numbers in well-known binary are their places; the last is one name of the one before.
_GEOMETRIES = (
    *("geometry", "point", "linestring", "polygon"),
    *("multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"),
)
_DATES = {"datetime", "timestamp", "date", "time", "year"}


class MysqlRows(SimpleRows):
    """Inserts the rows of one test.

    Args:
        connect: opens a connection to the database.
        note: called with the tables that are written.
        seed: the same seed generates the same values.
        locale: of the values that a column's name suggests; None for the default.
    """

    product = "MySQL"
    _integrity_error = MysqlDatabaseError

    def __init__(
        self,
        connect: Callable[[], Admin],
        note: Callable[[Iterable[str]], None],
        seed: str,
        locale: str | None,
    ) -> None:
        super().__init__(seed, locale)
        self._connect = connect
        self._note = note
        self._opened: Admin | None = None
        self._generated: dict[str, str] = {}  # the column with AUTO_INCREMENT, by table
        self._primary: dict[str, list[str]] = {}

    def insert(self, name: str, values: dict[str, object]) -> Row:
        """Insert a row, commit it and return it.

        Raises:
            RowsError: the table or a column does not exist, or the row is refused.
        """
        __tracebackhide__ = True
        given = {column: _adapted(value) for column, value in values.items()}
        try:
            return self._insert(name, given)
        except MysqlDatabaseError as error:
            raise RowRefused(
                f"MySQL refuses the row of {name}: {self._reason(error)}{_hint(error)}"
            ) from None

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _admin(self) -> Admin:
        if self._opened is None:
            self._opened = self._connect()
        return self._opened

    @cached_property
    def _database(self) -> str:
        # Its name on the real server, which is not that of the address.
        return str(self._admin.rows("SELECT DATABASE()")[0][0])

    def _column_of(self, error: Exception) -> str | None:
        found = _COLUMN.search(str(error))
        return found[1] if found else None

    def _reason(self, error: Exception) -> str:
        found = _REFUSED.search(str(error))
        return f"{found[1]} ({found[2]})" if found else str(error)

    def _first_row(self, table: str) -> Mapping[str, Any] | None:
        return next(iter(self._named(f"SELECT * FROM {quoted(table)} LIMIT 1")), None)

    def _named(self, sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        names, rows = self._admin.named_rows(sql, *values)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _inserted(self, table: SimpleTable, values: Mapping[str, object]) -> Mapping[str, Any]:
        self._note([table.name])
        names = ", ".join(map(quoted, values))
        places = ", ".join(["%s"] * len(values))
        place = quoted(table.name)
        insert = f"INSERT INTO {place} ({names}) VALUES ({places})"
        if self._admin.is_mariadb:
            return self._named(f"{insert} RETURNING *", list(values.values()))[0]
        self._admin.rows(insert, *values.values())
        key = {name: values.get(name) for name in self._primary[table.name] or values}
        if (counted := self._generated.get(table.name)) in key:
            key[counted] = key[counted] or self._admin.rows("SELECT LAST_INSERT_ID()")[0][0]
        where = " AND ".join(f"{quoted(name)} <=> %s" for name in key)
        found = self._named(f"SELECT * FROM {place} WHERE {where or 1} LIMIT 1", [*key.values()])
        return found[0] if found else dict(values)

    def _read(self, name: str) -> SimpleTable:
        found = {table.lower(): (table, kind) for table, kind in self._tables()}
        if name.lower() not in found:
            tables = sorted(table for table, kind in found.values() if kind != "VIEW")
            hint = did_you_mean(name, tables) or (
                "\nThe database has no tables: name its schema in pyproject.toml, such as\n"
                '[tool.understudy] mysql_schema = ["schema.sql"]'
            )
            raise UnknownName(f"There is no table {name!r}.{hint}")
        spelled, what = found[name.lower()]
        if what == "VIEW":
            raise NotATable(f"{spelled} is a view, which cannot be inserted into.")
        of_server = _CHECKS_OF_MARIADB if self._admin.is_mariadb else _CHECKS
        checks = [clause for (clause,) in self._admin.rows(of_server, self._database, spelled)]
        # MariaDB's type json is a text with a constraint.
        json_columns = {found[1] for found in map(_JSON.fullmatch, checks) if found}
        columns = []
        self._primary[spelled] = []
        for column, what, nullable, default, extra, generation, key in self._admin.rows(
            _COLUMNS, self._database, spelled
        ):
            is_counted = "auto_increment" in extra
            if is_counted:
                self._generated[spelled] = column
            if key == "PRI":
                self._primary[spelled].append(column)
            is_given = is_counted or generation or "DEFAULT_GENERATED" in extra
            is_required = nullable == "NO" and default is None and not is_given
            kind = "json" if column in json_columns else str(what)
            columns.append(SimpleColumn(column, kind, is_required, bool(generation)))
        keys: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        for constraint, parent, own, to in self._admin.rows(_KEYS, self._database, spelled):
            keys.setdefault(constraint, (parent, []))[1].append((own, to))
        definition = " ".join(f"CHECK ({it})" for it in checks if not _JSON.fullmatch(it))
        return SimpleTable(spelled, columns, list(keys.values()), definition)

    def _tables(self) -> Sequence[tuple[Any, ...]]:
        return self._admin.rows(_TABLES, self._database)

    def _value(self, column: SimpleColumn) -> object:
        kind = column.type.lower()
        word = re.split(r"\W", kind, maxsplit=1)[0]
        size = _NUMBERS.search(kind)
        number = self._number()
        if kind == "tinyint(1)":
            return number % 2
        if word in _LARGEST:
            return number % _LARGEST[word]
        if word in _GEOMETRIES:
            return _geometry(word, number % 180)
        if word == "decimal":
            digits, places = (int(size[1]), int(size[2] or 0)) if size else (10, 0)
            whole = number % 10 ** min(digits - places, 6)
            return f"{whole}.{number % 10**places:0{places}}" if places else whole
        if word in ("float", "double"):
            return number / 100
        if word in _DATES:
            return self._moment(word, number)
        if word in ("enum", "set"):
            choices = _CHOICES.findall(column.type)
            return choices[number % len(choices)].replace("''", "'") if choices else ""
        if word == "bit":
            return number % 2
        if word == "json":
            return "{}"
        if word == "uuid" or (word == "char" and size and size[1] == "36"):
            return str(UUID(int=self._random.getrandbits(128), version=4))
        if "binary" in word or "blob" in word:
            return self._random.randbytes(min(int(size[1]), 16) if size else 8)
        if word in ("inet4", "inet6"):
            return f"10.0.{number % 256}.1" if word == "inet4" else f"fd00::{number % 65536:x}"
        text = self._text(column, number)
        return text[: int(size[1])] if size else text

    def _moment(self, word: str, number: int) -> str:
        day, time = f"2024-01-{number % 28 + 1:02}", f"{number % 24:02}:00:00"
        return {"date": day, "time": time, "year": f"20{number % 100:02}"}.get(
            word, f"{day} {time}"
        )


def _geometry(word: str, x: float) -> bytes:
    """Return a geometry as the server stores it: in well-known binary, with no reference system."""
    single = word.removeprefix("multi")
    if single not in ("linestring", "polygon"):
        single = "point"
    counts = {"point": b"", "linestring": struct.pack("<I", 2), "polygon": struct.pack("<II", 1, 4)}
    corners = {"point": 1, "linestring": 2, "polygon": 4}[single]
    points = [(x, 0.0), (x + 1, 0.0), (x, 1.0), (x, 0.0)][:corners]
    made = struct.pack("<BI", 1, _GEOMETRIES.index(single)) + counts[single]
    made += b"".join(struct.pack("<dd", *point) for point in points)
    if word not in (single, "geometry"):
        made = struct.pack("<BII", 1, min(_GEOMETRIES.index(word), 7), 1) + made
    return bytes(4) + made


def _adapted(value: object) -> object:
    """Return a value as PyMySQL writes it into a statement."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value


def _hint(error: MysqlDatabaseError) -> str:
    if "(1205)" not in str(error):
        return ""
    return (
        "\nAnother connection of this test holds the lock: end its transaction before you insert."
    )
