"""What the fixtures open for a test is closed in its event loop, with warnings as errors."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

USES = """
    import gc

    import pytest
    from sqlalchemy import text

    ONE = "SELECT 1 AS a"

    async def asyncpg_connection(postgres):
        await (await postgres.asyncpg.connect()).fetchval(ONE)

    async def asyncpg_pool(postgres):
        pool = await postgres.asyncpg.pool(min_size=2)
        await pool.fetchval(ONE)

    async def psycopg_connection(postgres):
        connection = await postgres.psycopg.connect(autocommit=True)
        await connection.execute(ONE)

    async def psycopg_pool(postgres):
        async with postgres.psycopg.pool() as pool, pool.connection() as connection:
            await connection.execute(ONE)

    async def psycopg_sync(postgres):
        postgres.psycopg.connect_sync(autocommit=True).execute(ONE)

    async def psqlpy_connection(postgres):
        await (await postgres.psqlpy.connect()).execute(ONE)

    async def psqlpy_pool(postgres):
        await (await postgres.psqlpy.pool().connection()).execute(ONE)

    async def sqlalchemy_asyncpg(postgres):
        async with postgres.sqlalchemy.engine().connect() as connection:
            await connection.execute(text(ONE))

    async def sqlalchemy_psycopg(postgres):
        async with postgres.sqlalchemy.engine("psycopg").connect() as connection:
            await connection.execute(text(ONE))

    async def sqlalchemy_sync(postgres):
        with postgres.sqlalchemy.sync_engine().connect() as connection:
            connection.execute(text(ONE))

    USES = [
        asyncpg_connection, asyncpg_pool, psycopg_connection, psycopg_pool, psycopg_sync,
        psqlpy_connection, psqlpy_pool, sqlalchemy_asyncpg, sqlalchemy_psycopg, sqlalchemy_sync,
    ]

    @pytest.fixture(params=["fake", "rollback", "clone"])
    def postgres(request):
        if request.param == "fake":
            postgres = request.getfixturevalue("fake_postgres")
            postgres.on(ONE).value(1)
            return postgres
        request.applymarker(pytest.mark.understudy(isolation=request.param))
        return request.getfixturevalue("real_postgres")

    @pytest.fixture(autouse=True, scope="module")
    def nothing_is_left():
        yield
        gc.collect()
"""
ASYNCIO = """
    {marker}
    @pytest.mark.parametrize("use", USES)
    async def test_{name}(postgres, use):
        await use(postgres)

    def test_{name}_leaves_nothing():
        gc.collect()
"""
BACKENDS = """
    @pytest.fixture(params=[{}, {"use_uvloop": True}], ids=["asyncio", "uvloop"])
    def anyio_backend(request):
        return "asyncio", request.param
"""


@pytest.fixture
def database(project: Project) -> Project:
    project.configure("[tool.understudy]\nschema = ['db/*.sql']")
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    return project


@pytest.mark.slow
def test_each_driver_in_each_loop_of_pytest_asyncio(database: Project) -> None:
    scopes = ("function", "module", "session")
    tests = [
        ASYNCIO.format(marker=f'@pytest.mark.asyncio(loop_scope="{scope}")', name=scope)
        for scope in scopes
    ]
    database.write(test_it=USES + "".join(tests))

    result = database.run("-W", "error", subprocess=True)

    result.assert_outcomes(passed=3 * (30 + 1))


@pytest.mark.slow
def test_each_driver_under_anyio_and_uvloop(database: Project) -> None:
    tests = ASYNCIO.format(marker="@pytest.mark.anyio", name="anyio")
    database.write(test_it=USES + BACKENDS + tests)

    result = database.run("-W", "error", subprocess=True, asyncio=False)

    result.assert_outcomes(passed=2 * 30 + 1)


LEAKS = """
    import pytest

    @pytest.mark.anyio
    @pytest.mark.parametrize("anyio_backend", ["asyncio"])
    async def test_leaves_a_transaction_open(fake_postgres, anyio_backend):
        fake_postgres.on("INSERT INTO t VALUES (1)")
        connection = await fake_postgres.asyncpg.connect()
        await connection.transaction().start()
        await connection.execute("INSERT INTO t VALUES (1)")
"""


def test_what_was_open_when_the_loop_was_closed_is_a_leak(project: Project) -> None:
    project.write(test_it=LEAKS)

    result = project.run(asyncio=False)

    result.assert_outcomes(passed=1, errors=1)
    assert result.stdout.str().count("was never ended (1 call in it)") == 1


CLOSES_LATE = """
    import threading

    import psqlpy
    import pytest

    @pytest.mark.asyncio
    async def test_closes_late(fake_postgres):
        fake_postgres.on("INSERT INTO t VALUES (1)").tag("INSERT 0 1")
        connection = await psqlpy.connect(fake_postgres.dsn)
        transaction = connection.transaction()
        await transaction.begin()
        await connection.execute("INSERT INTO t VALUES (1)")
        threading.Timer(0.1, connection.close).start()
"""


def test_psqlpy_closes_in_a_thread_of_its_own(project: Project) -> None:
    project.write(test_it=CLOSES_LATE)

    project.run("-W", "error").assert_outcomes(passed=1)


def test_a_loop_of_many_tests_keeps_its_own_close(project: Project) -> None:
    project.write(
        test_it="""
            import asyncio
            import pytest

            pytestmark = pytest.mark.asyncio(loop_scope="session")
            seen = []

            @pytest.mark.parametrize("number", range(3))
            async def test_it(fake_postgres, number):
                seen.append(asyncio.get_running_loop().close)
                await fake_postgres.asyncpg.connect()
                assert asyncio.get_running_loop().close is not seen[0]
                assert len(set(seen)) == 1
        """
    )

    project.run(subprocess=True).assert_outcomes(passed=3)
