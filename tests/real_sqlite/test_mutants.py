"""Misspelt statements: a scripted one is refused if, and only if, SQLite refuses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from tests.conformance.sqlite.flows import SCHEMA, STATEMENTS
from tests.real_sqlite.conftest import failing
from understudy import ParametersRefused, StatementRefused
from understudy.catalog.levels import Levels
from understudy.pg import sql
from understudy.real_sqlite import checks
from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.fixture import RealSqlite
from understudy.real_sqlite.statements import is_checked
from understudy.script import expectations

# In every clause that names tables and columns.
QUERIES = (
    "SELECT id, name, email FROM users WHERE age > 18 AND name LIKE 'A%' ORDER BY created",
    "SELECT u.name, sum(o.total) FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.name",
    "SELECT name FROM users WHERE id IN (SELECT user_id FROM orders WHERE total BETWEEN 1 AND 2)",
    "WITH rich AS (SELECT user_id AS who FROM orders WHERE total > 9) SELECT who FROM rich",
    "SELECT CASE WHEN age IS NULL THEN name ELSE email END FROM users LIMIT 1",
    "INSERT INTO users (name, email, age) VALUES ('a', 'b', 20)",
    "INSERT INTO users (id, name) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET age = 2",
    "UPDATE users SET name = upper(name), age = age + 1 WHERE email IS NOT NULL RETURNING id",
    "DELETE FROM orders WHERE user_id NOT IN (SELECT id FROM users)",
)


def mutants() -> Iterator[str]:
    """Yield statements with one token misspelt or left out, or with its letters swapped."""
    known = [text for text, parameters in STATEMENTS if parameters == () and is_checked(text)]
    for text in dict.fromkeys([*QUERIES, *known]):
        yield text
        for piece in sql.pieces(text):
            before, after = text[: piece.start], text[piece.end :]
            if piece.text[0].isalpha():
                yield f"{before}{piece.text}x{after}"
            if text in QUERIES:
                yield before + after
            if piece.text[0].isalpha() and len(piece.text) > 3 and text in QUERIES:
                yield f"{before}{piece.text[1]}{piece.text[0]}{piece.text[2:]}{after}"


def prepared(connection: sqlite3.Connection, statement: str) -> bool:
    """Return whether SQLite prepares a statement; it does not run."""
    try:
        connection.execute(f"EXPLAIN {statement}")
    except sqlite3.Error:
        return False
    return True


def test_the_verdict_on_a_scripted_statement_is_that_of_sqlite() -> None:
    before, checks.configured = checks.configured, Levels(answers="off")
    database = SqliteDatabase(lambda template: template.executescript(SCHEMA) and None)
    database.start()
    refused = accepted = 0
    different = []
    with closing(sqlite3.connect(":memory:")) as plain, expectations.opened():
        plain.executescript(SCHEMA)
        real = RealSqlite(database)
        connection = sqlite3.connect(real.path)
        for text in dict.fromkeys(mutants()):
            if not is_checked(text):  # SQLite itself refuses the first word
                continue
            real.on(text).rows()
            try:
                connection.execute(text)
                accepted += 1
                is_refused = False
            except (StatementRefused, ParametersRefused):
                refused += 1
                is_refused = True
            if is_refused == prepared(plain, text):
                different.append(text)
        connection.close()
        real.end()
    database.stop()
    checks.configured = before
    assert different == []
    assert refused > 500
    assert accepted > 100


def test_every_misspelt_column_in_double_quotes_is_found(real: RealSqlite) -> None:
    columns = ("name", "email", "age", "kind")
    places = (
        "SELECT {} FROM users",
        "SELECT id FROM users WHERE {} = 'a'",
        "SELECT count(*) FROM users GROUP BY {}",
        "SELECT id FROM users ORDER BY {}",
        "SELECT upper({}) FROM users",
        "UPDATE users SET name = {}",
        "DELETE FROM users WHERE {} IS NULL",
        "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM users WHERE {} = total)",
    )
    with closing(sqlite3.connect(real.path)) as connection:
        for place in places:
            for column in columns:
                with failing() as found:
                    connection.execute(place.format(f'"{column}"'))
                assert found == [], place
                with failing() as found:
                    connection.execute(place.format(f'"{column}x"'))
                assert len(found) == 1, place
        connection.rollback()
