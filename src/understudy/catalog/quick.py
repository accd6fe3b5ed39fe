"""What is certainly taken, found by one look into a table: the values that most calls pass."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from understudy.pg.literals import INTEGERS

Test = Callable[[Any], bool]
Table = dict[tuple[type, str], Test]


def _always(_value: object) -> bool:
    return True


def _plain(value: str) -> bool:
    return value.isascii() and "\0" not in value


def _naive(value: dt.datetime) -> bool:
    return value.tzinfo is None


def _fixed_zone(value: dt.datetime) -> bool:
    return type(value.tzinfo) is dt.timezone


def _finite(value: Decimal) -> bool:
    return -15 < value.adjusted() < 15 if value.is_finite() else False


def _short(value: Decimal) -> bool:
    # Whose str() has no exponent, and what 28 digits hold.
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and -6 <= exponent <= 0 and len(digits) < 20


def between(lowest: int, highest: int) -> Test:
    """Return what says whether a number is between two others."""
    return lambda value: lowest <= value <= highest


_EVERY: Table = {
    (type(None), "integer"): _always,
    (float, "double precision"): _always,
    (uuid.UUID, "uuid"): _always,
    (bool, "boolean"): _always,
    (dt.date, "date"): _always,
    (dt.time, "time without time zone"): _always,
    (dt.timedelta, "interval"): _always,
    (bytes, "bytea"): _always,
    (dt.datetime, "timestamp without time zone"): _naive,
    **{(str, name): _plain for name in ("text", "character varying", "character")},
    **{(int, name): between(*INTEGERS[name]) for name in ("smallint", "integer", "bigint")},
}
# None fits every built-in type; a domain may forbid it, and is not here.
_EVERY |= {(type(None), name): _always for _, name in _EVERY}
_EVERY |= {(type(None), name): _always for name in ("numeric", "real", "json", "jsonb")}
_EVERY |= {(type(None), "timestamp with time zone"): _always}

QUICK: dict[str, Table] = {
    "psqlpy": {
        **_EVERY,
        (Decimal, "numeric"): _short,
        (dt.datetime, "timestamp with time zone"): _fixed_zone,
    },
    "asyncpg": {**_EVERY, (Decimal, "numeric"): _finite},
    "psycopg": {
        **_EVERY,
        (Decimal, "numeric"): _finite,
        (dt.datetime, "timestamp with time zone"): _fixed_zone,
    },
}
