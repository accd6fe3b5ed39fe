"""The report of `understudy write`."""

from __future__ import annotations

from pathlib import Path

from understudy.init.plan import Change
from understudy.write import report
from understudy.write.results import Results, WrittenFile, WrittenTest
from understudy.write.trials import LeftOut

ROOT = Path("/shop").resolve()
FILE = Change(ROOT / "tests/test_users_dao.py", None, "def test_find(): ...\n")
PATH = Path("app/users.py")


def lines(results: Results, *, only_show: bool = False) -> list[str]:
    return "\n".join(report.text(results, ROOT, only_show=only_show)).splitlines()


def results() -> Results:
    """Return what a run with every kind of finding found."""
    bug = WrittenTest("test_add", "UserDAO.add", ["line 4"], "it swallows the database's error")
    find = WrittenTest("test_find", "UserDAO.find", ["line 2"], "")
    return Results(
        module="app.users",
        path=PATH,
        files=[WrittenFile(FILE, "dao", [find, bug], {"test_now": "assert 1 == 2"})],
        setting=Change(
            ROOT / "pyproject.toml", "[tool.understudy]\n", "[tool.understudy]\na = 1\n"
        ),
        left_out=[LeftOut("UserDAO.send", "it calls the network", 9)],
        open=[(4, 6), (7, 9)],
        mutants=(3, 5),
        unnoticed=[("app/users.py:5", "WHERE lost"), ("", "ORDER BY lost")],
        end="The time is up.",
    )


def test_what_looks_like_a_bug_comes_first_and_what_is_missing_last() -> None:
    assert lines(results()) == [
        "What looks like a bug:",
        "  test_users_dao.py::test_add (an expected failure)",
        "      it swallows the database's error",
        "",
        f"{Path('tests/test_users_dao.py')}: 2 new tests",
        "  not written, because it failed when it was repeated: test_now: assert 1 == 2",
        "pyproject.toml: real_postgres_env, which points the code at the test's database",
        "  It holds for all tests. If one about your settings' defaults fails, remove the",
        "  line, and set the variables in a fixture of the tests above.",
        "  wrong SQL that they notice: 3 of 5",
        "    not noticed: WHERE lost (app/users.py:5)",
        "    not noticed: ORDER BY lost",
        f"  {PATH}:9: no test of UserDAO.send: it calls the network",
        "  branches that no test takes: 4 -> 6, 7 -> 9",
        "The time is up.",
    ]


def test_what_would_be_written_is_a_diff() -> None:
    found = lines(results(), only_show=True)

    assert "+def test_find(): ..." in found
    assert "+a = 1" in found
    assert "pyproject.toml: real_postgres_env" not in "\n".join(found)


def test_a_run_that_wrote_nothing_says_so() -> None:
    assert lines(Results("app.users", PATH)) == ["No test was written for app.users."]


def test_a_file_without_new_tests() -> None:
    found = Results("app.users", PATH, [WrittenFile(FILE, "dao", [])])

    assert lines(found) == [f"{Path('tests/test_users_dao.py')}: nothing to add"]
