"""From the SQL of a statement to the command that it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.tokens import (
    RESERVED_AS_COLUMNS,
    Unread,
    Words,
    literal,
    name_of,
    number,
)

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
# Reserved words, of which a value of SET may be one all the same.
_PLAIN_VALUES = RESERVED_AS_COLUMNS | {"true", "false", "on"}
_LONG = 10_000  # characters, from which on a statement is not worth being remembered
_DIRECTIONS: dict[str, tuple[c.Direction, int | None]] = {
    "NEXT": ("forward", 1),
    "PRIOR": ("backward", 1),
    "FIRST": ("absolute", 1),
    "LAST": ("absolute", -1),
}


def read(statement: str) -> c.Command | None:
    """Return the command that one statement is; None where it is none of a session's own."""
    # Most are none, and their first word says so; what begins with a comment is looked at.
    first = _FIRST.match(statement)
    if first is not None:
        word = first[1].upper()
        if word not in _READERS or (word == "SELECT" and "pg_notify" not in statement.lower()):
            return None
    return _read(statement) if len(statement) < _LONG else _read.__wrapped__(statement)


@lru_cache(maxsize=4096)
def _read(statement: str) -> c.Command | None:
    words = Words(statement)
    reader = _READERS.get(words.peek())
    if reader is None:
        return None
    try:
        words.raw()
        command = reader(words)
    except Unread:
        return None
    return None if words.left else command


def _modes(words: Words) -> c.Modes:
    modes = []
    while words.left:
        mode = next((mode for spelt, mode in _MODES.items() if words.skip(*spelt)), None)
        if mode is None:
            raise Unread
        modes.append(mode)
        words.skip(",")
    return tuple(modes)


def _begin(words: Words) -> c.Command:
    words.skip("WORK") or words.skip("TRANSACTION")
    return c.Begin(_modes(words))


def _start(words: Words) -> c.Command:
    words.need("TRANSACTION")
    return c.StartTransaction(_modes(words))


def _chain(words: Words) -> bool:
    words.skip("WORK") or words.skip("TRANSACTION")
    if words.skip("AND", "NO", "CHAIN"):
        return False
    return words.skip("AND", "CHAIN")


def _commit(words: Words) -> c.Command:
    if words.skip("PREPARED"):
        return c.EndPrepared("COMMIT PREPARED", _text(words))
    return c.Commit(_chain(words))


def _rollback(words: Words) -> c.Command:
    if words.skip("PREPARED"):
        return c.EndPrepared("ROLLBACK PREPARED", _text(words))
    chain = _chain(words)
    if not chain and words.skip("TO"):
        words.skip("SAVEPOINT")
        return c.RollbackTo(words.name())
    return c.Rollback(chain)


def _savepoint(words: Words) -> c.Command:
    return c.Savepoint(words.name())


def _release(words: Words) -> c.Command:
    if words.left > 1:
        words.need("SAVEPOINT")
    return c.Release(words.name())


def _set(words: Words) -> c.Command:
    if words.skip("CONSTRAINTS"):
        words.rest()
        return c.SetConstraints()
    if words.skip("TRANSACTION"):
        return c.SetTransaction(_some(_modes(words)))
    if words.skip("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        return c.SetTransaction(_some(_modes(words)), session=True)
    local = words.skip("LOCAL")
    if not local:
        words.skip("SESSION")
    if words.skip("TIME", "ZONE"):
        return c.Set("timezone", _values(words, "LOCAL"), local)
    if words.skip("NAMES"):
        return c.Set("client_encoding", _values(words), local)
    if words.skip("ROLE"):
        return c.Set("role", _values(words), local)
    if words.skip("AUTHORIZATION"):
        return c.Set("session_authorization", _values(words), local)
    name = _parameter(words)
    if not words.skip("TO"):
        words.need("=")
    return c.Set(name, _values(words), local)


def _some(modes: c.Modes) -> c.Modes:
    if not modes:
        raise Unread
    return modes


def _parameter(words: Words) -> str:
    name = words.name()
    while words.skip("."):
        name += "." + words.name()
    return name


def _values(words: Words, default: str = "DEFAULT") -> tuple[str, ...] | None:
    if words.skip("DEFAULT") or words.skip(default):
        return None
    values = [_value(words)]
    while words.skip(","):
        values.append(_value(words))
    return tuple(values)


def _value(words: Words) -> str:
    token = words.raw()
    if token in ("-", "+"):
        digits = words.raw()
        if not number(digits):
            raise Unread
        return (token if token == "-" else "") + digits
    text = literal(token)
    if text is not None:
        return text
    word = token.lower()
    if number(token) or word in _PLAIN_VALUES:
        return word
    return name_of(token)


def _text(words: Words) -> str:
    text = literal(words.raw())
    if text is None:
        raise Unread
    return text


def _reset(words: Words) -> c.Command:
    if words.skip("ALL"):
        return c.Reset(None)
    if words.skip("SESSION", "AUTHORIZATION"):
        return c.Reset("session_authorization")
    if words.skip("TIME", "ZONE"):
        return c.Reset("timezone")
    return c.Reset(_parameter(words))


def _show(words: Words) -> c.Command:
    if words.skip("TRANSACTION", "ISOLATION", "LEVEL"):
        return c.Show("transaction_isolation")
    if words.skip("TIME", "ZONE"):
        return c.Show("timezone")
    if words.skip("SESSION", "AUTHORIZATION"):
        return c.Show("session_authorization")
    if words.peek() == "ALL":  # a table with descriptions of its own
        raise Unread
    return c.Show(_parameter(words))


def _discard(words: Words) -> c.Command:
    what = words.raw().upper()
    if what not in ("ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"):
        raise Unread
    return c.Discard("TEMP" if what == "TEMPORARY" else what)


def _prepare(words: Words) -> c.Command:
    if words.skip("TRANSACTION"):
        _text(words)
        return c.PrepareTransaction()
    name = words.name()
    types = [" ".join(group) for group in _bracketed(words)]
    words.need("AS")
    return c.Prepare(name, tuple(types), words.rest())


def _execute(words: Words) -> c.Command:
    name = words.name()
    return c.Execute(name, tuple(map(tuple, _bracketed(words))))


def _bracketed(words: Words) -> list[list[str]]:
    """Take a list in brackets, where one comes next; items are lists of tokens."""
    if not words.skip("("):
        return []
    groups: list[list[str]] = [[]]
    depth = 1
    while depth:
        token = words.raw()
        depth += (token == "(") - (token == ")")
        if depth == 1 and token == ",":
            groups.append([])
        elif depth:
            groups[-1].append(token)
    if not all(groups):
        raise Unread
    return groups


def _deallocate(words: Words) -> c.Command:
    words.skip("PREPARE")
    return c.Deallocate(None if words.skip("ALL") else words.name())


def _declare(words: Words) -> c.Command:
    name = words.name()
    options = set()
    while not words.skip("CURSOR"):
        if words.skip("NO", "SCROLL"):
            options.add("NO SCROLL")
        elif words.peek() in ("BINARY", "INSENSITIVE", "ASENSITIVE", "SCROLL"):
            options.add(words.raw().upper())
        else:
            raise Unread
    hold = words.skip("WITH", "HOLD")
    if not hold:
        words.skip("WITHOUT", "HOLD")
    words.need("FOR")
    scroll = True if "SCROLL" in options else False if "NO SCROLL" in options else None
    return c.Declare(name, words.rest(), "BINARY" in options, hold, scroll)


def _fetch(words: Words) -> c.Command:
    direction, count = _direction(words)
    words.skip("FROM") or words.skip("IN")
    return c.Fetch(words.name(), direction, count)


def _move(words: Words) -> c.Command:
    direction, count = _direction(words)
    words.skip("FROM") or words.skip("IN")
    return c.Fetch(words.name(), direction, count, move=True)


def _direction(words: Words) -> tuple[c.Direction, int | None]:
    if words.left == 1:  # FETCH name
        return "forward", 1
    word = words.peek()
    if word in _DIRECTIONS:
        words.raw()
        return _DIRECTIONS[word]
    if words.skip("ALL"):
        return "forward", None
    for spelt, direction in _COUNTED.items():
        if words.skip(spelt):
            counted = direction in ("forward", "backward")
            if counted and words.skip("ALL"):
                return direction, None
            return direction, _integer(words, 1 if counted else None)
    return ("forward", _integer(words, 1))


_COUNTED: dict[str, c.Direction] = {
    "FORWARD": "forward",
    "BACKWARD": "backward",
    "ABSOLUTE": "absolute",
    "RELATIVE": "relative",
}


def _integer(words: Words, default: int | None) -> int:
    sign = -1 if words.skip("-") else 1
    if re.fullmatch(r"[0-9]{1,9}", words.peek()):
        return sign * int(words.raw())
    if default is None or sign == -1:
        raise Unread
    return default


def _close(words: Words) -> c.Command:
    return c.Close(None if words.skip("ALL") else words.name())


def _listen(words: Words) -> c.Command:
    return c.Listen(words.name())


def _unlisten(words: Words) -> c.Command:
    return c.Unlisten(None if words.skip("*") else words.name())


def _notify(words: Words) -> c.Command:
    channel = words.name()
    return c.Notify(channel, _text(words) if words.skip(",") else "")


def _select(words: Words) -> c.Command:
    """SELECT pg_notify(...), the one function of a session's own."""
    if words.skip("PG_CATALOG"):
        words.need(".")
    words.need("PG_NOTIFY", "(")
    channel = _argument(words)
    words.need(",")
    payload = _argument(words)
    words.need(")")
    column = words.name() if words.skip("AS") else "pg_notify"
    return c.SelectNotify((channel, payload), column)


def _argument(words: Words) -> str | int:
    token = words.raw()
    found = int(token[1:]) if re.fullmatch(r"\$[1-9][0-9]{0,3}", token) else literal(token)
    if found is None:
        raise Unread
    if words.skip("::"):
        words.need("TEXT")
    return found


_READERS: dict[str, Callable[[Words], c.Command]] = {
    "BEGIN": _begin,
    "START": _start,
    "COMMIT": _commit,
    "END": _commit,
    "ROLLBACK": _rollback,
    "ABORT": _rollback,
    "SAVEPOINT": _savepoint,
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
    "MOVE": _move,
    "CLOSE": _close,
    "LISTEN": _listen,
    "UNLISTEN": _unlisten,
    "NOTIFY": _notify,
    "SELECT": _select,
}
