"""What each method gives for none, one and two rows, and what can be done with it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.fake_and_real import Raised, Subject, outcome

NONE = "SELECT id FROM users"
ONE = "SELECT 1 AS id, 'Ana' AS name"
TWO = "SELECT * FROM (VALUES (1, 'Ana'), (2, 'Bia')) AS users (id, name)"
ANA = {"id": 1, "name": "Ana"}
BIA = {"id": 2, "name": "Bia"}
WRONG_COUNT = Raised("ConnectionExecuteError", "query returned an unexpected number of rows")


@pytest.fixture
def scripted(subject: Subject) -> Subject:
    subject.on(NONE).rows().optional()
    subject.on(ONE).rows(ANA).optional()
    subject.on(TWO).rows(ANA, BIA).optional()
    return subject


@pytest.mark.parametrize(
    ("method", "none", "one", "two"),
    [
        ("execute", [], [ANA], [ANA, BIA]),
        ("fetch", [], [ANA], [ANA, BIA]),
        ("fetch_row", WRONG_COUNT, ANA, WRONG_COUNT),
        ("fetch_val", WRONG_COUNT, 1, WRONG_COUNT),
        ("execute_batch", None, None, None),
    ],
)
async def test_rows_by_method(
    scripted: Subject, method: str, none: object, one: object, two: object
) -> None:
    run = getattr(scripted.conn, method)
    assert await outcome(lambda: run(NONE)) == none
    assert await outcome(lambda: run(ONE)) == one
    assert await outcome(lambda: run(TWO)) == two


@pytest.mark.parametrize("method", ["execute", "fetch"])
async def test_a_statement_without_rows_gives_an_empty_list(subject: Subject, method: str) -> None:
    insert = "INSERT INTO users (email) VALUES ($1)"
    subject.on(insert, "ann@x.io").tag("INSERT 0 1")
    assert await outcome(lambda: getattr(subject.conn, method)(insert, ["ann@x.io"])) == []


@pytest.mark.parametrize("method", ["fetch_row", "fetch_val"])
async def test_a_statement_without_rows_has_no_single_row(subject: Subject, method: str) -> None:
    insert = "INSERT INTO users (email) VALUES ($1)"
    subject.on(insert, "ann@x.io").tag("INSERT 0 1")
    assert await outcome(lambda: getattr(subject.conn, method)(insert, ["ann@x.io"])) == WRONG_COUNT


async def test_one_value_is_a_row_of_a_column_without_a_name(subject: Subject) -> None:
    subject.on("SELECT 7").value(7)
    assert await outcome(lambda: subject.conn.fetch("SELECT 7")) == [{"?column?": 7}]
    assert await outcome(lambda: subject.conn.fetch_row("SELECT 7")) == {"?column?": 7}
    assert await outcome(lambda: subject.conn.fetch_val("SELECT 7")) == 7


async def test_a_null_is_a_value(subject: Subject) -> None:
    subject.on("SELECT NULL::int4 AS n").row(n=None)
    assert await outcome(lambda: subject.conn.fetch_val("SELECT NULL::int4 AS n")) is None


async def test_parameters_by_name(subject: Subject) -> None:
    statement = "SELECT $(first)p::text || $(last)p::text AS name"
    subject.on(statement, {"first": "A", "last": "B"}).row(name="AB")
    names = {"first": "A", "last": "B"}
    assert await outcome(lambda: subject.conn.fetch(statement, names)) == [{"name": "AB"}]


@pytest.mark.parametrize("method", ["execute", "fetch", "fetch_row", "fetch_val"])
async def test_arguments_by_name(subject: Subject, method: str) -> None:
    statement = "SELECT $1::int4 AS n"
    subject.on(statement, 3).row(n=3)
    run = getattr(subject.conn, method)
    expected = {"fetch_row": {"n": 3}, "fetch_val": 3}.get(method, [{"n": 3}])
    assert await outcome(lambda: run(querystring=statement, parameters=[3])) == expected
    assert await outcome(lambda: run(statement, [3], True)) == expected
    assert await outcome(lambda: run(statement, [3], prepared=False)) == expected


async def test_the_shapes_of_a_result(scripted: Subject) -> None:
    result = await scripted.conn.fetch(TWO)
    assert result.result(as_tuple=True) == [(1, "Ana"), (2, "Bia")]
    assert result.result(None, True) == [(1, "Ana"), (2, "Bia")]
    assert result.as_class(dict) == [ANA, BIA]
    assert result.row_factory(lambda row: sorted(row)) == [["id", "name"], ["id", "name"]]
    assert result.row_factory(row_factory=len, custom_decoders=None) == [2, 2]


async def test_the_shapes_of_a_row(scripted: Subject) -> None:
    row = await scripted.conn.fetch_row(ONE)
    assert row.result(as_tuple=True) == (1, "Ana")
    assert row.as_class(dict) == ANA
    assert row.row_factory(lambda row: sorted(row)) == ["id", "name"]


async def test_rows_given_out_are_the_callers_own(scripted: Subject) -> None:
    first = (await scripted.conn.fetch(TWO)).result()
    first[0]["name"] = "changed"
    first.pop()
    assert await outcome(lambda: scripted.conn.fetch(TWO)) == [ANA, BIA]


async def test_the_records_of_a_result(scripted: Subject) -> None:
    records = (await scripted.conn.fetch(TWO)).records()
    assert [facts(record) for record in records] == [
        (2, 1, "Ana", ["id", "name"], [1, "Ana"], [("id", 1), ("name", "Ana")]),
        (2, 2, "Bia", ["id", "name"], [2, "Bia"], [("id", 2), ("name", "Bia")]),
    ]
    record = records[0]
    assert (list(record), record[0:2], record[-1]) == ([1, "Ana"], [1, "Ana"], "Ana")
    assert (record.get("id"), record.get("age"), record.get("age", 5)) == (1, None, 5)
    assert await outcome(lambda: record["age"]) == Raised("KeyError", "'age'")
    assert await outcome(lambda: record[2]) == Raised("IndexError", "Record index 2 out of range")


def facts(record: Any) -> tuple[object, ...]:
    return (
        len(record),
        record[0],
        record["name"],
        record.keys(),
        record.values(),
        record.items(),
    )
