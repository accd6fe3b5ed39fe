"""The section at the end of a run: how much was asked of the fakes, in all processes."""

from __future__ import annotations

import pytest

import understudy.fakes  # noqa: F401 # loaded once: pytester unloads what an inner run loads
from tests.plugin.conftest import Project

SUITE = """
    import pytest
    from understudy import FakeConnection

    @pytest.mark.parametrize("number", range({tests}))
    async def test_it(number):
        conn = FakeConnection()
        await conn.execute("SELECT 1")
        await conn.fetch("SELECT  1 -- the same")
        await conn.execute_many(f"SELECT {{number}}", [[1]])
"""
NOT_CHECKED = "not checked by PostgreSQL: no schema configured"


def section(project: Project, *args: str, passed: int, subprocess: bool = False) -> list[str]:
    """Run, and return the lines of Understudy's section."""
    # What the tests here ask is counted, and looked at by nobody.
    args = ("--understudy-check-calls=off", *args)
    result = project.run("-o", "asyncio_mode=auto", *args, subprocess=subprocess)
    result.assert_outcomes(passed=passed)
    lines = result.stdout.lines
    found = [number for number, line in enumerate(lines) if line.strip("-") == " understudy "]
    if not found:
        return []
    rest = [line for line in lines[found[0] + 1 :] if line]
    return rest[: next(number for number, line in enumerate(rest) if line.startswith("="))]


@pytest.mark.parametrize(
    ("tests", "counted"),
    [
        (1, "3 calls on fakes, 2 different statements"),
        (3, "9 calls on fakes, 3 different statements"),
    ],
)
def test_how_much_was_asked(project: Project, tests: int, counted: str) -> None:
    project.write(test_it=SUITE.format(tests=tests))
    assert section(project, passed=tests) == [f"{counted}; {NOT_CHECKED}"]


def test_one_call_and_a_thousand(project: Project) -> None:
    project.write(
        test_it="""
            from understudy import FakeConnection

            async def test_one():
                await FakeConnection().execute("SELECT 1")

            async def test_many():
                conn = FakeConnection()
                for _ in range(1234):
                    await conn.execute("SELECT 1")
        """
    )
    asked = section(project, "-k", "one", passed=1)
    assert asked == [f"1 call on fakes, 1 different statement; {NOT_CHECKED}"]
    asked = section(project, passed=2)
    assert asked == [f"1,235 calls on fakes, 1 different statement; {NOT_CHECKED}"]


def test_nothing_was_asked(project: Project) -> None:
    project.write(
        test_it="""
            from understudy import FakeConnection

            def test_it():
                FakeConnection()
        """
    )
    assert section(project, passed=1) == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_figures_of_all_workers_are_added_up(project: Project, workers: str) -> None:
    project.write(test_it=SUITE.format(tests=4))
    assert section(project, "-n", workers, passed=4, subprocess=True) == [
        f"12 calls on fakes, 4 different statements; {NOT_CHECKED}"
    ]


def test_a_worker_that_crashed_leaves_the_figures_of_the_others(project: Project) -> None:
    project.write(
        test_it="""
            import os
            from understudy import FakeConnection

            async def test_it():
                await FakeConnection().execute("SELECT 1")

            def test_crash():
                os._exit(1)
        """
    )
    result = project.run("-o", "asyncio_mode=auto", "-n", "1", subprocess=True)
    result.assert_outcomes(passed=1, failed=1)
    assert "Traceback" not in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str()
