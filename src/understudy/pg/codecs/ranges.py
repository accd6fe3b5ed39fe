"""Ranges and multiranges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from understudy.pg.codecs.calendar import EPOCH
from understudy.pg.codecs.codec import Codec, Reader, Unencodable, refusal, sized, too_short, unfit
from understudy.pg.codecs.container_text import malformed, range_text, read_range, read_ranges
from understudy.pg.codecs.datetimes import date_of
from understudy.pg.errors import ServerError

_EMPTY, _LOWER_IN, _UPPER_IN, _LOWER_OPEN, _UPPER_OPEN = 1, 2, 4, 8, 16
# The subtypes that have a next value: their ranges are kept as [lower, upper).
_NEXT: dict[str, Callable[[Any], Any]] = {
    "integer": lambda value: value + 1,
    "bigint": lambda value: value + 1,
    "date": lambda value: date_of(value.toordinal() - EPOCH + 1),
}
_MOST = {"integer": 2**31 - 1, "bigint": 2**63 - 1}


@dataclass(frozen=True, slots=True)
class Range:
    """A range, with the attributes that those of asyncpg and psycopg have.

    Attributes:
        lower: its lower bound, None if it has none. `upper`: its upper bound.
        lower_inc: whether the lower bound is in it. `upper_inc`: whether the upper bound is.
        isempty: whether nothing is in it.
    """

    lower: Any = None
    upper: Any = None
    lower_inc: bool = True
    upper_inc: bool = False
    isempty: bool = False

    def __str__(self) -> str:
        if self.isempty:
            return "empty"
        lower, upper = ("" if bound is None else str(bound) for bound in (self.lower, self.upper))
        return f"{'[' if self.lower_inc else '('}{lower},{upper}{']' if self.upper_inc else ')'}"


_NOTHING = Range(None, None, False, False, True)


def range_of(name: str, subtype: str, codec: Codec) -> Codec:
    """Return the codec of a range.

    Args:
        name: its spelling.
        subtype: the spelling of its bounds' type.
        codec: the codec of its bounds' type.
    """

    def read(text: str) -> Range:
        found = read_range(text)
        if found is None:
            return _NOTHING
        bounds, *texts = found
        lower, upper = (None if bound is None else codec.input(bound) for bound in texts)
        return kept(subtype, Range(lower, upper, bounds[0] == "[", bounds[1] == "]"))

    def receive(data: bytes) -> Range:
        reader = Reader(data)
        flags = reader.byte()
        if flags & _EMPTY:
            reader.message_end()
            return _NOTHING
        lower = None if flags & _LOWER_OPEN else codec.receive(_sized(reader))
        upper = None if flags & _UPPER_OPEN else codec.receive(_sized(reader))
        reader.message_end()
        return kept(subtype, Range(lower, upper, bool(flags & _LOWER_IN), bool(flags & _UPPER_IN)))

    def of(value: Any) -> Range:
        if isinstance(value, str):
            try:
                return read(value)
            except ServerError:
                raise unfit(name, value) from None
        found = _range_like(value)
        if found is None:
            raise unfit(name, value)
        # Through the subtype's own texts, so that "2020-01-01" and a date are the same bound.
        lower, upper = (
            None if bound is None else codec.input(codec.output(bound)) for bound in found[:2]
        )
        try:
            return _NOTHING if found[4] else kept(subtype, Range(lower, upper, found[2], found[3]))
        except ServerError as error:
            raise Unencodable(error.fields.message) from error

    def write(value: Any) -> str:
        found = of(value)
        if found.isempty:
            return "empty"
        bounds = ("[" if found.lower_inc else "(") + ("]" if found.upper_inc else ")")
        texts = (None if b is None else codec.output(b) for b in (found.lower, found.upper))
        return range_text(bounds, *texts)

    def send(value: Any) -> bytes:
        found = of(value)
        if found.isempty:
            return bytes([_EMPTY])
        flags = _LOWER_IN * found.lower_inc + _UPPER_IN * found.upper_inc
        flags += _LOWER_OPEN * (found.lower is None) + _UPPER_OPEN * (found.upper is None)
        pieces = [sized(codec.send(b)) for b in (found.lower, found.upper) if b is not None]
        return bytes([flags]) + b"".join(pieces)

    return Codec(read, receive, write, send)


def _sized(reader: Reader) -> bytes:
    return reader.take(reader.number(4))


def _range_like(value: Any) -> tuple[Any, Any, bool, bool, bool] | None:
    """Return the parts of any driver's range; None if it is not a range."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return value[0], value[1], True, False, False
    try:
        return value.lower, value.upper, value.lower_inc, value.upper_inc, value.isempty
    except AttributeError:
        return None


def kept(subtype: str, given: Range) -> Range:
    """Return a range as PostgreSQL keeps it.

    Raises:
        ServerError: it ends before it begins, or its end has no next value.
    """
    lower, upper = given.lower, given.upper
    lower_inc, upper_inc = (
        given.lower_inc and lower is not None,
        given.upper_inc and upper is not None,
    )
    if lower is not None and upper is not None:
        order = _order(lower, upper)
        if order > 0:
            raise refusal(
                "22000", "range lower bound must be less than or equal to range upper bound"
            )
        if order == 0 and not (lower_inc and upper_inc):
            return _NOTHING
    step = _NEXT.get(subtype)
    if step is not None:
        if lower is not None and not lower_inc and not isinstance(lower, str):
            lower, lower_inc = _stepped(subtype, lower, step), True
        if upper is not None and upper_inc and not isinstance(upper, str):
            upper, upper_inc = _stepped(subtype, upper, step), False
        if lower is not None and lower == upper and not isinstance(lower, str):
            return _NOTHING
    return Range(lower, upper, lower_inc, upper_inc)


def _stepped(subtype: str, value: Any, step: Callable[[Any], Any]) -> Any:
    if value == _MOST.get(subtype):
        raise refusal("22003", f"{subtype} out of range")
    return step(value)


def _order(lower: Any, upper: Any) -> int:
    """Return -1, 0 or 1; where only PostgreSQL could compare, they count as in order."""
    if any(isinstance(bound, Decimal) and bound.is_nan() for bound in (lower, upper)):
        # Not a number is greater than everything else.
        return int(lower.is_nan()) - int(upper.is_nan())
    words = {"-infinity": -1, "infinity": 1}
    if isinstance(lower, str) or isinstance(upper, str):
        if isinstance(lower, str) and isinstance(upper, str) and lower == upper:
            return 0
        below, above = words.get(str(lower), 0), words.get(str(upper), 0)
        return (below > above) - (below < above) or -1
    return int(lower > upper) - int(lower < upper)


def multirange_of(name: str, codec: Codec) -> Codec:
    """Return the codec of a multirange, of which `codec` is its range's; its values are lists."""

    def read(text: str) -> list[Range]:
        found = []
        for part in read_ranges(text):
            try:
                found.append(codec.input(part))
            except ServerError as error:
                if error.fields.message.startswith("malformed range"):
                    raise malformed("range", part, error.fields.detail or "") from None
                raise
        return joined(found)

    def receive(data: bytes) -> list[Range]:
        reader = Reader(data)
        count = reader.number(4)
        if count < 0:
            raise too_short()
        found = [codec.receive(_sized(reader)) for _ in range(count)]
        reader.message_end()
        return joined(found)

    def of(value: Any) -> list[Range]:
        if isinstance(value, str):
            try:
                return read(value)
            except ServerError:
                raise unfit(name, value) from None
        if not isinstance(value, Iterable):
            raise unfit(name, value)
        return joined([codec.input(codec.output(item)) for item in value])

    def send(value: Any) -> bytes:
        pieces = [sized(codec.send(item)) for item in of(value)]
        return len(pieces).to_bytes(4) + b"".join(pieces)

    return Codec(
        read, receive, lambda value: "{" + ",".join(map(codec.output, of(value))) + "}", send
    )


def joined(ranges: Sequence[Range]) -> list[Range]:
    """Return ranges in order, those that touch or overlap as one, and none that is empty."""
    found: list[Range] = []
    for following in sorted((r for r in ranges if not r.isempty), key=_Start):
        if found and _touch(found[-1], following):
            found[-1] = _union(found[-1], following)
        else:
            found.append(following)
    return found


class _Start:
    """Orders ranges by where they begin."""

    def __init__(self, of: Range) -> None:
        self.of = of

    def __lt__(self, other: _Start) -> bool:
        mine, its = self.of, other.of
        if mine.lower is None or its.lower is None:
            return mine.lower is None and its.lower is not None
        order = _order(mine.lower, its.lower)
        return order < 0 or (order == 0 and mine.lower_inc and not its.lower_inc)


def _touch(first: Range, second: Range) -> bool:
    if first.upper is None or second.lower is None:
        return True
    order = _order(second.lower, first.upper)
    return order < 0 or (order == 0 and (second.lower_inc or first.upper_inc))


def _union(first: Range, second: Range) -> Range:
    if first.upper is None or second.upper is None:
        return Range(first.lower, None, first.lower_inc, False)
    order = _order(first.upper, second.upper)
    last = first if order > 0 or (order == 0 and first.upper_inc) else second
    return Range(first.lower, last.upper, first.lower_inc, last.upper_inc)
