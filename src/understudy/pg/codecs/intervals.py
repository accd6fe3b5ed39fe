"""Intervals: a number of months, one of days and one of microseconds."""

from __future__ import annotations

import datetime as dt
import re
import struct
from decimal import Decimal
from typing import Any, NamedTuple

from understudy.pg.codecs.calendar import INFINITY, MINUS_INFINITY, clock_text
from understudy.pg.codecs.codec import SPACE, Codec, plain, refusal, unfit, wrong_size
from understudy.pg.codecs.datetimes import may_be

_SECOND = 1_000_000
_LAYOUT = struct.Struct("!qii")
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[+-])?(?P<clock>\d+:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+))\s*(?P<unit>[a-z]+)?
    | (?P<ago>ago)) [\s,]*""",
    re.VERBOSE | re.ASCII,
)
_ISO = re.compile(r"[Pp](?:-?[\d.]+[YMWDHS]|T)+", re.ASCII)
_ISO_PART = re.compile(r"(T)|(-?[\d.]+)([YMWDHS])", re.ASCII)
# How long a unit is: months, days, microseconds.
_MONTH, _DAY = (1, 0, 0), (0, 1, 0)
_UNITS: dict[str, tuple[int, int, int]] = {
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), (12, 0, 0)),
    **dict.fromkeys(("mon", "mons", "month", "months"), _MONTH),
    **dict.fromkeys(("w", "week", "weeks"), (0, 7, 0)),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (0, 0, 3600 * _SECOND)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (0, 0, 60 * _SECOND)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (0, 0, _SECOND)),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), (0, 0, 1000)),
    **dict.fromkeys(("us", "usec", "usecs", "microsecond", "microseconds"), (0, 0, 1)),
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


def _read(text: str) -> dt.timedelta | str:
    parts = _parts_in(text)
    return may_be("interval", text, "interval") if parts is None else _value(parts, text)


def _parts_in(text: str) -> Parts | None:
    """Return what a text says; None where we do not know its spelling."""
    bare = text.strip(SPACE)
    extreme = {INFINITY: INFINITY, "+infinity": INFINITY, MINUS_INFINITY: MINUS_INFINITY}.get(
        bare.lower()
    )
    if extreme is not None:
        return next(parts for parts, word in _EXTREMES.items() if word == extreme)
    found = _iso(bare) if bare[:1] in "pP" and bare else _worded(bare.lower())
    if found is None:
        return None
    parts = Parts(*map(round, found))
    if abs(parts.months) >= 2**31 or abs(parts.days) >= 2**31 or abs(parts.microseconds) >= 2**63:
        raise refusal("22015", f'interval field value out of range: "{text}"')
    return parts


def _iso(text: str) -> list[Decimal] | None:
    if not _ISO.fullmatch(text):
        return None
    total, in_time = [Decimal(0)] * 3, False
    for is_time, number, unit in _ISO_PART.findall(text):
        if is_time:
            in_time = True
            continue
        word = {"Y": "y", "M": "m" if in_time else "mon"}.get(unit, unit.lower())
        if number.count(".") > 1:
            return None
        _add(total, Decimal(number), word)
    return total


def _worded(text: str) -> list[Decimal] | None:
    total, at = [Decimal(0)] * 3, 0
    text = text.removeprefix("@")
    if not text:
        return None
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        at = token.end()
        if token["ago"]:
            total = [-each for each in total]
        elif token["clock"]:
            hours, minutes, *seconds = token["clock"].split(":")
            clock = (int(hours) * 60 + int(minutes)) * 60 + Decimal(seconds[0] if seconds else 0)
            _add(total, -clock if token["sign"] == "-" else clock, "s")
        else:
            unit = token["unit"] or "s"
            if unit not in _UNITS:
                return None
            _add(total, Decimal(token["number"]), unit)
    return total


def _add(total: list[Decimal], number: Decimal, unit: str) -> None:
    """Add a number of units; what is no whole month or day counts in the next smaller unit."""
    months, days, microseconds = (number * each for each in _UNITS[unit])
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
    try:
        microseconds, days, months = _LAYOUT.unpack(data)
    except struct.error:
        raise wrong_size(data, _LAYOUT.size) from None
    parts = Parts(months, days, microseconds)
    return _value(parts, _spelt(parts))


def _parts(value: Any) -> Parts:
    value = plain(value)
    if isinstance(value, dt.timedelta):
        return Parts(0, value.days, value.seconds * _SECOND + value.microseconds)
    parts = _parts_in(value) if isinstance(value, str) else None
    if parts is None:
        raise unfit("interval", value)
    return parts


def _spelt(parts: Parts) -> str:
    """Return an interval in the style `postgres`."""
    if extreme := _EXTREMES.get(parts):
        return extreme
    years, months = divmod(abs(parts.months), 12)
    sign = -1 if parts.months < 0 else 1
    words: list[str] = []
    negative = False
    for number, unit in ((sign * years, "year"), (sign * months, "mon"), (parts.days, "day")):
        if number:
            # A plus is spelt where a minus came before.
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


INTERVAL = Codec(_read, _receive, lambda value: _spelt(_parts(value)), _send)
