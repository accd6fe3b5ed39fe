"""What becomes of the targets of a module: tests, or reasons without tests."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.write.kept import kept, target
from understudy.write.session import Session, Wanted
from understudy.write.trials import Kept, LeftOut, Target

NOTHING: Any = None
WANTED = Wanted("app.jobs", "", [], ["dao"], "real_postgres", {}, {}, None)


class Explorer:
    """Finds what it is told to.

    Attributes:
        problems: why nothing is found for a target, by its name.
    """

    def __init__(self, found: Callable[[Target], list[Kept]], problem: str = "") -> None:
        self.explore = lambda target, ends: found(target)
        self.problems = {"JobDAO.find": problem} if problem else {}


def explored(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> tuple[Sequence[Kept], Sequence[LeftOut], list[Mapping[str, object]]]:
    """Return what is kept of a target, what is left out, and what is said meanwhile."""
    monkeypatch.setattr(gc, "freeze", lambda: None)
    said: list[Mapping[str, object]] = []
    session = Session(WANTED, NOTHING, NOTHING, NOTHING, NOTHING, said.append)
    session._targets = [target()]
    session._explore(explorer)  # type: ignore[arg-type] # it does what is asked of one here
    return session._kept, session._left_out, said


def test_what_shows_something_becomes_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    found, left_out, said = explored(Explorer(lambda of: [kept([7, 7, 7], of=of)]), monkeypatch)

    assert [one.assertions for one in found] == [("assert result == 7",)]
    assert left_out == []
    assert [one["kind"] for one in said] == ["found", "begin", "explored"]
    assert said[-1] == {
        "kind": "explored",
        "target": "JobDAO.find",
        "tests": 1,
        "number": 1,
        "of": 1,
    }


def failing(target: Target) -> list[Kept]:
    """Fail as code does that was not expected."""
    raise ValueError("not expected")


@pytest.mark.parametrize(
    ("explorer", "reason"),
    [
        (Explorer(lambda of: [], "it did not end within 3 s"), "it did not end within 3 s"),
        (Explorer(lambda of: []), "no time was left to try it"),
        (
            Explorer(lambda of: [kept([None] * 3, of=of, changed=[None])]),
            "nothing that it shows can be asserted",
        ),
        (
            Explorer(failing),
            "Understudy failed on it; please report ValueError: not expected at test_session.py:",
        ),
    ],
)
def test_what_has_no_test_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, explorer: Explorer, reason: str
) -> None:
    found, (left_out,), _ = explored(explorer, monkeypatch)

    assert found == []
    assert (left_out.name, left_out.line) == ("JobDAO.find", 10)
    assert left_out.reason.startswith(reason)
