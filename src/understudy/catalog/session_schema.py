"""What a session makes of the schema: temporary tables, tables made at run time, search_path.

A statement means what the session's own DDL before it has made of the schema. PostgreSQL is asked
with that DDL, in a transaction that is rolled back (`Describer.describe_in`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from understudy.catalog.command_tags import command_in, is_query
from understudy.catalog.literals import without_secrets
from understudy.pg import sql
from understudy.pg.sql_lists import outside_brackets
from understudy.pg.sql_spelling import name_of, quoted, text_of
from understudy.script.calls import Transaction

_OBJECTS = frozenset(
    (
        "TABLE",
        "VIEW",
        "MATERIALIZED VIEW",
        "FOREIGN TABLE",
        "SEQUENCE",
        "TYPE",
        "DOMAIN",
        "INDEX",
        "TRIGGER",
        "FUNCTION",
        "PROCEDURE",
        "AGGREGATE",
        "SCHEMA",
        "RULE",
        "POLICY",
    )
)
# Objects whose effect cannot be told from a name, and that matter to every statement.
_EVERYWHERE = frozenset(
    ("CAST", "COLLATION", "EXTENSION", "OPERATOR", "CONVERSION", "SERVER", "FOREIGN DATA WRAPPER")
)
# Words before the names of objects that a definition mentions.
_BEFORE_NAMES = frozenset(
    ("exists", "from", "inherits", "into", "of", "on", "only", "partition", "references", "to")
)
_TEMPORARY = frozenset(("temp", "temporary"))
_WORDS = frozenset(("if", "not", "exists", "only", "concurrently", "or", "replace"))
DEFAULT_PATH = '"$user", public'
_DDL = re.compile(r"\b(?:create|alter|drop)\b", re.IGNORECASE)


class Context(NamedTuple):
    """What a statement depends on beside the schema.

    Attributes:
        search_path: as SHOW prints it; None for the default.
        changes: the DDL of the session that may matter, in order.
    """

    search_path: str | None = None
    changes: tuple[str, ...] = ()


NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that has changed the schema, or the search_path of a fake's session.

    Attributes:
        statement: its text.
        transaction: the transaction in which it ran, or None.
        owner: the connection.
        is_temporary: whether other connections do not see it.
        search_path: under which it ran; None for the default.
    """

    statement: str
    transaction: Transaction | None
    owner: object
    is_temporary: bool
    search_path: str | None = None

    def is_seen_by(self, owner: object) -> bool:
        """Return whether a connection sees it now: it is not rolled back, and not hidden."""
        level = self.transaction
        while level is not None:
            if level.state == "rolled back" or (level.state == "open" and owner is not self.owner):
                return False
            level = level.parent
        return owner is self.owner or not self.is_temporary


def note(
    changes: list[Change],
    statement: str,
    transaction: Transaction | None,
    owner: object,
    search_path: str | None = None,
    default: str = DEFAULT_PATH,
) -> None:
    """Add a statement that has succeeded to `changes`, if it is one.

    Args:
        changes: those of the test so far.
        statement: the statement.
        transaction: the transaction in which it ran, or None.
        owner: the connection.
        search_path: its search_path; as in `context_of`.
        default: as in `context_of`.
    """
    if not _is_change(statement):
        return
    text = without_secrets(sql.tidy(statement))
    is_temporary = _search_path_of(text) is not None or _is_temporary(text)
    if not is_temporary:
        temporary = {
            name
            for change in changes
            if change.is_temporary and change.is_seen_by(owner)
            for name in _target(change.statement)
        }
        is_temporary = not temporary.isdisjoint(_target(text))
    path = _search_path(changes, owner, search_path, default)
    changes.append(Change(text, transaction, owner, is_temporary, path))


def context_of(
    changes: Sequence[Change],
    statement: str,
    owner: object,
    search_path: str | None = None,
    default: str = DEFAULT_PATH,
) -> Context:
    """Return what a statement of a connection depends on.

    Args:
        changes: those of the test so far.
        statement: the statement.
        owner: the connection.
        search_path: its search_path, if the caller knows it; None to take it from the
            connection's own statements.
        default: the search_path of the connection that asks PostgreSQL.
    """
    if (not changes and search_path is None) or not _is_analysed(statement):
        return NO_CONTEXT
    made = [
        change
        for change in changes
        if change.is_seen_by(owner)
        and _search_path_of(change.statement) is None
        and not (_is_over(change.transaction) and _drops_at_commit(change.statement))
    ]
    search_path = _search_path(changes, owner, search_path, default)
    relevant = _relevant(made, statement, search_path)
    found = Context(search_path, tuple(_in_their_search_paths(relevant, search_path)))
    return NO_CONTEXT if found == NO_CONTEXT else found


def _search_path(
    changes: Sequence[Change], owner: object, told: str | None, default: str
) -> str | None:
    """Return the search_path of a connection; None for the default."""
    search_path = told
    for change in changes if told is None else ():
        path = _search_path_of(change.statement)
        if path is None or not change.is_seen_by(owner):
            continue
        if not (path.is_local and _is_over(change.transaction)):
            search_path = path.value
    if search_path is not None and _parts(search_path) == _parts(default):
        return None
    return search_path


def _in_their_search_paths(changes: Sequence[Change], search_path: str | None) -> Iterator[str]:
    """Yield statements, between those that set the search_path if it was another."""
    current = search_path
    for change in changes:
        if change.search_path != current:
            current = change.search_path
            yield f"SET search_path TO {current or 'DEFAULT'}"
        yield change.statement
    if current != search_path:
        yield f"SET search_path TO {search_path or 'DEFAULT'}"


@lru_cache(maxsize=4096)
def _is_analysed(statement: str) -> bool:
    return is_query(statement) or command_in(statement) in ("CALL", "EXPLAIN")


@lru_cache(maxsize=4096)
def _is_change(statement: str) -> bool:
    """Return whether a statement changes the schema, or the search_path."""
    if _search_path_of(sql.tidy(statement)) is not None:
        return True
    command, _, kind = command_in(statement).partition(" ")
    if command in ("CREATE", "ALTER", "DROP"):
        return kind in _OBJECTS or kind.startswith(tuple(_EVERYWHERE))
    if command == "DO":
        return _DDL.search(statement) is not None
    return command == "SELECT" and bool(_selected_into(statement))


def _relevant(
    changes: Sequence[Change], statement: str, search_path: str | None
) -> tuple[Change, ...]:
    """Return the changes whose objects a statement mentions, and those that these depend on."""
    if not changes:
        return ()
    needed = set(_names(statement)) | set(_parts(search_path or ""))
    found: list[Change] = []
    for change in reversed(changes):
        names = _mentioned(change.statement)
        if not names or not names.isdisjoint(needed):
            found.append(change)
            needed |= _names(change.statement)
            needed |= set(_parts(change.search_path or ""))
    return tuple(reversed(found))


@lru_cache(maxsize=1024)
def _names(statement: str) -> frozenset[str]:
    """Return the words of a statement that may be names, as PostgreSQL folds them.

    A literal may be a name, too: `nextval('app.ids')`.
    """
    found: set[str] = set()
    for token in sql.tokens(statement):
        literal = text_of(token)
        found |= {name_of(token)} if literal is None else set(map(name_of, literal.split(".")))
    return frozenset(found)


@lru_cache(maxsize=1024)
def _mentioned(change: str) -> frozenset[str]:
    """Return the names of the objects that a change is about; none if it matters everywhere."""
    kind = command_in(change).partition(" ")[2]
    if kind.startswith(tuple(_EVERYWHERE)) or command_in(change) in ("DO", "DROP INDEX"):
        return frozenset()
    tokens = sql.tokens(change)
    found = set(_target(change))
    for number, token in enumerate(tokens[:-1]):
        if token.lower() in _BEFORE_NAMES:
            following = number + (2 if tokens[number + 1] == "(" else 1)
            found |= set(_qualified(tokens, following)[-1:])
    return frozenset(found)


@lru_cache(maxsize=1024)
def _target(change: str) -> frozenset[str]:
    """Return the names of what a change makes, alters or drops."""
    if command_in(change) == "SELECT":
        return frozenset(_selected_into(change)[-1:])
    tokens = sql.tokens(change)
    words = command_in(change).split()
    at = 0
    for word in words:
        while at < len(tokens) and tokens[at].upper() != word:
            at += 1
        at += 1
    found: set[str] = set()
    while True:
        while at < len(tokens) and tokens[at].lower() in _WORDS:
            at += 1
        name = _qualified(tokens, at)
        found |= set(name[-1:])
        at += 2 * len(name) - 1
        if words[0] != "DROP" or at >= len(tokens) or tokens[at] != ",":
            return frozenset(found)
        at += 1


def _qualified(tokens: sql.Tokens, at: int) -> list[str]:
    """Return the parts of the name `a.b` at a place."""
    while at < len(tokens) and tokens[at].lower() in (*_WORDS, *_TEMPORARY, "unlogged", "table"):
        at += 1
    found = [name_of(token) for token in tokens[at : at + 1]]
    while tokens[at + 1 : at + 2] == (".",) and at + 2 < len(tokens):
        at += 2
        found.append(name_of(tokens[at]))
    return found


def _selected_into(statement: str) -> list[str]:
    """Return the parts of the name of the table that SELECT ... INTO makes."""
    tokens = sql.tokens(statement)
    for at, token in outside_brackets(tokens):
        if token.lower() == "from":
            return []
        if token.lower() == "into":
            return _qualified(tokens, at + 1)
    return []


def _is_temporary(statement: str) -> bool:
    tokens = [token.lower() for token in sql.tokens(statement)]
    return not _TEMPORARY.isdisjoint(tokens[:5]) or (
        "into" in tokens and not _TEMPORARY.isdisjoint(tokens[tokens.index("into") :][1:2])
    )


def _drops_at_commit(statement: str) -> bool:
    tokens = " ".join(token.lower() for token in sql.tokens(statement))
    return "on commit drop" in tokens


def _is_over(transaction: Transaction | None) -> bool:
    while transaction is not None and transaction.parent is not None:
        transaction = transaction.parent
    return transaction is None or transaction.state != "open"


# The search_path ---------------------------------------------------------------------------------


class _SearchPath(NamedTuple):
    """What a statement sets search_path to; None for the default."""

    value: str | None
    is_local: bool


@lru_cache(maxsize=1024)
def _search_path_of(statement: str) -> _SearchPath | None:
    """Read SET search_path, RESET search_path and RESET ALL; None for any other statement."""
    tokens = sql.tokens(statement)
    words = [token.lower() for token in tokens]
    if words in (["reset", "search_path"], ["reset", "all"], ["discard", "all"]):
        return _SearchPath(None, False)
    if not words or words[0] != "set":
        return None
    is_local = words[1:2] == ["local"]
    at = 2 if words[1:2] in (["local"], ["session"]) else 1
    if words[at : at + 1] == ["schema"] and len(words) == at + 2:
        return _SearchPath(_unquoted(tokens[at + 1]), is_local)
    if words[at : at + 1] != ["search_path"] or words[at + 1 : at + 2] not in (["to"], ["="]):
        return None
    given = tokens[at + 2 :]
    if [token.lower() for token in given] == ["default"]:
        return _SearchPath(None, is_local)
    return _SearchPath("".join(_unquoted(token) for token in given), is_local)


def _unquoted(token: str) -> str:
    """Return a string literal as the name that it is; any other token as it is."""
    name = text_of(token)
    return token if name is None else quoted(name)


def _parts(search_path: str) -> list[str]:
    return [name_of(part.strip()) for part in search_path.split(",") if part.strip()]
