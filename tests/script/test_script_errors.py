"""A script that makes no sense is refused on the line that writes it, and said so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from understudy import FakeConnection, ScriptError
from understudy.script.expectations import opened
from understudy.script.statement_rules import StatementRule

NAN = float("nan")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (
            lambda conn: conn.on(7),
            "on() takes SQL as a string, or a compiled regular expression; got 7 (int)",
        ),
        (
            lambda conn: conn.on(re.compile(b"SELECT")),
            "on() takes a regular expression for text, not for bytes: re.compile(b'SELECT')",
        ),
        (lambda conn: conn.on(" -- \n"), "on() was given no SQL: the statement is empty"),
        (lambda conn: conn.on(";"), "on() was given no SQL: the statement is empty"),
        *[
            (
                lambda conn, count=count: conn.on("SELECT 1").times(count),
                f"times() takes a whole number from 1, got {shown}; "
                "a call that must not happen is one that is not scripted",
            )
            for count, shown in [
                (0, "0 (int)"),
                (-1, "-1 (int)"),
                (1.5, "1.5 (float)"),
                (True, "True (bool)"),
                (None, "None (NoneType)"),
            ]
        ],
        *[
            (
                lambda conn, seconds=seconds: conn.on("SELECT 1").delay(seconds),
                f"delay() takes seconds from 0, got {shown}",
            )
            for seconds, shown in [(-1, "-1 (int)"), ("1", "'1' (str)"), (NAN, "nan (float)")]
        ],
        *[
            (
                lambda conn, tag=tag: conn.on("SELECT 1").tag(tag),
                f"tag() takes a command tag such as 'UPDATE 1' or 'INSERT 0 1', got {shown}",
            )
            for tag, shown in [
                ("update 1", "'update 1' (str)"),
                (3, "3 (int)"),
                ("", "'' (str)"),
                ("UPDATE -1", "'UPDATE -1' (str)"),
            ]
        ],
        *[
            (
                lambda conn, error=error: conn.on("SELECT 1").raises(error),
                f"raises() takes an exception or an exception class, got {shown}",
            )
            for error, shown in [("23505", "'23505' (str)"), (int, "<class 'int'> (type)")]
        ],
        (
            lambda conn: conn.on("SELECT 1").rows({"id": 1}, (2,)),
            "all rows of a result have the same columns; row 1 has ['id'], row 2 has the values "
            "(2,)",
        ),
        (
            lambda conn: conn.on("SELECT 1").rows("abc"),
            "rows() takes rows as mappings from column to value, or as tuples of values in the "
            "order of the columns; row 1 is 'abc' (str)",
        ),
        (
            lambda conn: conn.on("SELECT 1").rows((1, 2), (3,)),
            "all rows of a result have the same columns; row 1 has the values (1, 2), row 2 has "
            "the values (3,)",
        ),
        (
            lambda conn: conn.on("SELECT 1").row(7),
            "row() takes a mapping from column to value, or a list or tuple of values in the "
            "order of the columns; got 7 (int)",
        ),
        (
            lambda conn: conn.on("SELECT 1").row((7,), id=7),
            "row() was given values in order, (7,), and values by name, {'id': 7}: give all of "
            "them one way",
        ),
        (
            lambda conn: conn.on("SELECT 1").rows((7,), columns="id"),
            "rows() takes columns as a list of names such as ['id', 'name'], got 'id' (str)",
        ),
        (
            lambda conn: conn.on("SELECT 1").rows((7,), columns=["id", "name"]),
            "rows(columns=['id', 'name']) was given a row with others: (7,)",
        ),
        (
            lambda conn: conn.on("SELECT 1").filled_rows((7,)),
            "filled_rows() takes rows as mappings: which columns are left to be filled in is told "
            "by the names of the others; got (7,)",
        ),
        (
            lambda conn: conn.on("SELECT 1").rows([{"id": 1}, {"name": 1}]),
            "all rows of a result have the same columns; row 1 has ['id'], row 2 has ['name']",
        ),
    ],
)
def test_what_is_refused(write: Callable[[FakeConnection], StatementRule], message: str) -> None:
    with opened(), pytest.raises(ScriptError) as caught:
        write(FakeConnection())
    assert str(caught.value) == message


def test_a_script_error_is_a_value_error_of_the_package() -> None:
    assert issubclass(ScriptError, ValueError)
    assert ScriptError.__module__ == "understudy"


@pytest.mark.parametrize("tag", ["UPDATE 3", "INSERT 0 1", "CREATE TABLE", "COPY 5", "BEGIN"])
async def test_command_tags(tag: str) -> None:
    conn = FakeConnection()
    conn.on("SELECT 1").tag(tag)
    count = (await conn.execute("SELECT 1")).rowcount
    assert count == {"UPDATE 3": 3, "INSERT 0 1": 1, "COPY 5": 5}.get(tag, 0)


@pytest.mark.parametrize("expected", [..., [7, ...], {"id": ...}])
def test_dots_for_a_parameter_are_any(expected: Any) -> None:
    with pytest.raises(ScriptError, match="for any value of a parameter write ANY"):
        FakeConnection().on("SELECT 1", expected)
    with pytest.raises(ScriptError, match="write ANY"):
        FakeConnection().assert_called("SELECT 1", expected)
