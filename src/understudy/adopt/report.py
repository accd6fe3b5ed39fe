"""What `understudy adopt` prints: the changes, and the comparison of the two runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from understudy.adopt.adoption import Adoption, Place
from understudy.adopt.causes import Cause, grouped
from understudy.adopt.plan import Plan
from understudy.adopt.trial import Suite, Trial
from understudy.script.formatting import counted

_TITLES = {
    "sqlite": "Tests on SQLite",
    "running-postgres": "Tests that need a running PostgreSQL",
    "testcontainers": "Tests on testcontainers",
    "pytest-postgresql": "Tests on pytest-postgresql",
    "running-mysql": "Tests that need a running MySQL",
    "testcontainers-mysql": "Tests on testcontainers",
    "pytest-mysql": "Tests on pytest-mysql",
    "mock": "Tests on mocks of a database",
}
_PLACES_SHOWN = 20
_TESTS_SHOWN = 5  # of each cause


def planned(plan: Plan) -> str:
    """Return what was found and what is refused, and a diff of each change."""
    if not plan.adoptions and not plan.changes:
        return "Nothing to adopt was found in the tests."
    parts = ["\n".join(_found(plan, adoption)) for adoption in plan.adoptions]
    parts += [change.diff(_shown(plan, change.path)) for change in plan.changes]
    return "\n\n".join(parts)


def _found(plan: Plan, adoption: Adoption) -> Iterator[str]:
    yield f"{_TITLES[adoption.kind]}:"
    rows = [(place.what, _at(plan, place)) for place in adoption.found[:_PLACES_SHOWN]]
    width = max((len(what) for what, _ in rows), default=0) + 2
    yield from (f"  {what:<{width}}{place}" for what, place in rows)
    if len(adoption.found) > _PLACES_SHOWN:
        yield f"  and {len(adoption.found) - _PLACES_SHOWN} more (--format json lists all)"
    if adoption.refusals:
        yield "Left as it is:"
        for refusal in adoption.refusals:
            yield f"  {_at(plan, refusal.place)}: {refusal.place.what}. {refusal.why}"
            yield f"    {refusal.instead}"
    if adoption.notes:
        yield "Note:"
        yield from (f"  {note}" for note in adoption.notes)


def _at(plan: Plan, place: Place) -> str:
    return f"{_shown(plan, place.path)}:{place.line}"


def _shown(plan: Plan, path: Path) -> str:
    return path.relative_to(plan.root).as_posix() if path.is_relative_to(plan.root) else str(path)


def compared(trial: Trial) -> str:
    """Return both runs, and the tests that differ by their cause."""
    before, after = trial.before, trial.after
    database = trial.plan.database
    parts = [
        "\n".join(
            [
                f"Before      {_counts(before)}",
                f"{database.name:<10}  {_counts(after)}",
                f"It took {after.seconds / before.seconds:.1f} times as long.",
            ]
        )
    ]
    for what, problem in trial.refused:
        parts.append(f"The schema was not loaded from {what}:\n{problem}")
    parts += [suite.ended for suite in (before, after) if suite.ended]
    causes = grouped(trial)
    if causes:
        is_one = len(trial.different) == 1
        outcomes = {before.tests.get(name, {}).get("outcome") for name in trial.different}
        if "passed" in outcomes:
            count = counted(len(trial.different), "test passes", "tests pass")
            parts.append(f"{count} before and fail{'s' if is_one else ''} after:")
        else:
            count = counted(len(trial.different), "test fails", "tests fail")
            parts.append(f"{count} on {database.real}, and could not run before:")
        parts += ["\n".join(_cause(cause)) for cause in causes]
    elif not after.ended:
        parts.append(f"Every test that passed before passes on {database.name}.")
    return "\n" + "\n\n".join(parts)


def _counts(suite: Suite) -> str:
    shown = [f"{suite.count('passed'):>5} passed"]
    for outcome in ("failed", "error", "skipped", "xfailed"):
        if suite.count(outcome):
            shown.append(f"{suite.count(outcome)} {outcome}")
    return f"{', '.join(shown)} in {suite.seconds:.1f}s"


def _cause(cause: Cause) -> Iterator[str]:
    yield f"{counted(len(cause.tests), 'test')}: {cause.said}"
    yield from (f"  {line}" for line in (cause.detail, cause.statement) if line)
    if cause.place:
        yield f"  at {cause.place}"
    if cause.hint:
        yield f"  {cause.hint}"
    yield from (f"    {name}" for name in cause.tests[:_TESTS_SHOWN])
    if len(cause.tests) > _TESTS_SHOWN:
        yield f"    and {len(cause.tests) - _TESTS_SHOWN} more"


def ended(plan: Plan, *, written: bool) -> str:
    """Return what was written, and what to do next."""
    if not plan.changes:
        return "Nothing to do."
    if not written:
        return "\nNothing was written. To try the tests and write: understudy adopt"
    lines = [change.written(_shown(plan, change.path)) for change in plan.changes]
    return "\n".join(["", "Written:", *lines, "", "Next: pytest"])


def as_json(plan: Plan, trial: Trial | None, *, written: bool) -> str:
    """Return everything as one JSON document."""
    document = {
        "root": str(plan.root),
        "adoptions": [
            {
                "kind": adoption.kind,
                "found": [_place(plan, place) for place in adoption.found],
                "notes": list(adoption.notes),
                "refusals": [
                    {**_place(plan, refusal.place), "why": refusal.why, "instead": refusal.instead}
                    for refusal in adoption.refusals
                ],
            }
            for adoption in plan.adoptions
        ],
        "files": [change.as_json(_shown(plan, change.path)) for change in plan.changes],
        "trial": None if trial is None else _trial(trial),
        "written": written,
    }
    return json.dumps(document, indent=2)


def _place(plan: Plan, place: Place) -> dict[str, object]:
    return {"path": _shown(plan, place.path), "line": place.line, "what": place.what}


def _trial(trial: Trial) -> Mapping[str, Any]:
    return {
        "before": _suite(trial.before),
        "after": _suite(trial.after),
        "schemas_refused": [
            {"source": what, "problem": problem} for what, problem in trial.refused
        ],
        "differences": [
            {
                "said": cause.said,
                "detail": cause.detail,
                "sqlstate": cause.sqlstate,
                "statement": cause.statement,
                "at": cause.place,
                "hint": cause.hint,
                "tests": list(cause.tests),
            }
            for cause in grouped(trial)
        ],
    }


def _suite(suite: Suite) -> Mapping[str, object]:
    outcomes = sorted({test["outcome"] for test in suite.tests.values()})
    counts = {outcome: suite.count(outcome) for outcome in outcomes}
    return {"counts": counts, "seconds": round(suite.seconds, 2), "ended": suite.ended or None}
