"""The rules for psycopg, which ask its own dumpers."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

import pytest

from tests.stable_ids import stable_repr
from understudy.catalog.parameter_checks import Judgement, ParameterRules, refusal_of
from understudy.pg.types import TypeFacts

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "mood[]": TypeFacts("array", base="mood"),
    "required": TypeFacts("domain", base="text", not_null=True),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
}
NOT_ADAPTED = "cannot adapt type 'dict' using placeholder '%s' (format: AUTO)"


@pytest.mark.parametrize(
    ("type_name", "value", "message"),
    [
        (
            "jsonb",
            {},
            f"psycopg cannot send {{}} for jsonb: {NOT_ADAPTED}; pass "
            "psycopg.types.json.Jsonb(...)",
        ),
        (
            "integer",
            True,
            "PostgreSQL refuses the bool that psycopg sends for integer (it is sent as boolean): "
            "pass int",
        ),
        (
            "uuid",
            "7",
            "PostgreSQL refuses the str that psycopg sends for uuid (invalid input syntax for type "
            'uuid: "7"): pass uuid.UUID',
        ),
        ("smallint", 40000, "PostgreSQL refuses 40000 for smallint: smallint out of range"),
        (
            "integer[]",
            (1, 2),
            "PostgreSQL refuses the tuple that psycopg sends for integer[] (malformed array "
            "literal): pass a list of int",
        ),
    ],
)
def test_what_is_said_of_a_refused_value(type_name: str, value: object, message: str) -> None:
    assert refusal_of("psycopg", type_name, value, FACTS) == message


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("integer", 1.5),
        ("oid", -1),
        ("real", Decimal("1.5")),
        ("double precision", Decimal("NaN")),
        ("money", Decimal("1.5")),
        ("text", dt.date(2024, 1, 2)),
        ("date", "2024-01-02"),
        ("timestamp with time zone", dt.datetime(2024, 1, 2)),
        ("interval", dt.time(1)),
        ("bigint[]", [1, None]),
        ("text[]", [[1], [2]]),
        ("mood", "happy"),
        ("pair", (1, "a,b")),
        ("int4range", (1, 3)),
        ("required", 1),
        ("bytea", b"a"),
    ],
    ids=stable_repr,
)
def test_taken(type_name: str, value: object) -> None:
    assert ParameterRules("psycopg", FACTS).judge(type_name, value) == Judgement("taken")


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("integer", float("nan")),
        ("bigint", Decimal("1E40")),
        ("real", 1e300),
        ("real", 10**400),
        ("money", Decimal("1E40")),
        ("boolean", 1),
        ("integer[]", [[1], [2, 3]]),
        ("date[]", [1]),
        ("mood[]", ["angry"]),
        ("required", None),
    ],
    ids=stable_repr,
)
def test_refused(type_name: str, value: object) -> None:
    assert ParameterRules("psycopg", FACTS).judge(type_name, value).outcome == "refused"


def test_the_type_that_is_announced() -> None:
    from understudy.catalog.rules_psycopg import announced_type

    assert announced_type(1) == "smallint"
    assert announced_type([Decimal(1)]) == "numeric[]"
    assert announced_type("a") is None


def test_without_psycopg_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg.adapt", None)
    judgement = ParameterRules("psycopg", {}).judge("integer", "x")
    reason = "not judged, as this depends on what is not known here: psycopg is not installed"
    assert judgement == Judgement("unknown", reason)
