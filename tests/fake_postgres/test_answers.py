"""The pieces of an answer: types guessed from rules, errors of drivers, COPY data, positions."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from decimal import Decimal
from typing import Any

import asyncpg
import psycopg
import pytest

from understudy import ANY, AnswerImpossible, StatementRefused, db_error
from understudy.catalog.description import Refusal
from understudy.engine.copied_rows import CopiedRows
from understudy.fake_postgres import scripted_copy, type_inference
from understudy.fake_postgres.client_errors import server_error
from understudy.fake_postgres.scripted_errors import error_fields
from understudy.fake_postgres.scripted_rules import ReceivedParameters, ServerParameters, ServerRule
from understudy.pg.codec_registry import Values
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import Types
from understudy.script.answers import Rows
from understudy.script.calls import Call
from understudy.script.origin import caller


def rule(statement: str, *parameters: Any) -> ServerRule:
    return ServerRule(statement, ServerParameters(parameters), caller())


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (None, None),
        (True, "boolean"),
        (1, "integer"),
        (2**31, "bigint"),
        (2**63, "numeric"),
        (1.5, "double precision"),
        (Decimal(1), "numeric"),
        ("a", "text"),
        (b"a", "bytea"),
        (uuid.UUID(int=1), "uuid"),
        (dt.date(2026, 1, 1), "date"),
        (dt.datetime(2026, 1, 1), "timestamp without time zone"),
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "timestamp with time zone"),
        ({"a": 1}, "jsonb"),
        ([1, 2], "integer[]"),
        ([{"a": 1}], "jsonb"),
        ([[1]], "jsonb"),
        (object(), "text"),
    ],
)
def test_the_type_of_a_value(value: Any, name: str | None) -> None:
    assert type_inference.type_of(value) == name


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([1, None, 2**40], "bigint"),
        ([1, 1.5], "double precision"),
        ([1, Decimal(1)], "numeric"),
        ([1, "a"], "text"),
        ([], "text"),
    ],
)
def test_the_type_that_holds_several(values: list[Any], name: str) -> None:
    assert type_inference.common(values) == name


def test_parameters_have_the_types_that_the_rules_expect() -> None:
    rules = [rule("SELECT 1", 7, ANY), rule("SELECT 1", ANY, "a"), rule("SELECT 1")]

    assert type_inference.parameter_types(2, rules, "SELECT $1, $2") == ["bigint", "text"]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT id FROM t WHERE id = $1", "bigint"),
        ('SELECT id FROM t WHERE t."id" >= $1', "bigint"),
        ("SELECT id FROM t WHERE name = $1", "text"),
        ("SELECT id FROM t WHERE other = $1", "text"),
        ("SELECT id FROM t WHERE id IN ($1)", "text"),
        ("SELECT id FROM t LIMIT $1", "bigint"),
        ("SELECT id FROM t OFFSET $1", "bigint"),
        ("SELECT id FROM t WHERE x = $1::int", "integer"),
        ("SELECT id FROM t WHERE id = CAST($1 AS uuid)", "uuid"),
        ("SELECT id FROM t WHERE id = ANY($1::int8[])", "bigint[]"),
        ("SELECT id FROM t WHERE x = $1::mood", "text"),
        ("SELECT id FROM t WHERE price = $1", "numeric"),
        ("$1", "text"),
    ],
)
def test_a_parameter_that_may_be_anything_has_the_type_that_its_statement_tells(
    statement: str, name: str
) -> None:
    row = {"id": 1, "name": "Ana", "price": Decimal(1)}

    assert type_inference.parameter_types(1, [rule(statement, ANY).row(row)], statement) == [name]
    assert type_inference.parameter_types(1, [rule(statement).row(row)], statement) == [name]


def test_a_cast_tells_more_than_a_rule() -> None:
    statement = "SELECT $1::int4"

    assert type_inference.parameter_types(1, [rule(statement, "7")], statement) == ["integer"]


def test_columns_are_those_of_the_scripted_rows() -> None:
    select = "SELECT id, name FROM t"

    def columns(scripted: ServerRule, statement: str = select) -> list[tuple[str, str]] | None:
        return type_inference.columns([scripted], statement)

    in_order = [("id", "integer"), ("name", "text")]
    assert columns(rule(select).row(id=1, name=None)) == in_order
    assert columns(rule(select).row(name=None, id=1)) == in_order
    assert columns(rule(select).row((1, None))) == in_order
    assert columns(rule(select).rows((1, None), columns=["a", "b"]), "SELECT *") == [
        ("a", "integer"),
        ("b", "text"),
    ]
    assert columns(rule(select).value(1.5)) == [("?column?", "double precision")]
    assert columns(rule(select).value(2), "SELECT count(*) FROM t") == [("count", "integer")]
    assert columns(rule(select).drops("during", {"id": 1})) == [("id", "integer")]
    assert columns(rule(select).rows()) == [("id", "text"), ("name", "text")]
    assert columns(rule(select).rows(columns=["x"])) == [("x", "text")]
    assert columns(rule(select).rows(), "SELECT * FROM t") == [("?column?", "text")]
    assert columns(rule("UPDATE t SET a = 1"), "UPDATE t SET a = 1") is None
    returning = "INSERT INTO t VALUES (1) RETURNING id"
    assert columns(rule(returning).hangs(), returning) == [("id", "text")]


def test_the_columns_of_a_function_cannot_be_guessed() -> None:
    scripted = rule("SELECT 1")
    scripted(lambda call: 1)

    with pytest.raises(LookupError):
        type_inference.columns([scripted], "SELECT 1")


def test_errors_of_drivers_give_what_a_server_sends() -> None:
    by_asyncpg = asyncpg.PostgresError.new({"C": "23505", "M": "twice", "n": "t_key", "D": "why"})
    by_psycopg = db_error("23505", constraint="t_key", driver="psycopg")

    assert error_fields(by_asyncpg) == ErrorFields(
        "23505", "twice", detail="why", constraint="t_key"
    )
    assert error_fields(by_psycopg) == ErrorFields(
        "23505", 'duplicate key value violates unique constraint "t_key"', constraint="t_key"
    )
    assert error_fields(asyncpg.UniqueViolationError("twice")) == ErrorFields("23505", "twice")
    assert error_fields(psycopg.errors.UniqueViolation("twice")) == ErrorFields("23505", "twice")


def test_classes_of_drivers_give_the_servers_own_words() -> None:
    assert error_fields(psycopg.errors.DeadlockDetected) == ErrorFields(
        "40P01", "deadlock detected"
    )
    assert error_fields(asyncpg.UniqueViolationError) == ErrorFields("23505", "unique_violation")
    assert error_fields(asyncpg.AdminShutdownError) == ErrorFields(
        "57P01", "terminating connection due to administrator command", "FATAL"
    )


@pytest.mark.parametrize("error", [ValueError("x"), psycopg.OperationalError("x"), TimeoutError])
def test_what_no_server_sends(error: object) -> None:
    assert error_fields(error) is None


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        ("COPY t FROM STDIN", "in"),
        ("copy t (a) to stdout", "out"),
        ("COPY t FROM '/tmp/x'", None),
        ("SELECT 1", None),
    ],
)
def test_the_way_of_a_copy(statement: str, way: str | None) -> None:
    assert scripted_copy.direction(statement) == way


VALUES = Values(Types({}))


def tag_of(data: bytes) -> str | None:
    """The tag of a COPY whose client sends some data."""
    copy = "COPY t FROM STDIN"
    rows = CopiedRows(copy, data, lambda: None, VALUES, is_strict=True)
    return scripted_copy.result(Rows(), Call("execute", copy, rows), "in", None, VALUES).tag


def test_rows_of_copy_data_are_counted() -> None:
    head = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
    row = struct.pack("!hi", 2, 1) + b"a" + struct.pack("!i", -1)

    assert tag_of(b"") == "COPY 0"
    assert tag_of(b"1\ta\n2\tb\n\\.\n") == "COPY 2"
    assert tag_of(head + row + row + struct.pack("!h", -1)) == "COPY 2"
    assert tag_of(head + row) == "COPY 1"
    with pytest.raises(ServerError) as refused:
        tag_of(head + row[:-2])
    assert refused.value.fields == ErrorFields("22P04", "unexpected EOF in COPY data")


def test_a_refusal_stands_where_the_statement_was_sent() -> None:
    refusal = Refusal("42703", 'column "nome" does not exist', "why", "how", position=8)
    failure = StatementRefused("all of it", refusal)

    error = server_error(failure, "SELECT\n\n   nome   FROM users")

    assert error.position == 12
    assert error.fields == ErrorFields(
        "42703", 'column "nome" does not exist', detail="why", hint="how"
    )
    at_the_end = Refusal("42601", "syntax error at end of input", position=7)
    assert server_error(StatementRefused("x", at_the_end), "SELECT").position == 7
    nowhere = Refusal("42601", "syntax error")
    assert server_error(StatementRefused("x", nowhere), "SELECT").position is None


def test_any_other_failure_is_told_in_full() -> None:
    error = server_error(AnswerImpossible("the statement could not return this"))

    assert error.fields == ErrorFields(
        "XX000", "AnswerImpossible: the statement could not return this"
    )


def test_parameters_that_would_be_sent_alike_are_equal() -> None:
    def same(oid: int, expected: Any, given: Any) -> bool:
        return oid == 20 and (expected, given) == ("7", 7)

    def received(*values: Any) -> ReceivedParameters:
        found = ReceivedParameters(values)
        found.oids, found.same = [20] * len(values), same
        return found

    expected = ServerParameters(("7", ANY, None))

    assert expected.match(received(7, 1, None))
    assert expected.differences(received(8, 1, 1)) == [
        "[0] expected '7' (str), got 8 (int)",
        "[2] expected None (NoneType), got 1 (int)",
    ]
    assert expected.differences(received(7))[0] == "expected 3 of them, got 1"


def test_rows_for_a_copy_to_the_client_are_lines() -> None:
    call = Call("execute", "COPY t TO STDOUT", [])
    result = scripted_copy.result(
        Rows(({"a": True, "b": "x\\y"}, {"a": None, "b": "1\n2"})), call, "out", None, VALUES
    )

    assert list(result.rows) == [b"t\tx\\\\y\n", b"\\N\t1\\n2\n"]
