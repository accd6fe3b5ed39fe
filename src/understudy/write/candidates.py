"""The trials that may be written, and which of them come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.write.accidents import accident
from understudy.write.suspicions import suspect
from understudy.write.trials import Kept, Observation, Trial

_ENOUGH_ROWS = 4  # in a test; more make it long
_MOST_EXTRA = 12  # trials beside the chosen ones that are asked to notice mutants
_LEAST_EXTRA = 5  # of them, for the same statements


@dataclass(eq=False)
class Candidate:
    """A trial that may be written.

    Attributes:
        trial: the trial.
        first: what it did the first time.
        shows: arcs, a kind of outcome, mutants.
        observed: what it did each time.
        pattern: what was the same each time.
        is_repeatable: whether all that matters was the same; None until it is repeated.
        is_whole: whether its test asserts all fields of the answer for others, see `brief_answers`.
        fields: those that its test asserts; None if no other test asserts the others.
    """

    trial: Trial
    first: Observation
    shows: set[object]
    observed: list[Observation] = field(default_factory=list)
    pattern: Any = None
    is_repeatable: bool | None = None
    is_whole: bool = False
    fields: frozenset[str] | None = None


def statements(observation: Observation) -> frozenset[str]:
    """Return the texts of the statements that a trial has sent."""
    return frozenset(one.call.statement for one in observation.events if one.kind == "statement")


def of_each_statement(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the first candidates of all that send the same statements, in their order."""
    alike: dict[frozenset[str], list[Candidate]] = {}
    for one in candidates:
        alike.setdefault(statements(one.first), []).append(one)
    most = max(_MOST_EXTRA // max(len(alike), 1), _LEAST_EXTRA)
    return [one for one in candidates if one in alike[statements(one.first)][:most]]


def preference(candidate: Candidate) -> tuple[bool, int]:
    """Return where a candidate stands among those that show the same."""
    rows = len(candidate.trial.rows)
    if accident(candidate.first.raised, candidate.trial.target.file):
        return True, rows  # a mistake is clearest with the fewest
    return False, -min(rows, _ENOUGH_ROWS)


def looks_wrong(candidate: Candidate) -> bool:
    """Return whether what a candidate shows looks like a bug."""
    return suspect(Kept(candidate.trial, candidate.observed)) is not None
