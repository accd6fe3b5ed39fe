"""Which texts the codecs accept as a value of a type, and what is said of the others."""

from __future__ import annotations

import pytest

from understudy.pg.codec_registry import Values
from understudy.pg.errors import ServerError
from understudy.pg.types import TypeFacts, Types

ORDER = "range lower bound must be less than or equal to range upper bound"
FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "quantity": TypeFacts("domain", base="integer"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "floats": TypeFacts("range", base="double precision"),
    "tree": TypeFacts("composite", fields=(("children", "tree[]"),)),
    "tree[]": TypeFacts("array", base="tree"),
    "listed": TypeFacts("array", base="mood"),
    "broken": TypeFacts("domain"),
}
VALUES = Values(Types(FACTS))

READ = {
    "integer": ["7", " -7 ", "0x1F", "0b11", "1_000"],
    "oid": ["-1"],
    "numeric": ["1.5", "1e5", "NaN", "-inf", "0x1F", ".5"],
    "real": ["1.5", "inf", "1e-10"],
    "boolean": ["t", "YES", "of", "0"],
    "uuid": ["{12345678-1234-5678-1234-567812345678}", "12345678123456781234567812345678"],
    "bytea": ["\\x00ff", "a\\\\b", "\\001"],
    "inet": ["10.0.0.1", "::1/64"],
    "cidr": ["10", "10.1/16", "::/0"],
    "macaddr": ["08:00:2b:01:02:03", "08002b:010203"],
    "bit varying": ["101", "x1F", ""],
    "point": ["(1,2)", "1,2"],
    "money": ["$1,000.50", "-1"],
    "date": ["2024-01-02", "01/02/2024", "today", "Jan 2 2024", "J2451187"],
    "timestamp with time zone": ["2024-01-02 03:04:05+00", "infinity"],
    "time without time zone": ["12:30", "123045", "2024-01-02 12:30", "allballs"],
    "interval": ["1 day", "1:30", "P1D", "2 hours ago", "1-2"],
    "json": ["[1]", '"x"'],
    "jsonb": ['{"a": null}', '"\\\\u0000"'],
    "tsvector": ["a b:1,2A", "'quoted lexeme'", "a\\:b"],
    "text": ["anything"],
    "mood": ["sad"],
    "quantity": ["7"],
    "pair": ["(1,a)", "(,)", '(1,"a,""b")'],
    "int4range": ["[1,3)", "empty", "(,5]"],
    "numrange": ["[1.5,2]"],
    "floats": ["[1,2]"],
    "tstzrange": ['["2024-01-01 00:00:00+00",)'],
    "int4multirange": ["{}", "{[1,3), [5,7)}"],
    "integer[]": ["{}", "{1,NULL}", "{{1,2},{3,4}}", "[0:1]={1,2}"],
    "text[]": ['{"a,b",c\\,d,"e\\"f"}'],
    "tree": ["()", "({})"],
    "broken": ["anything"],
}
UNREADABLE = {
    "integer": ["a", "1.5", "2147483648", ""],
    "oid": ["4294967296"],
    "numeric": ["a", "1e", ""],
    "real": ["1e300", "1e-300", "1_0", "x"],
    "double precision": ["1e400"],
    "boolean": ["o", "2"],
    "uuid": ["7", "{12345678-1234-5678-1234-567812345678"],
    "bytea": ["\\x0", "a\\b"],
    "inet": ["10", "a"],
    "cidr": ["10.0.0.1/8", "x"],
    "macaddr": ["08:00"],
    "bit varying": ["12"],
    "point": ["1", "a,b"],
    "money": ["a", "99999999999999999999"],
    "date": ["soon", "1", "10.0"],
    "time without time zone": ["1", "noon"],
    "interval": ["a", "", "{}"],
    "json": ["{", "NaN"],
    "jsonb": ['"\\u0000"'],
    "tsvector": ["a:", "a\\"],
    "mood": ["angry"],
    "quantity": ["x"],
    "pair": ["(1)", "1,a", "(x,a)", "(1,a)b)"],
    "int4range": ["[3,1)", "1,3", "[a,b)"],
    "numrange": ["[2,1.5]"],
    "int4multirange": ["[1,3)", "{1}", "{[3,1)}"],
    "integer[]": ["1", "{1", "{1,}", "{,1}", "{1 {2}}", "{{1},{2,3}}", "{1,{2}}", "{a}", "{1}x"],
    "text[]": ['{"a" "b"}', "{a}b", '{"a', "{{1}{2}}"],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in READ.items() for text in texts]
)
def test_texts_that_are_read(name: str, text: str) -> None:
    assert VALUES.codec(name).input(text) is not None


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in UNREADABLE.items() for text in texts]
)
def test_texts_that_are_refused(name: str, text: str) -> None:
    with pytest.raises(ServerError):
        VALUES.codec(name).input(text)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("integer", "x", 'invalid input syntax for type integer: "x"'),
        ("smallint", "40000", 'value "40000" is out of range for type smallint'),
        ("uuid", "x" * 50, f'invalid input syntax for type uuid: "{"x" * 50}"'),
        ("integer[]", "1", 'malformed array literal: "1"'),
        ("mood", "x", 'invalid input value for enum mood: "x"'),
        ("int4range", "[3,1]", ORDER),
    ],
)
def test_what_is_said_of_a_text(name: str, text: str, said: str) -> None:
    with pytest.raises(ServerError) as caught:
        VALUES.codec(name).input(text)
    assert caught.value.fields.message == said
