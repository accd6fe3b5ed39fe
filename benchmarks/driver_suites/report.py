"""How the outcomes of a suite compare, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.driver_suites.suite_run import Outcome

Outcomes = Mapping[str, Outcome]


def table(suite: str, lanes: Mapping[str, Outcomes]) -> str:
    """Compare what became of a suite's tests.

    Not applicable are those that the first lane, a real server, does not pass either.

    Args:
        suite: its name.
        lanes: by the name of each lane, the outcomes by test.
    """
    first = next(iter(lanes))
    applicable = [name for name, each in lanes[first].items() if each.verdict == "passed"]
    lines = [f"{suite:26}{'passed':>8}{'failed':>8}{'skipped':>9}{'not applicable':>16}"]
    for lane, outcomes in lanes.items():
        counts = Counter(
            outcomes[name].verdict if name in outcomes else "failed" for name in applicable
        )
        passed, failed, skipped = counts["passed"], counts["failed"], counts["skipped"]
        rest = len(lanes[first]) - len(applicable)
        lines.append(f"  {lane:24}{passed:8}{failed:8}{skipped:9}{rest:16}")
    return "\n".join(lines)


def differences(lanes: Mapping[str, Outcomes]) -> Sequence[str]:
    """Return a line for each test that the first lane passes and another does not."""
    first, *others = lanes
    lines: list[str] = []
    for lane in others:
        for name, outcome in sorted(lanes[first].items()):
            if outcome.verdict != "passed":
                continue
            found = lanes[lane].get(name, Outcome("failed", "it was not run"))
            if found.verdict != "passed":
                reason = f": {found.reason[:120]}" if found.reason else ""
                lines.append(f"{lane} | {found.verdict} | {name}{reason}")
    return lines
