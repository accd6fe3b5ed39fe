"""What SQLite says of statements that a script answers, and of names that it takes for texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.real_sqlite.conftest import failing
from understudy import AnswerImpossible, ParametersRefused, StatementRefused, UncheckedWarning
from understudy.catalog import levels
from understudy.real_sqlite.fixture import RealSqlite


@pytest.fixture
def connection(real: RealSqlite) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(real.path)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("SELECT nome FROM users", "no such column: nome"),
        ("SELECT name FROM userz", "no such table: userz"),
        ("SELECT name FORM users", 'near "users": syntax error'),
        ("SELECT no_such(name) FROM users", "no such function: no_such"),
        ("INSERT INTO users (name) VALUES ('a', 'b')", "2 values for 1 columns"),
        ("UPDATE users SET nome = 'a'", "no such column: nome"),
        ("DELETE FROM users WHERE nome = 'a'", "no such column: nome"),
    ],
)
def test_a_statement_that_sqlite_refuses(
    real: RealSqlite, connection: sqlite3.Connection, statement: str, reason: str
) -> None:
    real.on(statement)
    with pytest.raises(StatementRefused) as raised:
        connection.execute(statement)
    assert str(raised.value).startswith(f"SQLite refuses this statement: {reason}\n  sql:    ")


@pytest.mark.parametrize("parameters", [(), (1,), (1, 2, 3), ([], 1), {"id": 1}])
def test_parameters_that_sqlite_refuses(
    real: RealSqlite, connection: sqlite3.Connection, parameters: Any
) -> None:
    statement = "SELECT name FROM users WHERE name = ? AND id = ?"
    real.on(statement)
    with pytest.raises(ParametersRefused) as raised:
        connection.execute(statement, parameters)
    assert str(raised.value).startswith("SQLite refuses these parameters: ")


def test_the_whole_message(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on("SELECT name FROM users WHERE id = ?").row(name="Ana")
    with pytest.raises(ParametersRefused) as raised:
        connection.execute("SELECT name FROM users WHERE id = ?", (1, 2))
    line = raised.traceback[0].lineno + 1
    assert str(raised.value) == (
        "SQLite refuses these parameters: Incorrect number of bindings supplied. The current "
        "statement uses 1, and there are 2 supplied.\n"
        "  sql:    SELECT name FROM users WHERE id = ?\n"
        f"  params: [1, 2]    at: tests/real_sqlite/test_checks.py:{line} in "
        "test_the_whole_message\n"
        "  not to check this: .unchecked() on the rule, or "
        '@pytest.mark.understudy(check_parameters="off") on the test'
    )


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("SELECT id, name FROM users", {"id": 1}),
        ("SELECT id, name FROM users", {"id": 1, "nome": "a"}),
        ("SELECT id, name FROM users", (1, "a", 2)),
        ("SELECT name FROM users", {"name": "a", "id": 1}),
        ("INSERT INTO counts VALUES (1) RETURNING n", {"n": 1, "m": 2}),
        ("WITH a AS (SELECT 1 AS x) SELECT x FROM a", {"y": 1}),
    ],
)
def test_rows_that_the_statement_could_not_return(
    real: RealSqlite, connection: sqlite3.Connection, statement: str, answer: Any
) -> None:
    real.on(statement).rows(answer)
    with pytest.raises(AnswerImpossible):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("SELECT id, name FROM users", {"name": "a", "id": 1}),
        ("SELECT u.id, o.id FROM users u JOIN orders o ON o.user_id = u.id", (1, 2)),
        ("SELECT count(*) FROM users", {"count(*)": 1}),
        ("INSERT INTO counts VALUES (1) RETURNING n", {"n": 1}),
        ("VALUES (1, 2)", (3, 4)),
    ],
)
def test_rows_that_it_could_return(
    real: RealSqlite, connection: sqlite3.Connection, statement: str, answer: Any
) -> None:
    real.on(statement).rows(answer)
    assert len(connection.execute(statement).fetchall()) == 1
    connection.rollback()


@pytest.mark.parametrize(
    ("statement", "parameters", "reason"),
    [
        ("INSERT INTO counts VALUES (?)", ("a",), "cannot store TEXT value in INTEGER column"),
        ("INSERT INTO counts VALUES (NULL)", (), "NOT NULL constraint failed: counts.n"),
        ("INSERT INTO users (name, kind) VALUES (?, ?)", ("a", "x"), "CHECK constraint failed: "),
        ("INSERT INTO users (name) VALUES ('a')", (), "NOT NULL constraint failed: users.kind"),
        ("INSERT INTO users (id, name, kind) VALUES ('a', 'a', 'free')", (), "datatype mismatch"),
    ],
)
def test_an_insert_that_could_not_succeed(
    real: RealSqlite, connection: sqlite3.Connection, statement: str, parameters: Any, reason: str
) -> None:
    real.on(statement).tag("INSERT 0 1")
    with pytest.raises(AnswerImpossible, match=reason):
        connection.execute(statement, parameters)
    assert not connection.in_transaction


def test_a_violated_key_depends_on_the_rows_and_is_not_refused(
    real: RealSqlite, connection: sqlite3.Connection
) -> None:
    statement = "INSERT INTO orders (id, user_id) VALUES (1, 99)"
    real.on(statement).tag("INSERT 1 1")
    assert connection.execute(statement).lastrowid == 1
    connection.rollback()


TAKEN = {
    'SELECT "nome" FROM users': "nome",
    'SELECT name FROM users WHERE "nmae" = ?': "nmae",
    "UPDATE users SET name = \"Ana\"": "Ana",
    'INSERT INTO users (name, kind) VALUES ("Ana", \'free\')': "Ana",
    'SELECT name FROM users ORDER BY "agee"': "agee",
}  # fmt: skip


@pytest.mark.parametrize("statement", TAKEN)
def test_a_name_that_is_taken_for_a_text(
    real: RealSqlite, connection: sqlite3.Connection, statement: str
) -> None:
    with failing() as found:
        connection.execute(statement, ("a",) * statement.count("?"))
        connection.rollback()
    name = TAKEN[statement]
    assert len(found) == 1
    assert found[0].startswith(
        f"StatementRefused: SQLite takes \"{name}\" for the text '{name}': there is no such column"
    )


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT "name", "users"."id" FROM "users"',
        "SELECT '\"nome\"' FROM users",
        'SELECT name AS "Nome" FROM users',
        'SELECT name AS "Nome" FROM users ORDER BY "Nome"',
        'WITH "x" ("y") AS (SELECT 1) SELECT "y" FROM "x"',
        '-- "nome"\nSELECT 1',
        'SELECT [name] FROM users -- "nome"',
        'CREATE TABLE "made" ("a" TEXT DEFAULT "b")',
        'UPDATE "users" SET "name" = "name" || "kind"',
    ],
)
def test_names_that_are_names(
    real: RealSqlite, connection: sqlite3.Connection, statement: str
) -> None:
    with failing() as found:
        connection.execute(statement)
        connection.rollback()
    assert found == []


def test_the_message_on_a_name(real: RealSqlite, connection: sqlite3.Connection) -> None:
    with failing() as found:
        connection.execute('SELECT "nome" FROM users')
    line = real.calls[-1].origin.line
    assert found == [
        "StatementRefused: SQLite takes \"nome\" for the text 'nome': there is no such column\n"
        '  sql:    SELECT "nome" FROM users\n'
        f"  params: none    at: tests/real_sqlite/test_checks.py:{line} in "
        "test_the_message_on_a_name\n"
        "Did you mean \"name\"? If a text is meant, write it in single quotes: 'nome'.\n"
        '  not to check this: @pytest.mark.understudy(check_statements="off") on the test'
    ]


def test_levels(real: RealSqlite, connection: sqlite3.Connection) -> None:
    levels.mark({"statements": "warn"})
    try:
        with failing() as found:
            with pytest.warns(UncheckedWarning, match='SQLite takes "nome"'):
                connection.execute('SELECT "nome" FROM users')
            levels.mark({"statements": "off"})
            connection.execute('SELECT "nmae" FROM users')
    finally:
        levels.mark({})
    assert found == []


def test_an_unchecked_rule(real: RealSqlite, connection: sqlite3.Connection) -> None:
    real.on("SELECT nome FROM users").row(nome=1).unchecked()
    assert connection.execute("SELECT nome FROM users").fetchall() == [(1,)]
