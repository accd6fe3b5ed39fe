"""Which statements only read: a transaction with no others need not hold up other clients.

SET and set_config() count as reading: what they set is known, and restored with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable

from understudy.fake_postgres.connection_queries import items_of
from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.pg import sql as lexer
from understudy.pg.sql_spelling import literal, name_of

# Volatile functions that only read.
_RANDOM = (
    *("random", "random_normal", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4"),
    *("uuidv7", "uuid_generate_v1", "uuid_generate_v4", "gen_salt", "gen_random_bytes"),
)
# What it sets is restored when the transaction of its client goes on (SharedSettings).
_SETTING = "set_config"
# What a SELECT may not name if it is to be certain that it only reads: functions that may write,
# and views, which may call them.
VOLATILE = f"""
    SELECT proname FROM pg_catalog.pg_proc
    WHERE provolatile = 'v' AND proname NOT IN ({", ".join(map(literal, (*_RANDOM, _SETTING)))})
    UNION SELECT relname FROM pg_catalog.pg_class WHERE relkind = 'v' AND oid >= 16384
"""
_READS = frozenset({"select", "table", "values", "show", "with"})
_WRITES = frozenset({"insert", "update", "delete", "merge", "into", "share"})
_MOST = 4096


class ReadStatements:
    """Tells the statements that only read from those that may write, by their text."""

    def __init__(self) -> None:
        self._names = _WRITES
        self._known: dict[str, bool] = {}

    def note(self, names: Iterable[str]) -> None:
        """Take the names that VOLATILE lists."""
        self._names = _WRITES.union(names)
        self._known.clear()

    def only_reads(self, statement: str) -> bool:
        """Return whether it is certain that a statement only reads."""
        known = self._known.get(statement)
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[statement] = self._look(statement)
        return known

    def reason(self, statement: str) -> str | None:
        """Return the first name for which it is not certain that a query only reads, or None.

        Functions that return something else each time count, too.
        """
        names = map(name_of, lexer.tokens(statement))
        return next((name for name in names if name in self._names or name in _RANDOM), None)

    def _look(self, statement: str) -> bool:
        if items_of(statement) is not None:
            return True  # a driver's own question, such as asyncpg's when it turns jit off
        tokens = lexer.tokens(statement)
        if isinstance(command := read(statement), c.Set | c.Reset):
            return command.name is not None
        if not tokens or tokens[0].lower() not in _READS:
            return False
        # A semicolon in the middle begins another statement.
        return ";" not in tokens[:-1] and self._names.isdisjoint(map(name_of, tokens))
