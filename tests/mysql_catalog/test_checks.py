"""The messages of the checks, and what is accepted."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.mysql_catalog.mutants import Judges
from understudy.catalog.errors import (
    AnswerImpossible,
    ErrorImpossible,
    ParametersRefused,
    StatementRefused,
    UncheckedWarning,
)
from understudy.catalog.levels import Levels, mark
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.mysql_catalog.checks import MysqlChecker
from understudy.script.answers import Rows
from understudy.script.expectations import opened
from understudy.script.failures import Failure
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_rules import Affected

ONE = Affected(tag="1")


def check(judges: Judges, statement: str, *answers: Any) -> Failure | None:
    """Return the failure of a statement that is answered; its place is left out."""
    call = MysqlCall(statement)
    with opened():
        try:
            description = judges.checker.describe(call)
            assert description is not None
            for answer in answers:
                if isinstance(answer, Rows):
                    judges.checker.check_answer(call, description, answer)
            judges.checker.check_success(call, description, next(iter(answers), None))
        except Failure as failure:
            return failure
    return None


def text(failure: Failure | None) -> str:
    lines = str(failure).splitlines()
    return "\n".join(line for line in lines if not line.strip().startswith("at:"))


def test_a_statement_that_is_refused(judges: Judges) -> None:
    failure = check(judges, "SELECT id, nmae FROM users WHERE id = 7")

    assert isinstance(failure, StatementRefused)
    assert text(failure) == (
        "MariaDB refuses this statement (1054 ER_BAD_FIELD_ERROR)\n"
        "  Unknown column 'nmae' in 'SELECT'\n"
        "  SELECT id, nmae FROM users WHERE id = ?\n"
        "             ^\n"
        "  HINT: Did you mean 'name'?\n"
        '  not to check this: @pytest.mark.understudy(check_statements="off") on the test'
    )


def test_a_column_that_is_left_out(judges: Judges) -> None:
    failure = check(judges, "INSERT INTO users (tenant_id, name) VALUES (1, 'Ana')", ONE)

    assert isinstance(failure, StatementRefused)
    assert text(failure) == (
        "MariaDB refuses this statement (1364 ER_NO_DEFAULT_FOR_FIELD)\n"
        "  Field 'email' doesn't have a default value\n"
        "  INSERT INTO users (tenant_id, name) VALUES (1, 'Ana')\n"
        '  not to check this: @pytest.mark.understudy(check_statements="off") on the test'
    )


def test_a_value_that_its_column_does_not_take(judges: Judges) -> None:
    statement = "INSERT INTO users (tenant_id, email, name) VALUES (1, 'a', 'A'), (1, 'b', NULL)"

    failure = check(judges, statement, Affected(tag="2"))

    assert isinstance(failure, ParametersRefused)
    assert text(failure) == (
        "MariaDB would not store this value in row 2 of 2 (1048 ER_BAD_NULL_ERROR)\n"
        "  Column 'name' cannot be null\n"
        "  users.name varchar(40): got NULL\n"
        f"  sql: {statement}\n"
        '  not to check this: @pytest.mark.understudy(check_parameters="off") on the test'
    )


def test_a_text_that_is_compared_as_a_number(judges: Judges) -> None:
    failure = check(judges, "SELECT name FROM users WHERE id = 'abc'")

    assert isinstance(failure, ParametersRefused)
    assert text(failure) == (
        "MariaDB compares 'abc' with users.id as the number 0, without an error\n"
        "  users.id bigint(20) unsigned: got 'abc' (str)\n"
        "  sql: SELECT name FROM users WHERE id = 'abc'\n"
        '  not to check this: @pytest.mark.understudy(check_parameters="off") on the test'
    )


def test_rows_that_are_impossible(judges: Judges) -> None:
    failure = check(judges, "SELECT id, age FROM users", Rows(({"id": None, "age": 300},)))

    assert isinstance(failure, AnswerImpossible)
    assert text(failure) == (
        "the statement could not return this: 2 columns differ\n"
        "    scripted         the statement returns\n"
        "  ! id = None        id bigint(20) unsigned, never NULL\n"
        "      users.id is never NULL here\n"
        "  ! age = 300 (int)  age tinyint(3) unsigned\n"
        "      no tinyint(3) unsigned is 300 (int): it is from 0 to 255\n"
        "  sql: SELECT id, age FROM users\n"
        '  not to check this: @pytest.mark.understudy(check_answers="off") on the test'
    )


def test_a_query_that_is_answered_without_rows(judges: Judges) -> None:
    failure = check(judges, "SELECT id, age FROM users", ONE)

    assert isinstance(failure, AnswerImpossible)
    assert text(failure) == (
        "the statement could not return this: this SELECT returns rows: id, age\n"
        "  sql: SELECT id, age FROM users\n"
        "Write .rows(...), or .row(...).\n"
        '  not to check this: @pytest.mark.understudy(check_answers="off") on the test'
    )


def test_a_change_that_is_answered_with_rows(judges: Judges) -> None:
    failure = check(judges, "DELETE FROM carts WHERE id = 7", Rows(({"id": 7},)))

    assert isinstance(failure, AnswerImpossible)
    assert text(failure).startswith(
        "the statement could not return this: this DELETE returns no rows (it has no RETURNING)"
    )


def test_more_rows_than_are_possible(judges: Judges) -> None:
    failure = check(judges, "UPDATE users SET age = 20 WHERE id = 1", Affected(tag="2"))

    assert isinstance(failure, AnswerImpossible)
    assert text(failure) == (
        "the statement could not return this: this UPDATE changes at most 1 row, and was answered "
        "with 2\n"
        "  sql: UPDATE users SET age = 20 WHERE id = 1\n"
        '  not to check this: @pytest.mark.understudy(check_answers="off") on the test'
    )


REFUSED = {
    "INSERT INTO users (tenant_id, email, name, age) VALUES (1, 'a', 'A', 'old')": 1366,
    "INSERT INTO orders (user_id, state, total, placed) VALUES (1, 'gone', 1, NOW())": 1265,
    "INSERT INTO tenants (slug, title) VALUES ('twenty-one characters', 'A')": 1406,
    "INSERT INTO order_items VALUES (1, 40000, 1, 1, 1)": 1264,
    "INSERT INTO carts (opened) VALUES ('2024-02-30')": 1292,
    "INSERT INTO reviews VALUES (1, 1, 9, NULL)": 4025,
    "UPDATE orders SET net = 5 WHERE id = 1": 1906,
    "UPDATE tenants SET settings = '{' WHERE id = 1": 4025,
    "SELECT id FROM users LIMIT '10'": 1064,
}


@pytest.mark.parametrize("statement", REFUSED)
def test_values_that_are_refused(judges: Judges, statement: str) -> None:
    assert f"({REFUSED[statement]} " in str(check(judges, statement, ONE))


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("UPDATE users SET age = 'old' WHERE id = 1", Affected(tag="0")),  # it stores nothing
        ("SELECT name FROM users WHERE id = '7'", None),
        ("SELECT name FROM users WHERE name = 7", None),
        ("DELETE FROM sessions WHERE token = 0", Affected(tag="2")),
        ("INSERT INTO tenants (id, slug, title) VALUES (NULL, 'a', 'A')", ONE),
        (
            "INSERT INTO orders (user_id, state, total, placed) VALUES (1, 1, '5.5', '2024-1-2')",
            ONE,
        ),
        ("SELECT COALESCE(age, 'x') AS age FROM users", Rows(({"age": "x"},))),
        ("SELECT born, created FROM users", Rows(((datetime.date(2024, 1, 2), None),))),
        ("SELECT total FROM orders", Rows((((Decimal("5.50")),), (5,)))),
    ],
)
def test_what_is_possible_is_accepted(judges: Judges, statement: str, answer: Any) -> None:
    if "created" in statement:
        answer = Rows(((datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2)),))

    assert check(judges, statement, answer) is None


ERRORS = {
    (1062, "Duplicate entry 'a' for key 'users.email'"): (
        "its tables have no unique key 'users.email'; did you mean 'users.users_email'?"
    ),
    (1048, "Column 'age' cannot be null"): "the column 'age' may be NULL",
    (1406, "Data too long for column 'nam' at row 1"): (
        "its tables have no column 'nam'; did you mean 'name'?"
    ),
    (1452, "a foreign key constraint fails (`x`.`o`, CONSTRAINT `orders_ibfk_1` FOREIGN KEY"): (
        "its tables have no foreign key 'orders_ibfk_1'; did you mean 'users_ibfk_1'?"
    ),
    (3819, "Check constraint 'grown' is violated."): "its tables have no CHECK constraint 'grown'",
    (1062, "Duplicate entry 'a' for key 'users.users_email'"): None,
    (1062, "Duplicate entry '1' for key 'PRIMARY'"): None,
    (1048, "Column 'name' cannot be null"): None,
    (4025, "CONSTRAINT `adult` failed for `shop`.`users`"): None,
    (1451, "a foreign key constraint fails (`x`.`o`, CONSTRAINT `orders_ibfk_1` FOREIGN KEY"): None,
    (1205, "Lock wait timeout exceeded; try restarting transaction"): None,
}


@pytest.mark.parametrize("error", ERRORS)
def test_scripted_errors(judges: Judges, error: tuple[int, str]) -> None:
    call = MysqlCall("UPDATE users SET name = 'Ana', age = 30 WHERE id = 1")
    description = judges.checker.describe(call)
    assert description is not None
    code, message = error
    found = None
    try:
        with opened():
            judges.checker.check_error(call, description, MysqlErrorFields("", message, code=code))
    except ErrorImpossible as failure:
        found = (
            str(failure).splitlines()[0].removeprefix("the statement could not fail like this: ")
        )

    assert found == ERRORS[error]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("users_email", "Duplicate entry '1-a@b' for key 'users_email'"),
        ("users.users_email", "Duplicate entry '1-a@b' for key 'users.users_email'"),
        ("PRIMARY", "Duplicate entry '?' for key 'PRIMARY'"),  # AUTO_INCREMENT gives it
    ],
)
def test_the_entry_of_a_duplicate_key(judges: Judges, key: str, message: str) -> None:
    call = MysqlCall("INSERT INTO users (tenant_id, email, name) VALUES (1, 'a@b', 'Ana')")
    description = judges.checker.describe(call)
    assert description is not None
    fields = MysqlErrorFields("23000", f"Duplicate entry '?' for key '{key}'", code=1062)

    found = judges.checker.with_details(call, description, fields)

    assert (found.message, found.sqlstate) == (message, "23000")


def test_a_query_has_no_duplicate_key(judges: Judges) -> None:
    call = MysqlCall("SELECT name FROM users")
    description = judges.checker.describe(call)
    assert description is not None
    fields = MysqlErrorFields("23000", "Duplicate entry 'a' for key 'users_email'", code=1062)

    with opened(), pytest.raises(ErrorImpossible, match="this SELECT stores no row"):
        judges.checker.check_error(call, description, fields)


def test_a_check_can_warn_or_be_off(judges: Judges) -> None:
    checker = MysqlChecker(judges.catalog, Levels(statements="warn"))
    call = MysqlCall("SELECT nmae FROM users")

    with pytest.warns(UncheckedWarning, match="Unknown column 'nmae'"):
        assert checker.describe(call) is None
    try:
        mark({"statements": "off"})
        assert checker.describe(call) is None
    finally:
        mark({})


def test_a_row_is_filled_in(judges: Judges) -> None:
    call = MysqlCall("SELECT id, sku, price, weight, tags, added FROM products")
    description = judges.checker.describe(call)
    assert description is not None

    filled = judges.checker.fill(call, description, Rows(({"id": 7},), is_filled=True))

    assert filled.rows == (
        {
            "id": 7,
            "sku": "sku 1",
            "price": Decimal(1),
            "weight": 1.0,
            "tags": "new",
            "added": datetime.date(2024, 1, 2),
        },
    )
    assert check(judges, call.statement, filled) is None
