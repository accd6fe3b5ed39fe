"""Engines, pools and connections of a module, in tests with an event loop each."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project

SETTINGS = """
    [tool.understudy]
    schema = ["db/*.sql"]

    [tool.understudy.{server}_postgres_env]
    DATABASE_URL = "{{dsn}}"
    ASYNCPG_URL = "{{dsn:asyncpg}}"
    PSYCOPG_URL = "{{dsn:psycopg}}"
"""
APP = """
    import os

    import asyncpg
    import psqlpy
    import psycopg_pool
    from databases import Database
    from sqlalchemy import NullPool, text
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    from sqlmodel.ext.asyncio.session import AsyncSession

    URL, ASYNCPG = os.environ["DATABASE_URL"], os.environ["ASYNCPG_URL"]
    ONE = "SELECT 1 AS a"
    kept = {}

    async def asyncpg_pool():
        if "pool" not in kept:
            kept["pool"] = await asyncpg.create_pool(URL, min_size=1, max_size=1)
        return await kept["pool"].fetchval(ONE)

    async def asyncpg_acquire():
        if "acquire" not in kept:
            kept["acquire"] = await asyncpg.create_pool(URL, min_size=0, max_size=1)
        async with kept["acquire"].acquire() as connection, connection.transaction():
            return await connection.fetchval(ONE)

    async def databases_pool():
        if "database" not in kept:
            kept["database"] = Database(URL, min_size=1, max_size=1)
            await kept["database"].connect()
        return (await kept["database"].fetch_one(ONE))["a"]

    engine = create_async_engine(ASYNCPG, pool_size=1, pool_timeout=5)

    async def sqlalchemy_engine():
        async with engine.connect() as connection:
            return await connection.scalar(text(ONE))

    pinging = create_async_engine(ASYNCPG, pool_pre_ping=True)
    sessions = async_sessionmaker(pinging, class_=AsyncSession, expire_on_commit=False)

    async def sqlmodel_session():
        async with sessions() as session:
            return await session.scalar(text(ONE))

    closing = create_async_engine(ASYNCPG, poolclass=NullPool)

    async def null_pool():
        async with closing.connect() as connection:
            return await connection.scalar(text(ONE))

    on_psycopg = create_async_engine(os.environ["PSYCOPG_URL"])

    async def sqlalchemy_psycopg():
        async with on_psycopg.connect() as connection:
            return await connection.scalar(text(ONE))

    async def psycopg_pool_():
        if "psycopg" not in kept:
            kept["psycopg"] = psycopg_pool.AsyncConnectionPool(URL, open=False, min_size=1)
            await kept["psycopg"].open(wait=True)
        async with kept["psycopg"].connection() as connection:
            return (await (await connection.execute(ONE)).fetchone())[0]

    rust = psqlpy.ConnectionPool(dsn=URL)

    async def psqlpy_pool():
        connection = await rust.connection()
        return (await connection.fetch_val(ONE))

    BOUND = [asyncpg_pool, asyncpg_acquire, databases_pool, sqlalchemy_engine, sqlmodel_session]
    FREE = [null_pool, sqlalchemy_psycopg, psycopg_pool_, psqlpy_pool]
"""
TESTS = """
    import pytest
    from app import BOUND, FREE, ONE

    @pytest.fixture
    def postgres(request):
        if {fake}:
            fake = request.getfixturevalue("fake_postgres")
            fake.on(ONE).value(1)
        else:
            request.getfixturevalue("real_postgres")

    {mark}
    @pytest.mark.parametrize("use", {uses})
    @pytest.mark.parametrize("time", ["first", "second", "third"])
    async def test_it(postgres, use, time):
        assert await use() == 1
"""
MARKS = {"asyncio": "@pytest.mark.asyncio", "anyio": "@pytest.mark.anyio"}
BACKEND = """
    import pytest

    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""
ONE_LOOP_OF_ANYIO = """
    import pytest

    @pytest.fixture(scope="session")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="session", autouse=True)
    async def one_event_loop(anyio_backend):
        yield
"""
ONE_LOOP = ["asyncio_default_fixture_loop_scope", "asyncio_default_test_loop_scope"]
KINDS = {
    "asyncpg_pool": "an asyncpg pool",
    "asyncpg_acquire": "an asyncpg pool",
    "databases_pool": "a pool of databases",
    "sqlalchemy_engine": "a connection of a SQLAlchemy engine",
    "sqlmodel_session": "a connection of a SQLAlchemy engine",
}


EACH = pytest.mark.parametrize(
    ("server", "runner"),
    [("fake", "asyncio"), ("fake", "anyio"), ("real", "asyncio")],
    indirect=["server"],
)


@pytest.fixture(params=["real"])
def server(request: pytest.FixtureRequest, project: Project) -> str:
    name: str = request.param
    project.configure(SETTINGS.format(server=name)).write(app=APP)
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    return name


def source(server: str, runner: str, uses: str) -> str:
    return TESTS.format(fake=server == "fake", mark=MARKS[runner], uses=uses)


def section(text: str, name: str) -> str:
    """What pytest printed below the headline of one failed test."""
    return re.split(r"\n[-=_]{4}", text.partition(f" {name} __")[2])[0]


@pytest.mark.slow
@EACH
def test_a_use_in_another_loop_is_one_message(project: Project, server: str, runner: str) -> None:
    project.write(test_it=source(server, runner, "BOUND"), conftest=BACKEND)

    options = ("-W", "default", "--show-capture=no")
    result = project.run(*options, asyncio=runner == "asyncio", subprocess=True)

    text = result.stdout.str()
    # With pool_pre_ping, SQLAlchemy replaces a connection whose ping failed.
    failing = [(time, use) for time in ("second", "third") for use in KINDS]
    failing.remove(("third", "sqlmodel_session"))
    result.assert_outcomes(passed=6, failed=len(failing))
    for time, use in failing:
        report = section(text, f"test_it[{time}-{use}]")
        assert report.count("WrongEventLoop: ") == 1, report
        assert f"{KINDS[use]} is used in another event loop than the one it was" in report
        assert report.count("opened: at app.py:") == 1
        assert f"in {use}, in the loop of test_it.py::test_it[first-{use}]" in report
        assert f"in {use}, in the loop of test_it.py::test_it[{time}-{use}]" in report
        assert ("asyncio_default_test_loop_scope" in report) == (runner == "asyncio")
        assert ("async def one_event_loop(anyio_backend)" in report) == (runner == "anyio")
        assert "site-packages" not in report  # only the project's frames


@pytest.mark.slow
@EACH
def test_no_alarm_in_one_loop_for_all(project: Project, server: str, runner: str) -> None:
    project.write(test_it=source(server, runner, "BOUND + FREE"))
    arguments = []
    if runner == "asyncio":
        arguments = [word for key in ONE_LOOP for word in ("-o", f"{key}=session")]
    else:
        project.write(conftest=ONE_LOOP_OF_ANYIO)

    result = project.run("-W", "default", *arguments, asyncio=runner == "asyncio", subprocess=True)

    result.assert_outcomes(passed=27)


@pytest.mark.slow
def test_no_alarm_for_what_is_closed_or_bound_to_no_loop(project: Project, server: str) -> None:
    conftest = """
        import pytest_asyncio
        import app

        @pytest_asyncio.fixture(autouse=True)
        async def end():
            yield
            await app.engine.dispose()
            await app.pinging.dispose()
            for name in ("pool", "acquire"):
                if name in app.kept:
                    await app.kept.pop(name).close()
            if "database" in app.kept:
                await app.kept.pop("database").disconnect()
    """
    project.write(test_it=source(server, "asyncio", "BOUND + FREE"), conftest=conftest)

    result = project.run("-W", "default", subprocess=True)

    result.assert_outcomes(passed=27)


OTHER_WAYS = """
    import asyncio
    import threading

    import asyncpg
    import psycopg_pool
    import pytest
    import pytest_asyncio
    from app import ONE, URL

    pytestmark = pytest.mark.asyncio
    kept = {}

    @pytest.fixture(autouse=True)
    def server(fake_postgres):
        pass

    @pytest_asyncio.fixture(loop_scope="session")
    async def of_the_session(fake_postgres):
        return await fake_postgres.asyncpg.connect()

    async def test_fixture(of_the_session):
        await of_the_session.fetchval(ONE)

    def test_two_runs():
        async def open_pool():
            kept["pool"] = await asyncpg.create_pool(URL, min_size=1)

        async def use_pool():
            await kept["pool"].fetchval(ONE)

        asyncio.run(open_pool())
        asyncio.run(use_pool())

    async def test_thread():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="portal")
        thread.start()

        async def open_pool():
            return await asyncpg.create_pool(URL, min_size=1)

        try:
            pool = asyncio.run_coroutine_threadsafe(open_pool(), loop).result(5)
            await pool.fetchval(ONE)
        finally:
            loop.call_soon_threadsafe(pool.terminate)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def test_caught_by_the_code():
        try:
            await kept["pool"].fetchval(ONE)
        except RuntimeError:
            pass

    async def test_opens():
        kept["psycopg"] = psycopg_pool.AsyncConnectionPool(
            URL, open=False, min_size=1, max_size=2, timeout=0.2
        )
        await kept["psycopg"].open(wait=True)

    async def test_another_task_may_give_one_back():
        kept["psycopg"]._max_size = 1  # so that the second waits for the first

        async def use():
            async with kept["psycopg"].connection():
                await asyncio.sleep(0)

        await asyncio.gather(use(), use())
        kept["psycopg"]._max_size = 2

    async def test_null_pool_opens():
        kept["null"] = psycopg_pool.AsyncNullConnectionPool(URL, open=False)
        await kept["null"].open()

    async def test_null_pool():
        async with kept["null"].connection():
            pass

    async def test_takes_the_only_one():
        kept["taken"] = psycopg_pool.AsyncConnectionPool(URL, open=False, min_size=1)
        await kept["taken"].open(wait=True)
        await kept["taken"].getconn()

    async def test_nothing_comes():
        async with kept["taken"].connection():
            pass

    async def test_pool_cannot_grow():
        async with kept["psycopg"].connection(), kept["psycopg"].connection():
            pass
"""


@pytest.mark.slow
def test_other_ways_into_another_loop(project: Project) -> None:
    project.configure(SETTINGS.format(server="fake").replace('schema = ["db/*.sql"]', ""))
    project.write(app=APP, test_it=OTHER_WAYS)

    result = project.run("-W", "default", "--show-capture=no", subprocess=True)

    def report(name: str) -> str:
        return section(result.stdout.str(), name)

    result.assert_outcomes(passed=5, failed=6)
    assert "WrongEventLoop: an asyncpg connection is used in another" in report("test_fixture")
    assert "opened: at test_it.py:20 in of_the_session" in report("test_fixture")
    assert "WrongEventLoop: an asyncpg pool is used in another event" in report("test_two_runs")
    assert "in the loop of the thread 'portal'\n" in report("test_thread")
    assert "asyncio_default" not in report("test_thread")
    assert "caught before it reached the test" in report("test_caught_by_the_code")
    assert "WrongEventLoop: a psycopg_pool.AsyncConnectionPool" in report("test_nothing_comes")
    assert "in the loop of test_it.py::test_takes_the_only" in report("test_nothing_comes")
    assert "PoolTimeout" in report("test_pool_cannot_grow")
    assert "a psycopg_pool.AsyncConnectionPool is used in another" in report(
        "test_pool_cannot_grow"
    )
    assert "in the loop of test_it.py::test_opens" in report("test_pool_cannot_grow")


LAZY = """
    import sys

    kept = {}

    async def asyncpg_pool(dsn):
        assert kept or "asyncpg" not in sys.modules
        import asyncpg
        if "pool" not in kept:
            kept["pool"] = await asyncpg.create_pool(dsn, min_size=1, max_size=1)
        return await kept["pool"].fetchval("SELECT 1")

    async def sqlalchemy_engine(dsn):
        from sqlalchemy import text
        from sqlalchemy.ext.asyncio import create_async_engine
        if "engine" not in kept:
            kept["engine"] = create_async_engine(dsn.replace("ql:", "ql+asyncpg:"))
        async with kept["engine"].connect() as connection:
            return await connection.scalar(text("SELECT 1"))

    async def psycopg_pool(dsn):
        assert "pool_of_psycopg" in kept or "psycopg_pool" not in sys.modules
        from psycopg_pool import AsyncConnectionPool
        if "pool_of_psycopg" not in kept:
            kept["pool_of_psycopg"] = AsyncConnectionPool(dsn, min_size=1, timeout=5, open=False)
            await kept["pool_of_psycopg"].open()
            kept["one"] = await kept["pool_of_psycopg"].getconn()
        else:
            await kept["pool_of_psycopg"].getconn()
        return 1

    def make(use):
        async def test(fake_postgres):
            fake_postgres.on("SELECT 1").value(1).optional()
            assert await use(fake_postgres.dsn) == 1
        return test

    test_asyncpg_1 = make(asyncpg_pool)
    test_asyncpg_2 = make(asyncpg_pool)
    test_sqlalchemy_1 = make(sqlalchemy_engine)
    test_sqlalchemy_2 = make(sqlalchemy_engine)
    test_psycopg_1 = make(psycopg_pool)
    test_psycopg_2 = make(psycopg_pool)
"""


def test_a_driver_that_a_test_imports_first(project: Project) -> None:
    project.configure('[tool.pytest.ini_options]\nasyncio_mode = "auto"').write(test_lazy=LAZY)

    result = project.run("-W", "default", "--show-capture=no", subprocess=True)

    result.assert_outcomes(passed=3, failed=3)
    text = result.stdout.str()
    assert text.count("WrongEventLoop: ") == 6, text  # each in its message and in the summary
    assert "attached to a different loop" not in text


ON_MYSQL = """
    import os

    import aiomysql
    import asyncmy
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(os.environ["MYSQL_URL"])
    kept = {}

    async def sqlalchemy_engine():
        async with engine.connect() as connection:
            return await connection.scalar(text("SELECT 1 AS a"))

    async def pool_of(driver):
        if driver not in kept:
            address = {name: os.environ[name] for name in ("host", "user", "password", "db")}
            kept[driver] = await driver.create_pool(port=int(os.environ["port"]), **address)
        async with kept[driver].acquire() as connection, connection.cursor() as cursor:
            await cursor.execute("SELECT 1 AS a")
            return (await cursor.fetchone())[0]

    async def aiomysql_pool():
        return await pool_of(aiomysql)

    async def asyncmy_pool():
        return await pool_of(asyncmy)
"""
MYSQL_SETTINGS = """
    [tool.understudy.fake_mysql_env]
    MYSQL_URL = "{dsn:aiomysql}"
    host = "{host}"
    port = "{port}"
    user = "{user}"
    password = "{password}"
    db = "{database}"
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("use", "kind"),
    [
        ("sqlalchemy_engine", "a connection of a SQLAlchemy engine"),
        ("aiomysql_pool", "an aiomysql pool"),
        ("asyncmy_pool", "an asyncmy pool"),
    ],
)
def test_on_mysql(project: Project, use: str, kind: str) -> None:
    test = f"""
        import pytest
        from app import {use}

        @pytest.mark.asyncio
        @pytest.mark.parametrize("time", ["first", "second"])
        async def test_it(fake_mysql, time):
            fake_mysql.on("SELECT 1 AS a").value(1)
            assert await {use}() == 1
    """
    project.configure(MYSQL_SETTINGS).write(app=ON_MYSQL, test_it=test)

    result = project.run("-W", "default", "--show-capture=no", subprocess=True)

    result.assert_outcomes(passed=1, failed=1)
    report = section(result.stdout.str(), "test_it[second]")
    assert report.count("WrongEventLoop: ") == 1, report
    assert f"{kind} is used in another event loop than the one it was" in report
    assert f"in {use}" in report or "in pool_of" in report
    assert "in the loop of test_it.py::test_it[first]" in report
