"""Refusals on a connection that may only read."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.catalog.command_tags import command_in
from understudy.pg import sql
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sql_lists import outside_brackets

_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_DEFINITIONS = frozenset(
    {"CREATE", "DROP", "ALTER", "GRANT", "REVOKE", "COMMENT", "REFRESH", "REASSIGN", "SECURITY"}
    | {"IMPORT"}
)
_LOCKS = (("UPDATE",), ("NO", "KEY", "UPDATE"), ("SHARE",), ("KEY", "SHARE"))
_FUNCTIONS = frozenset({"NEXTVAL", "SETVAL", "LO_CREATE", "LO_UNLINK", "LO_IMPORT", "LO_PUT"})


def refuse_writing(statement: str) -> None:
    """Refuse a statement that writes, on a connection that may not.

    Raises:
        ServerError: it writes.
    """
    written = _written_by(statement)
    if written is not None:
        raise ServerError(
            ErrorFields("25006", f"cannot execute {written} in a read-only transaction")
        )


def _written_by(statement: str) -> str | None:
    """Return how PostgreSQL names what a statement writes; None if it only reads.

    What a function of the schema writes is unknown.

    >>> _written_by("SELECT id FROM jobs FOR UPDATE SKIP LOCKED")
    'SELECT FOR UPDATE'
    """
    command = command_in(statement)
    words = [token.upper() for token in sql.tokens(statement)]
    if command == "EXPLAIN":
        if "ANALYZE" not in words:
            return None
        command = next((word for word in words if word in {"SELECT", "WITH"} | _CHANGES), "")
    if command in _CHANGES:
        return command
    if command in ("SELECT", "VALUES", "WITH"):
        return _written_by_query(words)
    if command == "COPY":
        return "COPY FROM" if "FROM" in _outside_brackets(words) else None
    if command == "TRUNCATE":
        return "TRUNCATE TABLE"
    if command == "CREATE TABLE" and "SELECT" in words:
        return "CREATE TABLE AS"
    return command if command.partition(" ")[0] in _DEFINITIONS else None


def _written_by_query(words: Sequence[str]) -> str | None:
    if "INTO" in _outside_brackets(words):
        return "SELECT INTO"
    for number, word in enumerate(words):
        after = words[number + 1 : number + 4]
        if word == "FOR":
            for lock in _LOCKS:
                if tuple(after[: len(lock)]) == lock:
                    return f"SELECT FOR {' '.join(lock)}"
        if word == "(" and after[:1] and after[0] in _CHANGES:
            return "SELECT"
        if word in _FUNCTIONS and after[:1] == ["("]:
            return f"{word.lower()}()"
    return None


def _outside_brackets(words: Sequence[str]) -> set[str]:
    return {word for _, word in outside_brackets(words)}
