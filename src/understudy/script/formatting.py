"""Values, statements and names as they are shown in messages."""

from __future__ import annotations

import datetime
import difflib
import re
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from understudy.pg import sql

# A UUID with a version, a time with microseconds, and what secrets.token_hex() returns.
_GENERATED = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[1-8][0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d(:?\d\d)?)?"
    r"|(?=.*[0-9])(?=.*[a-f])[0-9a-f]{20,}",
    re.IGNORECASE,
)
_FEW = 7  # characters, of which one is a hyphen
_LONGEST = 300  # characters of a value before it is cut


def shown(value: Any) -> str:
    """Return the repr of `value`, cut in the middle if it is very long."""
    try:
        return _cut(repr(value))
    except Exception as error:  # noqa: BLE001 # lists nested too deeply, ints of 5,000 digits
        return f"<{type(value).__name__} whose repr() raises {type(error).__name__}>"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, such as "1 file" or "1,200 files"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_line_of(error: BaseException) -> str:
    """Return the class of an exception and the first line of its text."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def shortened(text: str, longest: int = 60) -> str:
    """Return a text with `...` instead of its end if it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]} ... {text[-half:]} ({len(text)} characters)"


def typed(value: Any) -> str:
    """Return `value` with its type, so that 7 and '7' look different."""
    return f"{shown(value)} ({type(value).__name__})"


def python_literal(text: str) -> str:
    """Return a string as Python source, in double quotes unless that needs escaping."""
    plain = repr(text)
    if '"' in text or plain[0] == '"':
        return plain
    return '"' + plain[1:-1].replace("\\'", "'") + '"'


def quoted(statement: str, one_line: Callable[[str], str] = sql.one_line) -> str:
    """Return `statement` as a Python literal on one line, in double quotes if possible."""
    text = one_line(statement)
    return repr(text) if '"' in text or "\\" in text else f'"{text}"'


def shown_expected(expected: Any) -> str:
    """Return an expected parameter as its source: a predicate by its name, and ANY as ANY."""
    if hasattr(expected, "__qualname__"):
        return predicate_name(expected)
    return _nested(expected, shown_expected) or (
        "ANY" if repr(expected) == "<ANY>" else shown(expected)
    )


def as_expected(value: Any) -> str:
    """Return the source of what a rule expects to match a value: ANY for one that is generated."""
    if _is_generated(value):
        return "ANY"
    return _nested(value, as_expected) or shown(value)


def _nested(value: Any, source: Callable[[Any], str]) -> str:
    """Return the source of a dict, list or tuple by that of its items; "" for anything else."""
    if type(value) is dict:
        items = (f"{shown(key)}: {source(item)}" for key, item in value.items())
        return _cut(f"{{{', '.join(items)}}}")
    if type(value) not in (list, tuple):
        return ""
    listed = ", ".join(map(source, value))
    if type(value) is list:
        return _cut(f"[{listed}]")
    return _cut(f"({listed},)" if len(value) == 1 else f"({listed})")


def _is_generated(value: Any) -> bool:
    """Return whether a value looks as if it were another in the next run.

    A person writes few different digits: 00000000-0000-4000-8000-000000000001.
    """
    if isinstance(value, datetime.datetime | datetime.time):
        return value.microsecond % 1000 > 0
    text = str(value) if isinstance(value, str | uuid.UUID) else ""
    return _GENERATED.fullmatch(text) is not None and len(set(text)) > _FEW


def predicate_name(predicate: Any) -> str:
    """Return the name by which a person would call a predicate."""
    name = getattr(predicate, "__qualname__", None)
    return shown(predicate) if name is None else name.replace(".<locals>", "")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


@lru_cache(maxsize=4096)
def shape(statement: str) -> str:
    """Return a statement on one line, without comments and with `?` for each literal."""
    return sql.spell(["?" if is_literal(token) else token for token in sql.tokens(statement)])


def is_literal(token: str) -> bool:
    """Return whether a token of a statement is a text or a number."""
    is_text = token[-1] == "'" or (token[0] == "$" and token[-1] == "$")
    return is_text or token[0].isdigit()
