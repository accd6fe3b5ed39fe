"""Print the figures of docs/performance.md: `python -m benchmarks`."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks import (
    addresses,
    calls,
    catalog,
    databases,
    drivers,
    fault_sweep,
    integration_tests,
    isolation,
    large,
    lint,
    memory,
    mutation,
    mysql,
    recording,
    sqlite,
    startup,
    suite,
)
from benchmarks.other_databases import OTHER_PACKAGES
from benchmarks.rounds import Round, difference, ratio, typical
from understudy.embedded.errors import MissingExtra
from understudy.mysql_server.installations import find_installation

# A label and its figures; a table starts with a row of column titles.
Row = tuple[str, Sequence[str]]


def print_table(columns: Sequence[str], rows: Iterable[Row]) -> None:
    lines = [("", columns), *rows]
    width = max(len(label) for label, _ in lines)
    widths = [max(len(cells[n]) for _, cells in lines) + 2 for n in range(len(columns))]
    for label, cells in lines:
        if any(cells):
            print(f"  {label:{width}}", *map(str.rjust, cells, widths), sep="")


def single(rounds: Sequence[Round], name: str, factor: float, digits: int) -> Row:
    """Return a row with the median of one candidate."""
    return name, [f"{typical(rounds, name) * factor:.{digits}f}"]


def report_calls(rounds: int, batches: int) -> None:
    found = calls.measure(rounds, batches)
    print(f"\nOne call ({rounds} rounds)")
    print_table(
        ["µs", "speedup over AsyncMock", "time relative to a hand-written fake"],
        [
            (
                name,
                [
                    f"{typical(found, name) * 1e6:.2f}",
                    f"{ratio(found, calls.ASYNC_MOCK, name):.1f}",
                    f"{ratio(found, name, calls.HAND_WRITTEN):.1f}",
                ],
            )
            for name in calls.CANDIDATES
        ],
    )


def report_catalog(rounds: int, batches: int, statements: int) -> None:
    print(f"\nStatements checked by PostgreSQL ({rounds} rounds)")
    rows: list[Row] = []
    for connection in catalog.CONNECTIONS:
        found = catalog.measure_calls(connection, rounds, batches)
        both = catalog.CHECKED, catalog.NOT_CHECKED
        times = [f"{typical(found, name) * 1e6:.2f}" for name in both]
        rows.append((connection, [*times, f"{ratio(found, *both):.2f}"]))
    print_table(["checked, µs", "not checked, µs", "ratio"], rows)
    found = catalog.measure_reading(statements, rounds)
    label = f"reading a catalog of {statements:,} statements"
    print_table([""], [(label, [f"{typical(found, catalog.READ) * 1000:.1f} ms"])])


def report_learning(statements: int, starts: int, rounds: int) -> None:
    found = catalog.measure_learning(statements, starts)
    runs = catalog.measure_runs(rounds)
    print(f"\nStatements checked by PostgreSQL ({statements} new ones, {rounds} rounds)")
    print_table(
        [""],
        [
            (catalog.START, [f"{typical(found, catalog.START):.2f} s"]),
            (catalog.NEW_STATEMENT, [f"{typical(found, catalog.NEW_STATEMENT) * 1000:.2f} ms"]),
            *((name, [f"{typical(runs, name):.2f} s"]) for name in catalog.RUNS),
        ],
    )


def report_drivers(rounds: int, batches: int, connections: int) -> None:
    with drivers.servers() as servers:
        print(f"\nReal drivers on fake_postgres ({rounds} rounds)")
        mock = drivers.measure_mock(servers, rounds, batches)
        print_table(
            ["µs", "ratio"],
            beside(mock, (drivers.ASYNC_MOCK, drivers.IN_MEMORY), drivers.ASYNC_MOCK),
        )
        few = -(-rounds // 5)
        print_table(
            ["fake_postgres", "PostgreSQL", "ratio"],
            [
                *compared("one row", drivers.measure_calls(servers, rounds), 1e6, "µs"),
                *compared(
                    "connecting and closing",
                    drivers.measure_connecting(servers, rounds, batches),
                    1e6,
                    "µs",
                ),
                *compared(
                    "10,000 rows of 10 columns",
                    drivers.measure_large_results(servers, few),
                    1e3,
                    "ms",
                ),
            ],
        )
        seconds = drivers.measure_many_connections(servers, connections)
        print_table(
            ["seconds"],
            [
                (f"{connections:,} connections at once: {driver}", [f"{taken:.2f}"])
                for driver, taken in seconds.items()
            ],
        )


def beside(found: Sequence[Round], names: Iterable[str], to: str) -> list[Row]:
    """Return a row for each candidate: its microseconds, and their ratio to those of `to`."""
    return [
        (name, [f"{typical(found, name) * 1e6:.1f}", f"{ratio(found, name, to):.2f}"])
        for name in names
    ]


def compared(what: str, found: Sequence[Round], factor: float, unit: str) -> Iterable[Row]:
    """Return a row for each driver: on fake_postgres, on PostgreSQL, and the ratio."""
    for driver in drivers.DRIVERS:
        both = drivers.FAKE.format(driver), drivers.REAL.format(driver)
        times = [f"{typical(found, name) * factor:.1f} {unit}" for name in both]
        yield f"{what}: {driver}", [*times, f"{ratio(found, *both):.2f}"]


def report_addresses(rounds: int) -> None:
    print(f"\nConnecting over TCP ({rounds} rounds)")
    rows: list[Row] = []
    for name, found in addresses.measure(rounds).items():
        tcp, socket = (min(times[way] for times in found) for way in addresses.WAYS)
        rows.append((name, [f"{seconds * 1e3:.2f} ms" for seconds in (tcp, socket, tcp - socket)]))
    print_table([*addresses.WAYS, "difference"], rows)


def report_large(rounds: int, size: int) -> None:
    print(f"\nLarge statements and results ({rounds} rounds)")
    rows: list[Row] = []
    for name, (driver, found) in large.measure(rounds, size).items():
        both = drivers.FAKE.format(driver), drivers.REAL.format(driver)
        times = [f"{typical(found, way) * 1e3:.0f} ms" for way in both]
        rows.append((name, [*times, f"{ratio(found, *both):.1f}"]))
    print_table(["fake_postgres", "PostgreSQL", "ratio"], rows)


def report_memory(tests: int) -> None:
    print("\nReal drivers on fake_postgres (memory of a pytest run)")
    rows: list[Row] = []
    for kind in memory.KINDS:
        tenth, whole = memory.measure(tests, kind)
        per_test = (whole - tenth) / (tests * 0.9) * 1000
        rows.append((kind, [f"{tenth:.1f} MB", f"{whole:.1f} MB", f"{per_test:.1f} kB"]))
    print_table([f"after {tests // 10:,} tests", f"after {tests:,} tests", "per test"], rows)


def report_suite(rounds: int) -> None:
    tests, found = suite.measure(rounds)
    print(f"\nA suite ({tests} tests, {rounds} rounds)")
    print_table(
        ["seconds"],
        [
            *(single(found, name, 1, 2) for name in (suite.WITH, suite.UNCHECKED, suite.WITHOUT)),
            ("Understudy / hand-written", [f"{ratio(found, suite.WITH, suite.WITHOUT):.2f}"]),
            ("runtime checks on / off", [f"{ratio(found, suite.WITH, suite.UNCHECKED):.2f}"]),
        ],
    )


def report_startup(rounds: int) -> None:
    found = startup.measure(rounds)
    print(f"\nStartup ({rounds} rounds)")
    added = difference(found, startup.WITH, startup.WITHOUT)
    print_table(
        ["ms"],
        [
            *(single(found, name, 1000, 0) for name in (startup.WITH, startup.WITHOUT)),
            ("difference", [f"{added * 1000:.1f}"]),
        ],
    )


def report_databases(count: int) -> None:
    found = databases.measure(count)
    print(f"\nA test on a real database ({count} tests of each kind)")
    print_table(["ms"], [single(found, name, 1000, 1) for name in databases.KINDS])
    for package in OTHER_PACKAGES:
        if missing := package.missing():
            print(f"  {package.name}: not measured; missing: {missing}")
        else:
            found = databases.measure_other(package, count)
            print(f"  {package.name}: {typical(found, package.name) * 1000:.1f} ms")


def report_isolation(rounds: int, starts: int) -> None:
    found = isolation.measure(rounds)
    print(f"\nWays to isolate tests on a real database ({rounds} rounds)")
    print_table(
        ["ms", "added to the bare statements"],
        [
            (
                name,
                [
                    f"{typical(found, name) * 1000:.2f}",
                    f"{difference(found, name, isolation.BARE) * 1000:.2f}",
                ],
            )
            for name in isolation.WAYS
        ],
    )
    print_table(["seconds"], [single(isolation.measure_start(starts), isolation.START, 1, 2)])


def report_sqlite(rounds: int) -> None:
    found = sqlite.measure(rounds)
    print(f"\nA test on SQLite ({rounds} rounds)")
    print_table(
        ["ms", "added to bare aiosqlite"],
        [
            (
                name,
                [
                    f"{typical(found, name) * 1000:.2f}",
                    f"{difference(found, name, sqlite.BARE) * 1000:.2f}",
                ],
            )
            for name in sqlite.WAYS
        ],
    )


def report_mysql(rounds: int, starts: int) -> None:
    try:
        find_installation()
    except MissingExtra as error:
        print(f"\nA test on MariaDB or MySQL (not measured: {str(error).partition(':')[0]})")
        return
    with mysql.servers() as servers:
        calls_found = mysql.measure_calls(servers, rounds)
        found = mysql.measure(servers, rounds)
    print(f"\nA test on MariaDB or MySQL ({rounds} rounds)")
    print_table(
        ["ms", "added to bare aiomysql"],
        [
            (
                name,
                [
                    f"{typical(found, name) * 1000:.2f}",
                    f"{difference(found, name, mysql.BARE) * 1000:.2f}",
                ],
            )
            for name in mysql.WAYS
        ],
    )
    started = [{mysql.START: mysql.measure_start()} for _ in range(starts)]
    print_table(["seconds"], [single(started, mysql.START, 1, 2)])
    print_table(
        ["µs", "ratio"],
        beside(calls_found, mysql.CALLS, mysql.ASYNC_MOCK),
    )


def report_integration(rounds: int) -> None:
    integration, unit, found = integration_tests.measure(rounds)
    print(
        "\nIntegration tests and unit tests of the same code"
        f" ({integration} integration tests, {unit} unit tests, {rounds} rounds)"
    )
    print_table(
        ["integration tests, ms", "on fakes, ms", "ratio"],
        [
            (
                label,
                [
                    *(f"{typical(found, name) * 1000:.1f}" for name in pair),
                    f"{ratio(found, *pair):.2f}",
                ],
            )
            for label, pair in integration_tests.PAIRS.items()
        ],
    )
    covered = integration_tests.measure_coverage(rounds)
    plain, with_coverage = integration_tests.PLAIN, integration_tests.COVERED
    print_table(
        ["seconds"],
        [
            single(covered, plain, 1, 2),
            single(covered, with_coverage, 1, 2),
            ("with / without", [f"{ratio(covered, with_coverage, plain):.2f}"]),
        ],
    )


def report_recording(rounds: int) -> None:
    processor, wall = recording.measure(rounds)
    print(f"\nThe record of a run ({rounds} rounds)")
    print_table(
        ["processor, s", "ratio", "wall, s", "ratio"],
        [
            (
                name,
                [
                    cell
                    for found in (processor, wall)
                    for cell in (
                        f"{typical(found, name):.2f}",
                        f"{ratio(found, name, recording.PLAIN):.3f}",
                    )
                ],
            )
            for name in (recording.PLAIN, recording.TRACE, recording.HTML)
        ],
    )


def report_lint(files: int, lines: int, rounds: int) -> None:
    written, found = lint.measure(files, lines, rounds)
    print(f"\nLinting ({files} test files with {written:,} lines, {rounds} rounds)")
    print_table(
        ["seconds"],
        [
            *(
                single(found, name, 1, 2)
                for name in (lint.FIRST, lint.UNCHANGED, lint.PARSE, lint.VERSION)
            ),
            ("first run / ast.parse", [f"{ratio(found, lint.FIRST, lint.PARSE):.2f}"]),
        ],
    )


def report_mutation(rounds: int, is_whole: int) -> None:
    statuses, found = mutation.measure(rounds, is_whole)
    print(f"\nMutants of the reference backend's SQL ({rounds} rounds)")
    print_table(["seconds"], [single(found, name, 1, 0) for name in mutation.PROCESSES])
    killed = sum(statuses[status] for status in mutation.KILLED)
    not_run = sum(statuses[status] for status in mutation.NOT_RUN)
    print_table(
        ["mutants"],
        [
            ("made", [f"{statuses.total()}"]),
            ("refused by PostgreSQL, or probably equivalent", [f"{not_run}"]),
            ("killed", [f"{killed}"]),
            ("alive", [f"{statuses['Survived']}"]),
        ],
    )


def report_sweep(rounds: int, is_whole: int) -> None:
    document, found = fault_sweep.measure(rounds, is_whole)
    print(f"\nFault sweep of the reference backend ({rounds} rounds)")
    print_table(["seconds"], [single(found, name, 1, 0) for name in fault_sweep.PROCESSES])
    print_table(
        ["faults"],
        [
            ("tried", [f"{len(document['answers'])}"]),
            ("with a finding", [f"{len(document['findings'])}"]),
        ],
    )


# For each report its arguments, and its arguments with --quick.
REPORTS: Mapping[str, tuple[Callable[..., None], tuple[int, ...], tuple[int, ...]]] = {
    "calls": (report_calls, (25, 20), (2, 1)),
    "catalog": (report_catalog, (25, 20, 10_000), (2, 1, 100)),
    "learning": (report_learning, (500, 5, 5), (20, 1, 1)),
    "drivers": (report_drivers, (25, 20, 1000), (2, 1, 20)),
    "addresses": (report_addresses, (100,), (1,)),
    "large": (report_large, (3, 100), (1, 1)),
    "memory": (report_memory, (10_000,), (20,)),
    "suite": (report_suite, (9,), (1,)),
    "startup": (report_startup, (40,), (1,)),
    "databases": (report_databases, (100,), (2,)),
    "isolation": (report_isolation, (100, 9), (2, 1)),
    "sqlite": (report_sqlite, (100,), (1,)),
    "mysql": (report_mysql, (20, 9), (1, 1)),
    "integration": (report_integration, (5,), (1,)),
    "recording": (report_recording, (5,), (1,)),
    "mutation": (report_mutation, (3, 1), (1, 0)),
    "sweep": (report_sweep, (3, 1), (1, 0)),
    "lint": (report_lint, (300, 40_000, 9), (5, 300, 1)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="tiny rounds, to check that everything runs"
    )
    parser.add_argument("--only", nargs="+", choices=REPORTS, help="run only these reports")
    options = parser.parse_args()
    print(f"Python {platform.python_version()} on {platform.system()}; medians of rounds")
    for name in options.only or REPORTS:
        report, arguments, quick_arguments = REPORTS[name]
        report(*(quick_arguments if options.quick else arguments))
    return 0


sys.exit(main())
