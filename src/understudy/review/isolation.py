"""Judges whether tests stand alone, by how they went in other company and another order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from understudy.review import messages
from understudy.review.checklist_items import Evidence, State
from understudy.review.evidence import Material
from understudy.review.suite_runs import Run

_STATE = ("UND009", "UND010", "UND011", "UND012", "UND013")


def isolated(material: Material) -> tuple[State, Iterable[Evidence]]:
    """Say whether the tests went alone, in reverse and in a random order as they went before."""
    runs = material.runs
    changed = [
        *_changed(material, runs.twice, "without the other tests", first=True),
        *_changed(material, runs.reverse, "in reverse order"),
        *_changed(material, runs.shuffled, f"in the random order of seed {runs.seed}"),
    ]
    if changed:
        return "not ok", changed
    if found := material.found(*_STATE):
        return "not ok", [
            Evidence(f"{each.code} {each.message}", material.shown(each.path), each.line)
            for each in found
        ]
    if not material.tests:
        return "cannot tell", [Evidence(messages.no_tests())]
    return "ok", [Evidence(messages.stood_alone(len(material.tests), runs.seed))]


def repeatable(material: Material) -> tuple[State, Iterable[Evidence]]:
    """Say whether each test, run twice in one process, went the same way both times."""
    if not material.tests:
        return "cannot tell", [Evidence(messages.no_tests())]
    different = [
        Evidence(
            f"{again.name}, run twice in one process, {' and then '.join(again.outcomes)}: "
            f"{again.why}"
        )
        for again in (material.runs.twice.tests.get(test.name) for test in material.tests)
        if again is not None and len(set(again.outcomes)) > 1
    ]
    sleeping = material.found("UND204")
    if different or sleeping:
        return "not ok", [
            *different,
            *(
                Evidence(f"{each.code} {each.message}", material.shown(each.path), each.line)
                for each in sleeping
            ),
        ]
    return "ok", [Evidence(messages.repeated(len(material.tests)))]


def _changed(material: Material, run: Run, how: str, *, first: bool = False) -> Iterator[Evidence]:
    """Go through the tests that went otherwise than in the run with coverage."""
    for test in material.tests:
        other = run.tests.get(test.name)
        outcomes = () if other is None else other.outcomes[:1] if first else other.outcomes
        if other is not None and _kind(test.outcomes) != _kind(outcomes):
            yield Evidence(f"{test.name} {test.outcomes[0]} in the suite, and {outcomes[0]} {how}")


def _kind(outcomes: Iterable[str]) -> set[bool]:
    return {outcome in ("passed", "skipped") for outcome in outcomes}
