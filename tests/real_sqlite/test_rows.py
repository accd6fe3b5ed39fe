"""`insert` makes up what a row of SQLite requires."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from understudy.real_sqlite.database import SqliteDatabase
from understudy.real_sqlite.fixture import RealSqlite
from understudy.real_sqlite.rows import SqliteRows
from understudy.rows import NotATable, RowRefused, RowsError, UnknownName


@pytest.fixture
def rows() -> Iterator[tuple[sqlite3.Connection, SqliteRows]]:
    """A database in memory, and what inserts into it."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection, SqliteRows(lambda: connection, "seed", None)


def test_required_columns_get_a_value_and_all_others_their_default(real: RealSqlite) -> None:
    row = real.insert("users", name="Ana")
    assert dict(row) == {"id": 1, "name": "Ana", "email": None, "age": None, "kind": "free"}


def test_a_required_parent_is_the_last_one_or_a_new_one(real: RealSqlite) -> None:
    order = real.insert("orders")
    assert order.user_id == 1
    user = real.insert("users")
    assert real.insert("orders").user_id == user.id == 2


def test_the_app_sees_the_row_at_once(real: RealSqlite) -> None:
    with closing(sqlite3.connect(real.path)) as connection:
        real.insert("users", name="Ana")
        assert connection.execute("SELECT name FROM users").fetchall() == [("Ana",)]
    assert len(real.calls) == 1  # not the INSERT


def test_the_same_test_gets_the_same_values(database: SqliteDatabase) -> None:
    found = []
    for _ in range(2):
        database.begin_test()
        rows = SqliteRows(database.own_connection, "seed", None)
        found.append(dict(rows.insert("users", {})))
        rows.close()
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "columns",
    [
        "a INTEGER NOT NULL, b INT NOT NULL, c BOOLEAN NOT NULL CHECK (c IN (0, 1))",
        "a TEXT NOT NULL CHECK (length(a) = 3)",
        "a TEXT NOT NULL CHECK (a IN ('x', 'y')), b TEXT NOT NULL CHECK (b <> a AND b < 'z')",
        "a INTEGER NOT NULL CHECK (a BETWEEN 3 AND 5)",
        "a VARCHAR(3) NOT NULL CHECK (length(a) <= 3)",
        "a DATE NOT NULL, b TIMESTAMP NOT NULL, c TIME NOT NULL",
        "a JSON NOT NULL CHECK (json_valid(a))",
        "a BLOB NOT NULL CHECK (typeof(a) = 'blob'), b REAL NOT NULL, c NOT NULL",
        "a UUID PRIMARY KEY, b CHAR(32) NOT NULL UNIQUE",
        "a INTEGER, b TEXT, PRIMARY KEY (a, b)",
        "a INTEGER NOT NULL DEFAULT 4, b INTEGER GENERATED ALWAYS AS (a + 1)",
        "id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t (id)",
        '"odd name" TEXT NOT NULL, "a""b" TEXT NOT NULL',
    ],
)
def test_values_of_every_kind(rows: tuple[sqlite3.Connection, SqliteRows], columns: str) -> None:
    connection, inserter = rows
    connection.execute(f"CREATE TABLE t ({columns})")
    inserter.insert("t", {})
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)


def test_strict_tables(rows: tuple[sqlite3.Connection, SqliteRows]) -> None:
    connection, inserter = rows
    connection.execute(
        "CREATE TABLE t (a INTEGER NOT NULL, b TEXT NOT NULL, c REAL NOT NULL, d BLOB NOT NULL,"
        " e ANY NOT NULL) STRICT"
    )
    inserter.insert("t", {})


def test_keys_of_several_columns(rows: tuple[sqlite3.Connection, SqliteRows]) -> None:
    connection, inserter = rows
    connection.executescript(
        "CREATE TABLE p (a INTEGER, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;"
        "CREATE TABLE c (x INTEGER NOT NULL, y TEXT NOT NULL, FOREIGN KEY (x, y) REFERENCES p);"
    )
    child = inserter.insert("c", {})
    assert connection.execute("SELECT * FROM p").fetchall() == [(child.x, child.y)]


@pytest.mark.parametrize(
    ("table", "values", "error", "message"),
    [
        ("user", {}, UnknownName, "There is no table 'user'. Did you mean 'users'?"),
        ("users", {"nome": 1}, UnknownName, "users has no column 'nome'. Did you mean 'name'?"),
        ("names", {}, NotATable, "names is a view, which cannot be inserted into."),
        (
            "users",
            {"age": 3, "kind": "free", "name": "a"},
            RowRefused,
            "SQLite refuses the row of users: CHECK constraint failed: age >= 18\n"
            "  given: age=3, kind='free', name='a'",
        ),
        (
            "users",
            {"age": 3, "name": "a"},
            RowRefused,
            "SQLite refuses the row of users: CHECK constraint failed: age >= 18\n"
            "  given: age=3, name='a'\nPass it: insert('users', kind=...)",
        ),
    ],
)
def test_refusals(
    real: RealSqlite, table: str, values: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as raised:
        real.insert(table, **values)
    assert str(raised.value) == message


def test_no_tables(rows: tuple[sqlite3.Connection, SqliteRows]) -> None:
    with pytest.raises(UnknownName) as raised:
        rows[1].insert("users", {})
    assert str(raised.value) == (
        "There is no table 'users'.\n"
        "The database has no tables: name its schema in pyproject.toml, such as\n"
        '[tool.understudy] schema = ["schema.sql"]'
    )


def test_a_lock_of_the_app(real: RealSqlite) -> None:
    with closing(sqlite3.connect(real.path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(RowsError) as raised:
            real.insert("users")
        connection.rollback()
    assert str(raised.value) == (
        "SQLite refuses the row of users: database is locked\n"
        "Another connection of this test holds the lock: end its transaction before you insert."
    )
