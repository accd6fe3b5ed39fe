"""Build the messages to the real server (PostgreSQL manual, 53.7)."""

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
    """Run a simple query, of any number of statements."""
    return message(b"Q", text(sql))


def parse(name: str, sql: str, declared: Sequence[int]) -> bytes:
    """Prepare a statement with the declared types of its parameters."""
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
    """Bind values to a prepared statement, as the client sent them."""
    count = len(values)
    forms = [0 if value is None else value.form for value in values]
    parts = [text(portal), text(statement), struct.pack(f"!H{count}H", count, *forms)]
    parts.append(_int16(count))
    for value in values:
        parts += [NULL] if value is None else [_int32(len(value.data)), value.data]
    parts.append(struct.pack(f"!H{len(formats)}H", len(formats), *formats))
    return message(b"B", b"".join(parts))


def execute(portal: str, limit: int) -> bytes:
    """Fetch at most `limit` rows of a portal; 0 fetches all."""
    return message(b"E", text(portal) + _int32(limit))


def close_portal(name: str) -> bytes:
    """Close a portal, if it exists."""
    return message(b"C", b"P" + text(name))


def close_statement(name: str) -> bytes:
    """Close a prepared statement, if it exists."""
    return message(b"C", b"S" + text(name))


def copy_data(data: bytes) -> bytes:
    """Send a part of a COPY to the server."""
    return message(b"d", data)
