"""What a statement does to a database, as far as its text tells."""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise
from typing import Final

from understudy.mysql.sql import command_of, pieces

# They change rows that they name, and count them.
CHANGES: Final = frozenset(["INSERT", "REPLACE", "UPDATE", "DELETE"])
_WRITES: Final = CHANGES | {"LOAD", "TRUNCATE"}
_DEFINES: Final = frozenset(
    {"ALTER", "CREATE", "DROP", "RENAME", "GRANT", "REVOKE", "INSTALL", "UNINSTALL", "OPTIMIZE"}
)
_RUNS: Final = frozenset({"CALL", "EXECUTE", "HANDLER"})
_READS: Final = frozenset(
    {"", "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "HELP", "DO"}
    | {"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA", "LOCK", "UNLOCK"}
    | {"SET", "USE", "KILL", "FLUSH", "RESET", "PREPARE", "DEALLOCATE", "GET", "SIGNAL"}
    | {"CHECK", "CHECKSUM", "SHUTDOWN"}
)


class Effect(Enum):
    """What a statement does.

    READS: it changes nothing that other connections see. WRITES: rows. DEFINES: tables, stored
    programs, users. RUNS: a program, and its text does not tell what that does.
    """

    READS = auto()
    WRITES = auto()
    DEFINES = auto()
    RUNS = auto()
    UNKNOWN = auto()


@lru_cache(maxsize=2048)
def effect_of(sql: str) -> Effect:
    """Return what a statement does."""
    verb = command_of(sql)
    second = "".join(piece.word for piece in pieces(sql)[1:2])
    if verb in _RUNS or (verb == "BEGIN" and second == "NOT"):  # NOT ATOMIC
        return Effect.RUNS
    if verb in _WRITES:
        return Effect.WRITES
    if is_of_temporary_table(sql) or verb in _READS:
        return Effect.READS
    is_upkeep = verb == "ANALYZE" and second in ("TABLE", "LOCAL", "NO_WRITE_TO_BINLOG")
    return Effect.DEFINES if verb in _DEFINES or is_upkeep else Effect.UNKNOWN


def is_of_temporary_table(sql: str) -> bool:
    """Return whether a statement creates or drops a temporary table."""
    words = [piece.word for piece in pieces(sql)[:4]]
    return words[:1] in (["CREATE"], ["DROP"]) and (
        words[1:2] == ["TEMPORARY"] or words[1:] == ["OR", "REPLACE", "TEMPORARY"]
    )


def locks_for_writing(sql: str) -> bool:
    """Return whether a statement takes the locks of one that writes: SELECT ... FOR UPDATE."""
    words = [piece.word for piece in pieces(sql)]
    if words[:1] == ["LOCK"]:
        return "WRITE" in words
    return ("FOR", "UPDATE") in pairwise(words)
