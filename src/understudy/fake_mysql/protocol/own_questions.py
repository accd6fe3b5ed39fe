"""What drivers and frameworks ask a server on their own: `SELECT @@sql_mode`, `SHOW WARNINGS`.

The session answers if every part of the question is one that it knows. Any other query is the
user's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from understudy.fake_mysql.protocol import variables
from understudy.fake_mysql.protocol.commands import parts_of
from understudy.fake_mysql.protocol.connection import Connection
from understudy.mysql import sql as mysql_sql
from understudy.mysql.results import Result, ServerWarning
from understudy.mysql.sql import Piece
from understudy.mysql.types import column_of

_MAY_BE: Final = re.compile(r"\W*(?:SELECT\b(?!.*\bFROM\b)|SHOW\b)", re.IGNORECASE | re.DOTALL)
_LONGEST = 2_000  # characters; no driver asks a longer question

Value = Callable[[Connection], Any]


def _user(connection: Connection) -> str:
    return f"{connection.user}@localhost"


def _version(connection: Connection) -> object:
    return connection.settings["version"]


_FUNCTIONS: Final[dict[str, Value]] = {
    "CONNECTION_ID": lambda connection: connection.pid,
    "CURRENT_USER": _user,
    "DATABASE": lambda connection: connection.database or None,
    "FOUND_ROWS": lambda connection: connection.found_rows,
    "LAST_INSERT_ID": lambda connection: connection.last_insert_id,
    "ROW_COUNT": lambda connection: connection.row_count,
    "SCHEMA": lambda connection: connection.database or None,
    "SESSION_USER": _user,
    "SYSTEM_USER": _user,
    "USER": _user,
    "VERSION": _version,
}


def answer(sql: str, connection: Connection) -> Result | None:
    """Return the answer to a driver's question; None for any other statement.

    A text and a number are answered, too: `SELECT 1` asks whether the server is there.
    """
    if len(sql) > _LONGEST or not _MAY_BE.match(sql):
        return None
    try:
        if (items := _items(sql)) is not None:
            row = [value(connection) for _, value in items]
            names = [name for name, _ in items]
            return _result(names, [row])
        return _show(sql, connection)
    except LookupError:
        return None


def _result(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Result:
    columns = [
        column_of(name, [row[index] for row in rows] or [""]) for index, name in enumerate(names)
    ]
    return Result(columns, rows)


@lru_cache(maxsize=256)
def _items(sql: str) -> tuple[tuple[str, Value], ...] | None:
    """Return the names and values of a SELECT without a table; None if one is unknown."""
    pieces = [piece for piece in mysql_sql.pieces(sql) if piece.text != ";"]
    if not pieces or pieces[0].word != "SELECT":
        return None
    if [piece.word for piece in pieces[-2:]] == ["LIMIT", "1"]:
        pieces = pieces[:-2]
    items = []
    for part in parts_of(pieces[1:]):
        item = _item(sql, part)
        if item is None:
            return None
        items.append(item)
    return tuple(items)


def _item(sql: str, pieces: list[Piece]) -> tuple[str, Value] | None:
    name = None
    if len(pieces) > 2 and pieces[-2].word == "AS":
        name = str(variables.literal(pieces[-1]))
        pieces = pieces[:-2]
    elif len(pieces) > 1 and pieces[-1].kind in ("word", "name") and pieces[-1].word != "NULL":
        name = str(variables.literal(pieces[-1]))
        pieces = pieces[:-1]
    if not pieces:
        return None
    value = _value(pieces)
    written = sql[pieces[0].start : pieces[-1].end]
    if pieces[0].kind == "text":
        written = str(variables.literal(pieces[0]))
    return None if value is None else (name or written, value)


def _value(pieces: list[Piece]) -> Value | None:
    first = pieces[0]
    if len(pieces) == 1 and first.kind == "variable":
        return lambda connection: variables.read(first.text, connection)
    is_ended = first.kind == "number" or (len(first.text) > 1 and first.text[-1] in "'\"")
    if len(pieces) == 1 and first.kind in ("number", "text") and is_ended:
        return lambda _connection: variables.literal(first)
    if _words(pieces) == _DJANGO:
        return lambda _connection: 1
    is_call = [piece.text for piece in pieces[1:]] == ["(", ")"]
    if is_call or (len(pieces) == 1 and first.word == "CURRENT_USER"):
        return _FUNCTIONS.get(first.word)
    return None


def _words(pieces: Sequence[Piece]) -> list[str]:
    return [piece.word for piece in pieces]


# Django asks whether the server knows time zones.
_DJANGO: Final = _words(
    mysql_sql.pieces("CONVERT_TZ('2001-01-01 01:00:00', 'UTC', 'UTC') IS NOT NULL")
)
_LIKE = r"(?:\s+(?:LIKE\s+|WHERE\s+`?variable_name`?\s*(?:=|LIKE)\s*)(?P<like>'[^'\\]*'))?"
_SHOW_VARIABLES: Final = re.compile(
    rf"\s*SHOW\s+(?:(?:SESSION|GLOBAL|LOCAL)\s+)?VARIABLES{_LIKE}\s*;?\s*", re.IGNORECASE
)
_SHOW_WARNINGS: Final = re.compile(
    r"\s*SHOW\s+(?P<count>COUNT\s*\(\s*\*\s*\)\s+)?(?P<kind>WARNINGS|ERRORS)"
    r"(?:\s+LIMIT\s+\d+)?\s*;?\s*",
    re.IGNORECASE,
)


def is_about_latest(sql: str) -> bool:
    """Whether a statement asks about the latest one, and so leaves its warnings."""
    return _SHOW_WARNINGS.fullmatch(sql) is not None


def _show(sql: str, connection: Connection) -> Result | None:
    if found := _SHOW_VARIABLES.fullmatch(sql):
        pattern = _like(found["like"][1:-1] if found["like"] else "%")
        rows = [
            (name, _shown(name, value))
            for name, value in sorted(connection.settings.items())
            if pattern.fullmatch(name)
        ]
        if not rows and found["like"] and not set(found["like"]) & set("%"):
            raise LookupError  # a variable that the session does not know
        return _result(["Variable_name", "Value"], rows)
    if found := _SHOW_WARNINGS.fullmatch(sql):
        shown: list[ServerWarning] = [
            warning
            for warning in connection.warnings
            if found["kind"].upper() == "WARNINGS" or warning.level == "Error"
        ]
        if found["count"]:
            kind = "warning" if found["kind"].upper() == "WARNINGS" else "error"
            return _result([f"@@session.{kind}_count"], [[len(shown)]])
        return _result(["Level", "Code", "Message"], shown)
    return None


_BOOLEANS: Final = frozenset(
    {
        *("autocommit", "big_tables", "foreign_key_checks", "local_infile", "read_only"),
        *("sql_auto_is_null", "sql_big_selects", "sql_notes", "sql_quote_show_create"),
        *("sql_safe_updates", "sql_warnings", "super_read_only", "transaction_read_only"),
        *("tx_read_only", "unique_checks"),
    }
)


def _shown(name: str, value: object) -> str:
    if name in _BOOLEANS:
        return "ON" if value else "OFF"
    return "" if value is None else str(value)


def _like(pattern: str) -> re.Pattern[str]:
    parts = [{"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern]
    return re.compile("".join(parts), re.IGNORECASE)
