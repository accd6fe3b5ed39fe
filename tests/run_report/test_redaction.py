"""Which values are hidden, and that what is not certain is hidden, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from understudy.catalog.description import Column, Description, ParsedOnly, Refusal, Verdict
from understudy.run_report.records import Error, Statement, Test, TestEvent
from understudy.run_report.redaction import HIDDEN, Redaction

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
    conditions = ["email = 'ana@example.com' never false"]
    statement = Statement(1, "SELECT 'ana@example.com'", "refused", refusal, conditions=conditions)

    found = Redaction(["email"]).statement(statement, Refusal("22P02", "invalid"))

    assert (found.sql, found.refusal) == ("SELECT ?", "22P02")
    assert found.conditions == ["email = ? never false"]


def test_other_texts_do_not_repeat_a_hidden_value() -> None:
    sql = "SELECT id FROM users WHERE email = $1 AND name = 'Ana Lima'"
    error = Error("22P02", 'invalid: "ana@example.com"')
    event = replace(sent("ana@example.com"), error=error, source="find('ana@example.com')")

    test = redacted("email", event, sql, selected(), failure="no ana@example.com, Ana Lima")

    [found] = test.events
    assert test.failure == f"no {HIDDEN}, {HIDDEN}"
    assert found.error == Error("22P02", f'invalid: "{HIDDEN}"')
    assert found.source == f"find('{HIDDEN}')"


def test_without_a_pattern_nothing_is_hidden() -> None:
    test = Test("a", "failed", 0.0, "a.py:1", "", [sent("x")])

    assert Redaction([]).test(test, {0: "SELECT $1"}, lambda _: None) is test
