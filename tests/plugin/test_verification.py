"""Unmet expectations are reported when a test ends: once, and even if the code caught them."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project
from tests.plugin.verification_helpers import CAUGHT, HIDDEN, UNEXPECTED, UNUSED, noted, run, suite

__all__ = ["suite"]  # a fixture is found by its name


def test_a_failure_that_was_caught_fails_the_test_once(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            assert await hide(FakeConnection(strict=True)) == "hidden"
        """,
        failed=1,
    )
    assert f"_ test_it _{'_' * 10}" in text
    assert f"\n{HIDDEN}\n" in text
    assert text.count("UnexpectedStatement: ") == 1
    assert "Traceback" not in text
    assert "curtain.py" not in text


def test_a_failure_that_reaches_the_test_is_told_by_pytest_alone(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            await FakeConnection(strict=True).execute("SELECT 1")
        """,
        failed=1,
    )
    assert text.count("understudy.UnexpectedStatement: execute() matched no rule") == 1
    assert CAUGHT not in text
    # The traceback ends on the test's own line.
    assert re.search(r"\ntest_it\.py:\d+: UnexpectedStatement\n", text)


def test_a_failure_that_the_test_itself_expects_is_none(suite: Project) -> None:
    run(
        suite,
        """
        import asyncio, unittest
        from hypothesis import given, settings, strategies

        async def test_async():
            with pytest.raises(UnexpectedStatement):
                await FakeConnection(strict=True).execute("SELECT 1")

        def test_sync():
            with pytest.raises(UnexpectedStatement):
                asyncio.run(FakeConnection(strict=True).execute("SELECT 1"))

        def test_dummy():
            with pytest.raises(UnexpectedCall):
                dummy(Wrapped).with_traceback(None)

        class TestCase(unittest.TestCase):
            def test_it(self):
                with self.assertRaises(UnexpectedStatement):
                    asyncio.run(FakeConnection(strict=True).execute("SELECT 1"))

        @settings(max_examples=3, database=None)
        @given(strategies.integers())
        def test_property(number):
            with pytest.raises(UnexpectedStatement):
                asyncio.run(FakeConnection(strict=True).execute("SELECT 1"))
        """,
        passed=5,
    )


def test_a_hidden_failure_and_another_one(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            assert await hide(FakeConnection(strict=True)) == "found"
        """,
        failed=1,
    )
    assert "AssertionError: assert 'hidden' == 'found'" in text
    assert noted(HIDDEN) in text
    assert text.count("UnexpectedStatement: ") == 1


def test_a_failure_that_the_code_wrapped_is_reported_in_its_place(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            await wrap(FakeConnection(strict=True))
        """,
        failed=1,
    )
    assert "E           (It reached the test as service.Wrapped: it failed.)" in text
    assert "The above exception was the direct cause" not in text
    assert text.count("execute() matched no rule") == 1
    assert CAUGHT not in text


def test_a_failure_that_was_replaced_is_noted(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            await replace(FakeConnection(strict=True))
        """,
        failed=1,
    )
    assert "service.Wrapped: it failed" in text
    told = UNEXPECTED.format(line=19, function="replace") + f"\n{CAUGHT}"
    assert noted(told, indent=11) in text


def test_a_failure_in_a_group_is_not_told_again(suite: Project) -> None:
    text = run(
        suite,
        """
        import asyncio

        async def test_it():
            conn = FakeConnection(strict=True)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(wrap(conn))
        """,
        failed=1,
    )
    assert text.count("execute() matched no rule") == 1
    assert CAUGHT not in text


@pytest.mark.parametrize(
    "broad",
    [
        "pytest.raises(Exception)",
        "pytest.raises(AssertionError)",
        "contextlib.suppress(Exception)",
        "unittest.TestCase().assertRaises(Exception)",
    ],
)
def test_a_body_that_would_catch_anything_hides_nothing(suite: Project, broad: str) -> None:
    text = run(
        suite,
        f"""
        import contextlib, unittest

        async def test_it():
            with {broad}:
                await FakeConnection(strict=True).execute("SELECT 1")
        """,
        failed=1,
    )
    assert text.count("UnexpectedStatement: execute() matched no rule") == 1


def test_a_body_names_what_it_expects_in_any_way(suite: Project) -> None:
    run(
        suite,
        """
        import understudy

        @pytest.mark.parametrize("kind", [UnexpectedStatement, understudy.Failure])
        async def test_parameter(kind):
            with pytest.raises(kind):
                await FakeConnection(strict=True).execute("SELECT 1")

        async def test_one_of_several():
            with pytest.raises((KeyError, understudy.UnexpectedStatement)):
                await FakeConnection(strict=True).execute("SELECT 1")

        async def test_except():
            try:
                await FakeConnection(strict=True).execute("SELECT 1")
            except UnexpectedStatement:
                pass
        """,
        passed=4,
    )


def test_a_body_that_expects_another_failure_hides_nothing(suite: Project) -> None:
    run(
        suite,
        """
        async def test_it():
            with pytest.raises(UnexpectedCall):
                raise UnexpectedCall("none of ours")
            with pytest.raises(Exception):
                await FakeConnection(strict=True).execute("SELECT 1")
        """,
        failed=1,
    )


def test_an_expected_wrapper_does_not_excuse_what_it_hides(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            with pytest.raises(Wrapped):
                await wrap(FakeConnection(strict=True))
        """,
        failed=1,
    )
    assert UNEXPECTED.format(line=13, function="wrap") + f"\n{CAUGHT}" in text


def test_a_skip_does_not_hide_a_failure(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            await hide(FakeConnection(strict=True))
            pytest.skip("not today")

        async def test_skipped():
            FakeConnection().on("SELECT 1")
            pytest.skip("not today")
        """,
        failed=1,
        skipped=1,
    )
    assert HIDDEN in text


def test_an_expected_failure_may_be_one_of_the_script(suite: Project) -> None:
    run(
        suite,
        """
        @pytest.mark.xfail(strict=True)
        async def test_hidden():
            await hide(FakeConnection(strict=True))

        @pytest.mark.xfail(strict=True)
        async def test_unused():
            FakeConnection().on("SELECT 1")
        """,
        xfailed=2,
    )


def test_what_is_left_over_in_a_test_that_failed_is_not_told(suite: Project) -> None:
    text = run(
        suite,
        """
        @pytest.fixture
        def conn():
            conn = FakeConnection()
            conn.on("SELECT 2")
            return conn

        async def test_it(conn):
            conn.on("SELECT 1")
            await conn.transaction().begin()
            assert 1 == 2
        """,
        failed=1,
    )
    assert "never" not in text


def test_several_failures_are_numbered(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            conn = FakeConnection()
            conn.on("SELECT 1")
            await hide(conn)
            await conn.transaction().begin()
        """,
        failed=1,
    )
    assert (
        f"""
3 failures:

1) UnexpectedStatement: execute() matched no rule
  sql:    DELETE FROM users
  params: none    at: service.py:4 in hide
Nearest of the only rule:
  test_it.py:7  on("SELECT 1")
    sql  differs  [-SELECT 1-]{{+DELETE FROM users+}}
To allow it:
  conn.on("DELETE FROM users").tag("DELETE 1")
{CAUGHT}

2) UnusedAnswers: a rule was never used
  test_it.py:7  on("SELECT 1")
Nearest of 1 call:
  execute("DELETE FROM users") at service.py:4 in hide
    sql  differs  [-SELECT 1-]{{+DELETE FROM users+}}
{UNUSED}

3) TransactionLeftOpen: transaction #1 was never ended (no call in it)
  begun at: test_it.py:9 in test_it
Commit it, roll it back, or use `async with conn.transaction()`.
"""
        in text
    )


def test_a_connection_that_was_never_given_back(suite: Project) -> None:
    text = run(
        suite,
        """
        async def test_it():
            pool = FakePool(strict=True)
            await pool.connection()
        """,
        failed=1,
    )
    assert (
        """
ConnectionNotReturned: a connection was never given back to the pool
  taken at: test_it.py:7 in test_it
Use `async with pool.acquire()`, or call close() on it.
"""
        in text
    )


def test_unittest(suite: Project) -> None:
    text = run(
        suite,
        """
        import asyncio, unittest

        class TestSync(unittest.TestCase):
            def setUp(self):
                self.conn = FakeConnection(strict=True)

            def test_hidden(self):
                asyncio.run(hide(self.conn))

            def test_fine(self):
                self.conn.on("DELETE FROM users").tag("DELETE 1")
                asyncio.run(hide(self.conn))

        class TestAsync(unittest.IsolatedAsyncioTestCase):
            async def test_hidden(self):
                await hide(FakeConnection(strict=True))

            async def test_unused(self):
                FakeConnection().on("SELECT 1")

            async def test_expected(self):
                with self.assertRaises(UnexpectedStatement):
                    await FakeConnection(strict=True).execute("SELECT 1")
        """,
        failed=3,
        passed=2,
    )
    assert text.count(HIDDEN) == 2
    assert text.count("UnusedAnswers: a rule was never used") == 1


def test_a_thread_that_hides_a_failure(suite: Project) -> None:
    text = run(
        suite,
        """
        import asyncio, threading

        def test_it():
            thread = threading.Thread(target=lambda: asyncio.run(hide(FakeConnection(strict=True))))
            thread.start()
            thread.join()
        """,
        failed=1,
    )
    assert f"\n{HIDDEN}\n" in text


def test_what_a_test_made_is_let_go_when_it_is_over(suite: Project) -> None:
    run(
        suite,
        """
        import gc
        import weakref

        made = []

        def connection():
            conn = FakeConnection()
            conn.on("SELECT 1").value(1).optional()
            made.append(weakref.ref(conn._script))
            return conn

        @pytest.fixture
        def conn():
            return connection()

        def test_one(conn):
            connection()

        def test_two():
            gc.collect()
            assert [each() for each in made] == [None, None]
        """,
        passed=2,
    )


def test_a_warning_that_fails_a_test_has_no_frames_of_understudy(project: Project) -> None:
    project.write(
        test_it="""
            import socket

            def test_it():
                socket.socket()
        """
    )

    result = project.run(
        "-W", "error::ResourceWarning", "-W", "error::pytest.PytestUnraisableExceptionWarning"
    )

    result.assert_outcomes(failed=1)
    assert "ResourceWarning: unclosed <socket" in result.stdout.str()
    assert "around_call" not in result.stdout.str()
