"""The types of common extensions, as their own input, output and send functions have them.

The values were recorded on PostgreSQL 15 with contrib; those of pgvector are compared with the
embedded server (tests/conformance/wire).
"""

from __future__ import annotations

from typing import Any

import pytest

from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import BINARY, TEXT, Unencodable
from understudy.pg.errors import ServerError
from understudy.pg.types import TypeFacts, Types

NAMES = ("hstore", "citext", "ltree", "lquery", "ltxtquery", "cube", "vector", "sparsevec")
TYPES = Types({name: TypeFacts("base") for name in (*NAMES, "extensions.hstore", "odd")})
VALUES = Values(TYPES)
# Name, text, the text that is sent back, and the binary form.
RECORDED = [
    ("hstore", "a=>1", '"a"=>"1"', "0000000100000001610000000131"),
    (
        "hstore",
        '"a b"=>"c\\"d", bb=>NULL, b=>null',
        '"b"=>NULL, "bb"=>NULL, "a b"=>"c\\"d"',
        "000000030000000162ffffffff000000026262ffffffff0000000361206200000003632264",
    ),
    ("hstore", "", "", "00000000"),
    ("hstore", '"null"=>"NULL"', '"null"=>"NULL"', "00000001000000046e756c6c000000044e554c4c"),
    ("hstore", "a=>1,a=>2", '"a"=>"1"', "0000000100000001610000000131"),
    (
        "hstore",
        " x => y , z=>w ",
        '"x"=>"y", "z"=>"w"',
        "0000000200000001780000000179000000017a0000000177",
    ),
    ("hstore", 'a=>"NULL"', '"a"=>"NULL"', "000000010000000161000000044e554c4c"),
    ("hstore", "é=>ü", '"é"=>"ü"', "0000000100000002c3a900000002c3bc"),
    ("hstore", "a=>1,", '"a"=>"1"', "0000000100000001610000000131"),
    ("hstore", "a=>b=c", '"a"=>"b=c"', "00000001000000016100000003623d63"),
    ("citext", "A b", "A b", "412062"),
    ("citext", "", "", ""),
    ("ltree", "a.b.c", "a.b.c", "01612e622e63"),
    ("ltree", "Top", "Top", "01546f70"),
    ("ltree", "", "", "01"),
    ("lquery", "*.b", "*.b", "012a2e62"),
    ("lquery", "a.*{1,2}", "a.*{1,2}", "01612e2a7b312c327d"),
    ("ltxtquery", "a & b", "a & b", "016120262062"),
    ("cube", "1", "(1)", "800000013ff0000000000000"),
    ("cube", "(1,2)", "(1, 2)", "800000023ff00000000000004000000000000000"),
    (
        "cube",
        "(1,2),(3,4)",
        "(1, 2),(3, 4)",
        "000000023ff0000000000000400000000000000040080000000000004010000000000000",
    ),
    ("cube", "1,2", "(1, 2)", "800000023ff00000000000004000000000000000"),
    (
        "cube",
        "[(1,2),(3,4)]",
        "(1, 2),(3, 4)",
        "000000023ff0000000000000400000000000000040080000000000004010000000000000",
    ),
    ("cube", "(1,2),(1,2)", "(1, 2)", "800000023ff00000000000004000000000000000"),
    ("cube", "1.5e10", "(15000000000)", "80000001420bf08eb0000000"),
    ("cube", "(0.1)", "(0.1)", "800000013fb999999999999a"),
    (
        "cube",
        "(3,4),(1,2)",
        "(3, 4),(1, 2)",
        "00000002400800000000000040100000000000003ff00000000000004000000000000000",
    ),
]


@pytest.mark.parametrize(("name", "text", "sent", "binary"), RECORDED)
def test_every_form_is_read_and_written(name: str, text: str, sent: str, binary: str) -> None:
    oid = TYPES.oid(name)
    value = VALUES.decoder(oid, TEXT)(text.encode())

    assert VALUES.encoder(oid, TEXT)(value).decode() == sent
    assert VALUES.encoder(oid, BINARY)(value).hex() == binary
    assert VALUES.decoder(oid, BINARY)(bytes.fromhex(binary)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("hstore", text) for text in ("a", "a=>", "=>b", "a=>1 b=>2")),
        *(("cube", text) for text in ("", "x", "(1,2),(3)")),
        *(("vector", text) for text in ("", "1,2", "[]", "[1,]", "[nan]")),
        *(("sparsevec", text) for text in ("", "{1:1}", "{0:1}/5", "{1:1,1:2}/5", "{a:1}/5")),
    ],
)
def test_what_the_extension_refuses_is_refused(name: str, text: str) -> None:
    with pytest.raises(ServerError):
        VALUES.decoder(TYPES.oid(name), TEXT)(text.encode())


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("hstore", {"bb": None, "a": 'x"'}, '"a"=>"x\\"", "bb"=>NULL'),
        ("extensions.hstore", {"a": "1"}, '"a"=>"1"'),
        ("vector", [1, 2.5], "[1,2.5]"),
        ("vector", (1, 2), "[1,2]"),
        ("vector", "[1, 2]", "[1,2]"),
        ("cube", [1, 2], "(1, 2)"),
        ("ltree", "a.b", "a.b"),
        ("odd", "anything", "anything"),
        ("odd", b"anything", "anything"),
    ],
)
def test_values_that_a_driver_has_go_out(name: str, value: Any, text: str) -> None:
    assert VALUES.encoder(TYPES.oid(name), TEXT)(value).decode() == text


@pytest.mark.parametrize(
    ("name", "value"),
    [("hstore", {"a": 1}), ("hstore", "a"), ("vector", []), ("vector", ["x"]), ("cube", 1)],
)
def test_other_values_are_refused(name: str, value: Any) -> None:
    with pytest.raises(Unencodable):
        VALUES.encoder(TYPES.oid(name), TEXT)(value)
