"""Geometric types. Their values are PostgreSQL's texts; points and their like go out as tuples too.

Only asyncpg and psqlpy have objects for them, each of its own kind, and psycopg has the text.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from typing import Any

from understudy.pg.codecs.codec import SPACE, Codec, Reader, invalid, refusal, unfit
from understudy.pg.codecs.numbers import floating
from understudy.pg.errors import ServerError

_FLOAT = floating("double precision", "!d")
_PUNCTUATION = re.compile(r"[\s,()\[\]{}<>]+")
Shape = Callable[[list[float], str], str | None]


def _number(value: float) -> str:
    return _FLOAT.output(value)


def _pair(values: list[float]) -> str:
    return f"({_number(values[0])},{_number(values[1])})"


def _pairs(values: list[float]) -> str:
    return ",".join(_pair(values[at : at + 2]) for at in range(0, len(values), 2))


# How each is spelt; None where there are not as many numbers as it takes.


def _point(values: list[float], _text: str) -> str | None:
    return _pair(values) if len(values) == 2 else None


def _lseg(values: list[float], _text: str) -> str | None:
    return f"[{_pairs(values)}]" if len(values) == 4 else None


def _box(values: list[float], _text: str) -> str | None:
    if len(values) != 4:
        return None
    x1, y1, x2, y2 = values  # it is kept with its upper right corner first
    return _pairs([max(x1, x2), max(y1, y2), min(x1, x2), min(y1, y2)])


def _path(values: list[float], text: str) -> str | None:
    if not values or len(values) % 2:
        return None
    return f"[{_pairs(values)}]" if text.startswith("[") else f"({_pairs(values)})"


def _polygon(values: list[float], _text: str) -> str | None:
    return f"({_pairs(values)})" if values and len(values) % 2 == 0 else None


def _line(values: list[float], _text: str) -> str | None:
    return "{" + ",".join(map(_number, values)) + "}" if len(values) == 3 else None


def _circle(values: list[float], _text: str) -> str | None:
    if len(values) != 3 or values[2] < 0:
        return None
    return f"<{_pair(values)},{_number(values[2])}>"


_SHAPES: dict[str, Shape] = {
    "point": _point,
    "lseg": _lseg,
    "box": _box,
    "path": _path,
    "polygon": _polygon,
    "line": _line,
    "circle": _circle,
}
_SIZES = {"point": 2, "lseg": 4, "box": 4, "line": 3, "circle": 3}


def geometric(name: str) -> Codec:
    """Return the codec of a geometric type."""
    shape = _SHAPES[name]
    size = _SIZES.get(name)

    def read(text: str) -> str:
        bare = text.strip(SPACE)
        try:
            values = [_FLOAT.input(each) for each in _PUNCTUATION.split(bare) if each]
        except ServerError:
            raise invalid(name, text) from None
        spelt = shape(values, bare)
        if spelt is None:
            raise invalid(name, text)
        return spelt

    def receive(data: bytes) -> str:
        reader = Reader(data)
        opening = ""
        if name == "path":
            opening = "(" if reader.byte() else "["
        count = size if size is not None else 2 * reader.number(4)
        if count <= 0:
            raise refusal("22P03", f'invalid number of points in external "{name}" value')
        values = list(struct.unpack(f"!{count}d", reader.take(8 * count)))
        reader.end()
        spelt = shape(values, opening)
        if spelt is None:
            raise refusal("22P03", f'invalid radius in external "{name}" value')
        return spelt

    def write(value: Any) -> str:
        text = value if isinstance(value, str) else _spelt(value)
        try:
            return read(text)
        except ServerError:
            raise unfit(name, value) from None

    def send(value: Any) -> bytes:
        text = write(value)
        values = [float(each) for each in _PUNCTUATION.split(text) if each]
        head = bytes([text[0] == "("]) if name == "path" else b""
        if size is None:
            head += (len(values) // 2).to_bytes(4)
        return head + struct.pack(f"!{len(values)}d", *values)

    return Codec(read, receive, write, send)


def _spelt(value: Any) -> str:
    """Return the numbers of a driver's object as a text; "" where it has none."""
    mark = "" if getattr(value, "is_closed", True) else "["
    return mark + " ".join(_flat(value))


def _flat(value: Any) -> Iterable[str]:
    if isinstance(value, (int, float)):
        yield repr(float(value))
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for each in value:
            yield from _flat(each)
