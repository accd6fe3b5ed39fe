"""Every command of the contract, run in a copy of the reference backend.

Where a command needs a failure to show anything, the copy has a test that fails.
"""

from __future__ import annotations

import ast
import re

import pytest

from tests.backend_copy import BACKEND, Folder, Run

pytestmark = pytest.mark.slow

FAILING = """\
import pytest


def test_aa_first():
    pass


def test_bb_breaks():
    wanted, found = "approved", "pen" + "ding"
    assert found == wanted


def test_cc_breaks_too():
    assert 1 + 1 == 3
"""
USER_DAO = BACKEND / "tests" / "test_user_dao.py"


def counts(run: Run) -> dict[str, int]:
    """What the last line of a run counts: {"passed": 3, "failed": 1}."""
    return pytest.RunResult.parse_summary_nouns(run.output.splitlines())


def succeeded(run: Run) -> dict[str, int]:
    assert run.status == 0, run.output
    found = counts(run)
    assert set(found) <= {"passed", "deselected"}, run.output
    return found


def ran(run: Run) -> list[str]:
    """The tests that a run with -v lists."""
    return re.findall(r"^(\S+\.py::\S+(?: [^\n]*\])?) PASSED", run.output, re.M)


def collected(backend: Folder, *arguments: str) -> tuple[int, int]:
    """How many tests a run would select, and how many it would not."""
    run = backend.run("pytest", "--collect-only", "-q", *arguments)
    selected = sum("::" in line for line in run.output.splitlines())
    deselected = re.search(r"\((\d+) deselected\)", run.output)
    return selected, int(deselected[1]) if deselected else 0


@pytest.fixture
def small(backend: Folder) -> Folder:
    """The backend with two of its test files, for what does not depend on their number."""
    for file in (backend.path / "tests").rglob("test_*.py"):
        if file.name not in ("test_user_dao.py", "test_user_dto.py"):
            file.unlink()
    return backend


# Integration with CI/CD ----------------------------------------------------------------------


def test_all_tests_with_coverage_in_html_and_on_the_terminal(backend: Folder) -> None:
    run = backend.run("pytest", "--cov=src", "--cov-report=html", "--cov-report=term")

    assert succeeded(run)["passed"] == collected(backend)[0]
    assert re.search(r"^TOTAL .*%", run.output, re.M), run.output
    assert "<html" in (backend.path / "htmlcov" / "index.html").read_text(encoding="utf-8")


def test_only_unit_tests(backend: Folder) -> None:
    run = backend.run("pytest", "tests/", "-m", "not integration")

    found = succeeded(run)
    selected = found["passed"], found.get("deselected", 0)
    assert selected == collected(backend, "-m", "not integration")


def test_verbose_with_short_tracebacks(small: Folder) -> None:
    small.write("tests/test_broken_dao.py", FAILING)

    run = small.run("pytest", "-v", "--tb=short")

    assert "tests/test_broken_dao.py::test_bb_breaks FAILED" in run.output
    assert (
        "tests/test_broken_dao.py:10: in test_bb_breaks\n    assert found == wanted" in run.output
    )
    assert "def test_bb_breaks" not in run.output  # a long traceback shows the whole function


def test_one_file_verbosely(small: Folder) -> None:
    run = small.run("pytest", "tests/test_user_dao.py", "-v")

    assert len(ran(run)) == succeeded(run)["passed"] > 0
    assert {name.partition("::")[0] for name in ran(run)} == {"tests/test_user_dao.py"}


def test_tests_that_match_a_pattern(small: Folder) -> None:
    run = small.run("pytest", "-k", "test_create", "-v")

    found = succeeded(run)
    assert found["passed"] == len(ran(run)) > 0
    assert found["deselected"] > 0
    assert all("test_create" in name for name in ran(run))


# Quick reference -----------------------------------------------------------------------------


def test_a_single_test(small: Folder) -> None:
    run = small.run("pytest", "tests/test_user_dao.py::test_create_inserts_user", "-v")

    assert succeeded(run) == {"passed": 1}
    assert ran(run) == ["tests/test_user_dao.py::test_create_inserts_user"]


def test_all_tests_of_a_file(small: Folder) -> None:
    run = small.run("pytest", "tests/test_user_dao.py", "-v")

    functions = {
        node.name
        for node in ast.parse(USER_DAO.read_text(encoding="utf-8")).body
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
        and node.name.startswith("test_")
    }
    assert {name.rpartition("::")[2].partition("[")[0] for name in ran(run)} == functions


@pytest.mark.parametrize("path", ["src/domain/dal/dao/user", "src/domain/dao/user"])
def test_coverage_of_a_module_by_its_path_measures_nothing(small: Folder, path: str) -> None:
    """Coverage takes a folder or a module's name; this is neither, and it says so."""
    run = small.run("pytest", f"--cov={path}", "tests/test_user_dao.py")

    assert succeeded(run)["passed"] > 0
    assert "No data was collected" in run.output


def test_coverage_of_a_module_by_its_name(small: Folder) -> None:
    run = small.run("pytest", "--cov=src.domain.dal.dao.user", "tests/test_user_dao.py")

    assert succeeded(run)["passed"] > 0
    assert re.search(r"^src/domain/dal/dao/user\.py +\d+ .*%|^TOTAL .*%", run.output, re.M)
    assert "src/domain/dal/dao/role.py" not in run.output


def test_stop_on_the_first_failure(small: Folder) -> None:
    small.write("tests/test_broken_dao.py", FAILING)

    run = small.run("pytest", "-x", "tests/")

    assert run.status == 1
    assert counts(run)["failed"] == 1
    assert "stopping after 1 failures" in run.output


def test_local_variables_on_failure(small: Folder) -> None:
    small.write("tests/test_broken_dao.py", FAILING)

    run = small.run("pytest", "--showlocals", "tests/")

    assert counts(run)["failed"] == 2
    assert re.search(r"^found +=? *'pending'$", run.output, re.M), run.output
    assert re.search(r"^wanted +=? *'approved'$", run.output, re.M), run.output


def test_the_failed_tests_again(small: Folder) -> None:
    small.write("tests/test_broken_dao.py", FAILING)
    assert counts(small.run("pytest", "tests/"))["failed"] == 2
    small.write("tests/test_broken_dao.py", FAILING.replace("found == wanted", "found != wanted"))

    assert counts(small.run("pytest", "--lf", "tests/")) == {"failed": 1, "passed": 1}
    assert counts(small.run("pytest", "--lf", "tests/")) == {"failed": 1}


# The checklist -------------------------------------------------------------------------------


def test_a_new_test_file_runs_by_itself(small: Folder) -> None:
    small.write("tests/test_your_module.py", "def test_it():\n    assert True\n")

    run = small.run("pytest", "tests/test_your_module.py", "-v")

    assert ran(run) == ["tests/test_your_module.py::test_it"]


def test_running_again_in_any_order_gives_the_same(small: Folder) -> None:
    first, second = (
        succeeded(small.run("pytest", f"--randomly-seed={seed}", "tests/")) for seed in (1, 2)
    )

    assert first == second
