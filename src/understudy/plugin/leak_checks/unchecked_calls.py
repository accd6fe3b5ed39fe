"""Which statements on fakes some test has looked at, and which none has, in all of a run.

One test may leave a statement to another: a test of an error need not look at the SQL that a test
of the result asserts. So it is said at the end of a run, of statements, and not of each test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin.leak_checks import messages

if TYPE_CHECKING:
    from understudy.script.expectations import Recorded

# What reads and writes rows; a migration's CREATE TABLE is not what a test is about.
_LOOKED_FOR = ("SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "CALL")
_OUTPUT = "understudy_calls"
_workers: pytest.StashKey[list[Mapping[str, Any]]] = pytest.StashKey()


class CallsSeen:
    """What the tests of one process have asked of fakes, and looked at."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        # By statement: what to say of it, and the tests that asked, with file and line.
        self._unread: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}

    def note(self, item: pytest.Item, scripts: Sequence[Recorded]) -> None:
        """Take in what was asked in a test."""
        path, line, _ = item.location
        for script in scripts:
            unread = script.calls.unread()
            self._read.update(
                call.statement for call in script.calls if not call.failed and call not in unread
            )
            for call in unread:
                if not call.sql.upper().startswith(_LOOKED_FOR):
                    continue
                text = messages.call_unread(
                    call.sql, call.origin.place, f"{script.receiver}.{call.rule_source}"
                )
                _, tests = self._unread.setdefault(call.statement, (text, []))
                test = (item.nodeid, path, (line or 0) + 1)
                tests += [] if test in tests else [test]

    def unread(self, config: pytest.Config) -> Iterator[tuple[str, str, int]]:
        """Go through the statements that no test of any process looked at: text, file, line."""
        parts = [_spelt(self), *config.stash.get(_workers, [])]
        read = {statement for part in parts for statement in part["read"]}
        found: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}
        for part in parts:
            for statement, (text, tests) in part["unread"].items():
                if statement not in read:
                    found.setdefault(statement, (text, []))[1].extend(map(tuple, tests))
        for text, tests in found.values():
            tests.sort()
            _, path, line = tests[0]
            whole = messages.with_tests(text, [name for name, _, _ in tests])
            yield whole, str(config.rootpath / path), line


def hand_over(config: pytest.Config, seen: CallsSeen) -> bool:
    """On a worker of pytest-xdist: send what was seen to the controller; says whether it did."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        return False
    output[_OUTPUT] = _spelt(seen)
    return True


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """On the controller: keep what a worker sent; one that crashed sent nothing."""
    if _OUTPUT in output:
        config.stash.setdefault(_workers, []).append(output[_OUTPUT])


def _spelt(seen: CallsSeen) -> dict[str, Any]:
    """Return what was seen as plain values, where two layouts of a statement are one."""
    if not seen._read and not seen._unread:
        return {"read": [], "unread": {}}
    from understudy.pg import sql  # there already, since a test has asked something

    def spell(statement: str) -> str:
        return sql.spell(sql.tokens(statement))

    unread: dict[str, tuple[str, list[tuple[str, str, int]]]] = {}
    for statement, (text, tests) in seen._unread.items():
        unread.setdefault(spell(statement), (text, []))[1].extend(tests)
    return {"read": sorted({spell(each) for each in seen._read}), "unread": unread}
