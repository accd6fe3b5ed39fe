"""Check whether tests pass alone and in another order, and whether they repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.review.checklist_items import Evidence, Verdict, counted
from understudy.review.module_evidence import ModuleEvidence
from understudy.review.suite_runs import Run

_NO_TESTS = "no test runs a line of it"


def check_isolated(module: ModuleEvidence) -> Verdict:
    """Compare the tests' outcomes alone, in reverse and at random with those in the suite."""
    runs = module.runs
    changed = [
        *_changed(module, runs.twice, "without the other tests", first=True),
        *_changed(module, runs.reverse, "in reverse order"),
        *_changed(module, runs.shuffled, f"in the random order of seed {runs.seed}"),
    ]
    if found := changed or module.lint("UND009", "UND010", "UND011", "UND012", "UND013"):
        return "not ok", tuple(found)
    if not module.tests:
        return "cannot tell", (Evidence(_NO_TESTS),)
    count = counted(len(module.tests), "test")
    text = f"{count}: the same alone, in reverse, and at random (seed {runs.seed})"
    return "ok", (Evidence(text),)


def check_repeatable(module: ModuleEvidence) -> Verdict:
    """Compare the outcomes of tests that ran twice in one process."""
    if not module.tests:
        return "cannot tell", (Evidence(_NO_TESTS),)
    different = [
        Evidence(
            f"{repeated.name}, run twice in one process, {' and then '.join(repeated.outcomes)}: "
            f"{repeated.why}"
        )
        for repeated in (module.runs.twice.tests.get(test.name) for test in module.tests)
        if repeated is not None and len(set(repeated.outcomes)) > 1
    ]
    if found := [*different, *module.lint("UND204")]:
        return "not ok", tuple(found)
    count = counted(len(module.tests), "test")
    return "ok", (Evidence(f"{count}, run twice in one process: the same both times"),)


def _changed(
    module: ModuleEvidence, run: Run, how: str, *, first: bool = False
) -> Iterator[Evidence]:
    """Yield the tests with another outcome than in the run with coverage."""
    for test in module.tests:
        other = run.tests.get(test.name)
        outcomes = () if other is None else other.outcomes[:1] if first else other.outcomes
        if other is not None and _passed(test.outcomes) != _passed(outcomes):
            yield Evidence(f"{test.name} {test.outcomes[0]} in the suite, and {outcomes[0]} {how}")


def _passed(outcomes: Sequence[str]) -> set[bool]:
    return {outcome in ("passed", "skipped") for outcome in outcomes}
