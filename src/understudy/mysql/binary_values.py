"""Values in binary form: the rows and the parameters of prepared statements."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final, NamedTuple

from understudy.mysql.fields import Malformed, Reader, lenenc
from understudy.mysql.types import (
    INTEGERS,
    Column,
    Flag,
    Type,
    refusal,
    text_of,
    time_parts,
    value_of,
)

_DATES: Final = frozenset({Type.DATE, Type.DATETIME, Type.TIMESTAMP})
_TEXT_DATE = re.compile(r"(\d+)-(\d+)-(\d+)(?:[ T](\d+):(\d+):(\d+)(?:\.(\d{1,6}))?)?")


def binary_row(values: Sequence[Any], columns: Sequence[Column], codec: str = "utf-8") -> bytes:
    """Write a row of a prepared statement's result.

    Args:
        values: those of the row; None is NULL.
        columns: the columns, as many.
        codec: Python's codec of the connection's character set.

    Raises:
        BadValue: a column cannot have its value.
    """
    nulls = 0
    written = []
    for number, (value, column) in enumerate(zip(values, columns, strict=True), start=2):
        if value is None:
            nulls |= 1 << number
        else:
            written.append(_write(value, column, codec))
    bitmap = nulls.to_bytes((len(columns) + 9) // 8, "little")
    return b"".join((b"\0", bitmap, *written))


def _write(value: Any, column: Column, codec: str) -> bytes:
    kind = column.type
    try:
        if size := INTEGERS.get(kind):  # type: ignore[call-overload] # an int is found, too
            is_signed = not column.flags & Flag.UNSIGNED
            return int(text_of(value, column)).to_bytes(size, "little", signed=is_signed)
        if kind == Type.FLOAT:
            return struct.pack("<f", float(value))
        if kind == Type.DOUBLE:
            return struct.pack("<d", float(value))
        if kind in _DATES:
            return _write_datetime(value)
        if kind == Type.TIME and isinstance(value, (timedelta, time)):
            return _write_time(value)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        raise refusal(value, column) from None
    if kind == Type.TIME:
        read = value_of(text_of(value, column), column)
        if not isinstance(read, timedelta):
            raise refusal(value, column)
        return _write_time(read)
    return lenenc(text_of(value, column, codec))


def _write_datetime(value: Any) -> bytes:
    if isinstance(value, str):
        found = _TEXT_DATE.fullmatch(value)
        if found is None:
            raise ValueError
        *groups, fraction = found.groups(default="0")
        parts = [*map(int, groups), int(fraction.ljust(6, "0"))]
    else:
        parts = [value.year, value.month, value.day, 0, 0, 0, 0]
        if isinstance(value, datetime):
            parts[3:] = [value.hour, value.minute, value.second, value.microsecond]
    length = 11 if parts[6] else 7 if any(parts[3:]) else 4 if any(parts) else 0
    return bytes([length]) + struct.pack("<HBBBBBI", *parts)[:length]


def _write_time(value: timedelta | time) -> bytes:
    is_negative, seconds, microseconds = time_parts(value)
    if not (seconds or microseconds):
        return b"\0"
    days, seconds = divmod(seconds, 86400)
    hours, seconds = divmod(seconds, 3600)
    body = struct.pack("<BIBBBI", is_negative, days, hours, *divmod(seconds, 60), microseconds)
    length = 12 if microseconds else 8
    return bytes([length]) + body[:length]


def read_binary_row(packet: bytes, columns: Sequence[Column], codec: str = "utf-8") -> list[Any]:
    """Read a row of a prepared statement's result.

    Raises:
        Malformed: it does not fit the columns.
    """
    reader = Reader(packet)
    if reader.number(1) != 0:
        raise Malformed
    nulls = reader.number((len(columns) + 9) // 8)
    return [
        None if nulls >> number & 1 else _read(reader, column, codec)
        for number, column in enumerate(columns, start=2)
    ]


def _read(reader: Reader, column: Column, codec: str) -> Any:
    kind = column.type
    if size := INTEGERS.get(kind):  # type: ignore[call-overload] # as above
        return reader.number(size, signed=not column.flags & Flag.UNSIGNED)
    if kind == Type.FLOAT:
        return struct.unpack("<f", reader.take(4))[0]
    if kind == Type.DOUBLE:
        return struct.unpack("<d", reader.take(8))[0]
    if kind in _DATES:
        return _read_datetime(reader, is_date=kind == Type.DATE)
    if kind == Type.TIME:
        return _read_time(reader)
    data = reader.lenenc()
    if data is None:
        raise Malformed
    return value_of(data, column, codec)


def _read_datetime(reader: Reader, *, is_date: bool) -> date | datetime | str:
    length = reader.number(1)
    if length not in (0, 4, 7, 11):
        raise Malformed
    parts = struct.unpack("<HBBBBBI", reader.take(length).ljust(11, b"\0"))
    try:
        return date(*parts[:3]) if is_date else datetime(*parts)
    except ValueError:  # such as 0000-00-00
        day = "{:04}-{:02}-{:02}".format(*parts)
        return day if is_date else day + " {:02}:{:02}:{:02}".format(*parts[3:])


def _read_time(reader: Reader) -> timedelta:
    length = reader.number(1)
    if length not in (0, 8, 12):
        raise Malformed
    is_negative, days, hours, minutes, seconds, microseconds = struct.unpack(
        "<BIBBBI", reader.take(length).ljust(12, b"\0")
    )
    value = timedelta(days, seconds, microseconds, 0, minutes, hours)
    return -value if is_negative else value


class Execute(NamedTuple):
    """COM_STMT_EXECUTE.

    Attributes:
        id: the statement's.
        has_cursor: whether the rows are to be fetched with COM_STMT_FETCH.
        values: the parameters.
        types: their types with the flag of unsigned integers, as the client has sent them.
        sent: the parameters in binary form, with their types: what follows the iteration count in
            a packet that has all of them.
    """

    id: int
    has_cursor: bool
    values: list[Any]
    types: tuple[int, ...]
    sent: bytes = b""


def read_execute(
    body: bytes,
    count: int,
    types: tuple[int, ...] = (),
    long_data: Mapping[int, bytes] | None = None,
    codec: str = "utf-8",
) -> Execute:
    """Read the packet of COM_STMT_EXECUTE, without the command's byte.

    Args:
        body: the packet.
        count: the number of the statement's parameters.
        types: those of an earlier execution, which a client need not send again.
        long_data: the parameters that came with COM_STMT_SEND_LONG_DATA, by their index.
        codec: Python's codec of the connection's character set.

    Raises:
        Malformed: it does not fit the statement.
    """
    reader = Reader(body)
    number, flags = reader.number(4), reader.number(1)
    reader.number(4)  # the iteration count, always 1
    if not count:
        return Execute(number, bool(flags & 1), [], types)
    bitmap = reader.take((count + 7) // 8)
    nulls = int.from_bytes(bitmap, "little")
    if reader.number(1):
        types = tuple(reader.number(2) for _ in range(count))
    if len(types) != count:
        raise Malformed
    values: list[Any] = []
    pieces = [bitmap, b"\1", *(kind.to_bytes(2, "little") for kind in types)]
    for index, kind in enumerate(types):
        if long_data and index in long_data:
            values.append(_text_or_bytes(long_data[index], kind & 0xFF, codec))
            pieces.append(lenenc(long_data[index]))
        elif nulls >> index & 1 or kind & 0xFF == Type.NULL:
            values.append(None)
        else:
            start = reader.position
            values.append(_read_parameter(reader, kind, codec))
            pieces.append(reader.data[start : reader.position])
    return Execute(number, bool(flags & 1), values, types, b"".join(pieces))


def _read_parameter(reader: Reader, kind: int, codec: str) -> Any:
    flags = Flag.UNSIGNED if kind & 0x8000 else 0
    column = Column("", kind & 0xFF, flags=flags)
    if column.type in INTEGERS or column.type in _NOT_LENENC:
        return _read(reader, column, codec)
    data = reader.lenenc()
    if data is None:
        raise Malformed
    if column.type in (Type.DECIMAL, Type.NEWDECIMAL):
        return value_of(data, column)
    return _text_or_bytes(data, column.type, codec)


def _text_or_bytes(data: bytes, kind: int, codec: str) -> str | bytes:
    """Return a string as text unless it is sent as bytes; some drivers send both as strings."""
    if kind in _BLOBS:
        return data
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data


_NOT_LENENC: Final = frozenset({*_DATES, Type.TIME, Type.FLOAT, Type.DOUBLE})
_BLOBS: Final = frozenset({Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB, Type.BLOB, Type.BIT})
