"""The fixture `real_sqlite` in whole runs."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

CONFIGURED = """
    [tool.understudy]
    schema = "schema.sql"
    real_sqlite_env = {URL = "{dsn:aiosqlite}", DB = "{path}", URI = "{uri}?mode=rw"}

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
"""


@pytest.fixture
def configured(project: Project) -> Project:
    project.write_text(project.path / "schema.sql", "CREATE TABLE users (name TEXT NOT NULL);")
    return project.configure(CONFIGURED)


def test_an_app_reads_its_address_on_import(configured: Project) -> None:
    configured.write(
        app="""
        import os
        import sqlite3
        from sqlite3 import connect
        from sqlalchemy.ext.asyncio import create_async_engine

        engine = create_async_engine(os.environ["URL"])
        early = sqlite3.connect(os.environ["DB"])

        def names():
            with connect(os.environ["URI"], uri=True) as connection:
                rows = connection.execute("SELECT name FROM users").fetchall()
            connection.close()
            return rows
        """,
        test_it="""
        import app
        from sqlalchemy import text

        def test_the_connection_of_the_import(real_sqlite):
            app.early.execute("INSERT INTO users VALUES ('early')")
            app.early.commit()
            assert app.names() == [("early",)]
            assert len(real_sqlite.calls) == 2

        async def test_the_engine(real_sqlite):
            real_sqlite.insert("users", name="Ana")
            assert app.names() == [("Ana",)]
            async with app.engine.connect() as connection:
                rows = await connection.execute(text("SELECT name FROM users"))
                assert rows.all() == [("Ana",)]
            await app.engine.dispose()
            app.early.close()
        """,
    )
    result = configured.passes(passed=2)
    assert "5 calls on real_sqlite, 3 different statements" in result.stdout.str()


def test_a_failure_shows_the_calls(configured: Project) -> None:
    configured.write(
        test_it="""
        import sqlite3

        def test_it(real_sqlite):
            connection = sqlite3.connect(real_sqlite.path)
            try:
                connection.execute("INSERT INTO users VALUES (?)", (None,))
            finally:
                connection.close()
        """
    )
    text = configured.run("-v").stdout.str()
    assert "sqlite3.IntegrityError: NOT NULL constraint failed: users.name" in text
    assert "INSERT INTO users VALUES (?)" in text.partition("understudy: statements")[2]


def test_a_name_in_double_quotes_fails_the_test(configured: Project) -> None:
    configured.write(
        test_it="""
        import sqlite3

        def test_it(real_sqlite):
            connection = sqlite3.connect(real_sqlite.path)
            connection.execute('SELECT "nome" FROM users')
            connection.close()
        """
    )
    text = configured.run().stdout.str()
    assert "StatementRefused: SQLite takes \"nome\" for the text 'nome'" in text


def test_rules_about_a_request_see_sqlite(configured: Project) -> None:
    configured.configure(
        CONFIGURED.replace("[tool.understudy]", '[tool.understudy]\napp = "app:app"')
    )
    configured.write(
        app="""
        import os
        import aiosqlite
        from fastapi import FastAPI

        app = FastAPI()

        @app.post("/users")
        async def add():
            async with aiosqlite.connect(os.environ["DB"]) as connection:
                try:
                    await connection.execute("INSERT INTO users VALUES (NULL)")
                except Exception:
                    pass
            return {"ok": True}
        """,
        test_it="""
        async def test_it(async_client, real_sqlite):
            assert (await async_client.post("/users")).status_code == 200
        """,
    )
    text = configured.run("--understudy-check-success-despite-error=error").stdout.str()
    assert "POST /users" in text
    assert "NOT NULL constraint failed: users.name" in text


def test_a_schema_that_sqlite_refuses_is_one_message(configured: Project) -> None:
    configured.write_text(configured.path / "schema.sql", "CREATE TABLE users (id SERIAL, x y z,);")
    configured.write(test_it="def test_it(real_sqlite): ...")
    assert configured.message("test_it") == (
        'SQLite refused the schema file schema.sql, line 1: near ")": syntax error\n'
        "  CREATE TABLE users (id SERIAL, x y z,);\n"
        "If `schema` is PostgreSQL's, name SQLite's schema in sqlite_schema."
    )


def test_a_schema_of_its_own(configured: Project) -> None:
    configured.write_text(configured.path / "schema.sql", "CREATE EXTENSION citext;")
    configured.write_text(configured.path / "lite.sql", "CREATE TABLE users (name TEXT);")
    configured.write(test_it="def test_it(real_sqlite): real_sqlite.insert('users')")
    configured.passes("--understudy-sqlite-schema=lite.sql")


@pytest.mark.slow
def test_an_unknown_part_of_the_address(configured: Project) -> None:
    configured.configure('[tool.understudy]\nreal_sqlite_env = {URL = "{host}"}')
    result = configured.run(subprocess=True)
    assert (
        "the value of URL names {host}, which real_sqlite does not have.\n"
        "It has: {dsn}, {path}, {uri}."
    ) in result.stderr.str()


@pytest.mark.slow
def test_a_missing_package(configured: Project) -> None:
    configured.write(
        nopsutil="""
        import importlib.util

        find = importlib.util.find_spec

        def find_spec(name, *more):
            return None if name == "psutil" else find(name, *more)

        importlib.util.find_spec = find_spec
        """,
        test_it="def test_it(real_sqlite): ...",
    )
    result = configured.run("-p", "nopsutil", subprocess=True)
    assert (
        "ERROR: real_sqlite needs the package psutil, which is not installed.\n"
        'Run: pip install "understudy[sqlite]"'
    ) in result.stderr.str()


@pytest.mark.slow
def test_neither_psycopg_nor_aiosqlite_is_needed(configured: Project) -> None:
    configured.write(
        conftest="""
        import sys

        for name in ("psycopg", "asyncpg", "psqlpy", "aiosqlite", "sqlalchemy", "faker"):
            sys.modules[name] = None
        """,
        test_it="""
        import sqlite3

        def test_it(real_sqlite):
            real_sqlite.insert("users")
            connection = sqlite3.connect(real_sqlite.path)
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)
            connection.close()
        """,
    )
    result = configured.run(subprocess=True)
    result.assert_outcomes(passed=1)
