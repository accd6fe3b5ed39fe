"""Unmet expectations of a fixture are reported after its teardown."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project
from tests.plugin.verification_helpers import HIDDEN, UNUSED, noted, run, suite

__all__ = ["suite"]  # a fixture is found by its name


FIXTURES = """
    @pytest.fixture(scope="{scope}")
    def conn():
        conn = FakeConnection()
        conn.on("SELECT 1")
        yield conn
        {teardown}

    async def test_one(conn):
        {body}

    async def test_two(conn):
        pass
"""
ONE = 'await conn.execute("SELECT 1")'
TEARDOWN = f"import asyncio; asyncio.run(conn.execute{ONE[len('await conn.execute') :]})"
NEVER_USED = f"""
UnusedAnswers: a rule was never used
  test_it.py:8  on("SELECT 1")
  the fake was never called
{UNUSED}
"""


@pytest.mark.parametrize("scope", ["function", "class", "module", "package", "session"])
def test_what_a_fixture_expects_is_checked_when_it_is_gone(suite: Project, scope: str) -> None:
    text = run(
        suite,
        FIXTURES.format(scope=scope, body="pass", teardown="pass"),
        passed=2,
        errors=2 if scope in ("function", "class") else 1,
    )
    assert NEVER_USED in text
    last = "test_one" if scope in ("function", "class") else "test_two"
    assert f"ERROR at teardown of {last}" in text


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_what_a_fixture_expects_may_happen_in_its_teardown(suite: Project, scope: str) -> None:
    run(suite, FIXTURES.format(scope=scope, body="pass", teardown=TEARDOWN), passed=2)


@pytest.mark.parametrize("scope", ["module", "session"])
def test_what_a_fixture_expects_may_happen_in_any_test(suite: Project, scope: str) -> None:
    run(suite, FIXTURES.format(scope=scope, body=ONE, teardown="pass"), passed=2)


@pytest.mark.parametrize("scope", ["function", "module", "session"])
def test_a_failure_that_a_fixture_hides(suite: Project, scope: str) -> None:
    text = run(
        suite,
        f"""
        import asyncio

        @pytest.fixture(scope="{scope}")
        def conn():
            conn = FakeConnection(strict=True)
            asyncio.run(hide(conn))
            return conn

        def test_it(conn):
            pass
        """,
        errors=1,
    )
    assert "ERROR at setup of test_it" in text
    assert f"\n{HIDDEN}\n" in text
    assert text.count("UnexpectedStatement: ") == 1


@pytest.mark.parametrize("scope", ["function", "module"])
def test_a_fixture_that_hides_a_failure_and_raises(suite: Project, scope: str) -> None:
    text = run(
        suite,
        f"""
        import asyncio

        @pytest.fixture(scope="{scope}")
        def conn():
            asyncio.run(hide(FakeConnection(strict=True)))
            raise LookupError("of its own")

        def test_it(conn):
            pass
        """,
        errors=1,
    )
    assert f"E       LookupError: of its own\n{noted(HIDDEN)}" in text
    assert text.count("UnexpectedStatement: ") == 1


def test_a_teardown_that_hides_a_failure(suite: Project) -> None:
    text = run(
        suite,
        """
        import asyncio

        @pytest.fixture
        def quiet():
            yield
            asyncio.run(hide(FakeConnection(strict=True)))

        @pytest.fixture
        def loud():
            yield
            asyncio.run(hide(FakeConnection(strict=True)))
            raise LookupError("of its own")

        def test_quiet(quiet):
            pass

        def test_loud(loud):
            pass
        """,
        passed=2,
        errors=2,
    )
    assert "ERROR at teardown of test_quiet" in text
    assert f"\n{HIDDEN}\n" in text
    assert "E       LookupError: of its own" in text
    assert text.count("UnexpectedStatement: ") == 2
