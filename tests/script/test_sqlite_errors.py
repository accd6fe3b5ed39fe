"""`db_error` makes the exceptions of sqlite3."""

from __future__ import annotations

import sqlite3

import pytest

from understudy import ScriptError, db_error

SCHEMA = """
CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INTEGER CHECK (b > 0), c TEXT, d TEXT,
    UNIQUE (c, d), CONSTRAINT named CHECK (b < 100));
CREATE TABLE k (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE f (p INTEGER REFERENCES p (id));
INSERT INTO p VALUES (1, 'a', 1, 'c', 'd');
INSERT INTO k VALUES ('a');
"""


@pytest.mark.parametrize(
    ("statement", "name", "arguments"),
    [
        (
            "INSERT INTO p (a, c, d) VALUES ('a', 'c', 'd')",
            "SQLITE_CONSTRAINT_UNIQUE",
            {"table": "p", "column": "c, d"},
        ),
        (
            "INSERT INTO p (b) VALUES (1)",
            "SQLITE_CONSTRAINT_NOTNULL",
            {"table": "p", "column": "a"},
        ),
        (
            "INSERT INTO p (a, b) VALUES ('a', 0)",
            "SQLITE_CONSTRAINT_CHECK",
            {"constraint": "b > 0"},
        ),
        (
            "INSERT INTO p (a, b) VALUES ('', 100)",
            "SQLITE_CONSTRAINT_CHECK",
            {"constraint": "named"},
        ),
        (
            "INSERT INTO p (id, a) VALUES (1, 'a')",
            "SQLITE_CONSTRAINT_PRIMARYKEY",
            {"table": "p", "column": "id"},
        ),
        (
            "INSERT INTO k VALUES ('a')",
            "SQLITE_CONSTRAINT_PRIMARYKEY",
            {"table": "k", "column": "id"},
        ),
        ("INSERT INTO f VALUES (99)", "SQLITE_CONSTRAINT_FOREIGNKEY", {}),
        ("INSERT INTO p (id, a) VALUES ('x', 'a')", "SQLITE_MISMATCH", {}),
        ("SELECT zeroblob(2000000000)", "SQLITE_TOOBIG", {}),
        ("SELECT * FROM absent", "SQLITE_ERROR", {"message": "no such table: absent"}),
    ],
)
def test_it_is_what_sqlite_raises(statement: str, name: str, arguments: dict[str, str]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.Error) as raised:
        connection.execute(statement)
    connection.close()
    made = db_error(name, **arguments)  # type: ignore[arg-type]
    assert type(made) is type(raised.value)
    assert made.args == raised.value.args
    assert vars(made) == vars(raised.value)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("SQLITE_BUSY", sqlite3.OperationalError, "database is locked"),
        ("SQLITE_BUSY_SNAPSHOT", sqlite3.OperationalError, "database is locked"),
        ("SQLITE_FULL", sqlite3.OperationalError, "database or disk is full"),
        ("SQLITE_IOERR", sqlite3.OperationalError, "disk I/O error"),
        ("SQLITE_IOERR_FSYNC", sqlite3.OperationalError, "disk I/O error"),
        ("SQLITE_READONLY", sqlite3.OperationalError, "attempt to write a readonly database"),
        ("SQLITE_CORRUPT", sqlite3.DatabaseError, "database disk image is malformed"),
        ("SQLITE_NOTADB", sqlite3.DatabaseError, "file is not a database"),
    ],
)
def test_faults(name: str, kind: type[sqlite3.Error], text: str) -> None:
    made = db_error(name)
    assert type(made) is kind
    assert str(made) == text
    assert isinstance(made, sqlite3.Error)
    assert made.sqlite_errorname == name
    assert made.sqlite_errorcode == getattr(sqlite3, name)


def test_no_memory() -> None:
    assert type(db_error("SQLITE_NOMEM")) is MemoryError


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "SQLITE_BUZY",
            {},
            "db_error() takes the name of an error of SQLite such as 'SQLITE_BUSY' or "
            "'SQLITE_CONSTRAINT_UNIQUE'; got 'SQLITE_BUZY'; did you mean 'SQLITE_BUSY'?",
        ),
        (
            "SQLITE_BUSY",
            {"detail": "x"},
            "db_error('SQLITE_BUSY') was given detail=..., and an error of SQLite has none; it "
            "takes message, constraint, table and column",
        ),
        (
            "SQLITE_CONSTRAINT_UNIQUE",
            {"table": "users"},
            "db_error('SQLITE_CONSTRAINT_UNIQUE'): SQLite's text reads 'UNIQUE constraint failed: "
            "table.column', so it needs table=..., column=...",
        ),
        (
            "SQLITE_CONSTRAINT_CHECK",
            {},
            "db_error('SQLITE_CONSTRAINT_CHECK'): SQLite's text reads 'CHECK constraint failed: "
            "{constraint}', so it needs constraint=..., its name or its expression",
        ),
        (
            "SQLITE_ERROR",
            {},
            "db_error('SQLITE_ERROR'): this error has no standard text; give SQLite's own: "
            "db_error('SQLITE_ERROR', message=...)",
        ),
    ],
)
def test_mistakes(name: str, arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ScriptError) as raised:
        db_error(name, **arguments)  # type: ignore[arg-type]
    assert str(raised.value) == message
