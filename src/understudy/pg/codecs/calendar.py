"""PostgreSQL's calendar, which is longer than Python's: days as numbers, from 4714 BC on."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from understudy.pg.codecs.codec import SPACE, refusal

EPOCH = dt.date(2000, 1, 1).toordinal()
DAY = 86_400_000_000  # microseconds
INFINITY, MINUS_INFINITY = "infinity", "-infinity"
# What is within a date, in days, and a timestamp, in microseconds, from the year 2000.
FIRST_DAY, END_DAY = -2451545, 2147483494 - 2451545
FIRST_MOMENT, END_MOMENT = -211813488000000000, 9223371331200000000
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097

_ISO = re.compile(
    r"""
    (?P<year>\d{4,7})-(?P<month>\d{1,2})-(?P<day>\d{1,2})
    (?:[T\s]\s*(?P<clock>\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?))?
    \s*(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?)?
    \s*(?P<era>BC|AD)?
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_CLOCK = re.compile(
    r"(?P<clock>\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)\s*"
    r"(?P<zone>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a text says of a time.

    Attributes:
        day: days from the year 2000; None if the text has no date.
        clock: microseconds from midnight.
        zone: seconds east of UTC; None if the text has none.
    """

    day: int | None
    clock: int
    zone: int | None


def read_moment(text: str) -> Moment | None:
    """Return what a text in ISO format says; None if it has another form.

    Raises:
        ServerError: a field of it is out of its range.
    """
    bare = text.strip(SPACE)
    found = _ISO.fullmatch(bare) or _COMPACT.fullmatch(bare)
    if found is None:
        return None
    parts = found.groupdict()
    day = _day(parts, text)
    if day is None:
        may_be_swapped = not (0 < int(parts["month"]) < 13 and 0 < int(parts["day"]) < 32)
        hint = 'Perhaps you need a different "DateStyle" setting.' if may_be_swapped else None
        raise refusal("22008", f'date/time field value out of range: "{text}"', hint=hint)
    return Moment(day, _clock(parts.get("clock"), text), _zone(parts.get("zone"), text))


def read_clock(text: str) -> Moment | None:
    """Return what the text of a time of day says; None if it has another form.

    Raises:
        ServerError: a field of it is out of its range.
    """
    found = _CLOCK.fullmatch(text.strip(SPACE))
    if found is None:
        # A date before a time of day is ignored, but not in ISO format with a T.
        return None if ":" not in text or "t" in text.lower() else read_moment(text)
    return Moment(None, _clock(found["clock"], text), _zone(found["zone"], text))


def day_number(year: int, month: int, day: int) -> int:
    """Return a day of the proleptic Gregorian calendar, in days from the year 2000.

    Raises:
        ValueError: the day does not exist.
    """
    cycles = (year - 1) // _CYCLE_YEARS
    here = dt.date(year - cycles * _CYCLE_YEARS, month, day)
    return here.toordinal() + cycles * _CYCLE_DAYS - EPOCH


def day_text(days: int) -> str:
    """Return a day as PostgreSQL writes it; the era comes at the end, see `era`."""
    year, rest = _year(days)
    return f"{year if year > 0 else 1 - year:04d}-{rest}"


def era(days: int) -> str:
    """Return what follows a date or a timestamp: " BC", or nothing."""
    return "" if _year(days)[0] > 0 else " BC"


def _year(days: int) -> tuple[int, str]:
    cycles, ordinal = divmod(days + EPOCH - 1, _CYCLE_DAYS)
    here = dt.date.fromordinal(ordinal + 1)
    return here.year + cycles * _CYCLE_YEARS, f"{here.month:02d}-{here.day:02d}"


def clock_text(microseconds: int) -> str:
    """Return a time of day as PostgreSQL writes it."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def zone_text(seconds: int) -> str:
    """Return an offset from UTC as PostgreSQL writes it."""
    sign = "-" if seconds < 0 else "+"
    minutes, second = divmod(abs(seconds), 60)
    text = f"{sign}{minutes // 60:02d}"
    if minutes % 60 or second:
        text += f":{minutes % 60:02d}"
    return f"{text}:{second:02d}" if second else text


def _day(parts: dict[str, str], text: str) -> int | None:
    year, month, day = int(parts["year"]), int(parts["month"]), int(parts["day"])
    if (parts.get("era") or "").upper() == "BC":
        year = 1 - year
        if year == 1:
            return None
    elif year == 0:
        return None
    try:
        return day_number(year, month, day)
    except ValueError:
        return None


def _clock(spelled: str | None, text: str) -> int:
    if spelled is None:
        return 0
    hour, minute, *rest = spelled.split(":")
    whole, _, fraction = (rest[0] if rest else "0").partition(".")
    microseconds = round(float(f"0.{fraction or 0}") * 1_000_000)
    seconds = (int(hour) * 60 + int(minute)) * 60 + int(whole)
    clock = seconds * 1_000_000 + microseconds
    if int(minute) > 59 or int(whole) > 60 or clock > DAY:
        raise refusal("22008", f'date/time field value out of range: "{text}"')
    return clock


def _zone(spelled: str | None, text: str) -> int | None:
    if spelled is None:
        return None
    if spelled[0] not in "+-":
        return 0
    digits = re.sub(r"\D", "", spelled)
    if ":" in spelled:
        fields = [int(part) for part in spelled[1:].split(":")]
    elif len(digits) <= 2:
        fields = [int(digits)]
    else:
        cut = len(digits) % 2 or 2
        fields = [int(digits[:cut])]
        fields += [int(digits[at : at + 2]) for at in range(cut, len(digits), 2)]
    hours, minutes, seconds = (*fields, 0, 0)[:3]
    if hours > 15 or minutes > 59 or seconds > 59:
        raise refusal("22009", f'time zone displacement out of range: "{text}"')
    return (-1 if spelled[0] == "-" else 1) * ((hours * 60 + minutes) * 60 + seconds)
