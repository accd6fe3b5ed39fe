"""Which bytes the codecs accept as a value of a type, in its binary format."""

from __future__ import annotations

import pytest

from understudy.pg.codec_registry import Values
from understudy.pg.errors import ServerError
from understudy.pg.types import TypeFacts, Types

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "quantity": TypeFacts("domain", base="integer"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "listed": TypeFacts("array", base="mood"),
}
VALUES = Values(Types(FACTS))

RECEIVED = {
    "integer": [b"text"],
    "boolean": [b"\1"],
    "text": [b"\xc3\xa9"],
    "uuid": [b"x" * 16],
    "time without time zone": [bytes(8)],
    "bytea": [b"\0"],
    "name": [b"a"],
    "json": [b"[1]"],
    "jsonb": [b"\1[1]"],
    "numeric": [bytes(8), b"\0\1" + bytes(6) + b"\0\7"],
    "inet": [bytes([2, 32, 0, 4, 10, 0, 0, 1])],
    "bit varying": [bytes(4), b"\0\0\0\1\1"],
    "tsvector": [bytes(4)],
    "mood": [b"sad"],
    "quantity": [b"text"],
    "int4range": [b"\1", b"\x18", b"\x08" + b"\0\0\0\4" + b"text"],
    "int4multirange": [bytes(4), b"\0\0\0\1\0\0\0\1\1"],
    "integer[]": [
        bytes(8) + b"\0\0\0\x17",
        b"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\xff\xff\xff\xff",
    ],
    "listed": [bytes(8) + b"\0\0\0\x17"],
}  # fmt: skip
NOT_RECEIVED = {
    "integer": [b"", b"12345"],
    "text": [b"\0", b"\xff"],
    "name": [b"a" * 64],
    "time without time zone": [b"\xff" * 8],
    "jsonb": [b"[1]", b"\1["],
    "json": [b"{"],
    "numeric": [
        b"",
        bytes(4) + b"\1\0\0\0",
        bytes(6) + b"\xff\xff",
        b"\0\1" + bytes(6) + b"\xff\xff",
    ],
    "inet": [bytes([9, 32, 0, 4]), bytes([2, 99, 0, 4, 1, 2, 3, 4])],
    "bit varying": [b"\xff" * 4, b"\0\0\0\1"],
    "tsvector": [b"\0\0\0\1"],
    "mood": [b"angry"],
    "pair": [b"\0\0\0\2"],
    "int4range": [b"\0"],
    "int4multirange": [b"\xff" * 4],
    "integer[]": [
        b"\xff" * 4,
        b"\0\0\0\1\0\0\0\7",
        bytes(8) + b"\0\0\0\x19",
        b"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\5abcde",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data"), [(name, data) for name, found in RECEIVED.items() for data in found]
)
def test_bytes_that_are_read(name: str, data: bytes) -> None:
    assert VALUES.codec(name).receive(data) is not None


@pytest.mark.parametrize(
    ("name", "data"), [(name, data) for name, found in NOT_RECEIVED.items() for data in found]
)
def test_bytes_that_are_refused(name: str, data: bytes) -> None:
    with pytest.raises(ServerError):
        VALUES.codec(name).receive(data)
