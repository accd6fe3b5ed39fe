"""Read the real server's messages (PostgreSQL manual, 53.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from understudy.fake_postgres.protocol.answers import row_values
from understudy.fake_postgres.protocol.statements import Field
from understudy.pg.errors import ErrorFields, ServerError

_header = struct.Struct("!cI")
_column = struct.Struct("!IhIhih")
_FIELDS = {
    b"S": "severity", b"C": "sqlstate", b"M": "message", b"D": "detail", b"H": "hint",
    b"s": "schema", b"t": "table", b"c": "column", b"d": "datatype", b"n": "constraint",
}  # fmt: skip
# Messages that the session sends itself.
_NOT_FORWARDED = frozenset([b"1", b"2", b"3", b"t", b"T", b"n", b"G", b"S"])


@dataclass(slots=True)
class Reply:
    """The reply to one request, up to ReadyForQuery.

    Attributes:
        raw: the messages to forward to the client.
        error: the error that ended it, or None.
        tag: the last command tag, or "".
        suspended: whether there are more rows.
        parameters: the types of the parameters, if described.
        fields: the columns, if described; None if there are none.
        reported: the run-time parameters that the server has reported, by name in lower case.
        status: "I" outside of a transaction, "T" in one, "E" in one that failed.
    """

    raw: bytearray = field(default_factory=bytearray)
    error: ServerError | None = None
    tag: str = ""
    suspended: bool = False
    parameters: tuple[int, ...] = ()
    fields: tuple[Field, ...] | None = None
    reported: Mapping[str, str] = field(default_factory=dict)
    status: str = "T"


def messages(data: bytearray) -> Iterator[tuple[bytes, bytes]]:
    """Remove the complete messages from received bytes, and yield each with its type byte."""
    start = 0
    try:
        while len(data) - start >= 5:
            kind, length = _header.unpack_from(data, start)
            end = start + 1 + length
            if end > len(data):
                break
            whole = bytes(data[start:end])
            start = end
            yield kind, whole
    finally:
        del data[:start]


def take(reply: Reply, kind: bytes, whole: bytes) -> bool:
    """Add a message to a reply, and return whether it was the last one."""
    if kind == b"Z":
        reply.status = whole[5:6].decode()
        return True
    if kind == b"E":
        reply.error = error(whole[5:])
    elif kind == b"t":
        count = int.from_bytes(whole[5:7])
        reply.parameters = struct.unpack_from(f"!{count}I", whole, 7)
    elif kind == b"T":
        reply.fields = fields(whole[5:])
    elif kind not in _NOT_FORWARDED:
        reply.raw += whole
        if kind == b"C":
            reply.tag = whole[5:-1].decode()
        elif kind == b"s":
            reply.suspended = True
    return False


def error(body: bytes) -> ServerError:
    """Read an ErrorResponse with all of its fields."""
    known: dict[str, Any] = {}
    rest: list[tuple[bytes, str]] = []
    position = context = None
    for part in body.rstrip(b"\0").split(b"\0"):
        letter, value = part[:1], part[1:].decode(errors="replace")
        if letter in _FIELDS:
            known[_FIELDS[letter]] = value
        elif letter == b"P":
            position = int(value)
        elif letter == b"W":
            context = value
        elif letter != b"V":
            rest.append((letter, value))
    return ServerError(ErrorFields(**known), position, context, tuple(rest))


def fields(body: bytes) -> tuple[Field, ...]:
    """Read a RowDescription."""
    found = []
    position = 2
    for _ in range(int.from_bytes(body[:2])):
        end = body.index(0, position)
        name = body[position:end].decode()
        table, attribute, oid, size, modifier, _form = _column.unpack_from(body, end + 1)
        found.append(Field(name, oid, size, modifier, table, attribute))
        position = end + 1 + _column.size
    return tuple(found)


def rows(reply: Reply) -> list[tuple[str | None, ...]]:
    """Return the rows of a simple query, as texts.

    Raises:
        ServerError: the query failed.
    """
    if reply.error is not None:
        raise reply.error
    return [
        tuple(None if value is None else value.decode() for value in row_values(whole, 5))
        for kind, whole in messages(bytearray(reply.raw))
        if kind == b"D"
    ]
