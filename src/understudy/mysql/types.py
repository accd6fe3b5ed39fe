"""Types of columns, and their values: as Python has them, as text and in binary form.

A row of COM_QUERY has its values as text, a row of a prepared statement in binary form. The
classes are those of PyMySQL, aiomysql and asyncmy: TIME is a timedelta, BIT is bytes, SET and JSON
are str. A value without a Python class, such as the date 0000-00-00, is a str.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, IntFlag
from typing import Any, Final

from understudy.mysql.charsets import BINARY, UTF8MB4
from understudy.mysql.floats import float_text

NOT_FIXED: Final = 39  # or 31: the decimals of a floating-point number without a fixed scale


class Type(IntEnum):
    """The type of a column or parameter on the wire."""

    DECIMAL = 0
    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    NULL = 6
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    VARCHAR = 15
    BIT = 16
    JSON = 245
    NEWDECIMAL = 246
    ENUM = 247
    SET = 248
    TINY_BLOB = 249
    MEDIUM_BLOB = 250
    LONG_BLOB = 251
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


class Flag(IntFlag):
    """What a column's definition says beside its type."""

    NOT_NULL = 1
    PRIMARY_KEY = 2
    UNIQUE_KEY = 4
    MULTIPLE_KEY = 8
    BLOB = 16
    UNSIGNED = 32
    ZEROFILL = 64
    BINARY = 128
    ENUM = 256
    AUTO_INCREMENT = 512
    TIMESTAMP = 1024
    SET = 2048


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a result, or a parameter.

    Attributes:
        name: its name in the result.
        type: a Type.
        collation: of its text; BINARY for bytes, numbers and dates.
        length: the most bytes of its text.
        flags: Flags.
        decimals: the digits after the point: of a number, or of a second.
        schema, table: what it is a column of; "" for none.
        original_table, original_name: their names without an alias.
    """

    name: str
    type: int = Type.VAR_STRING
    collation: int = UTF8MB4
    length: int = 1020
    flags: int = 0
    decimals: int = 0
    schema: str = ""
    table: str = ""
    original_table: str = ""
    original_name: str = ""

    @property
    def is_bytes(self) -> bool:
        """Whether its values are bytes, and not text."""
        if self.type in (Type.BIT, Type.GEOMETRY):
            return True
        return self.collation == BINARY and self.type in _STRINGS


class BadValue(ValueError):
    """A value that a column of its type cannot have."""


INTEGERS: Final = {
    Type.TINY: 1,
    Type.SHORT: 2,
    Type.YEAR: 2,
    Type.INT24: 4,
    Type.LONG: 4,
    Type.LONGLONG: 8,
}
_STRINGS: Final = frozenset(
    {
        *(Type.VARCHAR, Type.VAR_STRING, Type.STRING, Type.ENUM, Type.SET, Type.BIT),
        *(Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB, Type.BLOB, Type.GEOMETRY),
    }
)
_DECIMALS: Final = frozenset({Type.DECIMAL, Type.NEWDECIMAL})
_NUMBERS: Final = frozenset({*INTEGERS, *_DECIMALS, Type.FLOAT, Type.DOUBLE})


def text_of(value: Any, column: Column, codec: str = "utf-8") -> bytes:
    """Return a value, never None, as the text of a row.

    Args:
        value: as a driver returns it, or of a class that it accepts as a parameter.
        column: its column.
        codec: Python's codec of the connection's character set.

    Raises:
        BadValue: the column cannot have it.
    """
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    try:
        if isinstance(value, str):
            if column.type in _NUMBERS:
                _READERS[column.type](value)
            return value.encode(codec, "replace")
        return _encoded(_WRITERS.get(column.type, _write_other)(value, column), codec)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        raise refusal(value, column) from None


def refusal(value: Any, column: Column) -> BadValue:
    """Return the error for a value that a column cannot have."""
    return BadValue(f"{value!r} is no value of column {column.name} of type {type_name(column)}")


def type_name(column: Column) -> str:
    """Return the name of a column's type for messages: `LONGLONG`, `BLOB`."""
    try:
        return Type(column.type).name
    except ValueError:
        return str(column.type)


def _encoded(text: str | bytes, codec: str) -> bytes:
    return text if isinstance(text, bytes) else text.encode(codec, "replace")


def _write_int(value: Any, column: Column) -> str:
    number = int(value)
    if number != value:
        raise ValueError
    if column.flags & Flag.ZEROFILL or column.type == Type.YEAR:
        return str(number).zfill(4 if column.type == Type.YEAR else column.length)
    return str(number)


def _write_decimal(value: Any, column: Column) -> str:
    return format(
        Decimal(str(value) if isinstance(value, float) else value), f".{column.decimals}f"
    )


def _write_float(value: Any, column: Column) -> str:
    if column.decimals < 31:
        return format(value, f".{column.decimals}f")
    return float_text(float(value), single=column.type == Type.FLOAT)


def _write_date(value: Any, column: Column) -> str:
    return f"{value.year:04}-{value.month:02}-{value.day:02}"


def _write_datetime(value: Any, column: Column) -> str:
    day = _write_date(value, column)
    if not isinstance(value, datetime):
        return f"{day} 00:00:00{_fraction(0, column)}"
    clock = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
    return f"{day} {clock}{_fraction(value.microsecond, column)}"


def _write_time(value: Any, column: Column) -> str:
    is_negative, seconds, microseconds = time_parts(value)
    hours, seconds = divmod(seconds, 3600)
    clock = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"
    return f"{'-' if is_negative else ''}{clock}{_fraction(microseconds, column)}"


def time_parts(value: timedelta | time) -> tuple[bool, int, int]:
    """Return the sign, the seconds and the microseconds of a TIME."""
    if isinstance(value, time):
        return False, value.hour * 3600 + value.minute * 60 + value.second, value.microsecond
    is_negative = value < timedelta(0)
    value = abs(value)
    return is_negative, value.days * 86400 + value.seconds, value.microseconds


def _fraction(microseconds: int, column: Column) -> str:
    digits = column.decimals if column.decimals <= 6 else 0
    return f".{microseconds:06}"[: digits + 1] if digits else ""


def _write_bit(value: Any, column: Column) -> bytes:
    return int(value).to_bytes((column.length + 7) // 8, "big")


def _write_set(value: Any, column: Column) -> str:
    return ",".join(sorted(value) if isinstance(value, (set, frozenset)) else value)


def _write_json(value: Any, column: Column) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write_other(value: Any, column: Column) -> str | bytes:
    """Write a value in a column of text: as MySQL casts it, where that is one way."""
    if isinstance(value, (dict, list)):
        return _write_json(value, column)
    return _WRITERS[_type_of(value)](value, replace(column, decimals=_decimals_of(value)))


_WRITERS: Final[dict[int, Callable[[Any, Column], str | bytes]]] = {
    **dict.fromkeys(INTEGERS, _write_int),
    **dict.fromkeys(_DECIMALS, _write_decimal),
    Type.FLOAT: _write_float,
    Type.DOUBLE: _write_float,
    Type.DATE: _write_date,
    Type.DATETIME: _write_datetime,
    Type.TIMESTAMP: _write_datetime,
    Type.TIME: _write_time,
    Type.BIT: _write_bit,
    Type.SET: _write_set,
    Type.JSON: _write_json,
}


def value_of(text: bytes, column: Column, codec: str = "utf-8") -> Any:
    """Return the value of a row's text, as PyMySQL does.

    Args:
        text: as a server sends it; never None.
        column: its column.
        codec: Python's codec of the connection's character set.
    """
    if column.is_bytes:
        return text
    read = _READERS.get(column.type)
    decoded = text.decode(codec, "replace")
    if read is None:
        return decoded
    try:
        return read(decoded)
    except (ValueError, ArithmeticError):
        return decoded  # such as 0000-00-00, which has no Python class


def _read_datetime(text: str) -> datetime:
    return datetime.fromisoformat(_six_digits(text))


def _six_digits(text: str) -> str:
    """Write a fraction of a second with six digits."""
    whole, point, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}" if point else whole


def _read_time(text: str) -> timedelta:
    hours, minutes, seconds = _six_digits(text.removeprefix("-")).split(":")
    whole, _, fraction = seconds.partition(".")
    value = timedelta(
        hours=int(hours), minutes=int(minutes), seconds=int(whole), microseconds=int(fraction or 0)
    )
    return -value if text.startswith("-") else value


_READERS: Final[dict[int, Callable[[str], Any]]] = {
    **dict.fromkeys(INTEGERS, int),
    **dict.fromkeys(_DECIMALS, Decimal),
    Type.FLOAT: float,
    Type.DOUBLE: float,
    Type.DATE: date.fromisoformat,
    Type.DATETIME: _read_datetime,
    Type.TIMESTAMP: _read_datetime,
    Type.TIME: _read_time,
}


def column_of(name: str, values: Sequence[Any]) -> Column:
    """Return the column that a server without a schema makes of values.

    Args:
        name: its name.
        values: those of the column, in all rows.

    Raises:
        BadValue: no type has them all.
    """
    kinds = {_type_of(value) for value in values if value is not None}
    if not kinds:
        return Column(name, Type.NULL, BINARY, 0, Flag.BINARY)
    common = next((common for members, common in _COMMON if kinds <= members), None)
    if len(kinds) > 1 and common is None:
        names = " and ".join(sorted(kind.name for kind in kinds))
        raise BadValue(f"column {name} has values of several types: {names}")
    kind = kinds.pop() if common is None or len(kinds) == 1 else common
    present = [value for value in values if value is not None]
    if kind == Type.VAR_STRING:
        return Column(name)
    if kind == Type.SET:  # on the wire a SET is a string with a flag
        return Column(name, Type.STRING, flags=Flag.SET)
    if kind == Type.BLOB:
        return Column(name, kind, BINARY, 65535, Flag.BLOB | Flag.BINARY)
    if kind == Type.JSON:
        return Column(name, kind, BINARY, 0xFFFFFFFF, Flag.BLOB | Flag.BINARY)
    flags = Flag.BINARY
    if kind == Type.LONGLONG and max(present) >= 1 << 63:
        flags |= Flag.UNSIGNED
    decimals = max(map(_decimals_of, present))
    return Column(name, kind, BINARY, _LENGTHS.get(kind, 20), flags, decimals)


def _type_of(value: Any) -> Type:
    """Return the type of a Python value, never None."""
    if isinstance(value, Enum):
        value = value.value
    for classes, kind in _CLASSES:
        if isinstance(value, classes):
            return kind
    raise BadValue(f"MySQL has no value for {value!r} of class {type(value).__name__}")


def _decimals_of(value: Any) -> int:
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return max(0, -exponent) if isinstance(exponent, int) else 0
    if isinstance(value, float):
        return NOT_FIXED
    parts = getattr(value, "microsecond", 0) or getattr(value, "microseconds", 0)
    return 6 if parts else 0


_CLASSES: Final[tuple[tuple[type | tuple[type, ...], Type], ...]] = (
    (int, Type.LONGLONG),
    (str, Type.VAR_STRING),
    (float, Type.DOUBLE),
    (Decimal, Type.NEWDECIMAL),
    (datetime, Type.DATETIME),
    (date, Type.DATE),
    ((timedelta, time), Type.TIME),
    ((bytes, bytearray, memoryview), Type.BLOB),
    ((set, frozenset), Type.SET),
    ((dict, list), Type.JSON),
)
_COMMON: Final = (
    ({Type.LONGLONG, Type.NEWDECIMAL}, Type.NEWDECIMAL),
    ({Type.LONGLONG, Type.DOUBLE, Type.NEWDECIMAL}, Type.DOUBLE),
    ({Type.DATE, Type.DATETIME}, Type.DATETIME),
)
_LENGTHS: Final[dict[int, int]] = {
    Type.DOUBLE: 22,
    Type.DATE: 10,
    Type.DATETIME: 26,
    Type.TIME: 17,
    Type.NEWDECIMAL: 67,
}
