"""The result of a run, as a table or as JSON."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.mutants.suite_process import SUITES, Outcome
from benchmarks.mutants.verdicts import Judged

CHECKED, REAL = "checked", "integration"


@dataclass(frozen=True)
class Result:
    """The result of a run; outcomes are in the order of the mutants."""

    statements: int
    judged: Sequence[Judged]
    outcomes: Mapping[str, Sequence[Outcome]]
    tests: Mapping[str, int]
    baseline: Mapping[str, float]
    took: float

    def killed(self, suite: str, which: Callable[[Judged], bool]) -> int:
        """Return how many of the selected mutants a suite kills."""
        return sum(
            outcome.killed is not None
            for judged, outcome in zip(self.judged, self.outcomes[suite], strict=True)
            if which(judged)
        )

    def seconds(self, suite: str) -> float:
        return sum(outcome.took for outcome in self.outcomes[suite])

    def missed(self, suite: str) -> list[Judged]:
        """Return the rejected mutants that a suite does not kill."""
        return [
            judged
            for judged, outcome in zip(self.judged, self.outcomes[suite], strict=True)
            if judged.rejected and outcome.killed is None
        ]

    @property
    def survivors(self) -> int:
        """The number of mutants that no suite kills."""
        return sum(
            all(outcome.killed is None for outcome in outcomes)
            for outcomes in zip(*self.outcomes.values(), strict=True)
        )

    @property
    def by_checks(self) -> int:
        """The number of rejected mutants that a catalog check kills, whatever the tests assert."""
        return sum(
            judged.rejected and bool(outcome.checks)
            for judged, outcome in zip(self.judged, self.outcomes[CHECKED], strict=True)
        )


_GROUPS: tuple[tuple[str, Callable[[Judged], bool]], ...] = (
    ("SQL rejected by PostgreSQL", lambda judged: _is(judged, "SQL", "PostgreSQL")),
    ("SQL rejected by the driver", lambda judged: _is(judged, "SQL", "driver")),
    (
        "rejected parameters",
        lambda judged: judged.rejected and judged.mutant.family == "parameters",
    ),
    ("all rejected mutants", lambda judged: judged.rejected),
    ("SQL with a changed meaning", lambda judged: _is(judged, "SQL", "")),
    ("parameters with a changed meaning", lambda judged: _is(judged, "parameters", "")),
    ("all", lambda judged: True),
)


def _is(judged: Judged, family: str, rejected_by: str) -> bool:
    return judged.mutant.family == family and judged.rejected_by == rejected_by


def as_table(result: Result) -> str:
    """Return the table of docs/mutants.md, and the rejected mutants that (c) does not kill."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    keys = [suite.key for suite in SUITES]
    yield (
        f"{len(result.judged)} mutants of {result.statements} statements;"
        f" Python {platform.python_version()} on {platform.system()}"
    )
    yield ""
    yield _row("killed", "mutants", [suite.title for suite in SUITES])
    yield "|---|" + "---:|" * (1 + len(SUITES))
    for title, which in _GROUPS:
        count = sum(map(which, result.judged))
        yield _row(title, count, [result.killed(key, which) for key in keys])
    seconds = [result.seconds(key) for key in keys]
    yield _row("seconds for all mutants", "", [f"{taken:.1f}" for taken in seconds])
    averages = [f"{1000 * taken / max(1, len(result.judged)):.1f}" for taken in seconds]
    yield _row("milliseconds for one", "", averages)
    unreached = [_unreached(result, key) for key in keys]
    yield _row("in a method that no test calls", "", unreached)
    yield _row("tests in the suite", "", [result.tests[key] for key in keys])
    once = [f"{result.baseline[key]:.1f}" for key in keys]
    yield _row("seconds for the suite, without mutants", "", once)
    yield ""
    ratio = result.seconds(CHECKED) / result.seconds(REAL)
    yield f"Time of (c) / time of (d): {ratio:.3f}. The whole command: {result.took:.0f} s."
    rejected = sum(judged.rejected for judged in result.judged)
    yield (
        f"Of the {rejected} rejected mutants, (c) kills {result.by_checks} with a catalog check,"
        " whatever the test asserts."
    )
    yield (
        "Mutants that survive every suite, including those that mean the same as before:"
        f" {result.survivors}"
    )
    missed = result.missed(CHECKED)
    yield f"Rejected mutants that (c) does not kill: {len(missed)}"
    for judged in missed:
        yield f"- {judged.mutant}; {judged.rejected_by}: {judged.reason}"


def _unreached(result: Result, suite: str) -> int:
    return sum(outcome.tests == 0 and outcome.killed is None for outcome in result.outcomes[suite])


def _row(title: str, count: object, cells: Sequence[object]) -> str:
    return f"| {title:38} | {count!s:>7} | " + " | ".join(f"{cell!s:>17}" for cell in cells) + " |"


def as_json(result: Result) -> str:
    """Return each mutant with its verdict and the outcome of each suite."""
    mutants = [
        {
            "mutant": str(judged.mutant),
            "family": judged.mutant.family,
            "kind": judged.mutant.kind,
            "rejected_by": judged.rejected_by,
            "reason": judged.reason,
            "suites": {
                key: {
                    "killed": outcomes[number].killed,
                    "by": outcomes[number].by,
                    "checks": outcomes[number].checks,
                    "tests": outcomes[number].tests,
                    "seconds": round(outcomes[number].took, 4),
                }
                for key, outcomes in result.outcomes.items()
            },
        }
        for number, judged in enumerate(result.judged)
    ]
    kinds = Counter(judged.mutant.kind for judged in result.judged)
    summary = {
        "statements": result.statements,
        "tests": dict(result.tests),
        "seconds": {key: round(result.seconds(key), 3) for key in result.outcomes},
        "baseline_seconds": {key: round(took, 3) for key, took in result.baseline.items()},
        "kinds": dict(kinds.most_common()),
    }
    return json.dumps({**summary, "mutants": mutants}, indent=1, ensure_ascii=False)
