"""Finding the line of a statement is safe in every event loop: a crash fails the child process."""

from __future__ import annotations

import inspect
from dataclasses import replace

import asyncpg
import psycopg
import psycopg_pool
import pytest

from tests.plugin.conftest import Project
from understudy.serving import drivers

# Reading the awaitables of tasks from the server's thread crashed Python 3.12 within 60 tests.
TESTS = """
    import asyncpg
    import pytest

    {backend}

    @pytest.fixture
    async def statements_in_teardown(real_postgres):
        yield
        connection = await asyncpg.connect(real_postgres.dsn)
        await use(connection)
        await connection.close()

    async def use(connection):
        for number in range(20):
            async with connection.transaction():
                await connection.execute("SELECT name FROM users")

    @pytest.mark.{mark}
    @pytest.mark.parametrize("number", range(60))
    async def test_it(real_postgres, statements_in_teardown, number):
        connection = await asyncpg.connect(real_postgres.dsn)
        await use(connection)
        await connection.close()
        assert {{call.origin.code for call in real_postgres.calls}} == {{use.__code__}}
"""
BACKEND = """
    @pytest.fixture
    def anyio_backend():
        return ("asyncio", {{"use_uvloop": {uvloop}}})
"""


@pytest.mark.parametrize(
    "loop",
    # anyio has the same loop as pytest-asyncio.
    ["pytest-asyncio", pytest.param("anyio", marks=pytest.mark.slow), "uvloop"],
)
def test_statements_on_a_socket(project: Project, loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not for Windows")
    mode = "asyncio_mode = 'auto'" if loop == "pytest-asyncio" else "addopts = '-p no:asyncio'"
    project.configure(
        f"[tool.pytest.ini_options]\n{mode}\n[tool.understudy]\nschema = ['db/*.sql']"
    )
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    backend = "" if loop == "pytest-asyncio" else BACKEND.format(uvloop=loop == "uvloop")
    mark = "asyncio" if loop == "pytest-asyncio" else "anyio"
    project.write(test_it=TESTS.format(backend=backend, mark=mark))

    result = replace(project, plugins=("anyio",)).run(subprocess=True)

    result.assert_outcomes(passed=60)


def test_a_wrapped_coroutine_function_remains_one() -> None:
    """Starlette's `on_shutdown` and thread pools call what is none without awaiting it."""
    drivers.wrap_drivers()

    owners = (
        asyncpg.Connection,
        asyncpg.pool.Pool,
        psycopg.AsyncConnection,
        psycopg_pool.AsyncConnectionPool,
    )
    wrapped = [
        (name, method)
        for owner in owners
        for name, method in vars(owner).items()
        if inspect.isfunction(method) and hasattr(method, "__wrapped__")
    ]
    assert {"_acquire", "close", "wait", "getconn", "putconn"} <= {name for name, _ in wrapped}
    for name, method in wrapped:
        expected = inspect.iscoroutinefunction(method.__wrapped__)
        assert inspect.iscoroutinefunction(method) == expected, name
