"""What the sessions of a test have made of the schema and of their sql_mode.

A statement means what the statements before it have made. DDL of MySQL commits, so it is never
rolled back, and other connections see it unless a table is temporary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from understudy.catalog.session_schema import NO_CONTEXT, Change, Context
from understudy.mysql import sql
from understudy.mysql.sql import name_of
from understudy.mysql_catalog.scopes import words as words_of
from understudy.script.calls import Call

_DDL = frozenset(["CREATE", "ALTER", "DROP", "RENAME"])
_MODE = "SQL_MODE"


def note(changes: list[Change], call: Call) -> None:
    """Add a call that has succeeded to `changes`, if it changes what later statements mean.

    Args:
        changes: those of the test so far.
        call: the call; its `connection` tells whose session it is.
    """
    words = _words(call.statement)
    is_mode = words[:1] == ("SET",) and any(_MODE in word for word in words)
    if is_mode or not _DDL.isdisjoint(words[:1]):
        is_temporary = is_mode or "TEMPORARY" in words[:3]
        changes.append(Change(call.sql, None, call.connection, is_temporary))


def context_of(changes: Sequence[Change], call: Call) -> Context:
    """Return what a call depends on: the changes that its session sees and that it may mention."""
    if not changes:
        return NO_CONTEXT
    found = tuple(_relevant(changes, call))
    return Context(None, found) if found else NO_CONTEXT


def _relevant(changes: Sequence[Change], call: Call) -> Iterator[str]:
    mentioned = set(_words(call.statement))
    for change in changes:
        words = _words(change.statement)
        is_seen = not change.is_temporary or change.owner == call.connection
        if is_seen and (words[0] == "SET" or not mentioned.isdisjoint(_made(words))):
            yield change.statement


def _made(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of DDL before its first bracket that are no keywords of every DDL."""
    end = words.index("(") if "(" in words else len(words)
    return tuple(word for word in words[1:end] if word not in _KEYWORDS)


_KEYWORDS = words_of(
    """TABLE VIEW INDEX UNIQUE TEMPORARY IF NOT EXISTS OR REPLACE ON TO ADD COLUMN DROP MODIFY
    CHANGE RENAME TRIGGER PROCEDURE FUNCTION AS SELECT FROM LIKE . , * ` ; = INT NULL"""
)


@lru_cache(maxsize=1024)
def _words(statement: str) -> tuple[str, ...]:
    return tuple(name_of(piece.text).upper() for piece in sql.pieces(statement))
