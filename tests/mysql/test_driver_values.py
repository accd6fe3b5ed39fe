"""What drivers paste into a statement is taken out as the value that was given."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
from collections.abc import Callable
from typing import Any

import aiomysql
import asyncmy.connection
import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mysql.connector.conversion import MySQLConverter
from pymysql.cursors import Cursor

from understudy.mysql.templates import template
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_parameters import MysqlParameters
from understudy.script.mysql_rules import MysqlRule
from understudy.script.origin import caller


class Text(enum.StrEnum):
    A = "a"


class Plain(enum.Enum):
    A = "a"


class Number(enum.IntEnum):
    A = 1


def _pymysql() -> pymysql.connections.Connection[Cursor]:
    made = pymysql.connections.Connection(defer_connect=True)
    made.server_status = 0
    return made


def _in_loop(make: Callable[[], Any]) -> Any:
    """Make a connection that asks for the running event loop."""

    async def made() -> Any:
        return make()

    return asyncio.run(made())


def _aiomysql(value: Any) -> str:
    made = _in_loop(aiomysql.Connection)
    made.server_status = 0
    written: str = made.escape(value)
    return written


def _connector(value: Any) -> str:
    converter = MySQLConverter("utf8mb4")
    written = converter.quote(converter.escape(converter.to_mysql(value)))
    return bytes(written).decode("utf-8", "surrogateescape")


DRIVERS: dict[str, Callable[[Any], str]] = {
    "pymysql": lambda value: _pymysql().escape(value),
    "aiomysql": _aiomysql,
    "asyncmy": lambda value: _in_loop(asyncmy.connection.Connection).escape(value),
    "mysql-connector": _connector,
}
# What a driver refuses, or writes wrongly.
REFUSED = {
    "aiomysql": {"bytes", "bytearray"},  # with PyMySQL 1.2
    "asyncmy": {"bytearray"},
    "mysql-connector": {"UUID", "Plain", "Number"},
}
MOMENTS = st.datetimes(min_value=dt.datetime(1000, 1, 1))
HOURS = dt.timedelta(hours=838)
VALUES = st.one_of(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.text() | st.text("'\"\\%_\n\r\t\b\0\x1aé; -#/*?`", max_size=12),
    st.binary() | st.binary(max_size=8).map(bytearray),
    MOMENTS | MOMENTS.map(dt.datetime.date) | MOMENTS.map(dt.datetime.time),
    st.timedeltas(-HOURS, HOURS) | st.uuids(),
    st.sampled_from([Text.A, Plain.A, Number.A]),
)


@pytest.mark.parametrize("driver", DRIVERS)
@given(value=VALUES)
def test_a_value_is_taken_out_as_it_was_given(driver: str, value: Any) -> None:
    if type(value).__name__ in REFUSED.get(driver, ()):
        return
    statement = f"SELECT a FROM t WHERE b = {DRIVERS[driver](value)} AND c"
    assert template(statement).text == "SELECT a FROM t WHERE b = ? AND c"
    rule = MysqlRule("SELECT a FROM t WHERE b = %s AND c", MysqlParameters((value,)), caller())
    assert rule.differences(MysqlCall(statement)) == []


@settings(max_examples=10)  # each has several values
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4))
def test_rows_are_taken_out_as_they_were_given(rows: list[tuple[Any, Any]]) -> None:
    sent: list[str] = []

    class Recording(Cursor):
        def _query(self, q: Any) -> int:
            sent.append(bytes(q).decode("utf-8", "surrogateescape"))
            return len(rows)

    statement = "INSERT INTO t (a, b) VALUES (%s, %s) ON DUPLICATE KEY UPDATE a = VALUES(a) + 1"
    Recording(_pymysql()).executemany(statement, rows)
    rule = MysqlRule(statement.replace("1", "%s"), MysqlParameters(), caller())
    assert rule.differences(MysqlCall(sent[0])) == []
    expected = MysqlParameters(tuple([*row, 1] for row in rows))
    call = MysqlCall(sent[0])
    given_rows = call.parameters if call.template.is_bulk else [call.parameters]
    assert expected.match(given_rows)
