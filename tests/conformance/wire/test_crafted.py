"""Bytes that no driver sends get the same answer as from PostgreSQL."""

from __future__ import annotations

import pytest

from tests.conformance.wire.conftest import Server
from understudy.pg.codecs.codec import BINARY, TEXT


def _numbers(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, signed=True) for number in numbers)


CRAFTED = [
    ("integer[]", _numbers(-1, 0, 23)),
    ("integer[]", _numbers(7, 0, 23)),
    ("integer[]", _numbers(1, 7, 23, 0, 1)),
    ("integer[]", _numbers(1, 0, 25, 0, 1)),
    ("integer[]", _numbers(1, 0, 99, 0, 1)),
    ("integer[]", _numbers(1, 0, 23, -1, 1)),
    ("integer[]", _numbers(1, 0, 23, 1, 1, -2)),
    ("integer[]", _numbers(1, 0, 23, 1, 1, 9, 7)),
    ("integer[]", _numbers(1, 0, 23, 1, 1, 3) + b"abc"),
    ("integer[]", _numbers(1, 0, 23, 1, 1, 5) + b"abcde"),
    ("integer[]", _numbers(1, 1, 23, 1, 1, -1)),
    ("integer[]", _numbers(2, 0, 23, 1, 1, 2, 1, 4, 7, 4, 8)),
    ("pair", _numbers(1, 23, 4, 7)),
    ("pair", _numbers(2, 25, 4, 7, 25, -1)),
    ("pair", _numbers(2, 23, -2, 25, -1)),
    ("pair", _numbers(2, 23, 5) + b"abcde" + _numbers(25, -1)),
    ("pair", _numbers(2, 23, 4, 7, 25, -1)),
    ("int4range", bytes([2]) + _numbers(4, 5, 4, 1)),
    ("int4range", bytes([6]) + _numbers(4, 1, 4, 2**31 - 1)),
    ("int4range", bytes([0]) + _numbers(4, 1, 4, 1)),
    ("int4range", bytes([2]) + _numbers(5, 1)),
    ("int4range", bytes([2]) + _numbers(-1)),
    ("int4multirange", _numbers(1, 1) + b"\1"),
    ("int4multirange", _numbers(1, 9) + b"\1"),
    ("path", b"\1" + _numbers(0)),
    ("path", b"\1" + _numbers(-1)),
    ("polygon", _numbers(0)),
    ("circle", bytes(16) + b"\xbf" + bytes(7)),
    ("inet", bytes([9, 32, 0, 4, 1, 2, 3, 4])),
    ("inet", bytes([2, 33, 0, 4, 1, 2, 3, 4])),
    ("inet", bytes([2, 32, 0, 5, 1, 2, 3, 4])),
    ("cidr", bytes([2, 8, 1, 4, 10, 0, 0, 1])),
    ("numeric", b"\0\1\0\0\x12\x34\0\0\0\1"),
    ("numeric", b"\0\1\0\0\0\0\x7f\xff\0\1"),
    ("numeric", b"\0\1\0\0\0\0\0\0\x27\x10"),
    ("numeric", b"\0\1\0\0\0\0\0\0"),
    ("date", (2**31 - 2).to_bytes(4)),
    ("timestamp with time zone", (2**63 - 2).to_bytes(8)),
    ("time without time zone", (86_400_000_001).to_bytes(8)),
    ("time with time zone", bytes(8) + (16 * 3600).to_bytes(4)),
    ("time with time zone", (86_400_000_001).to_bytes(8) + bytes(4)),
    ("bit varying", _numbers(-1)),
    ("jsonb", b"\2{}"),
    ("jsonb", b"\1" + b'"\\u0000"'),
    ("mood", b"angry"),
    ("uuid", b"x"),
    ("tid", b"x"),
    ("pg_lsn", b"x"),
    ("pg_snapshot", _numbers(-1)),
    ("pg_snapshot", _numbers(2**30 - 1)),
    ("pg_snapshot", _numbers(0, 0, 0, 0, 1)),
    ("pg_snapshot", _numbers(0, 0, 2, 0, 1)),
    ("pg_snapshot", _numbers(2, 0, 1, 0, 5, 0, 2, 0, 2)),
    ("pg_snapshot", _numbers(2, 0, 1, 0, 5, 0, 3, 0, 2)),
    ("txid_snapshot", _numbers(1, 0, 1, 0, 5, 0, 5)),
    ("txid_snapshot", _numbers(1, 0, 1, 0, 5, 0, 6)),
    ("txid_snapshot", _numbers(1, 0, 1, 0, 5)),
    ("boolean", b"\7"),
]


@pytest.mark.parametrize(("name", "data"), CRAFTED)
def test_bytes_that_no_driver_sends(server: Server, name: str, data: bytes) -> None:
    assert server.ours(name, data, BINARY, TEXT) == server.echo(name, data, BINARY, TEXT)
