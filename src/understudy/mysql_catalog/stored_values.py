"""Whether a column takes a value that is stored in it, in strict sql_mode.

What is not certain is taken: a rule here was compared with a server's answers, for random values of
each type (tests/mysql_catalog/test_stored_values.py). The texts are MySQL's; MariaDB names a column
with its table and database.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from understudy.catalog.description import Refusal, RowCheck
from understudy.mysql_catalog.column_types import (
    BYTES,
    DATES,
    INTEGERS,
    TEXTS,
    ColumnType,
    read_type,
)
from understudy.mysql_catalog.schema import GENERATED

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?(Z?)"
)
# Two digits alone, or no digit at the beginning, or a letter after few digits.
_NO_DATE = re.compile(r"\d{1,2}\Z|\s*(?:[^\d\s]|\Z)|\d{1,3}[A-SU-Za-su-z]")
# What begins neither with a number nor with a sign, or goes on with a letter.
_NO_TIME = re.compile(r"\s*(?:\d+[A-SU-Za-su-z]|[^\d\s-]|\Z)")
# A whole moment, and something after it that is neither a fraction nor a time zone.
_MORE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[A-Ya-z']")
_CLOCK = re.compile(r"-?(\d+):(\d\d)(?::(\d\d)(?:\.\d*)?)?")
_OPEN_NUMBER = re.compile(r"\d\.(?!\d)")  # MariaDB takes it in JSON
_UUID = re.compile(r"[0-9a-fA-F]{32}")
_DIGITS = Context(prec=400)
_MOST_HOURS = 838
_LEAST_DATE = 101  # as a number: 0-01-01 without its zeros
_LAST_OF_TWO = 991231  # of a year of two digits
_FIRST_DAY, _LAST_DAY, _LAST_SHORT = 10000101, 99991231, 991231235959
_YEARS = (1901, 2155)
_LONGEST_FLOAT = Decimal("3.5e38")
# A TIMESTAMP begins in 1970 and ends in 2038, on MariaDB 11.5 in 2106; a day more for time zones.
_FIRST, _LAST = datetime.date(1969, 12, 31), datetime.date(2106, 2, 8)

_Check = Callable[[str, ColumnType, Any], "Refusal | None"]


def refusal(column: str, type_name: str, value: Any) -> Refusal | None:
    """Return the error with which a server refuses to store a value; None if it may take it.

    Args:
        column: the name of the column.
        type_name: its type as `information_schema` prints it.
        value: what a statement stores; not None.
    """
    kind = read_type(type_name)
    check = _CHECKS.get("json" if kind.is_json else kind.name)
    if check is None:
        return None
    return check(column, kind, int(value) if isinstance(value, bool) else value)


def null_refused(column: str) -> Refusal:
    """Return the error of NULL for a column that must not be NULL."""
    return Refusal("23000", f"Column '{column}' cannot be null", code=1048)


def check_refused(check: RowCheck, *, is_mariadb: bool) -> Refusal:
    """Return the error of a row that a constraint does not allow."""
    if is_mariadb:
        message = f"CONSTRAINT `{check.name}` failed for `{check.table}`: {check.condition}"
        return Refusal("23000", message, code=4025)
    message = f"Check constraint '{check.name}' is violated: {check.condition}"
    return Refusal("HY000", message, code=3819)


def _generated(column: str, kind: ColumnType, value: Any) -> Refusal:
    message = f"The value specified for generated column '{column}' has been ignored"
    return Refusal("HY000", message, code=1906)


def number_in(text: str) -> tuple[Decimal, bool] | None:
    """Return the number that a text begins with, and whether it is nothing else; None if none."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    return Decimal(match[0].strip()), not text[match.end() :].strip()


def as_number(value: Any) -> Any:
    """Return what a column of numbers stores for a boolean, or for a text that is a number."""
    if isinstance(value, bool):
        return int(value)
    found = number_in(value) if isinstance(value, str) else None
    if found is None or not found[1]:
        return value
    number = found[0]
    return int(number) if number == number.to_integral_value() else number


def as_stored_number(value: Any, type_name: str) -> Any:
    """Return what a column of whole numbers stores for a number with a fraction."""
    if type_name == "integer" and isinstance(value, Decimal) and value.is_finite():
        return int(value.to_integral_value(ROUND_HALF_UP, _DIGITS))
    return value


# Errors ------------------------------------------------------------------------------------------


def _incorrect(what: str, value: Any, column: str, code: int = 1366) -> Refusal:
    state = {1366: "HY000", 1292: "22007"}[code]
    message = f"Incorrect {what} value: '{value}' for column '{column}' at row 1"
    return Refusal(state, message, code=code)


def _truncated(column: str) -> Refusal:
    return Refusal("01000", f"Data truncated for column '{column}' at row 1", code=1265)


def _out_of_range(column: str) -> Refusal:
    return Refusal("22003", f"Out of range value for column '{column}' at row 1", code=1264)


def _too_long(column: str) -> Refusal:
    return Refusal("22001", f"Data too long for column '{column}' at row 1", code=1406)


# Numbers -----------------------------------------------------------------------------------------


def _number(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    is_whole = True
    if isinstance(value, str):
        found = number_in(value)
        if found is None:
            what = "integer" if kind.name in INTEGERS or kind.name == "year" else kind.name
            return _incorrect(what, value, column)
        value, is_whole = found
    if not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(value)
    if not number.is_finite():
        return None
    is_outside = _is_outside(kind, number)
    if not is_whole and (kind.name == "decimal" or not is_outside):
        return _truncated(column)
    return _out_of_range(column) if is_outside else None


def _is_outside(kind: ColumnType, number: Decimal) -> bool:
    if kind.name == "decimal":
        precision, scale = (*kind.sizes, 0, 0)[:2]
        rounded = number
        if abs(number) < Decimal(10) ** precision:
            rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _DIGITS)
        is_negative = kind.is_unsigned and rounded < 0
        return is_negative or abs(rounded) >= Decimal(1).scaleb(precision - scale)
    if kind.name == "year":
        return _is_no_year(number)
    if kind.name in INTEGERS:
        least, most = kind.bounds
        # How a half is rounded depends on the literal.
        near = 0 if number == number.to_integral_value() else 1
        return number < least - near or number > most + near
    return (kind.is_unsigned and number < 0) or (
        kind.name == "float" and abs(number) > _LONGEST_FLOAT
    )


def _is_no_year(number: Decimal) -> bool:
    least, most = _YEARS
    if number != number.to_integral_value():  # how it is rounded depends on the literal
        return number > most + 1
    return number < 0 or 99 < number < least or number > most


def _bits(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        value = int.from_bytes(value, "big")
    size = kind.sizes[0] if kind.sizes else 1
    is_wrong = isinstance(value, int | Decimal) and not 0 <= round(value) < 1 << size
    return _too_long(column) if is_wrong else None


# Texts -------------------------------------------------------------------------------------------


def _text(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if isinstance(value, Decimal):
        value = format(value if value else abs(value), "f")
    elif isinstance(value, int):
        value = str(value)
    if kind.length is None or not isinstance(value, str):
        return None
    # Spaces that are too many are cut off.
    return _too_long(column) if len(value.rstrip(" ")) > kind.length else None


def _bytes(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if isinstance(value, int):
        value = str(value)
    if kind.length is None or not isinstance(value, str | bytes):
        return None
    return _too_long(column) if len(value) > kind.length else None


def _label(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    """Check a value of ENUM: a label, or its number."""
    if isinstance(value, int | Decimal):
        return None if 1 <= value < len(kind.labels) + 1 else _truncated(column)
    if not isinstance(value, str) or not value.isascii():
        return None
    found = number_in(value)
    may_be_number = found is not None and found[1] and 0 < found[0] <= len(kind.labels)
    is_label = _folded(value) in map(_folded, kind.labels)
    return None if is_label or may_be_number else _truncated(column)


def _labels(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    """Check a value of SET: labels with commas between them, or their bits."""
    most = 1 << len(kind.labels)
    if isinstance(value, int | Decimal):
        return None if -1 < value < most else _truncated(column)
    if not isinstance(value, str) or not value.isascii() or not value.strip():
        return None
    found = number_in(value)
    may_be_number = found is not None and found[1] and 0 <= found[0] < most
    known = set(map(_folded, kind.labels))
    is_known = all(_folded(label) in known for label in value.split(","))
    return None if is_known or may_be_number else _truncated(column)


def _folded(label: str) -> str:
    """Return a label as a collation compares it, if it ignores case."""
    return label.rstrip(" ").casefold()


def _json(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if not isinstance(value, str) or _OPEN_NUMBER.search(value):
        return None
    try:
        json.loads(value, strict=False, parse_constant=_no_constant)
    except ValueError:
        if kind.name == "json":
            message = f"Invalid JSON text in value for column '{column}'"
            return Refusal("22032", message, code=3140)
        return Refusal("23000", f"CONSTRAINT `{column}` failed: json_valid(`{column}`)", code=4025)
    except RecursionError:
        return None
    return None


def _no_constant(name: str) -> None:
    """Refuse what JSON does not have: NaN, Infinity."""
    raise ValueError(name)


def _uuid(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if not isinstance(value, str) or _UUID.fullmatch(value.strip().replace("-", "")):
        return None
    return _incorrect("uuid", value, column, 1292)


# Dates and times ---------------------------------------------------------------------------------


def _moment(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if _is_no_moment(kind, value):
        return _incorrect("date" if kind.name == "date" else "datetime", value, column, 1292)
    return None


def _is_no_moment(kind: ColumnType, value: Any) -> bool:
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, datetime.date):
        return _is_outside_timestamps(kind, value)
    if isinstance(value, int | Decimal):
        return _is_no_day(int(value), has_zeros=kind.name != "timestamp")
    if not isinstance(value, str):
        return False
    match = _MOMENT.fullmatch(value)
    if match is None:
        is_more = _MORE.match(value) is not None
        is_clock = kind.name == "timestamp" and _CLOCK.fullmatch(value) is not None
        if is_clock and 99 < int(value.partition(":")[0]) < _FIRST.year:
            return True  # read as year, month and day
        return is_more or _NO_DATE.match(value) is not None
    year, month, number, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if month > 12 or hour > 23 or minute > 59 or second > 59 or match[7]:
        return True
    if not (year and month and number):  # zeros are taken, unless the sql_mode forbids them
        return number > 31
    try:
        return _is_outside_timestamps(kind, datetime.date(year, month, number))
    except ValueError:
        return True


def _is_no_day(number: int, *, has_zeros: bool = True) -> bool:
    """Return whether a number is no date: 20240506 and 240506 are.

    Args:
        number: the number.
        has_zeros: whether the month and the day may be zero.
    """
    if _LAST_DAY < number <= _LAST_SHORT:  # with a time of six digits
        number //= 1_000_000
        return number < _LEAST_DATE or number // 100 % 100 > 12 or number % 100 > 31
    if not number:
        return False
    month, day = number // 100 % 100, number % 100
    is_day = _LEAST_DATE <= number <= _LAST_OF_TWO or _FIRST_DAY <= number <= _LAST_DAY
    return not is_day or month > 12 or day > 31 or not (has_zeros or (month and day))


def _is_outside_timestamps(kind: ColumnType, day: datetime.date) -> bool:
    return kind.name == "timestamp" and not _FIRST <= day <= _LAST


def _time(column: str, kind: ColumnType, value: Any) -> Refusal | None:
    if isinstance(value, int | Decimal) and _FIRST_DAY <= value <= _LAST_SHORT:
        return _incorrect("time", value, column, 1292) if _is_no_day(int(value)) else None
    if not isinstance(value, str):
        return None
    match = _CLOCK.fullmatch(value)
    if match is None:
        is_moment = _MOMENT.fullmatch(value) is not None
        is_wrong = is_moment and (":" not in value or _is_no_moment(kind, value))
        is_wrong = is_wrong or _NO_TIME.match(value) is not None
    else:
        is_wrong = int(match[1]) > _MOST_HOURS or int(match[2]) > 59 or int(match[3] or 0) > 59
    return _incorrect("time", value, column, 1292) if is_wrong else None


_CHECKS: dict[str, _Check] = {
    **dict.fromkeys([*INTEGERS, "decimal", "float", "double", "year"], _number),
    **dict.fromkeys(TEXTS, _text),
    **dict.fromkeys(BYTES, _bytes),
    **dict.fromkeys(DATES, _moment),
    "enum": _label,
    "set": _labels,
    "bit": _bits,
    "json": _json,
    "time": _time,
    "uuid": _uuid,
    GENERATED: _generated,
}
