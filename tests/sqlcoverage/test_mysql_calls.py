"""Statements of MySQL have their values in the text."""

from __future__ import annotations

from understudy.script.mysql_calls import MysqlCall
from understudy.sqlcoverage.recorder import Recorder


def test_calls_that_differ_in_their_values_are_one_statement() -> None:
    recorder = Recorder()
    recorder.note_calls(MysqlCall(f"SELECT a FROM t WHERE b = {value}") for value in (7, r"'\''"))
    assert {text: seen.sent for text, seen in recorder.sightings.items()} == {
        "SELECT a FROM t WHERE b = ?": 2
    }
