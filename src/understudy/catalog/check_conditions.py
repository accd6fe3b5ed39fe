"""Evaluate the conditions of CHECK constraints, as far as their result is certain.

A condition is given as PostgreSQL prints it, with all of its brackets. What is not known here
(other functions and operators, the order of texts, which depends on a collation) is uncertain; a
condition of which another part decides is not: `false AND ...`.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any, Final

from understudy.pg import sql
from understudy.pg.sql_lists import outside_brackets
from understudy.pg.sql_spelling import name_of, text_of


class _Uncertain:
    """The type of UNCERTAIN."""


# A value that is not known, which is not SQL's NULL: that one is known, and None.
UNCERTAIN: Final = _Uncertain()

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Enough digits for every value that can be near the limit of numeric(1000).
_DIGITS = Context(prec=3000)
_LARGE = 1 << 1000  # not even a double is larger
_INTEGERS = ("smallint", "integer", "bigint")
_TEXTS = ("text", "character varying")
_LENGTHS = ("length", "char_length", "character_length")
# Python's classes of the values of a type; a subclass may be sent as something else.
_CLASSES: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(_INTEGERS, (int,)),
    **dict.fromkeys(_TEXTS, (str,)),
    "numeric": (int, Decimal),
    "double precision": (int, float, Decimal),
    "boolean": (bool,),
    "date": (datetime.date,),
}


def is_violated(condition: str, row: Mapping[str, Any]) -> bool:
    """Return whether a row certainly violates a condition.

    Args:
        condition: as pg_get_expr prints it.
        row: the known values, as `stored` returns them, by the names of their columns.
    """
    return _truth(sql.tokens(condition), row) is False


def may_be_violated(condition: str, row: Mapping[str, Any]) -> bool:
    """Return whether values could violate a condition with certainty.

    Args:
        condition: as pg_get_expr prints it.
        row: None for the columns whose values will be known; the values of others.
    """
    parts = _split(_unwrapped(sql.tokens(condition)), "AND")
    return any(_truth(part, row) is not UNCERTAIN for part in parts)


def stored(value: Any, type_name: str) -> Any:
    """Return a value as a column of a type stores it; UNCERTAIN if that is not known."""
    if value is None:
        return None
    kind, _, modifier = type_name.partition("(")
    if type(value) not in _CLASSES.get(kind, ()) or _is_special(value):
        return UNCERTAIN
    if kind == "double precision":
        return float(value) if abs(value) < _LARGE else UNCERTAIN
    if not modifier:
        return value
    sizes = [int(size) for size in modifier.rstrip(")").split(",")]
    if kind == "numeric":
        return _rounded(value, sizes[1] if sizes[1:] else 0)
    return value if len(value) <= sizes[0] else UNCERTAIN


def _is_special(value: Any) -> bool:
    if isinstance(value, Decimal):
        return not value.is_finite()
    return isinstance(value, float) and not math.isfinite(value)


def _rounded(value: Decimal | int, scale: int) -> Any:
    try:
        return round_half_up(Decimal(value), scale)
    except InvalidOperation:  # far too large
        return UNCERTAIN


def round_half_up(number: Decimal, scale: int) -> Decimal:
    """Round as PostgreSQL does.

    Raises:
        InvalidOperation: the number is far too large.
    """
    return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _DIGITS)


# Conditions: True, False, None for NULL, or UNCERTAIN -----------------------------------------


def _truth(tokens: sql.Tokens, row: Mapping[str, Any]) -> Any:
    tokens = _unwrapped(tokens)
    if len(parts := _split(tokens, "OR")) > 1:
        return _negated(_all([_negated(_truth(part, row)) for part in parts]))
    if len(parts := _split(tokens, "AND")) > 1:
        return _all([_truth(part, row) for part in parts])
    if tokens[:1] == ("NOT",):
        return _negated(_truth(tokens[1:], row))
    for ending, is_null in ((("IS", "NULL"), True), (("IS", "NOT", "NULL"), False)):
        if tokens[-len(ending) :] == ending:
            value = _value(tokens[: -len(ending)], row)
            return UNCERTAIN if value is UNCERTAIN else (value is None) == is_null
    found = [at for at, token in outside_brackets(tokens) if token in _COMPARISONS]
    if len(found) == 1:
        return _comparison(tokens, found[0], row)
    value = UNCERTAIN if found else _value(tokens, row)
    return value if value is None or isinstance(value, bool) else UNCERTAIN


def _all(truths: list[Any]) -> Any:
    for decisive in (False, UNCERTAIN, None):
        if any(truth is decisive for truth in truths):
            return decisive
    return True


def _negated(truth: Any) -> Any:
    return not truth if isinstance(truth, bool) else truth


def _comparison(tokens: sql.Tokens, at: int, row: Mapping[str, Any]) -> Any:
    """Evaluate `a < b`, `a = ANY (ARRAY[...])` or `a <> ALL (ARRAY[...])`."""
    left, sign, right = _value(tokens[:at], row), tokens[at], tokens[at + 1 :]
    if right[:1] not in (("ANY",), ("ALL",)):
        return _compared(left, sign, _value(right, row))
    elements = _elements(right[1:])
    if elements is None:
        return UNCERTAIN
    truths = [_compared(left, sign, _value(element, row)) for element in elements]
    return _all(truths) if right[0] == "ALL" else _negated(_all(list(map(_negated, truths))))


def _elements(tokens: sql.Tokens) -> list[sql.Tokens] | None:
    """Return the elements of ARRAY[...], whose casts leave the values as they are."""
    tokens = _unwrapped(tokens)
    while (uncast := _uncast(tokens)) is not None and uncast[1] in ("text[]", "numeric[]"):
        tokens = _unwrapped(uncast[0])
    if tokens[:2] != ("ARRAY", "[") or tokens[-1:] != ("]",):
        return None
    return _split(tokens[2:-1], ",")


def _compared(left: Any, sign: str, right: Any) -> Any:
    if left is UNCERTAIN or right is UNCERTAIN:
        return UNCERTAIN
    if left is None or right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        left, right = _as_float(left), _as_float(right)
    numbers = all(isinstance(side, int | float | Decimal) for side in (left, right))
    booleans = [isinstance(side, bool) for side in (left, right)]
    dates = isinstance(left, datetime.date) and isinstance(right, datetime.date)
    texts = isinstance(left, str) and isinstance(right, str) and sign in ("=", "<>")
    if not (dates or texts or (numbers and not any(booleans)) or all(booleans)):
        return UNCERTAIN
    return _COMPARISONS[sign](left, right)


def _as_float(value: Any) -> Any:
    return float(value) if isinstance(value, int | Decimal) else value


# Values ------------------------------------------------------------------------------------------


def _value(tokens: sql.Tokens, row: Mapping[str, Any]) -> Any:
    tokens = _unwrapped(tokens)
    if (uncast := _uncast(tokens)) is not None:
        inner, kind = uncast
        return _cast(_value(inner, row), kind, is_literal=inner[0].startswith("'"))
    if len(tokens) == 1:
        return _atom(tokens[0], row)
    if tokens[1:2] == ("(",) and tokens[-1] == ")":
        return _call(tokens[0], tokens[2:-1], row)
    return UNCERTAIN


def _atom(token: str, row: Mapping[str, Any]) -> Any:
    if (text := text_of(token)) is not None:
        return text
    if token in ("true", "false"):
        return token == "true"
    if token == "NULL":
        return None
    if token[0].isdigit() or token[0] == ".":
        return int(token) if token.isdecimal() else _number(token)
    # What PostgreSQL prints in upper case is no name: CURRENT_DATE.
    is_name = token[0] == '"' or token == token.lower()
    return row.get(name_of(token), UNCERTAIN) if is_name else UNCERTAIN


def _number(text: str) -> Any:
    try:
        return Decimal(text)
    except InvalidOperation:
        return UNCERTAIN


def _call(function: str, arguments: sql.Tokens, row: Mapping[str, Any]) -> Any:
    """Evaluate a call of one of the few functions that are known."""
    if function.lower() == "trim" and arguments[:2] == ("BOTH", "FROM"):
        function, arguments = "btrim", arguments[2:]
    if function not in (*_LENGTHS, "btrim"):
        return UNCERTAIN
    value = _value(arguments, row)
    if value is None:
        return None
    if not isinstance(value, str):
        return UNCERTAIN
    return len(value) if function in _LENGTHS else value.strip(" ")


def _cast(value: Any, kind: str, *, is_literal: bool) -> Any:
    if value is None or value is UNCERTAIN:
        return value
    if isinstance(value, str):
        if kind in _TEXTS:
            return value
        return literal(value, kind) if is_literal else UNCERTAIN
    if kind == "numeric" or (kind in _INTEGERS and isinstance(value, int)):
        return value if _CLASSES["numeric"].count(type(value)) else UNCERTAIN
    return stored(value, kind) if kind == "double precision" else UNCERTAIN


def literal(text: str, kind: str) -> Any:
    """Return the value of a text as a type reads it; UNCERTAIN if that is not known."""
    if kind in _TEXTS:
        return text
    try:
        if kind == "date":
            return datetime.date.fromisoformat(text)
        if kind in _INTEGERS:
            return int(text)
    except ValueError:
        return UNCERTAIN
    if kind == "boolean":
        return {"t": True, "true": True, "f": False, "false": False}.get(text, UNCERTAIN)
    return stored(_number(text), kind) if kind in ("numeric", "double precision") else UNCERTAIN


# Tokens ------------------------------------------------------------------------------------------


def _unwrapped(tokens: sql.Tokens) -> sql.Tokens:
    """Return tokens without the brackets around all of them."""
    while tokens[:1] == ("(",) and next(outside_brackets(tokens))[0] == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _split(tokens: sql.Tokens, separator: str) -> list[sql.Tokens]:
    """Return the parts between separators outside of brackets."""
    places = [at for at, token in outside_brackets(tokens) if token == separator]
    starts, ends = [0, *(at + 1 for at in places)], [*places, len(tokens)]
    return [tokens[start:end] for start, end in zip(starts, ends, strict=True)]


def _uncast(tokens: sql.Tokens) -> tuple[sql.Tokens, str] | None:
    """Return what a cast applies to, and its type; None if there is no cast outermost."""
    places = [at for at, token in outside_brackets(tokens) if token == "::"]
    if not places:
        return None
    at = places[-1]
    kind = " ".join(tokens[at + 1 :]).replace(" [ ]", "[]")
    return tokens[:at], kind
