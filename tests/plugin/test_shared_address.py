"""An app on fake_postgres in some tests and on real_postgres in others, at one address."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

SETTINGS = """
    [tool.understudy]
    schema = ["db/*.sql"]
    fake_postgres_env = {DATABASE_URL = "{dsn}", ONLY_FAKE = "{dsn}"}
    real_postgres_env = {DATABASE_URL = "{dsn}", ONLY_REAL = "{dsn}"}
"""
APP = """
    import os

    import psycopg
    from sqlalchemy import create_engine, text

    URL = os.environ["DATABASE_URL"]
    NAMES = "SELECT name FROM users ORDER BY name"
    engine = create_engine(URL.replace("postgresql:", "postgresql+psycopg:"), pool_size=1)

    def names():
        with engine.connect() as connection:
            return list(connection.scalars(text(NAMES)))

    def names_directly():
        with psycopg.connect(URL) as connection:
            return [name for name, in connection.execute(NAMES)]
"""
TESTS = """
    import os

    import psycopg
    import pytest

    import app

    def on_fake(fake_postgres, name):
        fake_postgres.on(app.NAMES).row(name=name).then.row(name=name)
        assert app.names() == app.names_directly() == [name]

    def on_real(real_postgres, name):
        real_postgres.insert("users", name=name)
        assert app.names() == app.names_directly() == [name]

    def test_a_fake(fake_postgres):
        on_fake(fake_postgres, "scripted")
        assert os.environ["ONLY_FAKE"] == fake_postgres.dsn != app.URL

    def test_b_real(real_postgres):
        on_real(real_postgres, "Ana")
        assert os.environ["ONLY_REAL"] == real_postgres.dsn != app.URL

    def test_c_fake_again(fake_postgres):
        on_fake(fake_postgres, "again")

    @pytest.mark.understudy(isolation="clone")
    def test_d_clone(real_postgres):
        on_real(real_postgres, "Bia")

    @pytest.mark.understudy(app_database="fake_postgres")
    def test_e_both_and_the_app_on_the_fake(fake_postgres, real_postgres):
        on_fake(fake_postgres, "scripted")
        with psycopg.connect(real_postgres.dsn) as connection:
            assert connection.execute(app.NAMES).fetchall() == []

    @pytest.mark.understudy(app_database="real_postgres")
    def test_f_both_and_the_app_on_the_real_one(fake_postgres, real_postgres):
        on_real(real_postgres, "Caio")
        fake_postgres.on(app.NAMES).row(name="scripted")
        with psycopg.connect(fake_postgres.dsn) as connection:
            assert connection.execute(app.NAMES).fetchall() == [("scripted",)]

    @pytest.mark.understudy(app_database="real_postgres")
    def test_g_the_marker_alone():
        assert app.names() == app.names_directly() == []

    def test_h_a_server_that_is_stopped(fake_postgres):
        fake_postgres.stop()
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(app.URL)

    def test_i_the_wrong_password(fake_postgres):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(app.URL, password="guess")
"""
LOOPS = """
    import os

    import asyncpg
    import psqlpy
    import pytest
    import pytest_asyncio
    from sqlalchemy import text
    from sqlalchemy.ext.asyncio import create_async_engine

    pytestmark = pytest.mark.asyncio(loop_scope="session")
    URL = os.environ["DATABASE_URL"]
    NAMES = "SELECT name FROM users ORDER BY name"
    engine = create_async_engine(URL.replace("postgresql:", "postgresql+asyncpg:"), pool_size=1)
    pools = {}

    async def by_engine():
        async with engine.connect() as connection:
            return list(await connection.scalars(text(NAMES)))

    async def by_asyncpg():
        pool = pools.get("asyncpg")
        if pool is None:
            pool = pools["asyncpg"] = await asyncpg.create_pool(URL, min_size=1, max_size=1)
        return [row["name"] for row in await pool.fetch(NAMES)]

    async def by_psqlpy():
        pool = pools.setdefault("psqlpy", psqlpy.ConnectionPool(dsn=URL, max_db_pool_size=2))
        async with pool.acquire() as connection:
            return [row["name"] for row in (await connection.fetch(NAMES)).result()]

    @pytest_asyncio.fixture(autouse=True, scope="session", loop_scope="session")
    async def closing():
        yield
        await engine.dispose()
        await pools["asyncpg"].close()
        pools["psqlpy"].close()

    @pytest.mark.parametrize("number", range(3))
    @pytest.mark.parametrize("ask", [by_engine, by_asyncpg, by_psqlpy])
    async def test_fake(fake_postgres, ask, number):
        fake_postgres.on(NAMES).row(name="scripted")
        assert await ask() == ["scripted"]

    @pytest.mark.parametrize("number", range(3))
    @pytest.mark.parametrize("ask", [by_engine, by_asyncpg, by_psqlpy])
    async def test_real(real_postgres, ask, number):
        real_postgres.insert("users", name="Ana")
        assert await ask() == ["Ana"]
"""
# One test of each in turn.
IN_TURN = """
    def pytest_collection_modifyitems(items):
        items.sort(key=lambda item: (item.callspec.params["number"], item.name))
"""


@pytest.fixture
def shop(project: Project) -> Project:
    project.configure(SETTINGS).write(app=APP)
    schema = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);"
    project.write_text(project.path / "db" / "1.sql", schema)
    return project


def test_the_fixture_or_the_marker_chooses(shop: Project) -> None:
    shop.write(test_it=TESTS)

    shop.run(subprocess=True).assert_outcomes(passed=9)


def test_pools_of_a_loop_follow(shop: Project) -> None:
    shop.write(test_it=LOOPS, conftest=IN_TURN)

    shop.run(subprocess=True).assert_outcomes(passed=18)


def test_a_test_on_both_has_to_say_which(shop: Project) -> None:
    shop.write(test_it="def test_it(fake_postgres, real_postgres):\n    pass\n")

    result = shop.run(subprocess=True)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_it uses fake_postgres and real_postgres, and DATABASE_URL leads the app to one "
            "of them.",
            'Mark the test: @pytest.mark.understudy(app_database="real_postgres"), or '
            '"fake_postgres".',
        ]
    )


def test_different_texts_for_one_variable(shop: Project) -> None:
    shop.configure(
        """
        [tool.understudy]
        fake_postgres_env = {DATABASE_URL = "{dsn}", HOST = "{host}"}
        real_postgres_env = {DATABASE_URL = "{dsn:asyncpg}", HOST = "{host}"}
        """
    ).write(test_it="def test_it():\n    pass\n")

    result = shop.run(subprocess=True)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        "ERROR: fake_postgres_env and real_postgres_env both set DATABASE_URL, to different "
        "texts: '{dsn}' and '{dsn:asyncpg}'.\nThe app reads it once, so write the same text in "
        "both."
    )


def test_no_real_server_is_started_for_the_fake(shop: Project) -> None:
    shop.write(test_it="def test_it(fake_postgres):\n    pass\n")

    url = "--understudy-postgres-url=postgresql://nobody@127.0.0.1:1/none"
    shop.run(url, subprocess=True).assert_outcomes(passed=1)
