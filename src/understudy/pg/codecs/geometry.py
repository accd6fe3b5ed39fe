"""Geometric types, whose values are PostgreSQL's texts; a driver's objects go out too."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from typing import Any

from understudy.pg.codecs.codec import SPACE, Codec, Reader, invalid, refusal, text_valued
from understudy.pg.codecs.numbers import FLOAT, float_of, floating
from understudy.pg.errors import ServerError

_number = floating("double precision", "!d").output
_SIZES = {"point": 2, "lseg": 4, "box": 4, "line": 3, "circle": 3}
_NEARLY = 1e-6  # two points that are closer are one to PostgreSQL


class _Malformed(Exception):
    """The text is not one of the type."""


class _Text:
    """The text of a geometric value, read from the front as PostgreSQL reads it (geo_ops.c)."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def peek(self) -> str:
        while (mark := self._text[self._at : self._at + 1]) and mark in SPACE:
            self._at += 1
        return mark

    def take(self, marks: str) -> bool:
        """Pass over one of some marks, and return whether it was there."""
        mark = self.peek()
        found = mark != "" and mark in marks
        self._at += found
        return found

    def need(self, marks: str) -> None:
        if not self.take(marks):
            raise _Malformed

    def end(self) -> None:
        if self.peek():
            raise _Malformed

    def number(self) -> float:
        self.peek()
        found = FLOAT.match(self._text, self._at)
        if found is None:
            raise _Malformed
        self._at = found.end()
        number = float_of(found[0])
        if math.isinf(number) and "inf" not in found[0].lower():
            raise _Malformed
        return number

    def pair(self) -> list[float]:
        in_brackets = self.take("(")
        first = self.number()
        self.need(",")
        pair = [first, self.number()]
        if in_brackets:
            self.need(")")
        return pair

    def bracket(self, *, may_be_only: bool) -> bool:
        """Pass over a bracket around everything: one before another, or the only one."""
        self.peek()
        is_only = may_be_only and self._text.rfind("(") == self._at
        ahead = self._text[self._at + 1 :].lstrip(SPACE)
        return (is_only or ahead.startswith("(")) and self.take("(")

    def pairs(self, count: int, *, may_be_open: bool) -> tuple[list[float], bool]:
        """Read points; return their numbers, and whether they are in square brackets."""
        is_open = self.take("[")
        if is_open and not may_be_open:
            raise _Malformed
        in_brackets = is_open or self.bracket(may_be_only=True)
        numbers: list[float] = []
        for _ in range(count):
            numbers += self.pair()
            self.take(",")
        if in_brackets:
            self.need(")]" if is_open else ")")
        return numbers, is_open


def _count_points(text: str) -> int:
    commas = text.count(",")
    if commas % 2 == 0:
        raise _Malformed
    return (commas + 1) // 2


def _read(name: str, text: str) -> tuple[list[float], bool]:
    """Return the numbers in a text, and whether they are an open path."""
    reader = _Text(text)
    is_open = False
    if name == "point":
        numbers = reader.pair()
    elif name == "line":
        numbers = _read_line(reader)
    elif name == "circle":
        numbers = _read_circle(reader)
    elif name == "path":
        count = _count_points(text)
        reader.peek()
        is_bracketed = text.lstrip(SPACE).rfind("(") == 0 and reader.take("(")
        numbers, is_open = reader.pairs(count, may_be_open=True)
        if is_bracketed:
            reader.need(")")
    else:
        count = _count_points(text) if name == "polygon" else 2
        numbers, _ = reader.pairs(count, may_be_open=name == "lseg")
    reader.end()
    return numbers, is_open


def _read_line(reader: _Text) -> list[float]:
    if not reader.take("{"):
        (x1, y1, x2, y2), _ = reader.pairs(2, may_be_open=True)
        if abs(x1 - x2) <= _NEARLY and abs(y1 - y2) <= _NEARLY:
            raise _Malformed
        if x1 == x2:
            return [-1.0, 0.0, x1]
        slope = (y1 - y2) / (x1 - x2)
        return [slope, -1.0, y1 - slope * x1 + 0.0]
    numbers = [reader.number()]
    for mark in ",,":
        reader.need(mark)
        numbers.append(reader.number())
    reader.need("}")
    if abs(numbers[0]) <= _NEARLY and abs(numbers[1]) <= _NEARLY:
        raise _Malformed
    return numbers


def _read_circle(reader: _Text) -> list[float]:
    in_brackets = reader.take("<") or reader.bracket(may_be_only=False)
    numbers = reader.pair()
    reader.take(",")
    numbers.append(reader.number())
    if numbers[2] < 0:
        raise _Malformed
    if in_brackets:
        reader.need(")>")
    return numbers


def _spelled(name: str, values: list[float], *, is_open: bool = False) -> str:
    """Return the text of a value's numbers.

    Raises:
        _Malformed: there are more or fewer than it takes.
    """
    size = _SIZES.get(name)
    if not values or (len(values) % 2 if size is None else len(values) != size):
        raise _Malformed
    if name == "box":
        x1, y1, x2, y2 = values  # it is kept with its upper right corner first
        values = [max(x1, x2), max(y1, y2), min(x1, x2), min(y1, y2)]
    if name == "line":
        return "{" + ",".join(map(_number, values)) + "}"
    pairs = ",".join(
        f"({_number(x)},{_number(y)})" for x, y in zip(values[::2], values[1::2], strict=False)
    )
    match name:
        case "point" | "box":
            return pairs
        case "circle":
            if values[2] < 0:
                raise _Malformed
            return f"<{pairs},{_number(values[2])}>"
        case "lseg":
            return f"[{pairs}]"
    return f"[{pairs}]" if is_open else f"({pairs})"


def geometric(name: str) -> Codec:
    """Return the codec of a geometric type."""
    size = _SIZES.get(name)

    def read(text: str) -> str:
        try:
            values, is_open = _read(name, text)
        except (_Malformed, ServerError):
            raise invalid(name, text) from None
        return _spelled(name, values, is_open=is_open)

    def receive(data: bytes) -> str:
        reader = Reader(data)
        is_open = name == "path" and not reader.byte()
        count = size if size is not None else 2 * reader.number(4)
        if count <= 0:
            raise refusal("22P03", f'invalid number of points in external "{name}" value')
        values = list(struct.unpack(f"!{count}d", reader.take(8 * count)))
        reader.end()
        try:
            return _spelled(name, values, is_open=is_open)
        except _Malformed:
            raise refusal("22P03", f'invalid radius in external "{name}" value') from None

    def text_of(value: Any) -> Any:
        if isinstance(value, str):
            return value
        try:
            is_open = not getattr(value, "is_closed", True)
            return _spelled(name, list(_flat(value)), is_open=is_open)
        except _Malformed:
            return None

    def pack(text: str) -> bytes:
        values, is_open = _read(name, text)
        head = bytes([not is_open]) if name == "path" else b""
        if size is None:
            head += (len(values) // 2).to_bytes(4)
        return head + struct.pack(f"!{len(values)}d", *values)

    return text_valued(name, read, receive, pack, text_of)


def _flat(value: Any) -> Iterable[float]:
    """Return the numbers of a driver's object, none if it has none."""
    if isinstance(value, (int, float)):
        yield float(value)
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for item in value:
            yield from _flat(item)
