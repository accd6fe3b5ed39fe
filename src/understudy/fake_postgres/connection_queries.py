"""Queries of drivers about the connection itself: `SELECT 1`, `SELECT current_schema()`.

The connection answers them, so PostgreSQL is not asked. Any other query without a table is the
user's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Setting
from understudy.pg import sql
from understudy.pg.sql_spelling import text_of

Read = Callable[[Connection, Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class Item:
    """A column of such a query: its name, its type's name, and its value."""

    name: str
    type: str
    value: Read


def _schema(connection: Connection, _given: Sequence[Any]) -> str | None:
    path = connection.settings.get("search_path", "public").split(",")
    names = [name.strip().strip('"') for name in path]
    return next((alias for alias in names if alias and alias != "$user"), None)


def _version(connection: Connection, _given: Sequence[Any]) -> str:
    return f"PostgreSQL {connection.settings.get('server_version', '18.0')}, played by Understudy"


# Type and value of each; those that SQL spells without brackets are in _WORDS too.
_FUNCTIONS: dict[str, tuple[str, Read]] = {
    "version": ("text", _version),
    "current_schema": ("name", _schema),
    "current_database": ("name", lambda connection, _: connection.database),
    "current_user": ("name", lambda connection, _: connection.user),
    "session_user": ("name", lambda connection, _: connection.user),
    "pg_backend_pid": ("integer", lambda connection, _: connection.pid),
    "pg_is_in_recovery": ("boolean", lambda _connection, _: False),
    "pg_advisory_unlock_all": ("void", lambda _connection, _: ""),
}
_WORDS = ("current_schema", "current_user", "session_user")
# asyncpg turns JIT off for its introspection, and on again.
_JIT = {
    sql.tokens("SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new"): (
        Item("cur", "text", lambda _connection, _: "off"),
        Item("new", "text", lambda _connection, _: "off"),
    ),
    sql.tokens("SELECT set_config('jit', $1, false)"): (
        Item("set_config", "text", lambda _connection, given: given[0]),
    ),
}


# The commands of a session that an application gives: logged as calls, and answered without a rule.
_CALLS = frozenset({"SET", "RESET", "SHOW", "LISTEN", "UNLISTEN", "NOTIFY", "SELECT"})
# What asyncpg sends as a connection goes back to its pool, and SQLAlchemy as an engine connects.
_OF_DRIVERS = frozenset(
    map(
        sql.tokens,
        (
            "CLOSE ALL",
            "UNLISTEN *",
            "RESET ALL",
            "SHOW STANDARD_CONFORMING_STRINGS",
            "SHOW TRANSACTION ISOLATION LEVEL",
            "SHOW TRANSACTION_ISOLATION",
        ),
    )
)


@lru_cache(maxsize=1024)
def is_call(statement: str) -> bool:
    """Return whether a command that the session carries out itself is a call like others.

    BEGIN, COMMIT and the like are told by the call's transaction.
    """
    tokens = tuple(token.upper() for token in sql.tokens(statement))
    if not tokens or tokens[0] not in _CALLS or tokens in _OF_DRIVERS:
        return False
    return tokens[:2] != ("SET", "TRANSACTION") and tokens[:3] != (
        "SET",
        "SESSION",
        "CHARACTERISTICS",
    )


def configured(statement: str, parameters: Sequence[Any]) -> Setting | None:
    """Return what `SELECT set_config(name, value, is_local)` sets; None for another statement."""
    tokens = [token for token in sql.tokens(statement) if token.lower() not in ("pg_catalog", ".")]
    shape = [token.lower() for token in (*tokens[:3], *tokens[4:9:2])]
    if shape[:3] != ["select", "set_config", "("] or shape[3:] != [",", ",", ")"]:
        return None
    given = [_given(token, parameters) for token in tokens[3:9:2]]
    name, value, local = given
    if not isinstance(name, str) or not isinstance(local, bool):
        return None
    return Setting(name.lower(), "" if value is None else str(value), local)


def _given(token: str, parameters: Sequence[Any]) -> Any:
    """Return the value of a literal or of a parameter."""
    if re.fullmatch(r"[$][1-9][0-9]*", token):
        return parameters[int(token[1:]) - 1]
    return {"true": True, "false": False}.get(token.lower(), text_of(token))


@lru_cache(maxsize=1024)
def items_of(statement: str) -> tuple[Item, ...] | None:
    """Return the columns if a statement reads only facts of the connection, else None."""
    tokens = sql.tokens(statement)
    if tokens in _JIT:
        return _JIT[tokens]
    if len(tokens) < 2 or tokens[0].lower() != "select":
        return None
    if len(tokens) == 2 and tokens[1].isdecimal():
        number = int(tokens[1])
        ping = Item("?column?", "integer", lambda _connection, _: number)
        return (ping,) if number < 2**31 else None
    found: list[Item] = []
    at = 1
    while True:
        item, at = _item(tokens, at)
        if item is None:
            return None
        found.append(item)
        if at == len(tokens):
            return tuple(found)
        if tokens[at] != ",":
            return None
        at += 1


def _item(tokens: sql.Tokens, at: int) -> tuple[Item | None, int]:
    """Read `[pg_catalog.]function() [AS name]`, and return where it ends."""
    if [token.lower() for token in tokens[at : at + 2]] == ["pg_catalog", "."]:
        at += 2
    name = tokens[at].lower() if at < len(tokens) else ""
    if name not in _FUNCTIONS:
        return None, at
    kind, value = _FUNCTIONS[name]
    if tokens[at + 1 : at + 3] == ("(", ")"):
        at += 3
    elif name in _WORDS:
        at += 1
    else:
        return None, at
    if at + 1 < len(tokens) and tokens[at].lower() == "as":
        name = tokens[at + 1].strip('"')
        at += 2
    return Item(name, kind, value), at
