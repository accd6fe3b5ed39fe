"""What an app does with MySQL: flows of steps, each of which has an outcome.

A step is what a connection does, and its arguments. The statements of a flow are run first on the
real server, with PyMySQL. Its answers are the script of the fake.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Step = tuple[Any, ...]
Flow = list[Step]

HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text(encoding="utf-8")
_USERS = (
    "DELETE FROM orders",
    "DELETE FROM users",
    "ALTER TABLE users AUTO_INCREMENT = 1",
    "ALTER TABLE orders AUTO_INCREMENT = 1",
    "INSERT INTO users (name, email, age) VALUES ('Ana', 'ana@example.com', 30), ('Bo', NULL, 41)",
    "INSERT INTO orders (user_id, total, note) VALUES (1, 9.50, 'first'), (1, 20, 'second')",
)
_MADE = (
    "DROP TABLE IF EXISTS made",
    "DROP INDEX IF EXISTS made ON users",
    "ALTER TABLE log DROP COLUMN IF EXISTS made",
)
# By a word of the statements that write: what puts the tables back.
RESETS = {
    "made": _MADE,
    "log": ("DELETE FROM log",),
    "typed": ("DELETE FROM typed",),
    "users": _USERS,
    "orders": _USERS,
    "touch": _USERS,
}
_READING = ("SELECT", "SHOW", "DESCRIBE", "EXPLAIN", "WITH")


def resets(flow: Flow) -> list[str]:
    """Return what puts the tables back after a flow."""
    texts = [str(part) for step in flow for part in step[1:3] if isinstance(part, str)]
    writing = " ".join(text for text in texts if not text.startswith(_READING) or ";" in text)
    found = [statements for word, statements in RESETS.items() if word in writing]
    return list(dict.fromkeys(statement for statements in found for statement in statements))


class Plan(enum.Enum):
    """An enumeration, as apps have them."""

    FREE = "free"


_DAY, _CLOCK = dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 30, 5)
_MICRO = dt.datetime(2024, 2, 29, 12, 30, 5, 123456)
COLUMNS: dict[str, tuple[Any, ...]] = {
    "ti": (0, -128, 127, None, True),
    "tu": (0, 255),
    "si": (-32768, 32767),
    "mi": (-8388608, 8388607),
    "i": (-(2**31), 2**31 - 1, 7, "7"),
    "iu": (0, 2**32 - 1),
    "bi": (-(2**63), 2**63 - 1),
    "bu": (0, 2**64 - 1),
    "bo": (True, False, None),
    "de": (Decimal("0.00"), Decimal("-12345678.91"), 5, 1.25, "9.99"),
    "dl": (Decimal("12345678901234567890.0123456789"), Decimal("-0.5")),
    "fl": (0.0, 1.5, -0.25, 1e10),
    "do": (0.0, 1.1, 1e100, -1e-100, 123456789.123456),
    "ch": ("", "abc", "é"),
    "vc": ("", "abc", "it's", 'a "quote"', "back\\slash", "100%", "é ü 日本 😀", "a\nb\tc\0d"),
    "tx": ("", "x" * 300, "semi;colon -- no comment # none /* none */"),
    "bn": (b"ab", b"\0\xff"),
    "vb": (b"", b"\x00\x01'\\\xfe"),
    "bl": (b"", bytes(range(256)), b"text"),
    "da": (_DAY, "2024-01-31", None, _CLOCK),
    "dt": (_CLOCK, "2024-01-31 01:02:03", _DAY, _MICRO),
    "d6": (_MICRO, _CLOCK),
    "ts": (_CLOCK, None),
    "tm": (dt.timedelta(hours=1, minutes=2, seconds=3), dt.time(4, 5, 6), "-10:00:00"),
    "t3": (dt.timedelta(hours=100, milliseconds=250), dt.timedelta(hours=-5, minutes=-1)),
    "yr": (1999, 2024),
    "en": ("free", "paid", None),
    "st": ("x", "x,y", ""),
    "js": ('{"a": [1, 2]}', "null", '"text"'),
    "bt": (1, 255),
    "lt": ("long", "y" * 70_000),
    "lb": (b"long", b"z" * 70_000),
}

# As parameters of a query.
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2**31, 2**63 - 1, -(2**63), True, False, None),
    *(0.5, -1.25, 1e22, 1e-7, 123456789.123456789, Decimal("1.10"), Decimal("-0.001")),
    *("", "a", "it's", 'say "x"', "back\\slash", "new\nline", "tab\t", "nul\0", "%", "%s", "%%"),
    *("é", "日本", "😀", "?", ":name", "'; DROP TABLE users; --", "a" * 1000, "\x1a", "  spaces  "),
    *(b"", b"abc", b"\x00\xff", b"it's", _DAY, _CLOCK, _MICRO, dt.time(1, 2, 3)),
    *(dt.timedelta(hours=26), dt.timedelta(days=-1, seconds=30)),
)

_ADD = "INSERT INTO users (name, email) VALUES (%s, %s)"
_ONE = "SELECT id, name, email, age FROM users WHERE id = %s"
STATEMENTS: list[tuple[str, Any]] = [
    *((line, None) for line in (HERE / "statements.sql").read_text(encoding="utf-8").splitlines()),
    (_ADD, ("Cy", "cy@example.com")),
    (_ADD, ["Cy", None]),
    (_ADD, ("O'Hara", 'a "quoted" \\ name')),
    ("INSERT INTO users (name, email) VALUES (%(name)s, %(email)s)", {"name": "D", "email": None}),
    ("SELECT name FROM users WHERE id = %(id)s OR id = %(id)s", {"id": 1}),
    (_ONE, (1,)),
    (_ONE, (99,)),
    (_ONE, ("1",)),
    (_ONE, 1),
    ("SELECT name FROM users WHERE id IN %s ORDER BY id", ((1, 2),)),
    ("SELECT name FROM users WHERE id IN (%s, %s) ORDER BY id", (1, 2)),
    ("SELECT name FROM users WHERE name LIKE %s", ("A%",)),
    ("SELECT name FROM users WHERE name LIKE 'A%%' AND id = %s", (1,)),
    ("SELECT name FROM users WHERE email IS NULL AND age > %s", (40,)),
    ("SELECT COUNT(*) FROM users WHERE age BETWEEN %s AND %s", (18, 35)),
    ("SELECT name, age + %s AS older FROM users ORDER BY id LIMIT %s", (5, 1)),
    ("SELECT name FROM users ORDER BY id LIMIT %s OFFSET %s", (1, 1)),
    ("UPDATE users SET name = %s WHERE id = %s", ("New", 1)),
    ("UPDATE users SET name = %s WHERE id = %s", ("Ana", 1)),
    ("UPDATE users SET name = %s WHERE id = %s", ("New", 99)),
    ("UPDATE users SET age = age + %s", (1,)),
    ("DELETE FROM users WHERE id = %s", (2,)),
    ("DELETE FROM users WHERE id = %s", (99,)),
    ("REPLACE INTO users (id, name) VALUES (%s, %s)", (2, "Rep")),
    ("INSERT IGNORE INTO users (name, email) VALUES (%s, %s)", ("Dup", "ana@example.com")),
    (
        "INSERT INTO users (name, email) VALUES (%s, %s) "
        "ON DUPLICATE KEY UPDATE name = VALUES(name)",
        ("Dup", "ana@example.com"),
    ),
    (
        "INSERT INTO users (name, email) VALUES (%s, %s) "
        "ON DUPLICATE KEY UPDATE name = VALUES(name)",
        ("New", "new@example.com"),
    ),
    # Refused by the driver, or with parameters that the statement does not have.
    ("SELECT %s", ()),
    ("SELECT %s, %s", (1,)),
    ("SELECT 1", (1,)),
    ("SELECT %(a)s", {"b": 1}),
    # Refused by the server.
    (_ADD, (None, "x@example.com")),
    (_ADD, ("Dup", "ana@example.com")),
    (_ADD, ("n" * 60, None)),
    ("INSERT INTO users (name, age) VALUES (%s, %s)", ("Kid", "old")),
    ("INSERT INTO users (name, age) VALUES (%s, %s)", ("Kid", 9)),
    ("INSERT INTO orders (user_id) VALUES (%s)", (99,)),
    ("UPDATE users SET email = %s WHERE id = %s", ("ana@example.com", 2)),
    ("UPDATE users SET nome = %s", ("x",)),
    ("DELETE FROM users WHERE id = %s", (1,)),
    ("SELECT nome FROM users WHERE id = %s", (1,)),
    ("SELECT name FROM userz WHERE id = %s", (1,)),
    ("SELECT name FORM users WHERE id = %s", (1,)),
]

MANY: list[tuple[str, list[Any]]] = [
    (_ADD, [("a", "a@x"), ("b", None), ("c", "c@x")]),
    (_ADD, [("only", None)]),
    (_ADD, [("it's", "quo'te"), ("back\\", "per%cent")]),
    (_ADD, [("a", "ana@example.com"), ("b", "b@x")]),
    (_ADD, [("a", "a@x"), (None, "b@x")]),
    (
        "INSERT INTO users (name, age) VALUES (%(name)s, %(age)s)",
        [{"name": "a", "age": 20}, {"name": "b", "age": 21}],
    ),
    ("INSERT INTO orders (user_id, total) VALUES (%s, %s)", [(1, Decimal("1.50")), (2, 3)]),
    ("UPDATE users SET age = %s WHERE id = %s", [(50, 1), (51, 2), (52, 99)]),
    ("DELETE FROM orders WHERE id = %s", [(1,), (2,)]),
    (
        "INSERT INTO users (id, name) VALUES (%s, %s) ON DUPLICATE KEY UPDATE name = VALUES(name)",
        [(1, "x"), (7, "y")],
    ),
]

_COUNT = ("execute", "SELECT COUNT(*) FROM users", None)
_NEW = ("execute", _ADD, ("Cy", "cy@example.com"))
_NEXT = ("execute", _ADD, ("Di", "di@example.com"))
_BAD = ("execute", _ADD, ("Dup", "ana@example.com"))
_READ = ("execute", _ONE, (1,))


def sql(text: str) -> Step:
    return ("execute", text, None)


_TRANSACTIONS: dict[str, Flow] = {
    "read": [_READ, ("status",), ("commit",), ("status",)],
    "commit": [_NEW, ("status",), ("commit",), ("status",), _COUNT],
    "rollback": [_NEW, ("rollback",), ("status",), _COUNT],
    "commit twice": [_NEW, ("commit",), ("commit",), ("status",)],
    "rollback of nothing": [("rollback",), ("status",), _COUNT],
    "commit of nothing": [("commit",), ("status",)],
    "begin": [("begin",), ("status",), _NEW, ("commit",), ("status",)],
    "begin twice": [("begin",), _NEW, ("begin",), ("rollback",), _COUNT],
    "begin and roll back": [("begin",), _NEW, ("rollback",), _COUNT],
    "by hand": [sql("BEGIN"), ("status",), _NEW, sql("COMMIT"), ("status",)],
    "start transaction": [sql("START TRANSACTION"), ("status",), sql("ROLLBACK"), ("status",)],
    "read only": [
        ("commit",),
        sql("START TRANSACTION READ ONLY"),
        ("status",),
        _READ,
        _NEW,
        ("rollback",),
        ("status",),
    ],
    "rollback by hand": [("begin",), _NEW, sql("ROLLBACK"), ("status",), _COUNT],
    "error goes on": [("begin",), _NEW, _BAD, ("status",), _NEXT, ("commit",), _COUNT],
    "error first": [("begin",), _BAD, ("status",), ("rollback",)],
    "savepoint": [
        ("begin",),
        _NEW,
        sql("SAVEPOINT a"),
        _NEXT,
        sql("ROLLBACK TO SAVEPOINT a"),
        ("status",),
        ("commit",),
        _COUNT,
    ],
    "released savepoint": [
        ("begin",),
        sql("SAVEPOINT a"),
        _NEW,
        sql("RELEASE SAVEPOINT a"),
        ("commit",),
        _COUNT,
    ],
    "nested savepoints": [
        ("begin",),
        sql("SAVEPOINT a"),
        _NEW,
        sql("SAVEPOINT b"),
        _NEXT,
        sql("ROLLBACK TO a"),
        sql("RELEASE SAVEPOINT b"),
        ("commit",),
        _COUNT,
    ],
    "savepoint twice": [
        ("begin",),
        sql("SAVEPOINT a"),
        sql("SAVEPOINT a"),
        sql("RELEASE SAVEPOINT a"),
        sql("RELEASE SAVEPOINT a"),
        ("rollback",),
    ],
    "unknown savepoint": [("begin",), sql("ROLLBACK TO nothing"), ("status",), ("rollback",)],
    "savepoint ends with commit": [
        ("begin",),
        sql("SAVEPOINT a"),
        ("commit",),
        sql("ROLLBACK TO a"),
    ],
    "ddl commits": [("begin",), _NEW, sql("CREATE TABLE made (a INT)"), ("status",), ("rollback",)],
    "temporary table": [
        ("begin",),
        _NEW,
        sql("CREATE TEMPORARY TABLE made (a INT)"),
        ("status",),
        ("rollback",),
    ],
    "truncate commits": [("begin",), _NEW, sql("TRUNCATE TABLE log"), ("status",), ("rollback",)],
    "autocommit commits": [
        ("autocommit", False),
        _NEW,
        ("status",),
        ("autocommit", True),
        ("status",),
        _COUNT,
    ],
    "autocommit by hand": [
        sql("SET autocommit = 0"),
        ("status",),
        _NEW,
        ("status",),
        ("rollback",),
        ("status",),
    ],
    "chain": [("begin",), _NEW, sql("COMMIT AND CHAIN"), ("status",), ("rollback",), ("status",)],
    "lock for update": [
        ("begin",),
        ("execute", "SELECT name FROM users WHERE id = %s FOR UPDATE", (1,)),
        ("status",),
        ("commit",),
    ],
    "isolation level": [
        sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"),
        sql("SELECT @@transaction_isolation"),
    ],
    "select without a table": [sql("SELECT 1"), ("status",), sql("SELECT 1 + 1"), ("status",)],
    "show": [sql("SHOW TABLES"), ("status",)],
    "close rolls back": [("begin",), _NEW, ("close",), ("reopen",), _COUNT],
}

CURSORS: dict[str, Flow] = {
    f"{kind}: {name}": [("cursor", kind, statement, arguments, fetches)]
    for kind in ("plain", "dict", "streamed", "streamed dict")
    for name, statement, arguments, fetches in (
        ("one", "SELECT id, name FROM users ORDER BY id", None, ["fetchone"]),
        ("one by one", "SELECT id, name FROM users ORDER BY id", None, ["fetchone"] * 3),
        ("some", "SELECT id, name FROM users ORDER BY id", None, [("fetchmany", 1), "fetchall"]),
        ("all twice", "SELECT id, name FROM users ORDER BY id", None, ["fetchall", "fetchall"]),
        ("none", "SELECT id, name FROM users WHERE id = %s", (99,), ["fetchone", "fetchall"]),
        ("no result", "UPDATE users SET age = %s WHERE id = %s", (3, 99), ["fetchall"]),
        ("same names", "SELECT u.id, o.id FROM users u JOIN orders o ON o.user_id = u.id "
         "ORDER BY o.id", None, ["fetchall"]),
        ("expressions", "SELECT COUNT(*), MAX(age) AS oldest FROM users", None, ["fetchall"]),
    )
}  # fmt: skip

SESSIONS: dict[str, Flow] = {
    "ping": [("ping",), ("status",)],
    "database": [sql("SELECT DATABASE()")],
    "version": [sql("SELECT VERSION()"), sql("SELECT @@version")],
    "last id": [_NEW, sql("SELECT LAST_INSERT_ID()"), _READ, sql("SELECT LAST_INSERT_ID()")],
    "last id of an error": [_NEW, _BAD, sql("SELECT LAST_INSERT_ID()")],
    "row count": [_NEW, sql("SELECT ROW_COUNT()"), sql("SELECT ROW_COUNT()")],
    "row count of a query": [_READ, sql("SELECT ROW_COUNT()")],
    "names": [sql("SET NAMES utf8mb4"), _READ],
    "latin1": [sql("SET NAMES latin1"), _READ],
    "user variable": [sql("SET @a = 5"), sql("SELECT @a"), sql("SELECT @nothing")],
    "user variable of a text": [sql("SET @a = 'it''s'"), sql("SELECT @a AS a")],
    "sql_mode": [sql("SET SESSION sql_mode = 'STRICT_ALL_TABLES'"), sql("SELECT @@sql_mode")],
    "variables": [sql("SELECT @@autocommit, @@session.autocommit AS a")],
    "show variables": [sql("SHOW VARIABLES LIKE 'autocommit'")],
    "show warnings": [
        ("execute", "INSERT IGNORE INTO users (name, email) VALUES (%s, %s)", ("n" * 60, None)),
        sql("SHOW WARNINGS"),
        sql("SHOW COUNT(*) WARNINGS"),
    ],
    "warnings of an error": [_BAD, sql("SHOW WARNINGS"), sql("SHOW ERRORS")],
    "warnings are forgotten": [_BAD, _READ, sql("SHOW WARNINGS")],
    "unknown variable": [sql("SELECT @@no_such_variable")],
    "set an unknown variable": [sql("SET no_such_variable = 1")],
    "use": [("use",), sql("SELECT DATABASE()")],
    "close": [("close",), _READ],
    "close twice": [("close",), ("close",)],
    "statement after an error": [_BAD, _READ],
    "empty statement": [sql("")],
    "only a comment": [sql("-- nothing")],
    "procedure": [("call", "names_from", (1,))],
    "procedure without rows": [("call", "touch", (1,))],
    "unknown procedure": [("call", "nothing_like_this", (1,))],
    "several statements": [("several", "SELECT 1 AS a; SELECT 'x' AS b")],
    "several changes": [
        ("several", "UPDATE users SET age = 50 WHERE id = 1; SELECT name FROM users WHERE id = 1")
    ],
    "several with an error": [("several", "SELECT 1 AS a; SELECT nome FROM users; SELECT 2")],
    "several are not allowed": [sql("SELECT 1; SELECT 2")],
    "killed": [("killed",), _READ],
    "killed in a transaction": [("begin",), _NEW, ("killed",), ("commit",)],
}


def flows() -> Iterator[tuple[str, Flow]]:
    """Yield every flow with its name."""
    for column, values in COLUMNS.items():
        for number, value in enumerate(values):
            yield (
                f"column {column} {number}",
                [
                    ("execute", f"INSERT INTO typed ({column}) VALUES (%s)", (value,)),
                    sql(f"SELECT {column} FROM typed"),
                ],
            )
    for number, value in enumerate(VALUES):
        yield f"value {number}", [("execute", "SELECT %s AS v", (value,))]
    for number, (statement, arguments) in enumerate(STATEMENTS):
        yield f"statement {number}", [("execute", statement, arguments)]
    for number, (statement, rows) in enumerate(MANY):
        yield f"many {number}", [("executemany", statement, rows), _COUNT]
    for name, steps in _TRANSACTIONS.items():
        yield f"transaction {name}", steps
        yield f"autocommit {name}", [("autocommit", True), *steps]
    for name, steps in CURSORS.items():
        yield f"cursor {name}", steps
    for name, steps in SESSIONS.items():
        yield f"session {name}", steps


FLOWS = dict(flows())
