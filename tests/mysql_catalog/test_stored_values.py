"""Which values a column takes: what MariaDB 10.11 has said, and random values on a server."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from understudy.mysql.templates import template
from understudy.mysql_catalog.result_values import mismatch
from understudy.mysql_catalog.stored_values import refusal
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin

REFUSED: dict[str, dict[Any, int]] = {
    "int(11)": {"abc": 1366, "": 1366, "12abc": 1265, 2**31: 1264, "1e10": 1264},
    "tinyint(3) unsigned": {-1: 1264, 256: 1264, "300": 1264},
    "decimal(5,2)": {1000: 1264, "999.995": 1264, "1x": 1265, "x": 1366},
    "double unsigned": {-1: 1264, "x": 1366},
    "varchar(3)": {"abcd": 1406, 1000: 1406},
    "tinytext": {"x" * 256: 1406},
    "varbinary(3)": {"abc ": 1406, b"abcd": 1406},
    "enum('a','b')": {"c": 1265, "": 1265, 0: 1265, 3: 1265},
    "set('a','b')": {"a,c": 1265, 4: 1265},
    "date": {"2024-02-30": 1292, "abc": 1292, "": 1292, 1: 1292, "2024-01-02T10:00:00Z": 1292},
    "datetime": {"2024-01-02 25:00:00": 1292, "24": 1292, 12345678: 1292},
    "timestamp": {"1969-01-01": 1292, "2200-01-01": 1292},
    "time": {"900:00:00": 1292, "2024-01-02": 1292, "x": 1292},
    "year(4)": {1900: 1264, 2156: 1264, "x": 1366},
    "bit(3)": {8: 1406, -1: 1406, "1": 1406},
    "json": {"{": 3140, "NaN": 3140},
    "longtext json": {"{": 4025},
    "uuid": {"x": 1292},
}
TAKEN: dict[str, list[Any]] = {
    "int(11)": ["12", " 12 ", "1.5", "1e3", True, 2**31 - 1, -(2**31)],
    "decimal(5,2)": ["999.99", 999, "1.234"],
    "varchar(3)": ["abc", "abc   ", 999],
    "enum('a','b')": ["A", "a ", 1, "2", True],
    "set('a','b')": ["", "a,b", 3],
    "date": ["2024-02-29", "0000-00-00", "24-1-2", "2024-01-02 10:00:00", 20240102, 0],
    "datetime": ["2024-01-02T10:00:00.123456", "2024-01-02 10:00:00+00:00"],
    "time": ["10:20", "-800:00:00", "10:20:30.5", 300, "1 10:00:00"],
    "year(4)": [2024, "2024", 0, 99],
    "bit(3)": [7, True],
    "json": ["{}", "1", "null", '"x"'],
    "geometry": ["anything"],
}


@pytest.mark.parametrize("type_name", REFUSED)
def test_values_that_are_refused(type_name: str) -> None:
    found = {value: refusal("x", type_name, value) for value in REFUSED[type_name]}

    assert {value: error and error.code for value, error in found.items()} == REFUSED[type_name]


@pytest.mark.parametrize("type_name", TAKEN)
def test_values_that_are_taken(type_name: str) -> None:
    assert [refusal("x", type_name, value) for value in TAKEN[type_name]] == [None] * len(
        TAKEN[type_name]
    )


def literals(chooser: random.Random, count: int) -> Iterator[str]:
    """Yield literals of all kinds, many of them near the edges of types."""
    edges = [0, 1, 127, 128, 255, 256, 999, 1000, 2**31 - 1, 2**31, 2**63, 2**64, 1901, 2155, 2156]
    for _ in range(count):
        kind = chooser.randrange(6)
        if kind == 0:
            number = chooser.choice(edges) * chooser.choice((1, -1))
            yield chooser.choice((str(number), f"'{number}'", f"{number}.5"))
        elif kind == 1:
            day = f"2024-{chooser.randrange(14):02}-{chooser.randrange(33):02}"
            clock = f"{chooser.randrange(26):02}:{chooser.randrange(62):02}:10"
            yield f"'{chooser.choice((day, clock, f'{day} {clock}', f'{day}T{clock}Z'))}'"
        elif kind == 2:
            letters = chooser.choices("ab 019.,-:{}[]eE/_T", k=chooser.randrange(8))
            yield f"'{''.join(letters)}'"
        elif kind == 3:
            yield f"'{'x' * chooser.choice((3, 4, 20, 21, 255, 256))}'"
        elif kind == 4:
            yield chooser.choice(
                ("TRUE", "'a,b'", "'A'", "'{}'", "'[1,]'", "'null'", "''", "' 7 '")
            )
        else:
            yield f"{chooser.uniform(-1000, 1000):.3f}"


TYPES = (
    *("int", "tinyint unsigned", "bigint", "decimal(5,2)", "double unsigned", "varchar(3)", "year"),
    *("char(20)", "tinytext", "varbinary(3)", "enum('a','b')", "set('a','b')", "date", "datetime"),
    *("timestamp null", "time", "bit(3)"),
)


@pytest.mark.slow
def test_the_server_refuses_what_is_refused_here(mysql_database: Address) -> None:
    chooser = random.Random(7)
    wrong: list[tuple[str, str]] = []
    refused = impossible = 0
    with Admin(mysql_database, server_settings=True) as admin:
        cursor = admin.connection.cursor()
        cursor.execute("SET max_statement_time = 5")
        for type_name in TYPES:
            cursor.execute(f"CREATE TABLE `{type_name}` (x {type_name})")
        for literal in literals(chooser, 2500):
            type_name = chooser.choice(TYPES)
            statement = f"INSERT INTO `{type_name}` VALUES ({literal})"
            (value,) = template(statement).values
            found = refusal("x", type_name, value)
            refused += found is not None
            try:
                cursor.execute(statement)
            except pymysql.MySQLError:
                continue
            cursor.execute(f"SELECT x FROM `{type_name}`")
            stored = [row[0] for row in cursor.fetchall()]
            cursor.execute(f"TRUNCATE `{type_name}`")
            impossible += mismatch(type_name, stored[0]) is not None
            if found is not None:
                wrong.append((literal, type_name))

    assert wrong == []
    assert impossible == 0
    assert refused > 500
