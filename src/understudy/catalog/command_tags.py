"""The command of a statement, by its words: what PostgreSQL's command tag would say."""

from __future__ import annotations

from understudy.pg import sql
from understudy.pg.sql_lists import outside_brackets

_QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE", "WITH"})
_MAIN = _QUERIES - {"WITH", "TABLE"}
# Words that say how, and not what.
_ADVERBS = frozenset(
    {"OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "GLOBAL", "LOCAL", "RECURSIVE"}
    | {"TRUSTED", "PROCEDURAL"}
)
# Commands of more than one word, by their first.
_LONGER = {
    "ALTER": 2,
    "CREATE": 2,
    "DROP": 2,
    "REFRESH": 3,
    "REASSIGN": 2,
    "SECURITY": 2,
    "IMPORT": 3,
}
_KINDS_OF_MORE_WORDS = {
    "ACCESS": 3,
    "DEFAULT": 3,
    "EVENT": 3,
    "FOREIGN": 3,
    "LARGE": 3,
    "MATERIALIZED": 3,
    "OPERATOR": 2,
    "TEXT": 4,
    "USER": 2,
}


def command_in(statement: str) -> str:
    """Return the command that a statement begins with, in capitals; "" if there is no statement.

    >>> command_in("create unique index on t (a)")
    'CREATE INDEX'
    """
    words: list[str] = []
    wanted = 1
    for token in sql.first_tokens(statement):
        if not words and token in ("(", ";"):
            continue
        if not token[0].isalpha():
            break
        word = token.upper()
        if words and word in _ADVERBS:
            continue
        words.append(word)
        if len(words) == 1:
            wanted = _LONGER.get(word, 1)
        elif len(words) == 2 and wanted == 2:
            wanted = _KINDS_OF_MORE_WORDS.get(word, 2)
        if len(words) >= wanted:
            break
    if words == ["WITH"]:
        return _main_command(statement)
    return "SELECT" if words == ["TABLE"] else " ".join(words)


def is_query(statement: str) -> bool:
    """Whether PostgreSQL analyses a statement before it is run, by its first word."""
    for token in sql.first_tokens(statement):
        if token not in ("(", ";"):
            return token.upper() in _QUERIES
    return False


def _main_command(statement: str) -> str:
    """Return the command after a WITH clause."""
    for _, token in outside_brackets(sql.first_tokens(statement)):
        if token.upper() in _MAIN:
            return token.upper()
    # WITH ... (SELECT ...), or TABLE: a query in brackets.
    return "SELECT"
