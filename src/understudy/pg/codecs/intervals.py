"""Intervals: a number of months, one of days and one of microseconds."""

from __future__ import annotations

import datetime as dt
import re
import struct
from decimal import Decimal
from typing import Any, NamedTuple

from understudy.pg.codecs.calendar import INFINITY, MINUS_INFINITY, clock_text
from understudy.pg.codecs.codec import Codec, exactly, invalid, plain, refusal, unfit
from understudy.pg.codecs.datetime_fields import Malformed, fields_in
from understudy.pg.errors import ServerError

_SECOND = 1_000_000
_LAYOUT = struct.Struct("!qii")
_CLOCK = re.compile(r"(\d+):(\d*)(?:(?P<seconds>:)(\d*))?(\.\d*)?", re.ASCII)
_NUMBER = re.compile(r"([+-]?)(\d*)(?:-(\d*)|(\.\d*)|)", re.ASCII)
_ISO_NUMBER = r"-?(?:\d+\.?\d*|\.\d+)"
_ISO = re.compile(
    rf"P(?=.)(?:(?P<date>(?:{_ISO_NUMBER}[YMWD])*)"
    rf"|({_ISO_NUMBER})(?:-({_ISO_NUMBER})(?:-({_ISO_NUMBER}))?)?)"
    rf"(?:T+(?:(?P<time>(?:{_ISO_NUMBER}[HMS])*)"
    rf"|({_ISO_NUMBER})(?::({_ISO_NUMBER})(?::({_ISO_NUMBER}))?)?))?",
    re.ASCII,
)
_ISO_PART = re.compile(r"(-?[\d.]+)([YMWDHS])", re.ASCII)
_ISO_BASIC = re.compile(r"P(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?", re.ASCII)
# How long a unit is: months, days, microseconds.
_MONTH, _DAY = (1, 0, 0), (0, 1, 0)
_UNITS: dict[str, tuple[int, int, int]] = {
    **dict.fromkeys(("mil", "mils", "millennia", "millennium"), (12_000, 0, 0)),
    **dict.fromkeys(("c", "cent", "century", "centuries"), (1200, 0, 0)),
    **dict.fromkeys(("dec", "decs", "decade", "decades"), (120, 0, 0)),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), (12, 0, 0)),
    **dict.fromkeys(("mon", "mons", "month", "months"), _MONTH),
    **dict.fromkeys(("w", "week", "weeks"), (0, 7, 0)),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (0, 0, 3600 * _SECOND)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (0, 0, 60 * _SECOND)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (0, 0, _SECOND)),
    **dict.fromkeys(("ms", "msec", "msecs", "msecond", "mseconds", "millisecon"), (0, 0, 1000)),
    **dict.fromkeys(("us", "usec", "usecs", "usecond", "useconds", "microsecon"), (0, 0, 1)),
}


class Parts(NamedTuple):
    """An interval as PostgreSQL keeps it."""

    months: int
    days: int
    microseconds: int


_EXTREMES = {
    Parts(2**31 - 1, 2**31 - 1, 2**63 - 1): INFINITY,
    Parts(-(2**31), -(2**31), -(2**63)): MINUS_INFINITY,
}
_ENDLESS = tuple(_EXTREMES)


def _read(text: str) -> dt.timedelta | str:
    return _value(_parts_in(text), text)


def _parts_in(text: str) -> Parts:
    try:
        found = _iso(text) if text.startswith("P") else _worded(text)
    except Malformed:
        raise invalid("interval", text, "22007") from None
    if isinstance(found, Parts):
        return found
    parts = Parts(*map(round, found))
    if abs(parts.months) >= 2**31 or abs(parts.days) >= 2**31 or abs(parts.microseconds) >= 2**63:
        raise _out_of_range(text)
    return parts


def _out_of_range(text: str) -> ServerError:
    return refusal("22015", f'interval field value out of range: "{text}"')


def _iso(text: str) -> list[Decimal]:
    total = [Decimal(0)] * 3
    if basic := _ISO_BASIC.fullmatch(text):
        numbers = basic.groups()
    elif found := _ISO.fullmatch(text):
        for number, unit in _ISO_PART.findall(found["date"] or ""):
            _add(total, Decimal(number), "mon" if unit == "M" else unit.lower())
        for number, unit in _ISO_PART.findall(found["time"] or ""):
            _add(total, Decimal(number), unit.lower())
        numbers = (*found.groups()[1:4], *found.groups()[5:])
    else:
        raise Malformed
    for number, unit in zip(numbers, ("y", "mon", "d", "h", "m", "s"), strict=True):
        _add(total, Decimal(number or 0), unit)
    return total


def _worded(text: str) -> list[Decimal] | Parts:
    """Read the fields of a text from the last to the first: a unit comes before its number."""
    total, seen = [Decimal(0)] * 3, set[str]()
    fields = fields_in(text)
    unit = "s"  # of a number without one
    pending = False
    sign = 1
    for place, (kind, field) in enumerate(reversed(fields)):
        if kind in ("time", "signed") and ":" in field:
            _add_clock(total, field, text)
            added, unit, pending = {"h", "m", "s", "ms", "us"}, "d", False
        elif kind in ("number", "signed"):
            unit, added = _add_number(total, field, unit, text)
            pending = False
        elif pending:
            raise Malformed
        elif field in ("at", "on"):
            continue
        elif field == "ago" and place == 0:
            sign, unit, added = -1, "", set[str]()
        elif field.lstrip("+-") == INFINITY and len(fields) == 1:
            return _ENDLESS[field.startswith("-")]
        elif kind == "word" and field[:10] in _UNITS:
            unit, pending, added = field[:10], True, set[str]()
        else:
            raise Malformed
        if seen & added:
            raise Malformed
        seen |= added
    if pending or not seen:
        raise Malformed
    return [sign * part for part in total]


def _add_clock(total: list[Decimal], field: str, text: str) -> None:
    found = _CLOCK.fullmatch(field.lstrip("+-"))
    if found is None:
        raise Malformed
    hours, minutes, seconds = (int(found[number] or 0) for number in (1, 2, 4))
    if found[5] is not None and not found["seconds"]:  # 1:2.5 is minutes and seconds
        hours, minutes, seconds = 0, hours, minutes
    if minutes > 59 or seconds > 60:
        raise _out_of_range(text)
    whole = (hours * 60 + minutes) * 60 + seconds + Decimal(f"0{found[5] or ''}")
    _add(total, -whole if field.startswith("-") else whole, "s")


def _add_number(total: list[Decimal], field: str, unit: str, text: str) -> tuple[str, set[str]]:
    """Add a number; return the unit of the next without one, and what it may not add again."""
    found = _NUMBER.match(field)
    if found is None or not unit:
        raise Malformed
    sign = -1 if found[1] == "-" else 1
    if found[3] and int(found[3]) > 11:
        raise _out_of_range(text)
    if found.end() < len(field) or (found[1] and not found[2]):
        raise Malformed
    if found[3] is not None:
        unit = "mon"
        _add(total, Decimal(sign * (12 * int(found[2] or 0) + int(found[3] or 0))), unit)
    else:
        _add(total, sign * Decimal(f"{found[2] or 0}{found[4] or ''}"), unit)
    kind = _UNITS[unit]
    added = {next(name for name, size in _UNITS.items() if size == kind)}
    if added == {"s"} and found[4] and found[4].strip(".0"):
        added |= {"ms", "us"}
    return "d" if added == {"h"} else unit, added


def _add(total: list[Decimal], number: Decimal, unit: str) -> None:
    """Add a number of units; a fraction of a month or a day counts in the next smaller unit."""
    months, days, microseconds = (number * size for size in _UNITS[unit])
    total[0] += int(months)
    days += (months - int(months)) * 30
    total[1] += int(days)
    total[2] += microseconds + (days - int(days)) * 24 * 3600 * _SECOND


def _value(parts: Parts, text: str) -> dt.timedelta | str:
    """Return a timedelta, in which a month has 30 days and a year 365, as in psycopg's."""
    if extreme := _EXTREMES.get(parts):
        return extreme
    years, months = divmod(abs(parts.months), 12)
    sign = -1 if parts.months < 0 else 1
    try:
        return dt.timedelta(
            days=parts.days + sign * (365 * years + 30 * months), microseconds=parts.microseconds
        )
    except OverflowError:
        return text


def _receive(data: bytes) -> dt.timedelta | str:
    microseconds, days, months = _LAYOUT.unpack(exactly(data, _LAYOUT.size))
    parts = Parts(months, days, microseconds)
    return _value(parts, _spelled(parts))


def _parts(value: Any) -> Parts:
    value = plain(value)
    if isinstance(value, dt.timedelta):
        return Parts(0, value.days, value.seconds * _SECOND + value.microseconds)
    try:
        return _parts_in(value)
    except (ServerError, AttributeError):
        raise unfit("interval", value) from None


def _spelled(parts: Parts) -> str:
    """Return an interval in the style `postgres`."""
    if extreme := _EXTREMES.get(parts):
        return extreme
    years, months = divmod(abs(parts.months), 12)
    sign = -1 if parts.months < 0 else 1
    words: list[str] = []
    negative = False
    for number, unit in ((sign * years, "year"), (sign * months, "mon"), (parts.days, "day")):
        if number:
            # A plus is written if a minus came before.
            plus = "+" if negative and number > 0 else ""
            words.append(f"{plus}{number} {unit}{'' if number == 1 else 's'}")
            negative = number < 0
    if parts.microseconds or not words:
        mark = "-" if parts.microseconds < 0 else "+" if negative else ""
        words.append(mark + clock_text(abs(parts.microseconds)))
    return " ".join(words)


def _send(value: Any) -> bytes:
    months, days, microseconds = _parts(value)
    return _LAYOUT.pack(microseconds, days, months)


INTERVAL = Codec(_read, _receive, lambda value: _spelled(_parts(value)), _send)
