"""The source of recorded rules."""

from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from understudy.pg import sql
from understudy.pg.errors import ErrorFields
from understudy.project.python_values import Names
from understudy.record.calls import Answer
from understudy.record.rules import RecordedRule
from understudy.record.script_text import script_text

LONG = (
    "SELECT users.id, users.name, orders.total FROM users LEFT OUTER JOIN orders "
    "ON orders.user_id = users.id WHERE users.name = $1 AND orders.total IS DISTINCT FROM $2 "
    "ORDER BY users.id LIMIT 10"
)


def written(*rules: RecordedRule, width: int = 84) -> str:
    return script_text(rules, "fake_postgres", Names(""), width)


def rule(*answers: Answer, sql: str = "SELECT a", parameters: tuple[Any, ...] = ()) -> RecordedRule:
    return RecordedRule(sql, parameters, list(answers))


def rows(columns: str, *values: tuple[Any, ...]) -> Answer:
    return Answer(tuple(columns.split()), values)


@pytest.mark.parametrize(
    ("answer", "verb"),
    [
        (rows("a b", (1, "x")), 'row(a=1, b="x")'),
        (rows("a", (1,)), "value(1)"),
        (rows("a"), "rows()"),
        (rows("a b", (1, 2), (3, 4)), 'rows({"a": 1, "b": 2}, {"a": 3, "b": 4})'),
        (rows("a", (1,), (2,)), 'rows((1,), (2,), columns=["a"])'),
        (
            rows("a b", (1, 2), (3, 4), (5, 6)),
            'rows((1, 2), (3, 4), (5, 6), columns=["a", "b"])',
        ),
        (rows("a a", (1, 2)), "row((1, 2))"),
        (rows("a a", (1, 2), (3, 4)), "rows((1, 2), (3, 4))"),
        (rows("class b", (1, 2)), 'row({"class": 1, "b": 2})'),
        (rows("?column? b", (1, 2)), 'row({"?column?": 1, "b": 2})'),
        (Answer(tag="UPDATE 3"), 'tag("UPDATE 3")'),
    ],
)
def test_an_answer_is_written_with_the_verb_that_says_it_best(answer: Answer, verb: str) -> None:
    assert written(rule(answer)) == f'fake_postgres.on("SELECT a").{verb}'


@pytest.mark.parametrize(
    ("fields", "arguments"),
    [
        (
            ErrorFields(
                "23505",
                'duplicate key value violates unique constraint "users_email_key"',
                detail="Key (email)=(a) already exists.",
                table="users",
                constraint="users_email_key",
            ),
            '"23505", constraint="users_email_key"',
        ),
        (
            ErrorFields(
                "23502",
                'null value in column "name" of relation "users" violates not-null constraint',
                detail="Failing row contains (1, null).",
                table="users",
                column="name",
            ),
            '"23502", table="users", column="name"',
        ),
        (
            ErrorFields("P0001", "not on Sundays", detail="It is one.", hint="Wait."),
            '"P0001", message="not on Sundays", detail="It is one.", hint="Wait."',
        ),
        (ErrorFields("ZX001", "own"), '"ZX001", message="own"'),
        (ErrorFields("40001", "another text"), '"40001", message="another text"'),
    ],
)
def test_an_error_has_what_its_text_needs(fields: ErrorFields, arguments: str) -> None:
    text = written(rule(Answer(error=fields)), width=300)

    assert text == f'fake_postgres.on("SELECT a").raises(db_error({arguments}))'


def test_answers_that_differ_follow_each_other() -> None:
    answers = rows("a", (1,)), Answer(error=ErrorFields("ZX001", "own")), rows("a")

    assert written(rule(*answers), width=300) == (
        'fake_postgres.on("SELECT a").value(1).then.raises(db_error("ZX001", message="own"))'
        ".then.rows()"
    )


def test_any_stands_for_what_varies_at_every_depth() -> None:
    parameters = ANY, {"id": ANY, "tags": ["a", ANY]}, (1, ANY)

    assert written(rule(Answer(tag="UPDATE 1"), parameters=parameters)) == (
        'fake_postgres.on("SELECT a", ANY, {"id": ANY, "tags": ["a", ANY]}, (1, ANY)).tag(\n'
        '    "UPDATE 1"\n)'
    )


def test_what_only_the_teardown_sends_is_optional() -> None:
    optional = rule(rows("a"))
    optional.is_optional = True

    assert written(optional) == 'fake_postgres.on("SELECT a").rows().optional()'


def test_long_sql_has_a_line_for_each_clause() -> None:
    text = written(rule(rows("id name", (1, "Ana")), sql=LONG, parameters=("Ana", 7)))

    assert text == (
        "fake_postgres.on(\n"
        '    """\n'
        "    SELECT users.id, users.name, orders.total\n"
        "    FROM users\n"
        "    LEFT OUTER JOIN orders ON orders.user_id = users.id\n"
        "    WHERE users.name = $1 AND orders.total IS DISTINCT FROM $2\n"
        "    ORDER BY users.id\n"
        "    LIMIT 10\n"
        '    """,\n'
        '    "Ana",\n'
        "    7,\n"
        ').row(id=1, name="Ana")'
    )


@pytest.mark.parametrize(
    "statement",
    [
        f"{LONG} -- a comment",
        "SELECT " + ", ".join(f"column_{number}" for number in range(40)) + " FROM users",
        "SELECT 'a  text  with   spaces and FROM in it, long enough to be wrapped if it could be'",
        "SELECT 'it''s  a  long text', \"a  column\" FROM users WHERE "
        + "a = 'b  c' AND " * 9
        + "d",
        "SELECT $$ a  body  with   spaces $$ FROM users WHERE " + "something = 7 AND " * 9 + "d",
        "SELECT E'a\\'  b' FROM users WHERE " + "something = 7 AND " * 9 + "d",
        "SELECT 'one\ntwo  three' FROM users WHERE " + "something = 7 AND " * 9 + "d",
        "INSERT INTO users (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET name = "
        "excluded.name WHERE users.name <> '' RETURNING id, (SELECT max(id) FROM users)",
    ],
)
@pytest.mark.parametrize("width", [40, 84])
def test_however_sql_is_wrapped_it_is_the_same_statement(statement: str, width: int) -> None:
    text = written(rule(rows("id"), sql=statement), width=width)
    sent: list[str] = []

    class Fake:
        def on(self, statement: str) -> Fake:
            sent.append(statement)
            return self

        def rows(self) -> None: ...

    exec(text, {"fake_postgres": Fake()})

    assert [sql.tokens(one) for one in sent] == [sql.tokens(statement)]
