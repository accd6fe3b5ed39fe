"""Build the messages of a client, and read those of the server."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

Message = tuple[str, object]


def socket_path(dsn: str) -> str:
    """Return the path of the Unix socket in a URL."""
    query = parse_qs(urlsplit(dsn).query)
    return f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def text(value: str) -> bytes:
    return value.encode() + b"\0"


def startup(minor: int = 0, **options: str) -> bytes:
    given = {"user": "postgres", "database": "postgres", **options}
    words = b"".join(text(name) + text(value) for name, value in given.items())
    return packet(struct.pack("!HH", 3, minor) + words + b"\0")


def packet(body: bytes) -> bytes:
    return struct.pack("!i", len(body) + 4) + body


def query(sql: str) -> bytes:
    return message(b"Q", text(sql))


def parse(name: str, sql: str, *oids: int) -> bytes:
    types = struct.pack(f"!h{len(oids)}I", len(oids), *oids)
    return message(b"P", text(name) + text(sql) + types)


def bind(
    portal: str,
    statement: str,
    *values: bytes | None,
    formats: Sequence[int] = (),
    results: Sequence[int] = (),
) -> bytes:
    body = text(portal) + text(statement)
    body += struct.pack(f"!h{len(formats)}h", len(formats), *formats)
    body += struct.pack("!h", len(values))
    for value in values:
        body += b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value)) + value
    return message(b"B", body + struct.pack(f"!h{len(results)}h", len(results), *results))


def describe(kind: str, name: str = "") -> bytes:
    return message(b"D", kind.encode() + text(name))


def execute(portal: str = "", limit: int = 0) -> bytes:
    return message(b"E", text(portal) + struct.pack("!i", limit))


def close(kind: str, name: str = "") -> bytes:
    return message(b"C", kind.encode() + text(name))


def run(sql: str, *values: bytes | None) -> bytes:
    """A statement through the extended query, without a Sync."""
    return parse("", sql) + bind("", "", *values) + execute()


def copy_data(data: bytes) -> bytes:
    return message(b"d", data)


SYNC = message(b"S")
FLUSH = message(b"H")
TERMINATE = message(b"X")
COPY_DONE = message(b"c")


def copy_fail(reason: str) -> bytes:
    return message(b"f", text(reason))


def read(data: bytes) -> list[Message]:
    """Read what a server sent: the kind of each message, and its body in Python's words."""
    found: list[Message] = []
    while data:
        kind = chr(data[0])
        (length,) = struct.unpack_from("!i", data, 1)
        found.append((kind, _body(kind, data[5 : length + 1])))
        data = data[length + 1 :]
    return found


def complete(data: bytes) -> bool:
    """Say whether there are bytes, and they end with the end of a message."""
    if not data:
        return False
    while len(data) >= 5:
        (length,) = struct.unpack_from("!i", data, 1)
        if len(data) < length + 1:
            return False
        data = data[length + 1 :]
    return not data


def _body(kind: str, body: bytes) -> object:
    if kind in "EN":
        fields = {chr(part[0]): part[1:].decode() for part in body.split(b"\0") if part}
        return {letter: value for letter, value in fields.items() if letter not in "FLRS"}
    if kind == "D":
        (count,) = struct.unpack_from("!h", body)
        values, position = [], 2
        for _ in range(count):
            (length,) = struct.unpack_from("!i", body, position)
            position += 4
            values.append(None if length < 0 else body[position : position + length])
            position += max(length, 0)
        return values
    if kind == "T":
        (count,) = struct.unpack_from("!h", body)
        columns, rest = [], body[2:]
        for _ in range(count):
            name, _, rest = rest.partition(b"\0")
            columns.append((name.decode(), *struct.unpack_from("!IhIhih", rest)))
            rest = rest[18:]
        return columns
    if kind == "S":
        name, value = body[:-1].decode().split("\0")
        return name, value
    if kind == "C":
        return body[:-1].decode()
    if kind == "K":  # as many bytes as the other version has: nobody compares them
        return "key"
    if kind == "t":
        return list(struct.unpack(f"!{(len(body) - 2) // 4}I", body[2:]))
    if kind == "A":
        return body[4:-1].decode().split("\0")
    return body.decode() if kind == "Z" else body
