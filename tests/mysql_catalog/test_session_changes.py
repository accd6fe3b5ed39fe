"""What a statement depends on that a session has made before it."""

from __future__ import annotations

import pytest

from understudy.catalog.session_schema import NO_CONTEXT, Change
from understudy.mysql_catalog.session_changes import context_of, note
from understudy.script.calls import Sender
from understudy.script.mysql_calls import MysqlCall


def call(statement: str, connection: int = 1) -> MysqlCall:
    made = MysqlCall(statement)
    made.sender = Sender(connection, "", "", "")
    return made


@pytest.fixture
def changes() -> list[Change]:
    found: list[Change] = []
    for statement in (
        "CREATE TEMPORARY TABLE `seen` (id INT)",
        "INSERT INTO users VALUES (1)",
        "SET NAMES utf8mb4",
        "CREATE TABLE kept (id INT)",
    ):
        note(found, call(statement))
    return found


def test_a_temporary_table_is_seen_by_its_session(changes: list[Change]) -> None:
    found = context_of(changes, call("SELECT id FROM seen"))

    assert found.changes == ("CREATE TEMPORARY TABLE `seen` (id INT)",)
    assert context_of(changes, call("SELECT id FROM seen", connection=2)) == NO_CONTEXT


def test_a_table_is_seen_by_every_session(changes: list[Change]) -> None:
    found = context_of(changes, call("SELECT id FROM kept", connection=2))

    assert found.changes == ("CREATE TABLE kept (id INT)",)


def test_another_statement_depends_on_neither(changes: list[Change]) -> None:
    assert context_of(changes, call("SELECT id FROM users")) == NO_CONTEXT


def test_a_mode_matters_to_every_statement_of_its_session() -> None:
    changes: list[Change] = []
    note(changes, call("SET SESSION sql_mode = ''"))

    found = context_of(changes, call("INSERT INTO users VALUES (1)"))

    assert found.changes == ("SET SESSION sql_mode = ''",)
    assert context_of(changes, call("SELECT 1", connection=2)) == NO_CONTEXT
