"""What is sent to the real server, as bytes (manual, 53.7)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from understudy.fake_postgres.protocol.backend_messages import NULL, message, text
from understudy.fake_postgres.protocol.statements import Sent

_int16 = struct.Struct("!H").pack
_int32 = struct.Struct("!i").pack

SYNC = message(b"S", b"")
FLUSH = message(b"H", b"")
COPY_DONE = message(b"c", b"")


def query(sql: str) -> bytes:
    """A simple query: any number of statements."""
    return message(b"Q", text(sql))


def parse(name: str, sql: str, declared: Sequence[int]) -> bytes:
    """Prepare a statement, with the types that are declared for its parameters."""
    oids = struct.pack(f"!H{len(declared)}I", len(declared), *declared)
    return message(b"P", text(name) + text(sql) + oids)


def describe(name: str) -> bytes:
    """Ask for the parameters and the columns of a prepared statement."""
    return message(b"D", b"S" + text(name))


def describe_portal(name: str) -> bytes:
    """Ask for the columns of a portal, or of a cursor."""
    return message(b"D", b"P" + text(name))


def bind(
    portal: str, statement: str, values: Sequence[Sent | None], formats: Sequence[int]
) -> bytes:
    """Bind values, as a client sent them, to a prepared statement."""
    count = len(values)
    forms = [0 if each is None else each.form for each in values]
    parts = [text(portal), text(statement), struct.pack(f"!H{count}H", count, *forms)]
    parts.append(_int16(count))
    for each in values:
        parts += [NULL] if each is None else [_int32(len(each.data)), each.data]
    parts.append(struct.pack(f"!H{len(formats)}H", len(formats), *formats))
    return message(b"B", b"".join(parts))


def execute(portal: str, limit: int) -> bytes:
    """Run a portal, for at most so many rows; 0 is all."""
    return message(b"E", text(portal) + _int32(limit))


def close_portal(name: str) -> bytes:
    """Drop a portal, where there is one."""
    return message(b"C", b"P" + text(name))


def copy_data(data: bytes) -> bytes:
    """A piece of a COPY to the server."""
    return message(b"d", data)
