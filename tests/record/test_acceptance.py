"""Fifty tests on four drivers: recorded, they pass; a change of the schema fails the right ones."""

from __future__ import annotations

import ast
from textwrap import indent

import pytest

from tests.plugin.conftest import Project

pytestmark = pytest.mark.slow  # starts PostgreSQL twice, and runs fifty tests five times

# What a test does, with RUN for the driver's way to send a statement; the first word is its kind.
# `$1` is the parameter of asyncpg and psqlpy, `%s` that of psycopg, `:a` that of SQLAlchemy.
RECORD = """\
fake_postgres.record().insert("users", id=7, name="Ana", email="ana@example.com").execute(
    "UPDATE users SET balance = 9.5, born = '2000-02-01', seen = '2026-01-02 03:04+00',"
    " token = '00000000-0000-4000-8000-000000000007', photo = '\\\\x00ff', data = '{\\"a\\": [1]}'"
)"""
SCENARIOS = {
    "finds_by_id": ("fetch", "SELECT id, name FROM users WHERE id = {0}", "7"),
    "finds_nothing": ("fetch", "SELECT id, name FROM users WHERE id = {0}", "8"),
    "counts": ("fetch", "SELECT count(*) FROM users WHERE name = {0}", '"Ana"'),
    "reads_an_enum": ("fetch", "SELECT id, mood, email FROM users WHERE id = {0}", "7"),
    "reads_many_types": (
        "fetch",
        "SELECT balance, born, seen, token, photo, data FROM users WHERE id = {0}",
        "7",
    ),
    "renames": ("execute", "UPDATE users SET name = {0}", '"Bia"'),
    "renames_nobody": ("execute", "UPDATE users SET name = {0} WHERE id = 8", '"Bia"'),
    "deletes": ("execute", "DELETE FROM users WHERE email = {0}", '"ana@example.com"'),
    "creates": (
        "fetch",
        "INSERT INTO users (name, email) VALUES ('Bia', {0}) RETURNING id, name",
        '"bia@example.com"',
    ),
    "orders": ("execute", "INSERT INTO orders (user_id, total) VALUES (7, {0})", 'Decimal("9.50")'),
}
DRIVERS = {
    "asyncpg": (
        True,
        "$1",
        "connection = await fake_postgres.asyncpg.connect()",
        {
            "fetch": "found = [tuple(row) for row in await connection.fetch(STATEMENT, ARGUMENT)]",
            "execute": "found = await connection.execute(STATEMENT, ARGUMENT)",
        },
    ),
    "psycopg": (
        True,
        "%s",
        "connection = await fake_postgres.psycopg.connect(autocommit=True)",
        {
            "fetch": "found = await (await connection.execute(STATEMENT, (ARGUMENT,))).fetchall()",
            "execute": "found = (await connection.execute(STATEMENT, (ARGUMENT,))).rowcount",
        },
    ),
    "psycopg_sync": (
        False,
        "%s",
        "connection = fake_postgres.psycopg.connect_sync(autocommit=True)",
        {
            "fetch": "found = connection.execute(STATEMENT, (ARGUMENT,)).fetchall()",
            "execute": "found = connection.execute(STATEMENT, (ARGUMENT,)).rowcount",
        },
    ),
    "psqlpy": (
        True,
        "$1",
        "connection = await fake_postgres.psqlpy.connect()",
        {
            "fetch": "found = (await connection.fetch(STATEMENT, [ARGUMENT])).result()",
            "execute": "found = (await connection.execute(STATEMENT, [ARGUMENT])).result()",
        },
    ),
    "sqlalchemy": (
        True,
        ":a",
        "engine = fake_postgres.sqlalchemy.engine()",
        {
            "fetch": "async with engine.begin() as connection:\n"
            '    found = (await connection.execute(text(STATEMENT), {"a": ARGUMENT})).all()',
            "execute": "async with engine.begin() as connection:\n"
            '    found = (await connection.execute(text(STATEMENT), {"a": ARGUMENT})).rowcount',
        },
    ),
}
HEAD = '''
"""Tests to be recorded."""

from decimal import Decimal

from sqlalchemy import text

'''
NAMES = [f"test_{driver}_{name}" for driver in DRIVERS for name in SCENARIOS]
# What names the column that the change takes away, and what reads all of it.
USES_NAME = ("finds_by_id", "finds_nothing", "counts", "renames", "renames_nobody", "creates")


def suite() -> str:
    return HEAD.lstrip() + "".join(
        written(driver, name) for driver in DRIVERS for name in SCENARIOS
    )


def written(driver: str, name: str) -> str:
    is_async, placeholder, opening, ways = DRIVERS[driver]
    kind, statement, value = SCENARIOS[name]
    way = (
        ways[kind]
        .replace("STATEMENT", repr(statement.format(placeholder)))
        .replace("ARGUMENT", value)
    )
    body = "\n".join([RECORD, opening, way, "assert found is not None"])
    return (
        f"\n{'async ' * is_async}def test_{driver}_{name}(fake_postgres):\n{indent(body, '    ')}\n"
    )


def test_fifty_recorded_tests_pass_and_a_changed_schema_fails_the_right_ones(
    project: Project,
) -> None:
    assert len(NAMES) == 50
    project.write(test_recorded=suite())
    recorded = project.run("--understudy-record", subprocess=True)

    recorded.assert_outcomes(passed=50)
    recorded.stdout.fnmatch_lines(["test_recorded.py: 50 scripts written"])
    text = (project.path / "test_recorded.py").read_text(encoding="utf-8")
    lengths: dict[str, int] = {
        node.name: (node.end_lineno or 0) - node.lineno
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert set(lengths) == set(NAMES)
    assert ".record(" not in text
    assert {name: length for name, length in lengths.items() if length > 15} == {}

    project.run(subprocess=True).assert_outcomes(passed=50)

    schema = project.path / "db" / "1.sql"
    changed = schema.read_text(encoding="utf-8").replace("name text NOT NULL,", "")
    project.write_text(schema, changed)
    result = project.run(subprocess=True)
    failed = {
        line.partition(" - ")[0].rpartition("::")[2]
        for line in result.outlines
        if line.startswith("FAILED")
    }
    assert failed == {f"test_{driver}_{name}" for driver in DRIVERS for name in USES_NAME}
    shown = result.stdout.str()
    assert 'column "name" does not exist' in shown
    assert 'column "name" of relation "users" does not exist' in shown
