"""What the describer tells of statements, on a real server."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.mysql_catalog.mutants import Judges
from tests.mysql_catalog.shop import STATEMENTS
from understudy.catalog.description import (
    Assignment,
    Column,
    Comparison,
    Description,
    ParsedOnly,
    Refusal,
    RowBounds,
    Verdict,
)
from understudy.catalog.session_schema import Context
from understudy.mysql.templates import template
from understudy.mysql_catalog.describer import MysqlDescriber
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin


def described(judges: Judges, statement: str) -> Verdict:
    return judges.catalog.verdict(template(statement).text)


def description(judges: Judges, statement: str) -> Description:
    found = described(judges, statement)
    assert isinstance(found, Description)
    return found


def test_an_insert(judges: Judges) -> None:
    statement = "INSERT INTO users (tenant_id, email, name, age) VALUES (1, 'a@b', 'Ana', 30)"

    found = described(judges, statement)

    assert isinstance(found, Description)
    assert dataclasses.replace(found, checks=()) == Description(
        "INSERT",
        ("int(11)", "varchar(80)", "varchar(40)", "tinyint(3) unsigned"),
        (),
        ("users",),
        ("users.age", "users.email", "users.name", "users.tenant_id"),
        rows=RowBounds(1, 1),
        assigned=(
            Assignment("users.tenant_id", 1, True, "int(11)"),
            Assignment("users.email", 2, True, "varchar(80)"),
            Assignment("users.name", 3, True, "varchar(40)"),
            Assignment("users.age", 4, False, "tinyint(3) unsigned"),
        ),
    )
    assert [(check.name, check.condition) for check in found.checks] == [("adult", "age >= 18")]


def test_a_query(judges: Judges) -> None:
    statement = (
        "SELECT u.id, p.bio, COUNT(*) AS n FROM users u LEFT JOIN profiles p ON p.user_id = u.id "
        "WHERE u.name = 'Ana' AND p.score BETWEEN 1 AND 2 GROUP BY u.id LIMIT 5"
    )

    assert described(judges, statement) == Description(
        "SELECT",
        ("varchar(40)", "double", "double", ""),
        (
            Column("id", "bigint(20) unsigned", "users.id", "not null"),
            Column("bio", "text", "profiles.bio", "unknown"),
            Column("n", "bigint", None, "not null"),
        ),
        ("profiles", "users"),
        ("profiles.bio", "profiles.score", "users.id", "users.name"),
        rows=RowBounds(0, None, 4),
        compared=(
            Comparison("users.name", 1, "varchar(40)"),
            Comparison("profiles.score", 2, "double"),
            Comparison("profiles.score", 3, "double"),
        ),
    )


def test_columns_of_returning(judges: Judges) -> None:
    found = description(judges, "DELETE FROM sessions WHERE token = 'a' RETURNING user_id, address")

    assert [column.name for column in found.columns] == ["user_id", "address"]
    assert found.columns[0].nullability == "not null"


REFUSED = {
    "SELECT nmae FROM users": (
        1054,
        "Unknown column 'nmae' in 'SELECT'",
        "Did you mean 'name'?",
        8,
    ),
    "SELECT 1 FROM usres": (1146, "Table 'usres' doesn't exist", "Did you mean 'users'?", 15),
    "SELECT nosuch(1)": (1305, "FUNCTION nosuch does not exist", None, 8),
    "INSERT INTO carts (user_id) VALUES (1, 2)": (
        *(1136, "Column count doesn't match value count at row 1", None, None),
    ),
    "INSERT INTO carts (usr_id) SELECT id FROM users": (
        *(1054, "Unknown column 'usr_id' in 'INSERT INTO'", "Did you mean 'user_id'?", 20),
    ),
    "INSERT INTO carts (user_id) SELECT id, name FROM users": (
        *(1136, "Column count doesn't match value count at row 1", None, None),
    ),
    "CALL nosuch(1)": (1305, "PROCEDURE nosuch does not exist", None, None),
    "DELETE FROM carts WHERE id = 1 RETURNING usr_id": (
        *(1054, "Unknown column 'usr_id' in 'RETURNING'", "Did you mean 'user_id'?", 42),
    ),
}


@pytest.mark.parametrize("statement", REFUSED)
def test_refusals(judges: Judges, statement: str) -> None:
    found = described(judges, statement)

    assert isinstance(found, Refusal)
    assert (found.code, found.message, found.hint, found.position) == REFUSED[statement]


def test_a_syntax_error_has_its_place(judges: Judges) -> None:
    found = described(judges, "SELECT id FROM users WHER id = 7")

    assert isinstance(found, Refusal)
    assert (found.code, found.sqlstate, found.position) == (1064, "42000", 27)


FAILING = {
    "INSERT INTO users (tenant_id, name) VALUES (1, 'Ana')": "email",
    "INSERT INTO carts () VALUES ()": "opened",
    "INSERT INTO carts (opened) VALUES (DEFAULT)": "opened",
    "INSERT INTO carts (user_id) SELECT id FROM users": "opened",
    "REPLACE INTO cart_items SET cart_id = 1, product_id = 2": "quantity",
}


@pytest.mark.parametrize("statement", FAILING)
def test_a_column_is_left_out(judges: Judges, statement: str) -> None:
    found = description(judges, statement)

    message = f"Field '{FAILING[statement]}' doesn't have a default value"
    assert found.fails == Refusal("HY000", message, code=1364)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT IGNORE INTO users (tenant_id) VALUES (1)",
        "INSERT INTO orders (user_id, total, placed) VALUES (1, 2, NOW())",  # ENUM has a default
        "INSERT INTO tenants (slug, title) VALUES ('a', 'A')",
    ],
)
def test_a_column_may_be_left_out(judges: Judges, statement: str) -> None:
    assert description(judges, statement).fails is None


BOUNDS: dict[str, tuple[Any, ...]] = {
    "SELECT COUNT(*) FROM users WHERE age > 5": (1, 1, None),
    "SELECT COUNT(*) FROM users GROUP BY age": (0, None, None),
    "SELECT COUNT(*) OVER () FROM users": (0, None, None),
    "SELECT MAX(age) FROM users LIMIT 1": (0, None, 1),
    "SELECT 1": (1, 1, None),
    "SELECT name FROM users WHERE id = 1": (0, 1, None),
    "SELECT name FROM users WHERE id = 1 OR age = 2": (0, None, None),
    "SELECT name FROM users WHERE email = 'a' AND tenant_id = 1": (0, 1, None),
    "SELECT name FROM users WHERE email = 'a'": (0, None, None),
    "SELECT a.name FROM users a, users b WHERE a.id = 1": (0, None, None),
    "SELECT 1 FROM users WHERE id = 1 UNION SELECT 2": (0, None, None),
    "UPDATE users SET age = 20 WHERE id = 1": (0, 1, None),
    "DELETE FROM sessions WHERE user_id = 1 LIMIT 7": (0, None, 2),
    "SELECT id FROM users LIMIT 10, 20": (0, None, 2),
    "INSERT INTO carts (opened) VALUES (NOW()), (NOW(3))": (2, 2, None),
    "INSERT INTO cart_items VALUES (1, 1, 1) ON DUPLICATE KEY UPDATE quantity = 1": (0, None, None),
}


@pytest.mark.parametrize("statement", BOUNDS)
def test_bounds_of_rows(judges: Judges, statement: str) -> None:
    assert description(judges, statement).rows == RowBounds(*BOUNDS[statement])


COMPARED = {
    "SELECT 1 FROM users WHERE 7 = id": ["users.id"],
    "SELECT 1 FROM users u JOIN orders o ON o.user_id = u.id WHERE o.state = 'new'": [
        "orders.state"
    ],
    "SELECT 1 FROM users u JOIN orders o ON o.user_id = u.id WHERE id = 1": None,  # ambiguous
    "SELECT 1 FROM users WHERE id + 1 = 2": [],
    "SELECT 1 FROM users WHERE lower(name) = 'x'": [],
    "SELECT 1 FROM users WHERE id = 1 + 2": [],
    "SELECT 1 FROM users WHERE id NOT IN (1, 2) AND age NOT BETWEEN 3 AND 4": [
        *("users.id", "users.age", "users.age"),
    ],
    "SELECT d.n FROM (SELECT COUNT(*) AS n FROM users WHERE age = 3) d WHERE d.n = 1": [],
    "SELECT COUNT(*) AS age FROM users GROUP BY name HAVING age = 'x'": [],
    "SELECT 1 FROM users WHERE age BETWEEN 1 AND id = 2": ["users.age"],
    "UPDATE users SET name = 'x', age = 3 WHERE id = 1": ["users.id"],
    "INSERT INTO cart_items VALUES (1, 1, 1) ON DUPLICATE KEY UPDATE quantity = 2": [],
    "SELECT 1 FROM users WHERE EXISTS (SELECT 1 FROM orders WHERE total = 5)": ["orders.total"],
}


@pytest.mark.parametrize("statement", COMPARED)
def test_compared_columns(judges: Judges, statement: str) -> None:
    found = described(judges, statement)

    if isinstance(found, Refusal):
        assert COMPARED[statement] is None
    else:
        assert isinstance(found, Description)
        assert [comparison.column for comparison in found.compared] == COMPARED[statement]


@pytest.mark.parametrize("statement", ["CREATE TABLE t (i INT)", "SET NAMES utf8mb4", "BEGIN"])
def test_other_statements_are_only_parsed(judges: Judges, statement: str) -> None:
    assert isinstance(described(judges, statement), ParsedOnly)


def test_a_statement_in_a_session_with_a_temporary_table(judges: Judges) -> None:
    made = Context(None, ("CREATE TEMPORARY TABLE seen (id INT NOT NULL)",))

    found = judges.catalog.verdict("SELECT id FROM seen", (), made)

    assert isinstance(found, Description)
    assert isinstance(described(judges, "SELECT id FROM seen"), Refusal)


def test_a_session_without_strict_mode(judges: Judges) -> None:
    loose = Context(None, ("SET SESSION sql_mode = ''",))
    statement = "INSERT INTO users (tenant_id, name) VALUES (?, ?)"

    found = judges.catalog.verdict(statement, (), loose)

    assert isinstance(found, Description)
    assert found.fails is None
    assert [assignment.type for assignment in found.assigned] == [None, None]


def test_what_a_session_has_made_for_good_is_not_repeated(judges: Judges) -> None:
    made = Context(None, ("CREATE TABLE seen (id INT)",))

    assert judges.catalog.verdict("SELECT id FROM seen", (), made) == ParsedOnly("SELECT")


def test_an_invisible_column_has_no_value_in_values(mysql_database: Address) -> None:
    with Admin(mysql_database) as admin:
        admin.rows("CREATE TABLE t (a INT NOT NULL, hidden INT INVISIBLE, b CHAR(3) NOT NULL)")
        describer = MysqlDescriber(lambda: admin.connection)
        (found,) = describer.describe(["INSERT INTO t VALUES (?, ?)"])

    assert isinstance(found, Description)
    assert [assignment.column for assignment in found.assigned] == ["t.a", "t.b"]


def test_a_trigger_makes_everything_possible(mysql_database: Address) -> None:
    with Admin(mysql_database) as admin:
        admin.rows("CREATE TABLE t (a INT NOT NULL, b INT NOT NULL)")
        admin.rows("CREATE TRIGGER fills BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1")
        describer = MysqlDescriber(lambda: admin.connection)
        (found,) = describer.describe(["INSERT INTO t (a) VALUES (?)"])

    assert isinstance(found, Description)
    assert (found.fails, found.assigned, found.runs_code) == (None, (), True)


def test_the_facts_of_the_schema(mysql_database: Address) -> None:
    with Admin(mysql_database) as admin:
        admin.rows("CREATE TABLE a (id INT PRIMARY KEY, n INT, CHECK (n > 0))")
        admin.rows(
            "CREATE TABLE b (id INT, a_id INT NOT NULL REFERENCES a (id), UNIQUE KEY one (id))"
        )
        facts = MysqlDescriber(lambda: admin.connection).schema_facts()

    assert facts.types["b"].fields == (("id", "int(11)"), ("a_id", "int(11) not null"))
    assert [(found.table, found.name, found.kind) for found in facts.constraints] == [
        ("a", "CONSTRAINT_1", "check"),
        ("a", "PRIMARY", "primary key"),
        ("b", "b_ibfk_1", "foreign key"),
        ("b", "one", "unique"),
    ]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_of_the_shop_is_described(judges: Judges, statement: str) -> None:
    found = description(judges, statement)

    assert found.fails is None
