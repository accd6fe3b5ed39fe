"""A statement without its literals: what two calls of one line of code have in common.

aiomysql, asyncmy and PyMySQL paste values into the text, so a server sees only text. Here the
literals are taken out again. One regular expression replaces them by marks. What remains is read
once for all values: `shapes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from understudy.mysql import shapes
from understudy.mysql.shapes import MARKS, Negative, Shape, Slot, shape_of
from understudy.mysql.sql import COMMENT, EXECUTABLE, LONGEST_KEPT, NAME, NUMBER, TEXT, text_of
from understudy.pg.sql import Tokens

Values: TypeAlias = tuple[Any, ...]

_LITERAL = re.compile(
    rf"""
    (?=['"`0-9\#@?%{MARKS}./\-nNtTfFxXbB_])(?:  # where one may begin
      (?P<other>{NAME}|@{TEXT}|{EXECUTABLE}) | (?P<comment>{COMMENT})
    | (?P<text>{TEXT}(?:\s*+{TEXT})*+)
    | (?P<number>(?<![\w$.`@])(?:(?<=[(,=<>])-|(?<=[(,=<>][ ])-)?{NUMBER})
    | (?P<constant>(?<![\w$@.])(?:[nN][uU][lL][lL]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])(?![\w$]))
    | (?P<parameter>\?|%s(?![\w$])|%\((?P<key>\w++)\)s)
    | (?P<mark>[{MARKS}]))
    """,
    re.VERBOSE | re.DOTALL,
)
_TEXT = re.compile(TEXT, re.DOTALL)
_CONSTANTS = {"NULL": None, "TRUE": True, "FALSE": False}
_CONSTANT_MARKS = {"N": shapes.NULL, "T": shapes.TRUE, "F": shapes.FALSE}
# The rows of a bulk INSERT; a value may be a function of constants.
_ROW = r"\((?:[^()`]++|`[^`]*+`|\((?:[^()`]++|`[^`]*+`)*+\))*+\)"
_ROWS = re.compile(
    rf"\W*(?:INSERT|REPLACE)\b.*?\bVALUES?\s*+({_ROW}(?:\s*+,\s*+{_ROW})++)",
    re.IGNORECASE | re.DOTALL,
)
_ONE_ROW = re.compile(_ROW)
_ANY_MARK = re.compile(rf"[{MARKS}]")
_SPACE = re.compile(r"\s++")


class Parameter(NamedTuple):
    """A placeholder in the place of a literal.

    Attributes:
        name: of `%(name)s`; None for `%s` and `?`.
    """

    name: str | None = None


class Template(NamedTuple):
    """A statement and its literals.

    Attributes:
        text: the statement on one line, with `?` for each value; as it may be prepared.
        tokens: the tokens of the statement, with `?` for each literal, and without backquotes that
            change nothing: those of `name`, not those of `a b`.
        values: what stands at each `?` of the text: int, Decimal, float, str, bytes, bool, None, a
            tuple for a list after IN, a Parameter if nothing is bound. For a bulk INSERT a list of
            such rows, and text and tokens have one row.
        literals: the same for each `?` of the tokens. It also has literals that are no values, such
            as those of a select list.
    """

    text: str
    tokens: Tokens
    values: Values | list[Values]
    literals: Values | list[Values]

    @property
    def is_bulk(self) -> bool:
        """Whether it is an INSERT of several rows."""
        return isinstance(self.values, list)


def template(sql: str, bound: Sequence[Any] = ()) -> Template:
    """Take the literals out of a statement.

    Args:
        sql: the statement, decoded from UTF-8 with `surrogateescape`.
        bound: the values of a prepared statement's placeholders.
    """
    is_kept = not bound and len(sql) <= LONGEST_KEPT
    return _template(sql) if is_kept else _read(sql, bound)


@lru_cache(maxsize=1024)
def _template(sql: str) -> Template:
    return _read(sql, ())


def _read(sql: str, bound: Sequence[Any]) -> Template:
    literals: list[str] = []
    marked = _LITERAL.sub(lambda match: _mark(match, literals), sql)
    bounds = iter(bound)
    values = [_value(literal, bounds) for literal in literals]
    rows = _ROWS.match(marked) if ")" in marked else None
    if rows is not None:
        found = _bulk(marked, rows, literals, values)
        if found is not None:
            return found
    shape = shape_of(marked)
    if shape.is_plain:
        read = tuple(values)
        return Template(_text(shape, literals), shape.tokens, read, read)
    read = _slots(shape.slots, values)
    return Template(_text(shape, literals), shape.tokens, _only_values(shape, read), read)


def _mark(match: re.Match[str], literals: list[str]) -> str:
    kind = match.lastgroup
    text = match[0]
    if kind == "other":
        return text
    if kind == "comment":
        return " "
    if kind == "mark":
        return "\ufffd"
    literals.append(text)
    if kind == "text":
        return shapes.STRING
    if kind == "number":
        return shapes.NUMBER
    return _CONSTANT_MARKS[text[0].upper()] if kind == "constant" else shapes.PARAMETER


def spelled(value: Any) -> str:
    """Return a value as a literal, for a message."""
    if isinstance(value, Parameter):
        return f"%({value.name})s" if value.name else "%s"
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).upper()
    if isinstance(value, tuple):
        return ", ".join(map(spelled, value))
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def _value(literal: str, bounds: Iterator[Any]) -> Any:
    """Return what a literal means."""
    first = literal[0]
    if first == "'" and "\\" not in literal and "'" not in literal[1:-1] and literal.isascii():
        return literal[1:-1]
    if first in "?%":
        return next(bounds, Parameter(literal[2:-2] if literal.startswith("%(") else None))
    if literal.upper() in _CONSTANTS:
        return _CONSTANTS[literal.upper()]
    if first not in "0123456789.-" or literal[:2] in ("0x", "0b"):
        return _joined([text_of(part) for part in _TEXT.findall(literal)])
    if literal.isdigit():
        return int(literal)
    if "e" in literal or "E" in literal:
        return float(literal)
    return Decimal(literal) if "." in literal else int(literal)


def _joined(parts: list[str | bytes]) -> str | bytes:
    """Join the strings that MySQL reads as one: 'a' 'b'."""
    if all(isinstance(part, str) for part in parts):
        return "".join(map(str, parts))
    return b"".join(part.encode() if isinstance(part, str) else part for part in parts)


def _bulk(
    marked: str, rows: re.Match[str], literals: list[str], values: list[Any]
) -> Template | None:
    """Read an INSERT of several rows; None if its rows differ in more than their literals."""
    each = _ONE_ROW.findall(rows[1])
    width = len(_ANY_MARK.findall(each[0]))
    if not width or len({_layout(row) for row in each}) > 1:
        return None
    first = len(_ANY_MARK.findall(marked[: rows.start(1)]))
    end = first + width * len(each)
    shape = shape_of(marked[: rows.start(1)] + each[0] + marked[rows.end(1) :])
    before, after = values[:first], values[end:]
    starts = range(first, end, width)
    read = [
        _slots(shape.slots, [*before, *values[start : start + width], *after]) for start in starts
    ]
    text = _text(shape, [*literals[: first + width], *literals[end:]])
    return Template(text, shape.tokens, [_only_values(shape, row) for row in read], read)


def _layout(row: str) -> str:
    """Return what rows have in common that differ only in their literals."""
    return _SPACE.sub("", _ANY_MARK.sub(shapes.STRING, row))


def _slots(slots: Sequence[Slot], values: Sequence[Any]) -> Values:
    return tuple(_slot(slot, values) for slot in slots)


def _slot(slot: Slot, values: Sequence[Any]) -> Any:
    if isinstance(slot, Negative):
        return -values[slot.literal]
    if isinstance(slot, tuple):
        return tuple(_slot(item, values) for item in slot)
    return values[slot]


def _only_values(shape: Shape, read: Values) -> Values:
    return tuple(value for value, is_value in zip(read, shape.is_value, strict=True) if is_value)


def _text(shape: Shape, literals: Sequence[str]) -> str:
    if len(shape.parts) == 1:
        return str(shape.parts[0])
    return "".join(part if isinstance(part, str) else literals[part] for part in shape.parts)
