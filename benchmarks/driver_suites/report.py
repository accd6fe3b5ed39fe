"""A comparison of the outcomes of a suite on several targets, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.driver_suites.suite_run import Outcome

Outcomes = Mapping[str, Outcome]


def table(suite: str, targets: Mapping[str, Outcomes]) -> str:
    """Return the number of passed, failed and skipped tests on each target.

    A test that does not pass on the first target, a real server, is not applicable.

    Args:
        suite: the name of the suite.
        targets: the outcomes by test, for each target.
    """
    first = next(iter(targets))
    applicable = [name for name, outcome in targets[first].items() if outcome.verdict == "passed"]
    lines = [f"{suite:26}{'passed':>8}{'failed':>8}{'skipped':>9}{'not applicable':>16}"]
    for target, outcomes in targets.items():
        counts = Counter(
            outcomes[name].verdict if name in outcomes else "failed" for name in applicable
        )
        passed, failed, skipped = counts["passed"], counts["failed"], counts["skipped"]
        not_applicable = len(targets[first]) - len(applicable)
        lines.append(f"  {target:24}{passed:8}{failed:8}{skipped:9}{not_applicable:16}")
    return "\n".join(lines)


def differences(targets: Mapping[str, Outcomes]) -> Sequence[str]:
    """Return a line for each test that passes on the first target and not on another one."""
    first, *others = targets
    lines: list[str] = []
    for target in others:
        for name, outcome in sorted(targets[first].items()):
            if outcome.verdict != "passed":
                continue
            found = targets[target].get(name, Outcome("failed", "not run"))
            if found.verdict != "passed":
                reason = f": {found.reason[:120]}" if found.reason else ""
                lines.append(f"{target} | {found.verdict} | {name}{reason}")
    return lines
