"""Which run-time parameters a statement sets: by SET or set_config(), also in a function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.statements import Sent
from understudy.pg import sql
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import text_of
from understudy.real_postgres import upstream_requests
from understudy.real_postgres.upstream_replies import Reply, rows

_MAY_SET = re.compile(
    r"set_config|^(?:\s|--[^\n]*|/\*.*?\*/)*(?:do|set|reset|create)\b", re.IGNORECASE | re.DOTALL
)
_STATEMENT_BEGINS = frozenset({";", "begin", "then", "else", "loop"})
_TRUE = frozenset({"true", "t", "on", "1", "yes", "y"})


READ_FUNCTIONS = upstream_requests.query("""
    WITH own AS MATERIALIZED (  -- PostgreSQL has thousands
        SELECT pg_proc.oid, proname
        FROM pg_catalog.pg_proc
        JOIN pg_catalog.pg_namespace ON pg_namespace.oid = pronamespace
        JOIN pg_catalog.pg_language ON pg_language.oid = prolang
        WHERE nspname NOT IN ('pg_catalog', 'information_schema')
            AND lanname NOT IN ('c', 'internal') AND prokind IN ('f', 'p')
    ), defined AS (SELECT proname, pg_catalog.pg_get_functiondef(oid) AS text FROM own)
    SELECT proname, text FROM defined WHERE text ~* 'set_config|\\mset\\M'
""")


class Named(NamedTuple):
    """A parameter that a statement sets.

    Attributes:
        name: in lower case; None if it is known only when the statement runs.
        local: whether until the end of the transaction; None if that is known only then.
        is_certain: whether the statement itself sets it, and not perhaps a function.
    """

    name: str | None
    local: bool | None
    is_certain: bool = True


class _Parameter(NamedTuple):
    """The number of a parameter that gives a name, or says whether it is local."""

    number: int


def settings_in(statement: str, values: Sequence[Any] = ()) -> list[Named]:
    """Return the parameters that a statement sets, by its text.

    Args:
        statement: one statement.
        values: its parameters as the client sent them.
    """
    if _MAY_SET.search(statement) is None:
        return []
    found = []
    for name, local in _found(statement):
        given = _text(name, values)
        how = _text(local, values)
        is_local = how in _TRUE if isinstance(how, str) else how
        found.append(Named(None if given is None else str(given).lower(), is_local))
    return found


class FunctionSettings:
    """The parameters that functions of the schema set, triggers among them."""

    def __init__(self) -> None:
        self._functions: list[tuple[str, list[Named]]] = []

    def note(self, reply: Reply) -> None:
        """Record the reply to READ_FUNCTIONS."""
        self._functions = []
        for name, text in rows(reply):
            self.add(str(name), str(text))

    def add(self, function: str, text: str) -> None:
        """Record a function by its name, or "" if that is not known, and its definition."""
        if named := settings_in(text):
            self._functions.append((function.lower(), named))

    def set_by(self, statement: str) -> list[Named]:
        """Return the parameters that a statement may set through a function."""
        if not self._functions:
            return []
        text = statement.lower()
        called = [named for name, named in self._functions if name in text]
        ways: dict[str | None, set[bool | None]] = {}
        for named in called or [named for _, named in self._functions]:
            for name, local, _ in named:
                ways.setdefault(name, set()).add(local)
        # A name that only the function knows counts if the statement calls the function.
        others = {
            name
            for _, named in self._functions
            for name, *_ in named
            if name is not None or (called and None in ways)
        }
        return [
            Named(name, found.pop() if len(found := ways.get(name, {None})) == 1 else None, False)
            for name in sorted(others, key=str)
        ]


def _text(item: Any, values: Sequence[Any]) -> Any:
    if not isinstance(item, _Parameter):
        return item
    value = values[item.number - 1] if item.number <= len(values) else None
    if isinstance(value, Sent):
        if value.data in (b"\0", b"\1"):  # a Boolean in binary form
            return "true" if value.data == b"\1" else "false"
        return value.data.decode(errors="replace")
    return None


@lru_cache(maxsize=1024)
def _found(text: str) -> tuple[tuple[Any, Any], ...]:
    return tuple(_search(text))


def _search(text: str) -> Iterator[tuple[Any, Any]]:
    tokens = sql.tokens(text)
    previous = ";"
    for at, token in enumerate(tokens):
        word = token.lower()
        if word.strip('"') == "set_config" and tokens[at + 1 : at + 2] == ("(",):
            arguments, _ = items(tokens, at + 2)
            if len(arguments) == 3:
                yield _constant(arguments[0]), _constant(arguments[2])
        elif word in ("set", "reset") and previous in _STATEMENT_BEGINS:
            yield from _set(tokens[at:])
        elif (inner := text_of(token)) is not None and "set" in inner.lower():
            yield from _search(inner)
        previous = word


def _constant(argument: sql.Tokens) -> Any:
    """Return a literal, a Boolean or a parameter of the statement; None for an expression."""
    if len(argument) > 1 and argument[1] != "::":
        return None
    word = argument[0].lower() if argument else ""
    if word in ("true", "false"):
        return word
    if re.fullmatch(r"\$\d+", word):
        return _Parameter(int(word[1:]))
    return text_of(argument[0]) if argument else None


def _set(tokens: sql.Tokens) -> Iterator[tuple[Any, Any]]:
    end = tokens.index(";") if ";" in tokens else len(tokens)
    match read(" ".join(tokens[:end])):
        case c.Set(name=name, local=local):
            yield name, str(local).lower()
        case c.Reset(name=str(name)):
            yield name, "false"
        case _ if tokens[0].lower() == "set" and len(tokens) > 1:  # such as SET x = variable
            words = [token.lower() for token in tokens[1:5]]
            local = words[0] == "local"
            words = words[1:] if words[0] in ("local", "session") else words
            known = {"time": "timezone", "transaction": None, "constraints": None}
            if words and (named := known.get(words[0], words[0].strip('"'))) is not None:
                dotted = ".".join((named, words[2])) if words[1:2] == ["."] and words[2:] else named
                yield dotted, str(local).lower()
