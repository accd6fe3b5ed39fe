"""Which values are hidden, and that what is not certain is hidden, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from understudy.catalog.description import Column, Description, ParsedOnly, Refusal, Verdict
from understudy.run_report.hidden_values import HIDDEN
from understudy.run_report.records import Error, Statement, Test, TestEvent
from understudy.run_report.redaction import Redaction

USERS = ("users.email", "users.id", "users.name")


def selected(
    *columns: Column, touches: tuple[str, ...] = USERS, runs_code: bool = False
) -> Description:
    return Description("SELECT", (), columns, ("users",), touches, runs_code)


def column(name: str, origin: str | None) -> Column:
    return Column(name, "text", origin, "unknown")


def sent(
    *parameters: str | None, columns: tuple[str, ...] = (), row: tuple[str, ...] = ()
) -> TestEvent:
    return TestEvent(
        "statement",
        0.0,
        0.0,
        "call",
        statement=0,
        parameters=parameters,
        columns=columns,
        rows=[row],
    )


def redacted(
    pattern: str, event: TestEvent, sql: str, verdict: Verdict | None, failure: str = ""
) -> Test:
    test = Test("a", "failed", 0.0, "a.py:1", failure, [event])
    return Redaction([pattern]).test(test, {0: sql}, lambda _: verdict)


@pytest.mark.parametrize(
    ("pattern", "column", "is_hidden"),
    [
        ("password", "password", True),
        ("password", "users.Password", True),
        ("password", "password_hint", False),
        ("*token*", "app.sessions.refresh_token", True),
        ("users.email", "users.email", True),
        ("users.email", "app.users.email", True),
        ("app.users.email", "app.users.email", True),
        ("app.users.email", "other.users.email", False),
        ("users.email", "orders.email", False),
        ("users.email", "email", True),  # of an unknown table
        ("users.*", "users.id", True),
    ],
)
def test_patterns(pattern: str, column: str, is_hidden: bool) -> None:
    assert Redaction([pattern]).matches(column) is is_hidden


def test_parameters_are_hidden_by_their_column() -> None:
    sql = "INSERT INTO users (name, email) VALUES ($1, $2)"

    [event] = redacted("email", sent("Ana", "ana@example.com"), sql, selected()).events

    assert list(event.parameters) == ["Ana", HIDDEN]


def test_a_parameter_is_hidden_if_its_column_is_not_certain() -> None:
    sql = "SELECT name FROM users WHERE lower(email) = $1 AND name = $2 LIMIT $3"

    [event] = redacted("email", sent("ana", "Ana", "5"), sql, selected()).events

    assert list(event.parameters) == [HIDDEN, "Ana", "5"]


def test_the_parameters_of_a_statement_about_other_columns_are_shown() -> None:
    verdict = selected(touches=("users.id", "users.name"))

    [event] = redacted("email", sent("x"), "SELECT upper($1) FROM users", verdict).events

    assert list(event.parameters) == ["x"]


def test_what_runs_code_of_the_schema_may_be_about_any_column() -> None:
    verdict = selected(touches=(), runs_code=True)

    [event] = redacted("email", sent("x"), "SELECT register($1)", verdict).events

    assert list(event.parameters) == [HIDDEN]


def test_rows_are_hidden_by_the_origin_of_their_columns() -> None:
    columns = ("id", "e", "lower")
    verdict = selected(column("id", "users.id"), column("e", "users.email"), column("lower", None))
    event = sent(columns=columns, row=("1", "Ana@example.com", "ana@example.com"))

    [found] = redacted(
        "users.email", event, "SELECT id, email AS e, lower(email) FROM users", verdict
    ).events

    assert found.rows == [["1", HIDDEN, HIDDEN]]


@pytest.mark.parametrize("verdict", [None, ParsedOnly("COPY"), Refusal("42P01", "no table")])
def test_a_statement_that_is_not_described_shows_nothing(verdict: Verdict | None) -> None:
    event = sent("x", None, columns=("id",), row=("1",))

    [found] = redacted("email", event, "SELECT id FROM users WHERE name = $1", verdict).events

    assert (list(found.parameters), found.rows) == ([HIDDEN, None], [[HIDDEN]])


def test_the_rows_of_a_copy_are_no_parameters() -> None:
    sql = "INSERT INTO users (name, email) VALUES ($1, $2)"
    event = replace(sent("('Ana', 'ana@example.com')"), is_many=True)

    [found] = redacted("email", event, sql, selected()).events

    assert list(found.parameters) == [HIDDEN]


def test_literals_are_hidden_only_in_statements_about_the_column() -> None:
    redaction = Redaction(["email"])
    sql = "SELECT id FROM users WHERE email = 'ana@example.com' -- hers"

    assert redaction.text(sql, selected()) == "SELECT id FROM users WHERE email = ?"
    assert redaction.text(sql, selected(touches=("users.id",))) == sql


def test_what_is_said_of_a_statement_has_no_literals() -> None:
    refusal = '22P02: invalid input syntax for type integer: "ana@example.com"'
    conditions = ["email = E'ana\\'s' or pin = 12345 never false"]
    statement = Statement(1, "SELECT 'ana@example.com'", "refused", refusal, conditions=conditions)

    found = Redaction(["email"]).statement(statement, Refusal("22P02", "invalid"))

    assert (found.sql, found.refusal) == ("SELECT ?", "22P02")
    assert found.conditions == ["email = ? or pin = ? never false"]


def test_other_texts_do_not_repeat_a_hidden_value() -> None:
    sql = "SELECT id FROM users WHERE email = $1 AND name = 'Ana Lima'"
    error = Error("22P02", 'invalid: "ana@example.com"')
    event = replace(sent("ana@example.com"), error=error, source="find('ana@example.com')")

    test = redacted("email", event, sql, selected(), failure="no ana@example.com, Ana Lima")

    [found] = test.events
    assert test.failure == f"no {HIDDEN}, {HIDDEN}"
    assert found.error == Error("22P02", f'invalid: "{HIDDEN}"')
    assert found.source == "find('?')"


@pytest.mark.parametrize(
    ("value", "failure", "shown"),
    [
        ("a\n'b\"é", "{'a\\n\\'b\"é', \"a\\n'b\\\"é\", a%0A%27b%22%C3%A9}", "{'#', \"#\", #}"),
        ('{anna,"be la"}', "['anna', 'be la']", "['#', '#']"),
        ("('carla', 12345)", "carla 12345", "# #"),
        ("\\x7261770a", "b'raw\\n' == b''", "b'#' == b''"),
        ("abcdefghijklmnopqrstuvwxyz", "'abcdefghij...qrstuvwxyz'", "'#...#'"),
        ("123", "line 1234: 123", "line 1234: #"),
        ("a'b\"c", repr((1105, "a = 'a\\'b\\\"c'")), r"(1105, 'a = \'#\'')"),
        ("red", "red", "#"),
    ],
)
def test_a_failure_repeats_no_value_however_it_is_spelled(
    value: str, failure: str, shown: str
) -> None:
    sql = "SELECT id FROM users WHERE email = $1"

    test = redacted("email", sent(value), sql, selected(), failure)

    assert test.failure.replace(HIDDEN, "#") == shown


@pytest.mark.parametrize("literal", ["'ana''s'", "E'ana\\'s'", "U&'ana''s'", "$$ana's$$", "12345"])
def test_a_failure_repeats_no_literal(literal: str) -> None:
    sql = f"SELECT id FROM users WHERE email = {literal}"

    test = redacted("email", sent(), sql, selected(), "got ana's or 12345")

    assert test.failure.replace(HIDDEN, "#") in ("got # or 12345", "got ana's or #")


def test_a_test_does_not_show_the_values_of_another() -> None:
    redaction = Redaction(["email"])
    event = sent("ana@example.com")
    statement = {0: "SELECT id FROM users WHERE email = $1"}
    redaction.learn(
        Test("a", "passed", 0.0, "a.py:1", "", [event]), statement, lambda _: selected()
    )
    other = Test("b", "failed", 0.0, "a.py:9", "{'email': 'ana@example.com'}")

    assert redaction.test(other, {}, lambda _: None).failure == f"{{'email': '{HIDDEN}'}}"


@pytest.mark.parametrize(
    ("unknown", "sql"),
    [
        ({"unseen": "it ran on a clone"}, ""),
        ({"left_out": 1}, ""),
        ({}, "COPY users FROM STDIN"),
        ({"events": [sent("x" * 20_001)]}, "SELECT 1 FROM users WHERE email = $1"),
    ],
)
def test_a_failure_is_left_out_if_not_all_values_are_known(
    unknown: dict[str, Any], sql: str
) -> None:
    failure = "E  Key (email)=(ana@example.com)\n\ntests/a.py:7: UniqueViolation"
    test = replace(Test("a", "failed", 0.0, "a.py:1", failure), **unknown)

    found = Redaction(["email"]).test(test, {0: sql}, lambda _: None)

    assert found.failure == (
        "tests/a.py:7: UniqueViolation\nThe rest of this failure is left out: report_redact hides "
        "values, and not all values of this test can be found in it."
    )


def test_the_error_of_a_copy_repeats_no_value() -> None:
    event = replace(sent(), error=Error("22P02", 'invalid input syntax for type integer: "ana"'))

    [found] = redacted("email", event, "COPY users FROM STDIN", None).events

    assert found.error == Error("22P02", f'invalid input syntax for type integer: "{HIDDEN}"')


def test_a_parameter_is_hidden_if_no_table_has_its_column() -> None:
    sql = "SELECT 1 FROM users JOIN addresses ON addresses.name = $1 AND addresses.street = $2"

    [event] = redacted("email", sent("Ana", "Ana Street"), sql, selected()).events

    assert list(event.parameters) == ["Ana", HIDDEN]


def test_without_a_pattern_nothing_is_hidden() -> None:
    test = Test("a", "failed", 0.0, "a.py:1", "", [sent("x")])

    assert Redaction([]).test(test, {0: "SELECT $1"}, lambda _: None) is test


def test_data_of_the_run_repeats_no_value() -> None:
    redaction = Redaction(["email"])
    statement = {0: "SELECT id FROM users WHERE email = $1"}
    test = Test("a", "passed", 0.0, "a.py:1", "", [sent("ana@example.com")])
    redaction.learn(test, statement, lambda _: selected())

    found = redaction.plain({"files": [{"source": "x = 'ana@example.com'", "line": 7}], "n": None})

    assert found == {"files": [{"source": f"x = '{HIDDEN}'", "line": 7}], "n": None}
