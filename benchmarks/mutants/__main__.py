"""`python -m benchmarks.mutants`: the table of docs/mutants.md, from one run."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.mutants import generate, report
from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.sources import BACKEND
from benchmarks.mutants.suite_process import SUITES, Lane, Outcome
from benchmarks.mutants.verdicts import judge
from understudy.embedded import TestDatabases


def run(sample: int | None, only: str) -> report.Result:
    """Make the mutants, have them judged, and run every lane on them."""
    started = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        lanes = [stack.enter_context(Lane(suite, folder)) for suite in SUITES]
        databases = stack.enter_context(TestDatabases(["db/migrations/*.sql"], BACKEND))
        dsn = databases.new()[1]
        statements, mutants = generate.everything(dsn)
        for lane in lanes:
            lane.rehearse(statements)
        mutants = _chosen([each for each in mutants if only in str(each)], sample)
        judged = judge(mutants, dsn)
        _say(f"{len(mutants)} mutants of {len(statements)} statements; rehearsing the suites ...")
        for lane in lanes:
            lane.ready()
        outcomes = {lane.suite.key: _on_all(lane, mutants) for lane in lanes}
        tests = {lane.suite.key: lane.tests for lane in lanes}
        rehearsed = {lane.suite.key: lane.rehearsed for lane in lanes}
    return report.Result(
        len(statements), judged, outcomes, tests, rehearsed, time.perf_counter() - started
    )


def _chosen(mutants: Sequence[Mutant], sample: int | None) -> list[Mutant]:
    if sample is None or sample >= len(mutants):
        return list(mutants)
    # The same ones every time.
    places = sorted(random.Random(1).sample(range(len(mutants)), sample))
    return [mutants[place] for place in places]


def _on_all(lane: Lane, mutants: Sequence[Mutant]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    shown = time.monotonic()
    for mutant in mutants:
        outcomes.append(lane.run(mutant))
        if time.monotonic() - shown > 5 or len(outcomes) == len(mutants):
            shown = time.monotonic()
            killed = sum(outcome.killed is not None for outcome in outcomes)
            _say(f"  {lane.suite.title}: {len(outcomes)} of {len(mutants)}, {killed} killed")
    return outcomes


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="N mutants of all, always the same")
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose line has TEXT")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = run(options.sample, options.only)
    print(report.as_json(result) if options.format == "json" else report.as_table(result))
    return 0


sys.exit(main())
