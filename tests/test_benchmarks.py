"""The benchmarks run and print a figure for everything. Nothing here looks at how large it is."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from benchmarks.rounds import apart, interleaved, ratio, typical

from benchmarks import many_tests
from tests.backend_copy import ROOT, outer_environment


@pytest.fixture(scope="module")
def output() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        env=outer_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "figures"),
    [
        ("AsyncMock", 3),
        ("fake written by hand", 3),
        ("FakeConnection, plain attributes", 3),
        ("FakeConnection, one rule for each statement", 3),
        ("FakeConnection, twenty rules", 3),
        ("  checked", 1),
        ("  not checked", 1),
        ("  ratio", 1),
        ("reading the file", 1),
        ("starting PostgreSQL, with the schema", 1),
        ("each new statement", 1),
        ("the first run", 1),
        ("the second, where no PostgreSQL can be reached", 1),
        ("asyncpg in memory", 1),
        ("asyncpg on fake_postgres", 1),
        ("psycopg on the embedded PostgreSQL", 1),
        ("psqlpy: ratio", 1),
        ("after all of them", 1),
        ("with the plugin", 1),
        ("without", 1),
        ("apart", 1),
        ("with Understudy", 1),
        ("with Understudy, checks at run time off", 1),
        ("by hand, plugin off", 1),
        ("with / by hand", 1),
        ("checks on / off", 1),
        ("on a FakeConnection", 1),
        ("on real_postgres, rolled back", 1),
        ("on real_postgres, a copy of the template", 1),
        ("the bare statements", 2),
        ("BEGIN and ROLLBACK by hand, one connection", 2),
        ("real_postgres, on an open connection", 2),
        ("real_postgres, on a new connection", 2),
        ("a new connection, DELETE of what was written", 2),
        ("TRUNCATE of all thirty tables", 2),
        ("a copy of a template, and a connection to it", 2),
        ("start from the cache, to the first answer", 1),
        ("integration tests, a test", 1),
        ("their twins on fakes, a test", 1),
        ("integration tests, a test: ratio", 1),
        ("integration tests, the median test: ratio", 1),
        ("everything new", 1),
        ("nothing changed", 1),
        ("ast.parse of each file, one process", 1),
        ("everything new / ast.parse alone", 1),
    ],
)
def test_each_line_has_its_figures(output: str, line: str, figures: int) -> None:
    found = re.search(rf"^  {line} +([-\d. ]+)", output, re.M)

    assert found is not None, output
    assert len(found[1].split()) == figures


@pytest.mark.slow
def test_both_sides_of_the_suite_run_a_good_part_of_it(output: str) -> None:
    found = re.search(r"unit tests that need no script: (\d+),", output)

    assert found is not None, output
    assert int(found[1]) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pytest-postgresql", "py-pglite, TRUNCATE", "testcontainers"])
def test_what_others_take_is_measured_or_it_is_said_what_is_missing(output: str, name: str) -> None:
    assert re.search(rf"^  on {name}.*( \d+\.\d ms|not measured; it needs: .+)$", output, re.M), (
        output
    )


def test_many_tests_leave_no_more_behind_than_a_few() -> None:
    early, late = many_tests.measure(120)

    assert many_tests.grown(early, late) == []
    assert early.keys() == {*many_tests.COUNTED, many_tests.MEMORY}


def test_what_grows_with_the_tests_is_told_from_what_is_under_way() -> None:
    early = dict.fromkeys(many_tests.COUNTED, 4)

    assert many_tests.grown(early, {**early, "databases": 7, "open files": 8}) == ["open files"]


def test_rounds_are_interleaved_and_each_begins_with_another() -> None:
    order: list[str] = []

    def candidate(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    rounds = interleaved(2, {"a": lambda: candidate("a", 2.0), "b": lambda: candidate("b", 1.0)})

    assert order == ["a", "b", "b", "a"]
    assert (typical(rounds, "a"), ratio(rounds, "a", "b"), apart(rounds, "a", "b")) == (2, 2, 1)


def test_figures_are_medians_of_rounds() -> None:
    rounds = [{"a": 1.0, "b": 1.0}, {"a": 90.0, "b": 10.0}, {"a": 3.0, "b": 1.0}]

    assert typical(rounds, "a") == 3.0
    assert ratio(rounds, "a", "b") == 3.0
    assert apart(rounds, "a", "b") == 2.0
