"""Where Understudy departs from the usual hand-written fakes and fixtures.

`docs/coming-from-mocks.md` tells users the same.
"""

from __future__ import annotations

import importlib.metadata

import psqlpy.exceptions
import pytest

from tests.backend_copy import Folder
from understudy import FakeConnection, UnexpectedStatement, db_error

STRICT = "asyncio_mode=strict"


def test_an_event_loop_override_does_not_reach_async_tests(backend: Folder) -> None:
    """pytest-asyncio 1.x has no such fixture; Understudy has one for sync tests, and says so."""
    assert int(importlib.metadata.version("pytest-asyncio").partition(".")[0]) >= 1
    backend.write(
        "tests/test_loop_dao.py",
        """\
import asyncio

import pytest


@pytest.mark.asyncio
async def test_mine_is_another():
    assert asyncio.get_running_loop() is not None


@pytest.mark.asyncio
async def test_ours_refuses(event_loop):
    raise AssertionError("not reached")
""",
    )

    run = backend.run("pytest", "-p", "no:randomly", "tests/test_loop_dao.py")

    assert "1 passed, 1 error" in run.output
    assert (
        "`event_loop` is a fresh loop for sync tests; test_ours_refuses is async and runs in a loop"
        " of its own already, so nothing would ever run in this one.\n"
        "Use asyncio.get_running_loop() in the test instead."
    ) in run.output


def test_a_plain_async_fixture_is_refused_in_strict_mode_and_ours_is_not(backend: Folder) -> None:
    backend.write(
        "tests/test_modes_router.py",
        """\
import pytest


@pytest.fixture
async def plain():
    return 1


@pytest.mark.asyncio
async def test_with_plain(plain):
    assert plain == 1


@pytest.mark.asyncio
async def test_with_ours(async_client):
    assert (await async_client.get("/openapi.json")).status_code == 200
""",
    )

    strict = backend.outcomes("-o", STRICT, "-W", "ignore", "tests/test_modes_router.py")
    auto = backend.outcomes("-o", "asyncio_mode=auto", "tests/test_modes_router.py")

    assert strict["tests/test_modes_router.py::test_with_ours"] == "passed"
    assert strict["tests/test_modes_router.py::test_with_plain"] != "passed"
    assert set(auto.values()) == {"passed"}


def test_an_old_driver_error_is_gone() -> None:
    assert not hasattr(psqlpy.exceptions, "RustPSQLDriverPyBaseError")
    assert isinstance(db_error("40P01", driver="psqlpy"), psqlpy.exceptions.Error)


async def test_fetch_raises_an_exception_that_it_would_have_answered() -> None:
    conn = FakeConnection()
    conn.fetch_return = ConnectionError("lost")

    with pytest.raises(ConnectionError, match="lost"):
        await conn.fetch("SELECT 1")

    assert conn.fetch_calls == [("SELECT 1", None)]


async def test_fetch_row_raises_it_too() -> None:
    conn = FakeConnection()
    conn.fetch_return = ConnectionError("lost")

    with pytest.raises(ConnectionError, match="lost"):
        await conn.fetch_row("SELECT 1")


async def test_fetch_row_of_no_rows_is_an_error_once_it_is_scripted() -> None:
    """Unset, it answers an empty result; with a rule, it raises as psqlpy does."""
    conn = FakeConnection()
    assert (await conn.fetch_row("SELECT id FROM users")).result() is None

    conn.on("SELECT id FROM users").rows()

    with pytest.raises(psqlpy.exceptions.Error, match="unexpected number of rows"):
        await conn.fetch_row("SELECT id FROM users")


async def test_a_misspelt_statement_fails_once_it_is_scripted() -> None:
    """`"INSERT INTO users" in stmt` holds for many a statement that is wrong; equality does not."""
    conn = FakeConnection()
    conn.on("INSERT INTO users (name) VALUES ($1)", "Ana").optional()

    with pytest.raises(UnexpectedStatement):
        await conn.execute("INSERT INTO users (nome) VALUES ($1)", ["Ana"])
