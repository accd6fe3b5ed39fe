"""Dates and times of day, with and without a zone.

What Python cannot hold (infinity, years before 1 and after 9999, 24:00) is a str: PostgreSQL's own
text of it. So is a text that only PostgreSQL can read ("tomorrow").
"""

from __future__ import annotations

import datetime as dt
import struct
from typing import Any

from understudy.pg.codecs.calendar import (
    DAY,
    END_DAY,
    END_MOMENT,
    EPOCH,
    FIRST_DAY,
    FIRST_MOMENT,
    INFINITY,
    MINUS_INFINITY,
    Moment,
    clock_text,
    day_text,
    era,
    read_clock,
    read_moment,
    zone_text,
)
from understudy.pg.codecs.codec import SPACE, Codec, exactly, invalid, plain, refusal, unfit
from understudy.pg.codecs.datetime_fields import may_be_date, may_be_time
from understudy.pg.errors import ServerError

_START = dt.datetime(2000, 1, 1)
_START_UTC = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_LAST_DAY = dt.date.max.toordinal()
_SPECIAL = {"infinity": INFINITY, "+infinity": INFINITY, "-infinity": MINUS_INFINITY}


def _perhaps(text: str, words: str) -> str:
    """Return a text that PostgreSQL may read, though this module does not.

    Its reader knows the names of months, of time zones, and much more.

    Args:
        text: the text.
        words: how PostgreSQL's messages name the type.

    Raises:
        ServerError: PostgreSQL certainly refuses it.
    """
    is_possible = may_be_time if words.startswith("time") and "stamp" not in words else may_be_date
    if not is_possible(text):
        raise invalid(words, text, "22007")
    return text


def _out_of_range(type_name: str, text: str | None = None) -> ServerError:
    return refusal("22008", f"{type_name} out of range" + ("" if text is None else f': "{text}"'))


_INT4, _INT8, _TIMETZ = struct.Struct("!i"), struct.Struct("!q"), struct.Struct("!qi")


# date --------------------------------------------------------------------------------------------


def _read_date(text: str) -> dt.date | str:
    moment = read_moment(text)
    if moment is None:
        special = _SPECIAL.get(text.strip(SPACE).lower())
        return special or _perhaps(text, "date")
    assert moment.day is not None  # a date is what the spelling begins with
    if not FIRST_DAY <= moment.day < END_DAY:
        raise _out_of_range("date", text)
    return date_of(moment.day)


def date_of(days: int) -> dt.date | str:
    """Return the day that is so many days after the first of the year 2000."""
    if 0 < days + EPOCH <= _LAST_DAY:
        return dt.date.fromordinal(days + EPOCH)
    return day_text(days) + era(days)


def _receive_date(data: bytes) -> dt.date | str:
    (days,) = _INT4.unpack(exactly(data, 4))
    if days in (2**31 - 1, -(2**31)):
        return INFINITY if days > 0 else MINUS_INFINITY
    if not FIRST_DAY <= days < END_DAY:
        raise _out_of_range("date")
    return date_of(days)


def _days(value: Any) -> int | str:
    """Return the days of a date from 2000 on, or a special word."""
    value = plain(value)
    if isinstance(value, dt.date):  # of a datetime the date, as asyncpg and psqlpy send it
        return value.toordinal() - EPOCH
    if isinstance(value, str):
        moment = read_moment(value)
        if moment is not None and moment.day is not None:
            return moment.day
        if special := _SPECIAL.get(value.strip(SPACE).lower()):
            return special
    raise unfit("date", value)


def _write_date(value: Any) -> str:
    days = _days(value)
    return days if isinstance(days, str) else day_text(days) + era(days)


def _send_date(value: Any) -> bytes:
    days = _days(value)
    if isinstance(days, str):
        days = 2**31 - 1 if days == INFINITY else -(2**31)
    return _INT4.pack(days)


DATE = Codec(_read_date, _receive_date, _write_date, _send_date)


# timestamp ---------------------------------------------------------------------------------------


def timestamp(name: str, words: str, *, aware: bool) -> Codec:
    """Return the codec of timestamp, with or without time zone.

    The zone of the session is UTC: a text without an offset is read so, and all are written so.
    """

    def read(text: str) -> dt.datetime | str:
        moment = read_moment(text)
        if moment is None:
            special = _SPECIAL.get(text.strip(SPACE).lower())
            return special or _perhaps(text, words)
        number = _microseconds(moment, aware)
        if not FIRST_MOMENT <= number < END_MOMENT:
            raise _out_of_range("timestamp", text)
        return from_number(number)

    def from_number(number: int) -> dt.datetime | str:
        try:
            return (_START_UTC if aware else _START) + dt.timedelta(microseconds=number)
        except OverflowError:
            return spell(number)

    def spell(number: int) -> str:
        days, clock = divmod(number, DAY)
        return f"{day_text(days)} {clock_text(clock)}{'+00' if aware else ''}{era(days)}"

    def receive(data: bytes) -> dt.datetime | str:
        (number,) = _INT8.unpack(exactly(data, 8))
        if number in (2**63 - 1, -(2**63)):
            return INFINITY if number > 0 else MINUS_INFINITY
        if not FIRST_MOMENT <= number < END_MOMENT:
            raise _out_of_range("timestamp")
        return from_number(number)

    def number_of(value: Any) -> int | str:
        if isinstance(value, dt.datetime):
            return _from_start(value, aware)
        value = plain(value)
        if isinstance(value, dt.date):
            return (value.toordinal() - EPOCH) * DAY
        if isinstance(value, str):
            moment = read_moment(value)
            if moment is not None:
                return _microseconds(moment, aware)
            if special := _SPECIAL.get(value.strip(SPACE).lower()):
                return special
        raise unfit(name, value)

    def write(value: Any) -> str:
        number = number_of(value)
        return number if isinstance(number, str) else spell(number)

    def send(value: Any) -> bytes:
        number = number_of(value)
        if isinstance(number, str):
            number = 2**63 - 1 if number == INFINITY else -(2**63)
        return _INT8.pack(number)

    return Codec(read, receive, write, send)


def _from_start(value: dt.datetime, aware: bool) -> int:
    """Return the microseconds from 2000 on: in UTC with a zone, else by its own clock."""
    if aware and value.utcoffset() is not None:
        return (value - _START_UTC) // _MICROSECOND
    return (value.replace(tzinfo=None) - _START) // _MICROSECOND


def _microseconds(moment: Moment, aware: bool) -> int:
    assert moment.day is not None  # a date is what the spelling begins with
    zone = moment.zone if aware and moment.zone is not None else 0
    return moment.day * DAY + moment.clock - zone * 1_000_000


# time --------------------------------------------------------------------------------------------


def _time(clock: int, zone: int | None = None) -> dt.time | str:
    if clock == DAY:
        return "24:00:00" + ("" if zone is None else zone_text(zone))
    seconds, fraction = divmod(clock, 1_000_000)
    tzinfo = None if zone is None else dt.timezone(dt.timedelta(seconds=zone))
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, fraction, tzinfo)


def _clock_of(name: str, value: Any) -> Moment:
    value = plain(value)
    if isinstance(value, dt.time):
        seconds = (value.hour * 60 + value.minute) * 60 + value.second
        offset = value.utcoffset()
        zone = None if offset is None else int(offset.total_seconds())
        return Moment(None, seconds * 1_000_000 + value.microsecond, zone)
    moment = read_clock(value) if isinstance(value, str) else None
    if moment is None:
        raise unfit(name, value)
    return moment


def _time_of_day(name: str, words: str, layout: struct.Struct, *, zoned: bool) -> Codec:
    """Return the codec of time, with or without time zone."""

    def read(text: str) -> dt.time | str:
        moment = read_clock(text)
        if moment is None:
            return _perhaps(text, words)
        return _time(moment.clock, (moment.zone or 0) if zoned else None)

    def receive(data: bytes) -> dt.time | str:
        clock, *west = layout.unpack(exactly(data, layout.size))
        if not 0 <= clock <= DAY:
            raise _out_of_range("time")
        if zoned and abs(west[0]) >= 16 * 3600:
            raise refusal("22009", "time zone displacement out of range")
        return _time(clock, -west[0] if zoned else None)

    def write(value: Any) -> str:
        moment = _clock_of(name, value)
        return clock_text(moment.clock) + (zone_text(moment.zone or 0) if zoned else "")

    def send(value: Any) -> bytes:
        moment = _clock_of(name, value)
        return layout.pack(moment.clock, *([-(moment.zone or 0)] if zoned else []))

    return Codec(read, receive, write, send)


TIME = _time_of_day("time without time zone", "time", _INT8, zoned=False)
TIMETZ = _time_of_day("time with time zone", "time with time zone", _TIMETZ, zoned=True)
