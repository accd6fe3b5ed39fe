"""Trials as the lab keeps them, made by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from understudy.write.assertions import asserted
from understudy.write.trials import Kept, Observation, Opening, Row, Target, Trial

CONNECTION = Opening("conn", "conn = await real_postgres.asyncpg.connect()")


def changes(**kinds: dict[str, list[dict[str, Any]]]) -> Any:
    """Return what `real_postgres.changes()` tells."""
    kinds = {"inserted": {}, "updated": {}, "deleted": {}} | kinds

    class Changes(SimpleNamespace):
        def __bool__(self) -> bool:
            return any(kinds.values())

    return Changes(**kinds)


class JobDAO:
    """The code under test, which is not called."""

    def __init__(self, conn: object) -> None:
        self.conn = conn


def returns_nothing() -> None:
    """Stand for the function under test."""


def target(function: Callable[..., Any] = returns_nothing, **fields: Any) -> Target:
    """Return a method of a DAO on a connection."""
    given: dict[str, Any] = {
        "layer": "dao",
        "name": "JobDAO.find",
        "function": function,
        "file": "app/jobs.py",
        "lines": (10, 20),
        "is_async": True,
        "call": "await JobDAO(conn).find(ARGUMENTS)",
        "openings": (CONNECTION,),
        "imports": ("from tests.write.kept import JobDAO",),
    }
    return Target(**given | fields)


def kept(
    answers: Sequence[Any] = (),
    *,
    raised: Sequence[BaseException] = (),
    changed: Sequence[Any] = (),
    of: Target | None = None,
    events: Sequence[Any] = (),
    **trial: Any,
) -> Kept:
    """Return a trial with an observation for each answer or exception, with its assertions."""
    number = len(answers) or len(raised)
    observed = [
        Observation(
            answer=answers[at] if answers else None,
            raised=raised[at] if raised else None,
            changes=changed[at % len(changed)] if changed else changes(),
            events=events,
        )
        for at in range(number)
    ]
    trial = {"scenario": "with_one_row", "about": "if one row matches"} | trial
    return asserted(Kept(Trial(of or target(), **trial), observed))


def lines(kept: Kept) -> list[str]:
    """Return the assertions of a trial."""
    return [*kept.assertions]


def row(table: str, **values: Any) -> Row:
    """Return a row with values as source."""
    from understudy.write.spelling import spelled

    return Row(table, tuple((name, spelled(value)) for name, value in values.items()))


@dataclasses.dataclass
class Job:
    """What a DAO may return."""

    id: int
    title: str
    at: Any = None


class Record:
    """A record as asyncpg has it: it equals no dict."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def keys(self) -> Any:
        return self._values.keys()

    def __getitem__(self, key: str) -> Any:
        return self._values[key]


def often(value: Any) -> list[Any]:
    """Return what three runs return that do the same."""
    return [value] * 3
