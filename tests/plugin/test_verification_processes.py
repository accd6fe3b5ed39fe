"""When the script is imported, and in which process, changes nothing of what a test is told."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.verification_helpers import HIDDEN, suite

__all__ = ["suite"]  # a fixture is found by its name


@pytest.mark.parametrize(
    ("body", "outcome", "told"),
    [
        ("asyncio.run(hide(FakeConnection(strict=True)))", {"failed": 1}, HIDDEN),
        ('FakeConnection().on("SELECT 1")', {"failed": 1}, "a rule was never used"),
        ("pass", {"passed": 1}, ""),
    ],
)
def test_a_script_that_is_imported_in_the_body_of_a_test(
    suite: Project, body: str, outcome: dict[str, int], told: str
) -> None:
    suite.write(
        test_it=f"""
            import asyncio, sys

            def test_it():
                assert "understudy.script" not in sys.modules
                from understudy import FakeConnection
                from service import hide
                {body}
        """
    )
    result = suite.run(subprocess=True)
    result.assert_outcomes(**outcome)
    assert told in result.stdout.str()


def test_a_script_that_is_imported_by_a_fixture(suite: Project) -> None:
    suite.write(
        test_it="""
            import asyncio, pytest

            @pytest.fixture(scope="session", autouse=True)
            def conn():
                from understudy import FakeConnection
                from service import hide
                conn = FakeConnection(strict=True)
                conn.on("SELECT 1")
                asyncio.run(hide(conn))
                return conn

            def test_it():
                pass
        """
    )
    result = suite.run(subprocess=True)
    result.assert_outcomes(errors=1)
    assert "UnexpectedStatement: execute() matched no rule" in result.stdout.str()


def test_every_process_of_xdist_tells_its_own(suite: Project) -> None:
    suite.write(
        test_it="""
            import pytest
            from service import hide
            from understudy import FakeConnection

            @pytest.mark.parametrize("number", range(4))
            async def test_it(number):
                conn = FakeConnection(strict=True)
                if number % 2:
                    conn.on("DELETE FROM users")
                await hide(conn)
        """
    )
    result = suite.run("-o", "asyncio_mode=auto", "-n", "2", subprocess=True)
    result.assert_outcomes(failed=2, passed=2)
    text = result.stdout.str()
    assert text.count("UnexpectedStatement: execute() matched no rule") == 2
    assert "4 calls on fakes, 1 different statement" in text


def test_a_suite_without_fakes_pays_nothing(project: Project) -> None:
    project.write(
        conftest="""
            import sys

            def pytest_unconfigure():
                loaded = [name for name in sys.modules if name.startswith("understudy.")]
                print("loaded:", [name for name in loaded if "plugin" not in name])
        """,
        test_it="""
            def test_it():
                pass
        """,
    )
    result = project.run(subprocess=True)
    result.assert_outcomes(passed=1)
    assert "loaded: []" in result.stdout.str()


def test_a_doctest_that_hides_a_failure(project: Project) -> None:
    project.write(
        mod="""
            async def hide():
                try:
                    await FakeConnection(strict=True).execute("SELECT 1")
                except Exception:
                    pass

            def run():
                '''
                >>> run()
                '''
                import asyncio
                global FakeConnection
                from understudy import FakeConnection
                asyncio.run(hide())
        """
    )
    result = project.run("--doctest-modules", subprocess=True)
    result.assert_outcomes(failed=1)
    assert "UnexpectedStatement: execute() matched no rule" in result.stdout.str()
