"""What an app does with SQLite: flows of steps, each of which has an outcome.

A step is a connection's number, what it does, and its arguments. The connections are opened when
they are first named.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

Step = tuple[Any, ...]
Flow = list[Step]

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, email VARCHAR(80) UNIQUE,
    age INTEGER CHECK (age >= 18), created TIMESTAMP DEFAULT '2024-01-01 00:00:00'
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id),
    total DECIMAL(10, 2) DEFAULT 0, note TEXT, UNIQUE (user_id, note)
);
CREATE TABLE typed (i INTEGER, t TEXT, r REAL, b BLOB, n NUMERIC, x);
CREATE TABLE strict_typed (i INTEGER, t TEXT, r REAL, b BLOB, a ANY) STRICT;
CREATE TABLE "odd name" ("order" TEXT, "a""b" TEXT, [c d] TEXT);
CREATE TABLE pairs (a INTEGER, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE log (what TEXT);
CREATE VIEW adults AS SELECT id, name FROM users WHERE age >= 18;
CREATE INDEX users_name ON users (name);
CREATE TRIGGER logged AFTER INSERT ON orders BEGIN
    INSERT INTO log VALUES ('order of ' || new.user_id);
END;
CREATE TRIGGER refused BEFORE DELETE ON log BEGIN
    SELECT RAISE(ABORT, 'the log is kept; always');
END;
INSERT INTO users (name, email, age) VALUES ('Ana', 'ana@example.com', 30), ('Bo', NULL, NULL);
INSERT INTO orders (user_id, total, note) VALUES (1, 9.5, 'first'), (1, 20, 'second');
"""

# Each line of the file is a flow of its own.
_LINES = Path(__file__).with_name("statements.sql").read_text(encoding="utf-8").splitlines()
STATEMENTS: list[tuple[str, Any]] = [
    *((line, ()) for line in _LINES),
    *((text, ()) for text in ("  SELECT 1  ", "-- a\nSELECT 1", "", "   ", "\x00")),
    ("SELECT ?", (1,)),
    ("SELECT ?, ?", (1, "a")),
    ("SELECT ?2, ?1", (1, 2)),
    ("SELECT :a", {"a": 1}),
    ("SELECT @a, $b", {"a": 1, "b": 2}),
    ("SELECT :a, :a", {"a": 1}),
    ("SELECT ?", [1]),
    ("SELECT ?", "a"),
    ("SELECT ?", ()),
    ("SELECT ?", (1, 2)),
    ("SELECT 1", (1,)),
    ("SELECT :a", {"b": 1}),
    ("SELECT :a", {}),
    ("SELECT ?", ({},)),
    ("SELECT ?", (object,)),
    ("SELECT * FROM users WHERE id = ?", (1,)),
    ("SELECT * FROM users WHERE name = ?", (1,)),
    ("SELECT * FROM users WHERE id IN (?, ?)", (1, 2)),
    ("UPDATE users SET name = ? WHERE id = ?", ("n", 1)),
    ("UPDATE users SET name = ? WHERE id = ?", ("n",)),
    ("INSERT INTO users (name, email) VALUES (?, ?)", ("n", "e")),
    ("DELETE FROM users WHERE id = ?", (2,)),
    ("INSERT INTO users (name, email) VALUES (:name, :email)", {"name": "n", "email": None}),
    ("INSERT INTO users (name) VALUES (?)", (None,)),
    ("SELECT * FROM users LIMIT ?", (1,)),
    ("SELECT * FROM users LIMIT ?", ("a",)),
    ("SELECT * FROM ?", ("users",)),
    ("SELECT 1", None),
]

VALUES = (
    *(0, -1, 2**63 - 1, 2**63, 1.5, math.inf, math.nan, -0.0, "", "a", "12", "1.0", "\u00e9\0z"),
    *("\ud800", b"", b"\x00\xff", bytearray(b"a"), None, True, Decimal("1.5"), [1]),
    *(dt.date(2024, 1, 2), memoryview(b"b")),
)
COLUMNS = (
    "typed.i",
    "typed.t",
    "typed.r",
    "typed.b",
    "typed.n",
    "strict_typed.i",
    "strict_typed.a",
)

_ADD = "INSERT INTO users (name) VALUES (?)"
_COUNT = (0, "execute", "SELECT count(*) FROM users")
_SEEN = (1, "execute", "SELECT count(*) FROM users")
FLOWS: dict[str, Flow] = {
    "commit": [(0, "execute", _ADD, ("a",)), _SEEN, (0, "commit"), _SEEN],
    "rollback": [(0, "execute", _ADD, ("a",)), (0, "rollback"), _COUNT, _SEEN],
    "commit twice": [(0, "execute", _ADD, ("a",)), (0, "commit"), (0, "commit"), _COUNT],
    "rollback of nothing": [(0, "rollback"), _COUNT],
    "begin by hand": [
        (0, "execute", "BEGIN"),
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "COMMIT"),
        _SEEN,
    ],
    "begin in a transaction": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "BEGIN"),
        (0, "rollback"),
    ],
    "commit by hand": [(0, "execute", _ADD, ("a",)), (0, "execute", "COMMIT"), _SEEN],
    "end by hand": [(0, "execute", _ADD, ("a",)), (0, "execute", "END TRANSACTION"), _SEEN],
    "rollback by hand": [(0, "execute", _ADD, ("a",)), (0, "execute", "ROLLBACK"), _COUNT],
    "close rolls back": [(0, "execute", _ADD, ("a",)), (0, "close"), _SEEN],
    "close after commit": [(0, "execute", _ADD, ("a",)), (0, "commit"), (0, "close"), _SEEN],
    "savepoint": [
        (0, "execute", "SAVEPOINT a"),
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "ROLLBACK TO a"),
        _COUNT,
        (0, "execute", "RELEASE a"),
        _SEEN,
    ],
    "savepoint in a transaction": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "SAVEPOINT a"),
        (0, "execute", _ADD, ("b",)),
        (0, "execute", "ROLLBACK TRANSACTION TO SAVEPOINT a"),
        _COUNT,
        (0, "commit"),
        _SEEN,
    ],
    "nested savepoints": [
        (0, "execute", "BEGIN"),
        (0, "execute", "SAVEPOINT a"),
        (0, "execute", "SAVEPOINT b"),
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "RELEASE SAVEPOINT a"),
        (0, "execute", "RELEASE b"),
        (0, "commit"),
        _SEEN,
    ],
    "unknown savepoint": [
        (0, "execute", "BEGIN"),
        (0, "execute", "RELEASE nothing"),
        (0, "commit"),
    ],
    "error in a transaction": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", _ADD, (None,)),
        (0, "execute", _ADD, ("b",)),
        (0, "commit"),
        _SEEN,
    ],
    "first statement refused": [
        (0, "execute", "INSERT INTO userz VALUES (1)"),
        (0, "commit"),
        _COUNT,
    ],
    "first row refused": [(0, "execute", _ADD, (None,)), (0, "commit"), _COUNT],
    "rolled back by a conflict": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "INSERT OR ROLLBACK INTO users (id, name) VALUES (1, 'x')"),
        _COUNT,
    ],
    "foreign key at once": [
        (0, "execute", "PRAGMA foreign_keys = ON"),
        (0, "execute", "INSERT INTO orders (user_id) VALUES (99)"),
        (0, "execute", "DELETE FROM users WHERE id = 1"),
        (0, "commit"),
    ],
    "deferred foreign key": [
        (0, "execute", "PRAGMA foreign_keys = ON"),
        (0, "execute", "BEGIN"),
        (0, "execute", "PRAGMA defer_foreign_keys = ON"),
        (0, "execute", "INSERT INTO orders (user_id) VALUES (99)"),
        (0, "commit"),
        (0, "rollback"),
    ],
    "ddl in a transaction": [
        (0, "execute", "BEGIN"),
        (0, "execute", "CREATE TABLE made (a)"),
        (0, "execute", "INSERT INTO made VALUES (1)"),
        (0, "rollback"),
        (0, "execute", "SELECT * FROM made"),
    ],
    "ddl after dml": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "CREATE TABLE made (a)"),
        (0, "rollback"),
        _SEEN,
    ],
    "locked by a writer": [
        (0, "execute", "BEGIN IMMEDIATE"),
        (1, "execute", "BEGIN IMMEDIATE"),
        (0, "rollback"),
        (1, "execute", "BEGIN IMMEDIATE"),
        (1, "rollback"),
    ],
    "locked exclusively": [
        (1, "execute", "SELECT 1"),
        (0, "execute", "BEGIN EXCLUSIVE"),
        _SEEN,
        (0, "commit"),
        _SEEN,
    ],
    "write beside a writer": [
        (0, "execute", _ADD, ("a",)),
        (1, "execute", _ADD, ("b",)),
        (0, "commit"),
        (1, "execute", _ADD, ("b",)),
        (1, "commit"),
        _COUNT,
    ],
    "wal": [
        (0, "execute", "PRAGMA journal_mode = WAL"),
        (0, "execute", _ADD, ("a",)),
        _SEEN,
        (0, "commit"),
        _SEEN,
    ],
    "snapshot in wal": [
        (0, "execute", "PRAGMA journal_mode = WAL"),
        (1, "execute", "BEGIN"),
        _SEEN,
        (0, "execute", _ADD, ("a",)),
        (0, "commit"),
        _SEEN,
        (1, "execute", _ADD, ("b",)),
        (1, "rollback"),
        _SEEN,
    ],
    "many": [(0, "many", _ADD, [("a",), ("b",), ("c",)]), (0, "commit"), _SEEN],
    "many of none": [(0, "many", _ADD, []), (0, "commit"), _SEEN],
    "many with a bad row": [(0, "many", _ADD, [("a",), (None,), ("c",)]), _COUNT, (0, "rollback")],
    "many with a short row": [(0, "many", _ADD, [("a",), ()]), _COUNT, (0, "rollback")],
    "many by name": [
        (0, "many", "INSERT INTO users (name) VALUES (:n)", [{"n": "a"}, {"n": "b"}]),
        _COUNT,
        (0, "rollback"),
    ],
    "many selects": [(0, "many", "SELECT ?", [(1,), (2,)])],
    "many updates": [
        (0, "many", "UPDATE users SET age = ? WHERE id = ?", [(20, 1), (21, 2), (22, 3)]),
        (0, "rollback"),
    ],
    "script": [
        (0, "script", "INSERT INTO log VALUES ('a'); INSERT INTO log VALUES ('b');"),
        (1, "execute", "SELECT * FROM log"),
    ],
    "script commits": [(0, "execute", _ADD, ("a",)), (0, "script", "SELECT 1;"), _SEEN],
    "script with a mistake": [
        (0, "script", "INSERT INTO log VALUES ('a'); SELEC 1; INSERT INTO log VALUES ('b');"),
        _SEEN,
    ],
    "script with a transaction": [
        (0, "script", "BEGIN; INSERT INTO log VALUES ('a');"),
        (0, "rollback"),
        (0, "execute", "SELECT * FROM log"),
    ],
    "script with a trigger": [
        (
            0,
            "script",
            "CREATE TRIGGER t AFTER INSERT ON log BEGIN SELECT 1; SELECT 2; END; "
            "INSERT INTO log VALUES (';');",
        ),
        (0, "execute", "SELECT * FROM log"),
    ],
    "script of nothing": [(0, "script", ""), (0, "script", "-- a")],
    "script not closed": [(0, "script", "SELECT 'a")],
    "temporary table": [
        (0, "execute", "CREATE TEMP TABLE mine (a)"),
        (0, "execute", "INSERT INTO mine VALUES (1)"),
        (0, "commit"),
        (0, "execute", "SELECT * FROM mine"),
        (1, "execute", "SELECT * FROM mine"),
    ],
    "schema changed by another": [
        (0, "execute", "SELECT * FROM typed"),
        (1, "execute", "ALTER TABLE typed ADD z TEXT"),
        (1, "commit"),
        (0, "execute", "SELECT * FROM typed"),
    ],
    "table dropped by another": [
        (0, "execute", "SELECT * FROM typed"),
        (1, "execute", "DROP TABLE typed"),
        (1, "commit"),
        (0, "execute", "SELECT * FROM typed"),
    ],
    "rowids": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "SELECT last_insert_rowid()"),
        (0, "execute", "DELETE FROM users"),
        (0, "execute", _ADD, ("b",)),
        (0, "execute", "SELECT id FROM users"),
        (0, "rollback"),
    ],
    "changes": [
        (0, "execute", "UPDATE users SET age = 40"),
        (0, "execute", "SELECT changes(), total_changes()"),
        (0, "rollback"),
    ],
    "trigger": [
        (0, "execute", "INSERT INTO orders (user_id) VALUES (1)"),
        (0, "execute", "SELECT * FROM log"),
        (0, "rollback"),
    ],
    "attached": [
        (0, "execute", "ATTACH ':memory:' AS other"),
        (0, "execute", "CREATE TABLE other.t (a)"),
        (0, "execute", "INSERT INTO other.t SELECT name FROM users"),
        (0, "commit"),
        (0, "execute", "SELECT * FROM other.t"),
    ],
    "vacuum in a transaction": [
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "VACUUM"),
        (0, "rollback"),
    ],
    "full": [
        (0, "execute", "PRAGMA max_page_count = 20"),
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "INSERT INTO log VALUES (zeroblob(500000))"),
        _COUNT,
        (0, "rollback"),
        _COUNT,
    ],
    "full with several rows": [
        (0, "execute", "PRAGMA max_page_count = 20"),
        (0, "execute", _ADD, ("a",)),
        (0, "execute", "INSERT INTO log SELECT zeroblob(500000) FROM users"),
        _COUNT,
        (0, "rollback"),
        _COUNT,
    ],
    "after close": [
        (0, "execute", "SELECT 1"),
        (0, "close"),
        (0, "execute", "SELECT 1"),
        (0, "commit"),
    ],
    "too big": [(0, "execute", "SELECT zeroblob(2000000000)")],
}


def flows() -> dict[str, Flow]:
    """Return every flow by its name."""
    found: dict[str, Flow] = {}
    for number, (text, parameters) in enumerate(STATEMENTS, 1):
        name = f"{number}: {text[:40]!r} {parameters!r}"
        found[name] = [(0, "execute", text, parameters), (0, "commit"), (0, "execute", "SELECT 2")]
    for column in COLUMNS:
        table, _, name = column.partition(".")
        for value in VALUES:
            found[f"{column} = {value!r}"] = [
                (0, "execute", f"INSERT INTO {table} ({name}) VALUES (?)", (value,)),
                (0, "execute", f"SELECT {name}, typeof({name}) FROM {table}"),
                (0, "commit"),
            ]
    return found | FLOWS
