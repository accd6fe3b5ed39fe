"""Literals, templates and errors as a real MySQL or MariaDB has them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.cursors import Cursor

from understudy import db_error
from understudy.mysql.sql import script_statements
from understudy.mysql.templates import template
from understudy.mysql_server.address import Address
from understudy.script.mysql_errors import fields_of_driver

pytestmark = pytest.mark.slow

_PARTS = [
    *["''", '""', r"\\", r"\'", r"\"", r"\%", r"\_", r"\n", r"\q", r"\0", r"\Z", r"\b", r"\t"],
    *["é", "漢", "😀", "a", " ", "--", "#", "/*", ";", "`", "?", "%s", "\n"],
]
_DIGITS = "0123456789abcdefABCDEF"


@pytest.fixture
def cursor(mysql_database: Address) -> Iterator[Cursor]:
    connection = pymysql.connect(
        host=mysql_database.host,
        port=mysql_database.port or 3306,
        user=mysql_database.user,
        password=mysql_database.password or "",
        database=mysql_database.database,
        charset="utf8mb4",
    )
    with connection, connection.cursor() as made:
        yield made


def _literal(choose: random.Random) -> str:
    quote, other = choose.choice([("'", '""'), ('"', "''")])
    parts = [part for part in _PARTS if part != other]
    digits = "".join(choose.choices(_DIGITS, k=choose.randint(1, 9)))
    bits = "".join(choose.choices("01", k=choose.randint(1, 20)))
    sign = choose.choice(["", "-", "- "])
    whole = choose.randint(0, 10 ** choose.randint(1, 19))
    return choose.choice(
        [
            quote + "".join(choose.choices(parts, k=choose.randint(0, 8))) + quote,
            choose.choice(["_utf8mb4", "_utf8mb4 ", "N"]) + r"'a''b\n'",
            choose.choice(["_binary ", "_binary"]) + r"'a\0b'",
            f"0x{digits}",
            f"_binary x'{digits * 2}'",
            choose.choice([f"b'{bits}'", f"0b{bits}"]),
            "'a' 'b''c'\n\"d\"",
            f"{sign}{whole}",
            f"{sign}{whole % 1000}.{whole}"[:30],
            f"{sign}.{whole}"[:30],
            choose.choice(["1e5", "1.5E-3", "-2e+4", ".5e1", "7.e2"]),
            choose.choice(["NULL", "null", "TRUE", "False"]),
        ]
    )


@pytest.mark.parametrize("seed", range(5))
def test_literals_mean_what_they_mean_to_the_server(cursor: Cursor, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(30):
        literals = [_literal(choose) for _ in range(40)]
        statement = "SELECT " + ", ".join(f"{each} AS c{at}" for at, each in enumerate(literals))
        cursor.execute(statement)
        row = cursor.fetchone() or ()
        found = template(statement).literals
        assert [_comparable(value) for value in found] == [_comparable(value) for value in row]


def _comparable(value: Any) -> Any:
    """Return bytes for a text: the server tells a column's type, a literal its own."""
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def test_the_text_of_a_template_can_be_prepared(cursor: Cursor) -> None:
    cursor.execute(
        "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, a int, b varchar(20), c decimal(10,2), "
        "d datetime, e json, f date, g text, FULLTEXT (g)) CHARACTER SET utf8mb4"
    )
    corpus = Path(__file__).with_name("statements.sql").read_text("utf-8")
    for statement in corpus.splitlines():
        for text in (statement, template(statement).text):
            cursor.execute("PREPARE prepared FROM %s", (text,))


SCHEMA = """
CREATE TABLE p (id int PRIMARY KEY, a int NOT NULL, b varchar(3), c tinyint, UNIQUE KEY b (b));
CREATE TABLE q (id int PRIMARY KEY, p int, d datetime,
    CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id));
INSERT INTO p VALUES (1, 1, 'x', 1);
INSERT INTO q VALUES (1, 1, NULL);
SET SESSION innodb_lock_wait_timeout = 1;
"""


@pytest.mark.parametrize(
    ("statement", "code", "named"),
    [
        ("INSERT INTO p VALUES (1, 1, 'y', 1)", 1062, {"value": "1", "key": "PRIMARY"}),
        ("INSERT INTO p VALUES (2, NULL, 'y', 1)", 1048, {"column": "a"}),
        ("INSERT INTO p (id) VALUES (2)", 1364, {"column": "a"}),
        ("INSERT INTO p VALUES (2, 1, 'long', 1)", 1406, {"column": "b"}),
        ("INSERT INTO p VALUES (2, 1, 'y', 1000)", 1264, {"column": "c"}),
        ("INSERT INTO p VALUES (1, 2)", 1136, {}),
        ("SELECT * FROM p, q WHERE id = 1", 1052, None),
        ("SELECT * FROM nowhere", 1146, {"schema": "", "table": "nowhere"}),
        ("SELECT nothing FROM p", 1054, None),
        ("CREATE TABLE p (id int)", 1050, {"table": "p"}),
        ("DROP TABLE nowhere", 1051, {"schema": "", "table": "nowhere"}),
        ("ALTER TABLE p ADD COLUMN a int", 1060, {"column": "a"}),
        ("ALTER TABLE p ADD KEY b (b)", 1061, {"key": "b"}),
        ("SELECT (SELECT 1 UNION SELECT 2)", 1242, {}),
        ("SELECT (1, 2)", 1241, {}),
        ("SELECT FROM", 1064, None),
        ("SET TRANSACTION READ ONLY", 1568, {}),
        ("COMMIT; START TRANSACTION READ ONLY; DELETE FROM q", 1792, None),
        (
            "DELETE FROM p",
            1451,
            {"detail": "`{}`.`q`, CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `p` (`id`)"},
        ),
        (
            "INSERT INTO q VALUES (2, 9, NULL)",
            1452,
            {"detail": "`{}`.`q`, CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `p` (`id`)"},
        ),
        ("SELECT -9223372036854775808 - 1 FROM p", 1690, None),
        ("SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x'", 1644, None),
        ("USE nowhere", 1049, {"schema": "nowhere"}),
    ],
)
def test_an_error_is_the_servers(
    cursor: Cursor, mysql_database: Address, statement: str, code: int, named: Any
) -> None:
    _run(cursor, SCHEMA)
    with pytest.raises(pymysql.err.Error) as raised:
        _run(cursor, statement)
    real = raised.value
    if named is None:  # MariaDB words it differently
        made = db_error(code, message=real.args[1], driver="pymysql")
    else:
        database = mysql_database.database
        given = {name: value.format(database) or database for name, value in named.items()}
        made = db_error(code, driver="pymysql", **given)
    assert (type(made), made.args) == (type(real), real.args)
    assert _sqlstate(made) == _sqlstate(real)


def _run(cursor: Cursor, script: str) -> None:
    for statement in script_statements(script):
        cursor.execute(statement.text)


def _sqlstate(error: BaseException) -> str:
    fields = fields_of_driver(error)
    assert fields is not None
    return fields.sqlstate


def test_a_dump_is_loaded(cursor: Cursor) -> None:
    dump = Path(__file__).with_name("dump.sql").read_text("utf-8")
    _run(cursor, dump)
    cursor.execute("UPDATE notes SET text = 'other' WHERE id = 2")
    cursor.execute("SELECT text, changed, twice(id) FROM notes JOIN long_notes USING (id, text)")
    assert cursor.fetchall() == (("O'Hara; \\", 0, 2), ("other", 1, 4), ('é\0"`', 0, 6))
    cursor.execute("CALL forget(2)")
    cursor.execute("SELECT COUNT(*) FROM notes")
    assert cursor.fetchall() == ((1,),)
