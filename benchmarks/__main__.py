"""`python -m benchmarks`: every figure of docs/performance.md, from one run."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Mapping, Sequence

from benchmarks import (
    calls,
    catalog,
    databases,
    drivers,
    integration_tests,
    isolation,
    lint,
    startup,
    suite,
)
from benchmarks.other_databases import OTHERS
from benchmarks.rounds import Round, apart, ratio, typical


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
    for name in (suite.WITH, suite.UNWATCHED, suite.WITHOUT):
        print(f"  {name:46}{typical(found, name):8.2f} s")
    print(f"  {'with / by hand':46}{ratio(found, suite.WITH, suite.WITHOUT):8.2f}")
    print(f"  {'checks on / off':46}{ratio(found, suite.WITH, suite.UNWATCHED):8.2f}")


def report_startup(rounds: int) -> None:
    found = startup.measure(rounds)
    print(f"\npytest --collect-only in an empty folder, {rounds} rounds")
    for name in (startup.WITH, startup.WITHOUT):
        print(f"  {name:46}{typical(found, name) * 1000:8.0f} ms")
    print(f"  {'apart':46}{apart(found, startup.WITH, startup.WITHOUT) * 1000:8.1f} ms")


def report_databases(count: int) -> None:
    found = databases.measure(count)
    print(f"\nA test that writes a row and counts, {count} of each")
    for name in databases.KINDS:
        print(f"  {name:46}{typical(found, name) * 1000:8.1f} ms")
    for other in OTHERS:
        if needed := other.needs():
            print(f"  {other.name:46} not measured; it needs: {needed}")
        else:
            measured = typical(databases.measure_other(other, count), other.name)
            print(f"  {other.name:46}{measured * 1000:8.1f} ms")


def report_lanes(rounds: int) -> None:
    real, fake, found = integration_tests.measure(rounds)
    print(f"\nThe reference backend: {real} integration tests, {fake} unit tests of the same")
    for name, twin in integration_tests.PAIRS:
        print(f"  {name:46}{typical(found, name) * 1000:8.1f} ms")
        print(f"  {twin:46}{typical(found, twin) * 1000:8.1f} ms")
        print(f"  {name + ': ratio':46}{ratio(found, name, twin):8.2f}")


def report_isolation(rounds: int, starts: int) -> None:
    found = isolation.measure(rounds)
    print(f"\nTwo statements on a real PostgreSQL, kept apart from other tests ({rounds} rounds)")
    print(f"  {'':46}{'ms':>8}{'above bare':>12}")
    for name in isolation.WAYS:
        above = apart(found, name, isolation.BARE)
        print(f"  {name:46}{typical(found, name) * 1000:8.2f}{above * 1000:12.2f}")
    begun = isolation.measure_start(starts)
    print(f"\nThe embedded server, {starts} rounds")
    print(f"  {isolation.START:46}{typical(begun, isolation.START):8.2f} s")


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


def report_lint(files: int, lines: int, rounds: int) -> None:
    written, found = lint.measure(files, lines, rounds)
    print(f"\nunderstudy lint on {files} test files of {written:,} lines, {rounds} rounds")
    for name in (lint.NEW, lint.UNCHANGED, lint.PARSE, lint.START):
        print(f"  {name:46}{typical(found, name):8.2f} s")
    print(f"  {'everything new / ast.parse alone':46}{ratio(found, lint.NEW, lint.PARSE):8.2f}")


def report_wire(rounds: int, batches: int, connections: int, tests: int) -> None:
    with drivers.stage() as stage:
        found = drivers.measure_mock(stage, rounds, batches)
        print(f"\nfetchrow, processor time ({rounds} rounds)")
        for name in (drivers.ASYNC_MOCK, drivers.IN_MEMORY):
            print(f"  {name:46}{typical(found, name) * 1e6:8.1f} µs")
        print(f"  {'ratio':46}{ratio(found, drivers.IN_MEMORY, drivers.ASYNC_MOCK):8.2f}")
        print(f"\nOne row by its key, by the clock ({rounds} rounds)")
        report_drivers(drivers.measure_calls(stage, rounds), 1e6, "µs")
        print(f"\nConnecting and closing, by the clock ({rounds} rounds)")
        report_drivers(drivers.measure_connecting(stage, rounds, batches), 1e6, "µs")
        few = -(-rounds // 5)
        print(f"\n10,000 rows of 10 columns in one answer, by the clock ({few} rounds)")
        report_drivers(drivers.measure_large_results(stage, few), 1e3, "ms")
        print(f"\n{connections:,} connections at once: opened, one row each, closed")
        for driver, seconds in drivers.measure_many_connections(stage, connections).items():
            print(f"  {driver:46}{seconds:8.2f} s")
    for kind in drivers.MEMORY:
        print(f"\nThe memory of a pytest of {tests:,} tests with {kind}")
        tenth, whole = drivers.measure_memory(tests, kind)
        print(f"  {'after a tenth of them':46}{tenth:8.1f} MB")
        print(f"  {'after all of them':46}{whole:8.1f} MB")
        print(f"  {'a test':46}{(whole - tenth) / (tests * 0.9) * 1000:8.1f} kB")


def report_drivers(found: Sequence[Round], factor: float, unit: str) -> None:
    for driver in drivers.DRIVERS:
        fake, real = drivers.FAKE.format(driver), drivers.REAL.format(driver)
        for name in (fake, real):
            print(f"  {name:46}{typical(found, name) * factor:8.1f} {unit}")
        print(f"  {driver + ': ratio':46}{ratio(found, fake, real):8.2f}")


# What each is given, and what it is given where nobody looks at the figures.
REPORTS: Mapping[str, tuple[Callable[..., None], tuple[int, ...], tuple[int, ...]]] = {
    "calls": (report_calls, (25, 20), (2, 1)),
    "catalog": (report_catalog, (25, 20, 10_000), (2, 1, 100)),
    "learning": (report_learning, (500, 5, 5), (20, 1, 1)),
    "wire": (report_wire, (25, 20, 1000, 10_000), (2, 1, 20, 20)),
    "startup": (report_startup, (40,), (1,)),
    "suite": (report_suite, (9,), (1,)),
    "databases": (report_databases, (100,), (2,)),
    "isolation": (report_isolation, (100, 9), (2, 1)),
    "lanes": (report_lanes, (5,), (1,)),
    "lint": (report_lint, (300, 40_000, 9), (5, 300, 1)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny rounds: shows that it runs, and no figures"
    )
    parser.add_argument("--only", nargs="+", choices=REPORTS, help="some of the figures")
    given = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.system()}; medians of rounds")
    for name in given.only or REPORTS:
        report, figures, tiny = REPORTS[name]
        report(*(tiny if given.quick else figures))
    return 0


sys.exit(main())
