"""SQLite's statements, as far as their first words tell what they do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import lru_cache

from understudy.pg import sql
from understudy.script.boundary import Kind

# Of these sqlite3 begins a transaction itself (Modules/_sqlite/statement.c).
_CHANGES = frozenset(("INSERT", "UPDATE", "DELETE", "REPLACE"))
_QUERIES = frozenset(("SELECT", "VALUES", "WITH"))
_KINDS: dict[str, Kind] = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "END": "commit",
    "SAVEPOINT": "savepoint",
    "RELEASE": "release",
}


@lru_cache(maxsize=4096)
def words(statement: str) -> tuple[str, ...]:
    """Return the tokens of a statement in capitals, without a last semicolon."""
    found = tuple(token.upper() for token in sql.tokens(statement))
    return found[:-1] if found[-1:] == (";",) else found


def kind_of(statement: str) -> Kind:
    """Return what a statement is at the boundary."""
    found = words(statement)
    if found[:1] == ("ROLLBACK",):
        return "rollback to" if "TO" in found[:3] else "rollback"
    return _KINDS.get(found[0], "statement") if found else "statement"


def changes_rows(statement: str) -> bool:
    """Return whether a statement begins with INSERT, UPDATE, DELETE or REPLACE."""
    return bool(_CHANGES.intersection(words(statement)[:1]))


def is_checked(statement: str) -> bool:
    """Return whether it is a statement about rows, whose names can be checked."""
    return bool((_CHANGES | _QUERIES).intersection(words(statement)[:1]))


def tag_of(statement: str, count: int) -> str:
    """Return the command tag of a statement that has succeeded, in the form of PostgreSQL's."""
    command = (words(statement) or ("",))[0]
    if command not in _CHANGES or count < 0:
        return command
    return f"INSERT 0 {count}" if command in ("INSERT", "REPLACE") else f"{command} {count}"


def split(script: str) -> Iterator[tuple[int, str]]:
    """Yield the statements of a script as SQLite separates them, each with its offset."""
    start = end = 0
    while (end := script.find(";", end) + 1) > 0:
        if sqlite3.complete_statement(script[start:end]):
            yield start, script[start:end]
            start = end
    if script[start:].strip():
        yield start, script[start:]
