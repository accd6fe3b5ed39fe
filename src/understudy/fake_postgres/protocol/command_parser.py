"""Parse the statements that a session executes itself into commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.tokens import (
    RESERVED_AS_COLUMNS,
    TokenReader,
    UnknownSyntax,
    name_of,
    number,
)
from understudy.pg.sql_spelling import text_of

_MODES = {
    ("ISOLATION", "LEVEL", "SERIALIZABLE"): ("transaction_isolation", "serializable"),
    ("ISOLATION", "LEVEL", "REPEATABLE", "READ"): ("transaction_isolation", "repeatable read"),
    ("ISOLATION", "LEVEL", "READ", "COMMITTED"): ("transaction_isolation", "read committed"),
    ("ISOLATION", "LEVEL", "READ", "UNCOMMITTED"): ("transaction_isolation", "read uncommitted"),
    ("READ", "ONLY"): ("transaction_read_only", "on"),
    ("READ", "WRITE"): ("transaction_read_only", "off"),
    ("NOT", "DEFERRABLE"): ("transaction_deferrable", "off"),
    ("DEFERRABLE",): ("transaction_deferrable", "on"),
}
_FIRST = re.compile(r"[ \t\n\r\f\v]*([a-zA-Z]+)(?![\w$])")
# Reserved words that are valid as values of SET.
_PLAIN_VALUES = RESERVED_AS_COLUMNS | {"true", "false", "on"}
_LONG = 10_000  # characters; longer statements are not cached
_DIRECTIONS: dict[str, tuple[c.Direction, int | None]] = {
    "NEXT": ("forward", 1),
    "PRIOR": ("backward", 1),
    "FIRST": ("absolute", 1),
    "LAST": ("absolute", -1),
}


def read(statement: str) -> c.Command | None:
    """Return the command of one statement; None if the session does not execute it itself."""
    # The first word rules most statements out; one that begins with a comment is parsed.
    first = _FIRST.match(statement)
    if first is not None:
        word = first[1].upper()
        if word not in _READERS or (word == "SELECT" and "pg_notify" not in statement.lower()):
            return None
    return _read(statement) if len(statement) < _LONG else _read.__wrapped__(statement)


@lru_cache(maxsize=4096)
def _read(statement: str) -> c.Command | None:
    tokens = TokenReader(statement)
    reader = _READERS.get(tokens.peek())
    if reader is None:
        return None
    try:
        tokens.raw()
        command = reader(tokens)
    except UnknownSyntax:
        return None
    return None if tokens.left else command


def _modes(tokens: TokenReader) -> c.Modes:
    modes = []
    while tokens.left:
        mode = next((mode for spelt, mode in _MODES.items() if tokens.skip(*spelt)), None)
        if mode is None:
            raise UnknownSyntax
        modes.append(mode)
        tokens.skip(",")
    return tuple(modes)


def _begin(tokens: TokenReader) -> c.Command:
    tokens.skip("WORK") or tokens.skip("TRANSACTION")
    return c.Begin(_modes(tokens))


def _start(tokens: TokenReader) -> c.Command:
    tokens.need("TRANSACTION")
    return c.StartTransaction(_modes(tokens))


def _chain(tokens: TokenReader) -> bool:
    tokens.skip("WORK") or tokens.skip("TRANSACTION")
    if tokens.skip("AND", "NO", "CHAIN"):
        return False
    return tokens.skip("AND", "CHAIN")


def _commit(tokens: TokenReader) -> c.Command:
    if tokens.skip("PREPARED"):
        return c.EndPrepared("COMMIT PREPARED", _text(tokens))
    return c.Commit(_chain(tokens))


def _rollback(tokens: TokenReader) -> c.Command:
    if tokens.skip("PREPARED"):
        return c.EndPrepared("ROLLBACK PREPARED", _text(tokens))
    chain = _chain(tokens)
    if not chain and tokens.skip("TO"):
        tokens.skip("SAVEPOINT")
        return c.RollbackTo(tokens.name())
    return c.Rollback(chain)


def _release(tokens: TokenReader) -> c.Command:
    if tokens.left > 1:
        tokens.need("SAVEPOINT")
    return c.Release(tokens.name())


def _set(tokens: TokenReader) -> c.Command:
    if tokens.skip("CONSTRAINTS"):
        tokens.rest()
        return c.SetConstraints()
    if tokens.skip("TRANSACTION"):
        return c.SetTransaction(_some(_modes(tokens)))
    if tokens.skip("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        return c.SetTransaction(_some(_modes(tokens)), session=True)
    local = tokens.skip("LOCAL")
    if not local:
        tokens.skip("SESSION")
    if tokens.skip("TIME", "ZONE"):
        return c.Set("timezone", _values(tokens, "LOCAL"), local)
    if tokens.skip("NAMES"):
        return c.Set("client_encoding", _values(tokens), local)
    if tokens.skip("SCHEMA"):
        return c.Set("search_path", _values(tokens), local)
    if tokens.skip("ROLE"):
        return c.Set("role", _values(tokens), local)
    if tokens.skip("AUTHORIZATION") or tokens.skip("SESSION", "AUTHORIZATION"):
        return c.Set("session_authorization", _values(tokens), local)
    name = _parameter(tokens)
    if not tokens.skip("TO"):
        tokens.need("=")
    return c.Set(name, _values(tokens), local)


def _some(modes: c.Modes) -> c.Modes:
    if not modes:
        raise UnknownSyntax
    return modes


def _parameter(tokens: TokenReader) -> str:
    name = tokens.name()
    while tokens.skip("."):
        name += "." + tokens.name()
    return name


def _values(tokens: TokenReader, default: str = "DEFAULT") -> tuple[str, ...] | None:
    if tokens.skip("DEFAULT") or tokens.skip(default):
        return None
    values = [_value(tokens)]
    while tokens.skip(","):
        values.append(_value(tokens))
    return tuple(values)


def _value(tokens: TokenReader) -> str:
    token = tokens.raw()
    if token in ("-", "+"):
        digits = tokens.raw()
        if not number(digits):
            raise UnknownSyntax
        return (token if token == "-" else "") + digits
    text = text_of(token)
    if text is not None:
        return text
    word = token.lower()
    if number(token) or word in _PLAIN_VALUES:
        return word
    return name_of(token)


def _text(tokens: TokenReader) -> str:
    text = text_of(tokens.raw())
    if text is None:
        raise UnknownSyntax
    return text


def _reset(tokens: TokenReader) -> c.Command:
    if tokens.skip("ALL"):
        return c.Reset(None)
    if tokens.skip("SESSION", "AUTHORIZATION"):
        return c.Reset("session_authorization")
    if tokens.skip("TIME", "ZONE"):
        return c.Reset("timezone")
    return c.Reset(_parameter(tokens))


def _show(tokens: TokenReader) -> c.Command:
    if tokens.skip("TRANSACTION", "ISOLATION", "LEVEL"):
        return c.Show("transaction_isolation")
    if tokens.skip("TIME", "ZONE"):
        return c.Show("timezone")
    if tokens.skip("SESSION", "AUTHORIZATION"):
        return c.Show("session_authorization")
    if tokens.peek() == "ALL":  # a table with descriptions of its own
        raise UnknownSyntax
    return c.Show(_parameter(tokens))


def _discard(tokens: TokenReader) -> c.Command:
    what = tokens.raw().upper()
    if what not in ("ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"):
        raise UnknownSyntax
    return c.Discard("TEMP" if what == "TEMPORARY" else what)


def _prepare(tokens: TokenReader) -> c.Command:
    if tokens.skip("TRANSACTION"):
        _text(tokens)
        return c.PrepareTransaction()
    name = tokens.name()
    types = [" ".join(group) for group in _bracketed(tokens)]
    tokens.need("AS")
    return c.Prepare(name, tuple(types), tokens.rest())


def _execute(tokens: TokenReader) -> c.Command:
    name = tokens.name()
    return c.Execute(name, tuple(map(tuple, _bracketed(tokens))))


def _bracketed(tokens: TokenReader) -> list[list[str]]:
    """Take a list in brackets, if one comes next; its items are lists of tokens."""
    if not tokens.skip("("):
        return []
    groups: list[list[str]] = [[]]
    depth = 1
    while depth:
        token = tokens.raw()
        depth += (token == "(") - (token == ")")
        if depth == 1 and token == ",":
            groups.append([])
        elif depth:
            groups[-1].append(token)
    if not all(groups):
        raise UnknownSyntax
    return groups


def _deallocate(tokens: TokenReader) -> c.Command:
    tokens.skip("PREPARE")
    return c.Deallocate(None if tokens.skip("ALL") else tokens.name())


def _declare(tokens: TokenReader) -> c.Command:
    name = tokens.name()
    options = set()
    while not tokens.skip("CURSOR"):
        if tokens.skip("NO", "SCROLL"):
            options.add("NO SCROLL")
        elif tokens.peek() in ("BINARY", "INSENSITIVE", "ASENSITIVE", "SCROLL"):
            options.add(tokens.raw().upper())
        else:
            raise UnknownSyntax
    hold = tokens.skip("WITH", "HOLD")
    if not hold:
        tokens.skip("WITHOUT", "HOLD")
    tokens.need("FOR")
    scroll = True if "SCROLL" in options else False if "NO SCROLL" in options else None
    return c.Declare(name, tokens.rest(), "BINARY" in options, hold, scroll)


def _fetch(tokens: TokenReader, *, move: bool = False) -> c.Command:
    direction, count = _direction(tokens)
    tokens.skip("FROM") or tokens.skip("IN")
    return c.Fetch(tokens.name(), direction, count, move)


def _direction(tokens: TokenReader) -> tuple[c.Direction, int | None]:
    if tokens.left == 1:  # FETCH name
        return "forward", 1
    word = tokens.peek()
    if word in _DIRECTIONS:
        tokens.raw()
        return _DIRECTIONS[word]
    if tokens.skip("ALL"):
        return "forward", None
    for spelt, direction in _COUNTED.items():
        if tokens.skip(spelt):
            counted = direction in ("forward", "backward")
            if counted and tokens.skip("ALL"):
                return direction, None
            return direction, _integer(tokens, 1 if counted else None)
    return ("forward", _integer(tokens, 1))


_COUNTED: dict[str, c.Direction] = {
    "FORWARD": "forward",
    "BACKWARD": "backward",
    "ABSOLUTE": "absolute",
    "RELATIVE": "relative",
}


def _integer(tokens: TokenReader, default: int | None) -> int:
    sign = -1 if tokens.skip("-") else 1
    if re.fullmatch(r"[0-9]{1,9}", tokens.peek()):
        return sign * int(tokens.raw())
    if default is None or sign == -1:
        raise UnknownSyntax
    return default


def _notify(tokens: TokenReader) -> c.Command:
    channel = tokens.name()
    return c.Notify(channel, _text(tokens) if tokens.skip(",") else "")


def _select(tokens: TokenReader) -> c.Command:
    """SELECT pg_notify(...), the one function of a session's own."""
    if tokens.skip("PG_CATALOG"):
        tokens.need(".")
    tokens.need("PG_NOTIFY", "(")
    channel = _argument(tokens)
    tokens.need(",")
    payload = _argument(tokens)
    tokens.need(")")
    column = tokens.name() if tokens.skip("AS") else "pg_notify"
    return c.SelectNotify((channel, payload), column)


def _argument(tokens: TokenReader) -> str | int:
    token = tokens.raw()
    found = int(token[1:]) if re.fullmatch(r"\$[1-9][0-9]{0,3}", token) else text_of(token)
    if found is None:
        raise UnknownSyntax
    if tokens.skip("::"):
        tokens.need("TEXT")
    return found


_READERS: dict[str, Callable[[TokenReader], c.Command]] = {
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _commit,
    "END": _commit,
    "ROLLBACK": _rollback,
    "ABORT": _rollback,
    "SAVEPOINT": lambda tokens: c.Savepoint(tokens.name()),
    "RELEASE": _release,
    "SET": _set,
    "RESET": _reset,
    "SHOW": _show,
    "DISCARD": _discard,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    "DECLARE": _declare,
    "FETCH": _fetch,
    "MOVE": lambda tokens: _fetch(tokens, move=True),
    "CLOSE": lambda tokens: c.Close(None if tokens.skip("ALL") else tokens.name()),
    "LISTEN": lambda tokens: c.Listen(tokens.name()),
    "UNLISTEN": lambda tokens: c.Unlisten(None if tokens.skip("*") else tokens.name()),
    "NOTIFY": _notify,
    "SELECT": _select,
}
