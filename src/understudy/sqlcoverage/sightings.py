"""What was seen of each statement in a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from understudy.sqlcoverage.plan import Plan, plan_of

# The bits of `Sighting.rows`, `conflict` and `limit`.
NONE, ONE, MANY = 1, 2, 4
TAKEN, NOT_TAKEN = 1, 2
REACHED, BELOW = 1, 2
# Different statements of which a run keeps what it has seen.
MOST = 20_000
SOME = 8  # one row or more: the client has asked for the first ones only
# Executions of a statement that are all evaluated; and those that are while something but NULL is
# missing.
_FIRST, _LATER = 50, 1000
# Rows that the questions about a statement look at, all together; and failures of one question.
_MOST_ROWS = 200_000
_MOST_FAILURES = 3


@dataclass(slots=True)
class Sighting:
    """What was seen of one statement, by the text that was sent.

    Attributes:
        sql: the statement.
        places: how often each line sent it, as "path:line" with an absolute path.
        sent: how often it was sent, to a fake or to a real server.
        executed: how often it reached the real server and was looked at.
        failed: how often it failed there.
        on_clone: how often it was executed on a clone without being looked at.
        evaluated: how often its conditions were evaluated.
        masks: for each part of its plan, the bits of the outcomes that were seen.
        rows: bits: results of no, one, many, and some rows.
        conflict: bits: ON CONFLICT was taken, and not taken.
        limit: bits: LIMIT was reached, and not reached.
        looked_at: how many rows the questions have looked at.
        is_capped: whether there were more rows than are looked at.
        problems: why the parts of a question could not be evaluated, by its number.
        failures: how often a question has failed, by its number.
    """

    sql: str
    places: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    executed: int = 0
    failed: int = 0
    on_clone: int = 0
    evaluated: int = 0
    masks: list[int] = field(default_factory=list)
    rows: int = 0
    conflict: int = 0
    limit: int = 0
    looked_at: int = 0
    is_capped: bool = False
    problems: dict[int, str] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What can be seen of it."""
        return plan_of(self.sql)

    def masks_of(self, number: int) -> slice:
        """Return where the masks of a question are."""
        before = sum(len(question.parts) for question in self.plan.questions[:number])
        return slice(before, before + len(self.plan.questions[number].parts))

    def is_due(self, number: int) -> bool:
        """Return whether a question is to be asked beside the next execution."""
        parts = self.plan.questions[number].parts
        lacking = [
            ~mask & ((1 << len(part.outcomes)) - 1)
            for mask, part in zip(self.masks[self.masks_of(number)], parts, strict=True)
        ]
        is_costly = self.looked_at > _MOST_ROWS or self.failures.get(number, 0) >= _MOST_FAILURES
        if not any(lacking) or is_costly:
            return False
        most = _LATER if any(bits & 3 for bits in lacking) else _FIRST
        return self.executed < most or not self.executed & (self.executed - 1)

    def add(self, other: Sighting) -> None:
        """Add what another process has seen of the same statement, or what another text shows."""
        for place, times in other.places.items():
            self.places[place] = self.places.get(place, 0) + times
        self.sent += other.sent
        self.executed += other.executed
        self.failed += other.failed
        self.on_clone += other.on_clone
        self.evaluated += other.evaluated
        self.rows |= other.rows
        self.conflict |= other.conflict
        self.limit |= other.limit
        self.is_capped |= other.is_capped
        if len(self.masks) == len(other.masks):
            self.masks = [one | more for one, more in zip(self.masks, other.masks, strict=True)]
        self.problems = {**other.problems, **self.problems}


class Sightings(dict[str, Sighting]):
    """What was seen of each statement, by its text."""

    def of(self, sql: str) -> Sighting:
        """Return what was seen of a statement, so far perhaps nothing."""
        known = self.get(sql)
        if known is None:
            known = self[sql] = Sighting(sql, masks=[0] * len(plan_of(sql).parts))
        return known

    def plain(self) -> list[dict[str, Any]]:
        """Return it as plain values, which pytest-xdist can send."""
        found = [asdict(sighting) for sighting in self.values()]
        for values in found:
            values["problems"] = list(values["problems"].items())
            del values["failures"]
        return found

    def add_plain(self, values: Iterable[dict[str, Any]]) -> None:
        """Add what another process has seen."""
        for fields in values:
            other = Sighting(**{**fields, "problems": dict(fields["problems"])})
            self.of(other.sql).add(other)
