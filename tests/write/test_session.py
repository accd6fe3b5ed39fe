"""What becomes of the targets of a module: tests, or reasons without tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.write.kept import kept, target
from understudy.write.session import Session, Wanted
from understudy.write.trials import Kept

NOTHING: Any = None
WANTED = Wanted("app.jobs", "", [], ["dao"], "real_postgres", {}, {}, None)


def session() -> Session:
    """Return a run that is asked for nothing but what it does with its findings."""
    return Session(WANTED, NOTHING, NOTHING, NOTHING, NOTHING, lambda said: None)


def after_keeping(found: Sequence[Kept], problem: str = "") -> Session:
    """Return a run after it has explored `JobDAO.find`.

    Args:
        found: the trials that are worth a test.
        problem: why the first trial was none.
    """
    run = session()
    explorer: Any = SimpleNamespace(problems={"JobDAO.find": problem} if problem else {})
    exploration: Any = SimpleNamespace(target=target(), kept=lambda: found)
    run._keep(explorer, exploration)
    return run


def test_what_shows_something_becomes_a_test() -> None:
    run = after_keeping([kept([7, 7, 7])])

    assert [one.assertions for one in run._kept] == [("assert result == 7",)]
    assert run._left_out == []


@pytest.mark.parametrize(
    ("found", "problem", "reason"),
    [
        ([], "it did not end within 3 s", "it did not end within 3 s"),
        ([], "", "no time was left to try it"),
        ([kept([None] * 3, changed=[None])], "", "nothing that it shows can be asserted"),
    ],
)
def test_what_has_no_test_has_a_reason(found: Sequence[Kept], problem: str, reason: str) -> None:
    run = after_keeping(found, problem)

    assert run._kept == []
    assert [(one.name, one.reason, one.line) for one in run._left_out] == [
        ("JobDAO.find", reason, 10)
    ]


def test_what_fails_on_one_function_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others still get their tests."""

    def failing() -> Iterator[bool]:
        yield True
        raise ValueError("not expected")

    monkeypatch.setattr(gc, "freeze", lambda: None)
    run = session()
    explorer: Any = SimpleNamespace(problems={})
    exploration: Any = SimpleNamespace(target=target(), kept=list)

    assert [*run._steps(exploration, failing(), "trying")] == [True]
    run._keep(explorer, exploration)

    (left_out,) = run._left_out
    assert left_out.reason.startswith(
        "Understudy failed on it; please report ValueError: not expected at test_session.py:"
    )
