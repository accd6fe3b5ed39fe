"""What a server sends, as bytes (manual, 53.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from understudy.fake_postgres.protocol.statements import Field
from understudy.pg.codecs.codec import Encoder
from understudy.pg.errors import ServerError

_int16 = struct.Struct("!H").pack
_int32 = struct.Struct("!i").pack
_head = struct.Struct("!ci").pack
_column = struct.Struct("!IhIhih").pack

NULL = b"\xff\xff\xff\xff"

PARSE_COMPLETE = _head(b"1", 4)
BIND_COMPLETE = _head(b"2", 4)
CLOSE_COMPLETE = _head(b"3", 4)
NO_DATA = _head(b"n", 4)
EMPTY_QUERY = _head(b"I", 4)
PORTAL_SUSPENDED = _head(b"s", 4)
COPY_DONE = _head(b"c", 4)
AUTHENTICATION_OK = _head(b"R", 8) + _int32(0)
READY = {status: _head(b"Z", 5) + status.encode() for status in "ITE"}
NOT_HERE = b"N"  # the answer to SSLRequest and GSSENCRequest: no message, one byte


def message(kind: bytes, body: bytes) -> bytes:
    """Return a message: its head and its body."""
    return _head(kind, len(body) + 4) + body


def text(value: str) -> bytes:
    """Spell a string as messages have it.

    A lone surrogate, which no encoding has, and a NUL become question marks: a message that a test
    wrote must not break the stream.
    """
    return value.replace("\0", "?").encode(errors="replace") + b"\0"


def sasl(step: int, data: bytes) -> bytes:
    """AuthenticationSASL (10), SASLContinue (11) or SASLFinal (12)."""
    return message(b"R", _int32(step) + data)


def negotiate_version(minor: int, unknown: Sequence[str]) -> bytes:
    """Name the newest minor version that is spoken, and options that mean nothing here."""
    names = b"".join(map(text, unknown))
    return message(b"v", _int32(3 << 16 | minor) + _int32(len(unknown)) + names)


def parameter_status(name: str, value: str) -> bytes:
    """Report a run-time parameter."""
    return message(b"S", text(name) + text(value))


def backend_key_data(pid: int, secret: int) -> bytes:
    """Tell what a CancelRequest for this connection has to know."""
    return message(b"K", struct.pack("!II", pid, secret))


def notification(pid: int, channel: str, payload: str) -> bytes:
    """Deliver a NOTIFY."""
    return message(b"A", _int32(pid) + text(channel) + text(payload))


def parameter_description(oids: Sequence[int]) -> bytes:
    """Tell the types of a statement's parameters."""
    return message(b"t", struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def row_description(fields: Sequence[Field], formats: Sequence[int]) -> bytes:
    """Tell the columns of a result, and the format of each."""
    parts = [_int16(len(fields))]
    for field, form in zip(fields, formats, strict=True):
        parts.append(text(field.name))
        parts.append(
            _column(field.table, field.attribute, field.oid, field.size, field.modifier, form)
        )
    return message(b"T", b"".join(parts))


def columns(fields: Sequence[Field] | None, formats: Sequence[int]) -> bytes:
    """Answer a Describe: with the columns, or NoData."""
    return NO_DATA if fields is None else row_description(fields, formats)


def data_row(values: Sequence[Any], encoders: Sequence[Encoder]) -> bytes:
    """Send a row: each value through its encoder, None as NULL."""
    parts = [_int16(len(encoders))]
    add = parts.append
    for encode, value in zip(encoders, values, strict=True):
        if value is None:
            add(NULL)
        else:
            data = encode(value)
            add(_int32(len(data)))
            add(data)
    body = b"".join(parts)
    return _head(b"D", len(body) + 4) + body


def command_complete(tag: str) -> bytes:
    """Say that a statement is done, and what it did."""
    return message(b"C", text(tag))


def copy_response(kind: bytes, columns: int, form: int) -> bytes:
    """CopyInResponse (b"G") or CopyOutResponse (b"H")."""
    return message(kind, struct.pack(f"!bH{columns}h", form, columns, *[form] * columns))


def copy_data(data: bytes) -> bytes:
    """Send a piece of a COPY."""
    return message(b"d", data)


def error_response(error: ServerError, severity: str | None = None) -> bytes:
    """Send an error with every field that it has."""
    return message(b"E", _fields(error, severity))


def notice_response(error: ServerError) -> bytes:
    """Send the same as a warning or a notice, which stops nothing."""
    return message(b"N", _fields(error, None))


def _fields(error: ServerError, severity: str | None) -> bytes:
    fields = error.fields
    shown = severity or fields.severity
    position = None if error.position is None else str(error.position)
    pairs: Iterable[tuple[bytes, str | None]] = (
        (b"S", shown),
        (b"V", shown),
        (b"C", fields.sqlstate),
        (b"M", fields.message),
        (b"D", fields.detail),
        (b"H", fields.hint),
        (b"P", position),
        (b"W", error.context),
        (b"s", fields.schema),
        (b"t", fields.table),
        (b"c", fields.column),
        (b"d", fields.datatype),
        (b"n", fields.constraint),
        *error.rest,
    )
    return b"".join(letter + text(value) for letter, value in pairs if value is not None) + b"\0"
