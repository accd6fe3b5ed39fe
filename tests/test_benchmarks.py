"""The benchmarks run, and print the tables of docs/performance.md. No test looks at a figure."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest
from benchmarks.other_databases import OTHER_PACKAGES
from benchmarks.rounds import difference, interleaved, ratio, typical

from benchmarks import large, many_tests
from tests.backend_copy import ROOT, outer_environment

pytestmark = pytest.mark.timeout(600)  # the benchmarks take a minute, on a busy machine more


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


Tables = dict[str, list[tuple[str, ...]]]


@pytest.mark.slow
def test_the_page_shows_the_figures_that_the_command_prints(output: str) -> None:
    page = tables_of_page()
    del page["Many tests in one run"]  # another command prints it
    if "(not measured: There is no MariaDB or MySQL" in output:
        page["A test on MariaDB or MySQL"] = []

    assert tables_of_output(output) == page


def tables_of_output(output: str) -> Tables:
    """Return the printed rows under each heading: titles of columns, and labels without figures."""
    found: Tables = {}
    for section in output.split("\n\n")[1:]:
        heading, *lines = section.splitlines()
        rows = found.setdefault(heading.partition(" (")[0], [])
        rows += [
            row_of(re.split(r"\s{2,}", line.strip()), titles=line.startswith("    "))
            for line in lines
            if not any(package.name in line for package in OTHER_PACKAGES)
        ]
    return found


def tables_of_page() -> Tables:
    """Return the same of docs/performance.md."""
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    found: Tables = {}
    for section in page.split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        text = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", text).replace("`", "")
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines()
            if line.startswith("|") and not line.startswith("|---") and line.strip("| ")
        ]
        found[heading] = [row_of(row[1:] if not row[0] else row, titles=not row[0]) for row in rows]
    return found


def row_of(cells: Sequence[str], *, titles: bool) -> tuple[str, ...]:
    """Return the titles of columns, or a label and a mark for each figure.

    Numbers in labels and titles become a mark too, since --quick uses smaller ones.
    """
    texts, figures = (cells, []) if titles else (cells[:1], cells[1:])
    assert all(re.fullmatch(r"-?\d[\d.]*( (µs|ms|s|MB|kB))?", cell) for cell in figures), cells
    return *(re.sub(r"\d[\d,]*", "#", text) for text in texts), *("#" for _ in figures)


@pytest.mark.slow
def test_both_sides_of_the_suite_run_a_good_part_of_it(output: str) -> None:
    found = re.search(r"^A suite \((\d+) tests,", output, re.M)

    assert found is not None, output
    assert int(found[1]) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pytest-postgresql", "py-pglite, TRUNCATE", "testcontainers"])
def test_other_packages_are_measured_or_reported_as_missing(output: str, name: str) -> None:
    assert re.search(rf"^  on {name}.*: (\d+\.\d ms|not measured; missing: .+)$", output, re.M), (
        output
    )


@pytest.mark.slow
def test_one_parameter_more_than_a_driver_sends_is_refused_alike() -> None:
    for driver, said in large.refused_alike().items():
        assert len(said) == 1, driver
        assert all(said), driver


def test_many_tests_leave_no_more_behind_than_a_few() -> None:
    early, late = many_tests.measure(120)

    assert many_tests.grown(early, late) == []
    assert early.keys() == {*many_tests.COUNTED, many_tests.MEMORY}


def test_a_count_may_vary_but_not_grow_with_the_tests() -> None:
    early = dict.fromkeys(many_tests.COUNTED, 4)

    assert many_tests.grown(early, {**early, "databases": 7, "open files": 8}) == ["open files"]


def test_rounds_are_interleaved_and_each_starts_with_another() -> None:
    order: list[str] = []

    def candidate(name: str, seconds: float) -> float:
        order.append(name)
        return seconds

    rounds = interleaved(2, {"a": lambda: candidate("a", 2.0), "b": lambda: candidate("b", 1.0)})

    assert order == ["a", "b", "b", "a"]
    assert typical(rounds, "a") == 2
    assert ratio(rounds, "a", "b") == 2
    assert difference(rounds, "a", "b") == 1


def test_figures_are_medians_of_rounds() -> None:
    rounds = [{"a": 1.0, "b": 1.0}, {"a": 90.0, "b": 10.0}, {"a": 3.0, "b": 1.0}]

    assert typical(rounds, "a") == 3.0
    assert ratio(rounds, "a", "b") == 3.0
    assert difference(rounds, "a", "b") == 2.0
