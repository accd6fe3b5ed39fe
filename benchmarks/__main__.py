"""`python -m benchmarks`: every figure of docs/performance.md, from one run."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks import calls, catalog, databases, startup, suite
from benchmarks.rounds import apart, ratio, typical


def report_calls(rounds: int, batches: int) -> None:
    found = calls.measure(rounds, batches)
    print(f"\nOne call (execute, fetch, fetch_row, fetch_val in turn; {rounds} rounds)")
    print(f"  {'':46}{'µs':>8}{'AsyncMock / it':>16}{'it / by hand':>14}")
    for name in calls.CANDIDATES:
        print(
            f"  {name:46}{typical(found, name) * 1e6:8.2f}"
            f"{ratio(found, calls.ASYNC_MOCK, name):16.1f}{ratio(found, name, calls.BARE):14.1f}"
        )


def report_suite(rounds: int) -> None:
    tests, found = suite.measure(rounds)
    print(f"\nThe reference backend's unit tests that need no script: {tests}, {rounds} rounds")
    for name in (suite.WITH, suite.WITHOUT):
        print(f"  {name:46}{typical(found, name):8.2f} s")
    print(f"  {'ratio':46}{ratio(found, suite.WITH, suite.WITHOUT):8.2f}")


def report_startup(rounds: int) -> None:
    found = startup.measure(rounds)
    print(f"\npytest --collect-only in an empty folder, {rounds} rounds")
    for name in (startup.WITH, startup.WITHOUT):
        print(f"  {name:46}{typical(found, name) * 1000:8.0f} ms")
    print(f"  {'apart':46}{apart(found, startup.WITH, startup.WITHOUT) * 1000:8.1f} ms")


def report_databases(count: int) -> None:
    found = databases.measure(count)
    print(f"\nA test that writes a row and counts, {count} of each")
    for name in (databases.FAKE, databases.REAL):
        print(f"  {name:46}{typical(found, name) * 1000:8.1f} ms")


def report_catalog(rounds: int, batches: int, statements: int) -> None:
    print(f"\nOne call on FakeConnection, held against the catalog or not ({rounds} rounds)")
    for kind in catalog.KINDS:
        one = catalog.measure_calls(kind, rounds, batches)
        print(f"  {kind}")
        for name in (catalog.CHECKED, catalog.UNCHECKED):
            print(f"    {name:44}{typical(one, name) * 1e6:8.2f} µs")
        print(f"    {'ratio':44}{ratio(one, catalog.CHECKED, catalog.UNCHECKED):8.2f}")
    read = catalog.measure_reading(statements, rounds)
    print(f"\nA catalog of {statements:,} statements, {rounds} rounds")
    print(f"  {catalog.READ:46}{typical(read, catalog.READ) * 1000:8.1f} ms")


def report_learning(statements: int, starts: int, rounds: int) -> None:
    found = catalog.measure_learning(statements, starts)
    print(f"\n{statements} statements that are new to the catalog, {starts} rounds")
    print(f"  {catalog.START:46}{typical(found, catalog.START):8.2f} s")
    print(f"  {catalog.EACH:46}{typical(found, catalog.EACH) * 1000:8.2f} ms")
    runs = catalog.measure_runs(rounds)
    print(f"\nA whole pytest of one test with {catalog.STATEMENTS} statements, {rounds} rounds")
    for name in (catalog.FIRST, catalog.SECOND):
        print(f"  {name:46}{typical(runs, name):8.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny rounds: shows that it runs, and no figures"
    )
    quick = parser.parse_args().quick
    print(f"Python {platform.python_version()} on {platform.system()}; medians of rounds")
    report_calls(*((2, 1) if quick else (25, 20)))
    report_catalog(*((2, 1, 100) if quick else (25, 20, 10_000)))
    report_learning(*((20, 1, 1) if quick else (500, 5, 5)))
    report_startup(1 if quick else 40)
    report_suite(1 if quick else 9)
    report_databases(2 if quick else 100)
    return 0


sys.exit(main())
