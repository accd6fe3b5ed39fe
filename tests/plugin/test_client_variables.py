"""PG* variables in the environment do not keep an application from its test database."""

from __future__ import annotations

import os

import pytest

from tests.hostile_variables import HOSTILE
from tests.plugin.conftest import Project

# What sets up a session is the application's own, and an invalid value of it is its own mistake.
_OF_THE_SESSION = {
    "PGCLIENTENCODING": "utf8",
    "PGCONNECT_TIMEOUT": "9",
    "PGDATESTYLE": "ISO",
    "PGGEQO": "on",
    "PGGSSLIB": "gssapi",
    "PGOPTIONS": "-c search_path=public",
    "PGTZ": "UTC",
}
_TESTS = """
    import asyncio
    import os

    import asyncpg
    import psqlpy
    import psycopg
    import pytest

    async def connect(driver, dsn):
        if driver == "psycopg":
            connection = await psycopg.AsyncConnection.connect(dsn)
            await connection.execute("SELECT 1 AS one")
            await connection.close()
        elif driver == "asyncpg":
            connection = await asyncpg.connect(dsn)
            await connection.fetch("SELECT 1 AS one")
            await connection.close()
        else:
            pool = psqlpy.ConnectionPool(dsn)
            async with pool.acquire() as connection:
                await connection.fetch("SELECT 1 AS one")
            pool.close()

    @pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psqlpy"])
    @pytest.mark.parametrize("kind", ["fake", "real", "clone"])
    def test_it(request, kind, driver):
        if kind == "clone":
            request.applymarker(pytest.mark.understudy(isolation="clone"))
        database = request.getfixturevalue(f"{kind.replace('clone', 'real')}_postgres")
        if kind == "fake":
            database.on("SELECT 1 AS one").row(one=1)
        asyncio.run(connect(driver, database.dsn))
        if kind != "clone":
            assert os.environ["PGSSLMODE"] == "disable"
"""


@pytest.mark.parametrize("configured", ["fixtures only", "real_postgres_env"])
def test_an_application_reaches_its_database(
    project: Project, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "[tool.understudy]\nschema = ['schema.sql']\n"
    if configured == "real_postgres_env":
        settings += 'real_postgres_env = {DATABASE_URL = "{dsn}", PGHOSTADDR = "127.0.0.1"}\n'
    project.configure(settings)
    project.write_text(project.path / "schema.sql", "CREATE TABLE users (name text)")
    project.write(test_it=_TESTS)
    for name, value in {**HOSTILE, **_OF_THE_SESSION}.items():
        monkeypatch.setenv(name, value)

    output = project.passes(passed=9)

    assert {name: os.environ[name] for name in HOSTILE} == {**HOSTILE, **_OF_THE_SESSION}
    assert ", PGCHANNELBINDING PGGSSENCMODE PGHOSTADDR " in output.stdout.str()
