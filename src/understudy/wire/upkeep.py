"""What drivers ask by themselves, as far as no catalog is needed to answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.script import sql
from understudy.wire.responder import Field, Result, Statement

_VOID = 2278
# The first statement with which asyncpg's pool takes a connection back.
_UNLOCK = sql.tokens("SELECT pg_advisory_unlock_all()")


class Upkeep:
    """Answers what needs no script."""

    def prepare(self, text: str, declared: tuple[int, ...]) -> Statement | None:
        """Return the statement, where it is one that needs no script."""
        if sql.tokens(text) == _UNLOCK:
            return Statement(text, "SELECT", (), (Field("pg_advisory_unlock_all", _VOID, 4),))
        return None

    def execute(self, statement: Statement, parameters: Sequence[Any]) -> Result:
        """Answer it."""
        return Result([[""]])
