"""Statements on fakes that no test of a run has checked.

A test of an error need not check the SQL that a test of the result asserts, so this is reported for
each statement at the end of the run, and not for each test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import xdist_workers
from understudy.plugin.report import listed

if TYPE_CHECKING:
    from understudy.script.calls import Call
    from understudy.script.expectations import Recorded

# Commands that read and write rows. A migration's CREATE TABLE is not the subject of a test.
_LOOKED_FOR = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "CALL")
_LONGEST = 200  # characters of a statement
_OUTPUT = "understudy_calls"


def _report(call: Call, rule: str) -> str:
    short = call.sql if len(call.sql) <= _LONGEST else f"{call.sql[:_LONGEST]} ..."
    lines = [
        f"no test looks at this statement: {short}",
        f"  asked at: {call.origin.place}",
        "Another one in its place would have passed every test. Expect it, or look at the calls.",
    ]
    return "\n".join(lines + ([f"  {rule}"] if len(rule) <= 2 * _LONGEST else []))


class CallsSeen:
    """The statements that the tests of one process sent to fakes, and those that they checked."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        # By statement: the report, and the tests that sent it, with file and line.
        self._unread: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}

    def note(self, item: pytest.Item, scripts: Sequence[Recorded]) -> None:
        """Record the calls of a test."""
        path, line, _ = item.location
        for script in scripts:
            unread = script.calls.unread()
            self._read.update(
                call.text for call in script.calls if not call.failed and call not in unread
            )
            for call in unread:
                if not call.sql.upper().startswith(_LOOKED_FOR):
                    continue
                text = _report(call, f"{script.receiver}.{call.rule_source}")
                _, tests = self._unread.setdefault(call.text, (text, []))
                test = (item.nodeid, path, (line or 0) + 1)
                tests += [] if test in tests else [test]

    def unread(self, config: pytest.Config) -> Iterator[tuple[str, str, int]]:
        """Yield a report, file and line for each statement that no test of any process checked."""
        parts = [_as_plain_values(self), *xdist_workers.results(config, _OUTPUT)]
        read = {statement for part in parts for statement in part["read"]}
        found: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}
        for part in parts:
            for statement, (text, tests) in part["unread"].items():
                if statement not in read:
                    found.setdefault(statement, (text, []))[1].extend(map(tuple, tests))
        for text, tests in found.values():
            tests.sort()
            _, path, line = tests[0]
            names = listed([name for name, _, _ in tests])
            yield "\n".join([text, "It was asked in:", *names]), str(config.rootpath / path), line


def hand_over(config: pytest.Config, seen: CallsSeen) -> bool:
    """On a worker of pytest-xdist, send the calls to the controller; return whether this is one."""
    return xdist_workers.send(config, _OUTPUT, lambda: _as_plain_values(seen))


def _as_plain_values(seen: CallsSeen) -> dict[str, Any]:
    """Return the calls as plain values, one for all layouts of a statement."""
    if not seen._read and not seen._unread:
        return {"read": [], "unread": {}}
    from understudy.pg import sql  # imported already, since a test has sent a statement

    unread: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}
    for statement, (text, tests) in seen._unread.items():
        unread.setdefault(sql.spelled(statement), (text, []))[1].extend(tests)
    return {"read": sorted({sql.spelled(statement) for statement in seen._read}), "unread": unread}
