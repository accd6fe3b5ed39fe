"""Print the table of docs/mutants.md: `python -m benchmarks.mutants`."""

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
from benchmarks.mutants.suite_process import SUITES, Outcome, SuiteProcess
from benchmarks.mutants.verdicts import judge
from understudy.embedded import TestDatabases


def run(sample: int | None, only: str) -> report.Result:
    """Generate the mutants, judge them, and run every suite on them."""
    started = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes = [stack.enter_context(SuiteProcess(suite, folder)) for suite in SUITES]
        databases = stack.enter_context(TestDatabases(["db/migrations/*.sql"], BACKEND))
        dsn = databases.new()[1]
        statements, mutants = generate.everything(dsn)
        for process in processes:
            process.start_baseline(statements)
        mutants = _chosen([mutant for mutant in mutants if only in str(mutant)], sample)
        judged = judge(mutants, dsn)
        _log(f"{len(mutants)} mutants of {len(statements)} statements; running the suites once ...")
        for process in processes:
            process.finish_baseline()
        outcomes = {process.suite.key: _run_all(process, mutants) for process in processes}
        tests = {process.suite.key: process.tests for process in processes}
        baseline = {process.suite.key: process.baseline_seconds for process in processes}
    return report.Result(
        len(statements), judged, outcomes, tests, baseline, time.perf_counter() - started
    )


def _chosen(mutants: Sequence[Mutant], sample: int | None) -> list[Mutant]:
    if sample is None or sample >= len(mutants):
        return list(mutants)
    # The same mutants in every run.
    indexes = sorted(random.Random(1).sample(range(len(mutants)), sample))
    return [mutants[index] for index in indexes]


def _run_all(process: SuiteProcess, mutants: Sequence[Mutant]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    shown = time.monotonic()
    for mutant in mutants:
        outcomes.append(process.run(mutant))
        if time.monotonic() - shown > 5 or len(outcomes) == len(mutants):
            shown = time.monotonic()
            killed = sum(outcome.killed is not None for outcome in outcomes)
            _log(f"  {process.suite.title}: {len(outcomes)} of {len(mutants)}, {killed} killed")
    return outcomes


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="run N of the mutants")
    parser.add_argument("--only", default="", metavar="TEXT", help="run mutants that contain TEXT")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    result = run(options.sample, options.only)
    print(report.as_json(result) if options.format == "json" else report.as_table(result))
    return 0


sys.exit(main())
