"""Parse the messages of clients (manual, 53.7).

A malformed message is refused with PostgreSQL's own text.
"""

from __future__ import annotations

import struct

from understudy.fake_postgres.protocol import errors

Formats = tuple[int, ...]

_length = struct.Struct("!i").unpack_from


def decode(data: bytes) -> str:
    """Decode a string of the client, which is always UTF-8.

    Raises:
        ServerError: it is invalid UTF-8.
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        wrong = data[error.start : error.start + _rune(data, error)]
        shown = " ".join(f"0x{byte:02x}" for byte in wrong)
        raise errors.error("22021", f'invalid byte sequence for encoding "UTF8": {shown}') from None


def _rune(data: bytes, error: UnicodeDecodeError) -> int:
    """Return how many bytes PostgreSQL shows of an invalid sequence."""
    first = data[error.start]
    length = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
    return min(length, len(data) - error.start)


def query(body: bytes) -> str:
    """Read a Query: its SQL.

    Raises:
        ServerError: the message is malformed.
    """
    sql, end = _string(body, 0)
    _no_more(body, end)
    return sql


def parse(body: bytes) -> tuple[str, str, tuple[int, ...]]:
    """Read a Parse: the statement's name, its SQL, the types declared for its parameters.

    Raises:
        ServerError: the message is malformed.
    """
    name, end = _string(body, 0)
    sql, end = _string(body, end)
    count, end = _count(body, end)
    if len(body) - end < 4 * count:
        raise errors.insufficient_data()
    oids = struct.unpack_from(f"!{count}I", body, end)
    _no_more(body, end + 4 * count)
    return name, sql, oids


def bind(body: bytes) -> tuple[str, str, Formats, list[bytes | None], Formats]:
    """Read a Bind: the portal to make, the statement, formats, values, formats of the columns.

    A value is None for NULL. Formats are none, one for all, or one for each.

    Raises:
        ServerError: the message is malformed.
    """
    portal, end = _string(body, 0)
    statement, end = _string(body, end)
    formats, end = _formats(body, end)
    count, end = _count(body, end)
    values: list[bytes | None] = []
    for number in range(1, count + 1):
        start = end + 4
        length = _length(body, end)[0] if start <= len(body) else -2
        end = start + max(length, 0)
        if length < -1 or end > len(body):
            raise errors.in_parameter(errors.insufficient_data(), portal, number)
        values.append(None if length == -1 else body[start:end])
    results, end = _formats(body, end)
    _no_more(body, end)
    return portal, statement, formats, values, results


def execute(body: bytes) -> tuple[str, int]:
    """Read an Execute: the portal's name, and how many rows at most (0: all).

    Raises:
        ServerError: the message is malformed.
    """
    name, end = _string(body, 0)
    size = len(body) - end
    if size != 4:
        raise errors.insufficient_data() if size < 4 else errors.invalid_format()
    (limit,) = _length(body, end)
    return name, limit if limit > 0 else 0


def named(body: bytes) -> tuple[str, str]:
    """Read a Describe or a Close: "S" for a statement, "P" for a portal, and its name.

    Raises:
        ServerError: the message is malformed.
    """
    if not body:
        raise errors.error("08P01", "no data left in message")
    name, end = _string(body, 1)
    _no_more(body, end)
    return chr(body[0]), name


def _string(body: bytes, start: int) -> tuple[str, int]:
    end = body.find(0, start)
    if end < 0:
        raise errors.error("08P01", "invalid string in message")
    if end == start:
        return "", end + 1
    return decode(body[start:end]), end + 1


def _count(body: bytes, start: int) -> tuple[int, int]:
    end = start + 2
    if len(body) < end:
        raise errors.insufficient_data()
    return body[start] << 8 | body[start + 1], end


def _formats(body: bytes, start: int) -> tuple[Formats, int]:
    count, start = _count(body, start)
    if count == 0:
        return (), start
    if len(body) - start < 2 * count:
        raise errors.insufficient_data()
    return struct.unpack_from(f"!{count}h", body, start), start + 2 * count


def _no_more(body: bytes, end: int) -> None:
    if end != len(body):
        raise errors.invalid_format()
