"""What a run found, as a table or as JSON."""

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
    """What a run found; lists by lane are in the order of the mutants."""

    statements: int
    judged: Sequence[Judged]
    outcomes: Mapping[str, Sequence[Outcome]]
    tests: Mapping[str, int]
    rehearsed: Mapping[str, float]
    took: float

    def killed(self, lane: str, which: Callable[[Judged], bool]) -> int:
        """How many of some mutants a lane kills."""
        return sum(
            outcome.killed is not None
            for each, outcome in zip(self.judged, self.outcomes[lane], strict=True)
            if which(each)
        )

    def seconds(self, lane: str) -> float:
        return sum(outcome.took for outcome in self.outcomes[lane])

    def missed(self, lane: str) -> list[Judged]:
        """The refused mutants that a lane lets live."""
        return [
            each
            for each, outcome in zip(self.judged, self.outcomes[lane], strict=True)
            if each.refused and outcome.killed is None
        ]

    @property
    def survivors(self) -> int:
        """How many mutants no lane kills."""
        return sum(
            all(outcome.killed is None for outcome in outcomes)
            for outcomes in zip(*self.outcomes.values(), strict=True)
        )

    @property
    def by_checks(self) -> int:
        """How many refused mutants the checks of the catalog kill, whatever the tests assert."""
        return sum(
            each.refused and bool(outcome.checks)
            for each, outcome in zip(self.judged, self.outcomes[CHECKED], strict=True)
        )


_GROUPS: tuple[tuple[str, Callable[[Judged], bool]], ...] = (
    ("SQL rejected by PostgreSQL", lambda each: _is(each, "SQL", "PostgreSQL")),
    ("SQL rejected by the driver", lambda each: _is(each, "SQL", "driver")),
    ("rejected parameters", lambda each: each.refused and _family(each) == "parameters"),
    ("all rejected mutants", lambda each: each.refused),
    ("SQL with a changed meaning", lambda each: _is(each, "SQL", "")),
    ("parameters with a changed meaning", lambda each: _is(each, "parameters", "")),
    ("all", lambda each: True),
)


def _is(each: Judged, family: str, refused_by: str) -> bool:
    return _family(each) == family and each.refused_by == refused_by


def _family(each: Judged) -> str:
    return each.mutant.family


def as_table(result: Result) -> str:
    """The table of docs/mutants.md, and every refused mutant that the checked fakes let live."""
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
    yield _row("seconds for all mutants", "", [f"{each:.1f}" for each in seconds])
    each = [f"{1000 * took / max(1, len(result.judged)):.1f}" for took in seconds]
    yield _row("milliseconds for one", "", each)
    unreached = [_unreached(result, key) for key in keys]
    yield _row("in a method that no test calls", "", unreached)
    yield _row("tests in the suite", "", [result.tests[key] for key in keys])
    once = [f"{result.rehearsed[key]:.1f}" for key in keys]
    yield _row("seconds for the suite, without mutants", "", once)
    yield ""
    ratio = result.seconds(CHECKED) / result.seconds(REAL)
    yield f"Time of (c) / time of (d): {ratio:.3f}. The whole command: {result.took:.0f} s."
    refused = sum(each.refused for each in result.judged)
    yield (
        f"Of the {refused} rejected mutants, (c) kills {result.by_checks} with a catalog check,"
        " whatever the test asserts."
    )
    yield (
        "Mutants that survive every suite, including those that mean the same as before:"
        f" {result.survivors}"
    )
    missed = result.missed(CHECKED)
    yield f"Rejected mutants that (c) does not kill: {len(missed)}"
    for one in missed:
        yield f"- {one.mutant}; {one.refused_by}: {one.reason}"


def _unreached(result: Result, lane: str) -> int:
    return sum(each.tests == 0 and each.killed is None for each in result.outcomes[lane])


def _row(title: str, count: object, cells: Sequence[object]) -> str:
    return f"| {title:38} | {count!s:>7} | " + " | ".join(f"{cell!s:>17}" for cell in cells) + " |"


def as_json(result: Result) -> str:
    """Everything: each mutant with its verdict and what each lane made of it."""
    mutants = [
        {
            "mutant": str(each.mutant),
            "family": each.mutant.family,
            "kind": each.mutant.kind,
            "refused_by": each.refused_by,
            "reason": each.reason,
            "lanes": {
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
        for number, each in enumerate(result.judged)
    ]
    kinds = Counter(each.mutant.kind for each in result.judged)
    summary = {
        "statements": result.statements,
        "tests": dict(result.tests),
        "seconds": {key: round(result.seconds(key), 3) for key in result.outcomes},
        "rehearsed": {key: round(took, 3) for key, took in result.rehearsed.items()},
        "kinds": dict(kinds.most_common()),
    }
    return json.dumps({**summary, "mutants": mutants}, indent=1, ensure_ascii=False)
