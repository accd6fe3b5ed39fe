"""A driver that refuses a value for a guessed type: the failure says that it was guessed."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import Project

TESTS = """
import asyncpg
import psqlpy
import pytest

from tests.plugin.conftest import Project

SELECT = "SELECT name FROM users WHERE id = $1"


async def ask_asyncpg(dsn, value):
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(SELECT, value)
    finally:
        await connection.close()


async def ask_psqlpy(dsn, value):
    connection = await psqlpy.connect(dsn)
    try:
        return await connection.fetch_val(SELECT, [value])
    finally:
        connection.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("ask", [ask_asyncpg, ask_psqlpy])
async def test_raised(fake_postgres, ask):
    fake_postgres.on(SELECT).value("Ana")
    await ask(fake_postgres.dsn, 7)


@pytest.mark.asyncio
@pytest.mark.parametrize("ask", [ask_asyncpg, ask_psqlpy])
async def test_caught(fake_postgres, ask):
    fake_postgres.on(SELECT).value("Ana")
    try:
        await ask(fake_postgres.dsn, 7)
    except Exception:
        pass


@pytest.mark.asyncio
@pytest.mark.parametrize("ask", [ask_asyncpg, ask_psqlpy])
async def test_sent(fake_postgres, ask):
    fake_postgres.on(SELECT).value("Ana")
    assert await ask(fake_postgres.dsn, "7") == "Bia"


@pytest.mark.asyncio
@pytest.mark.parametrize("ask", [ask_asyncpg, ask_psqlpy])
async def test_told_by_the_rule(fake_postgres, ask):
    fake_postgres.on(SELECT, 7).value("Ana")
    assert await ask(fake_postgres.dsn, 7) == "Ana"
"""


def test_the_failure_says_that_the_type_was_guessed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)

    result = pytester.runpytest_inprocess(
        "-p", "no:randomly", "-o", "asyncio_default_fixture_loop_scope=function"
    )

    result.assert_outcomes(passed=2, failed=6)
    text = result.stdout.str()
    sections = text.split("____ test_")[1:]
    for section in sections:
        name = section.partition(" ")[0]
        hint = section.count("  guessed: $1 text")
        assert hint == (0 if name.startswith("sent") else 1), section
    result.stdout.fnmatch_lines(
        [
            "*DataError: invalid input for query argument $1: 7 (expected str, got int)*",
            "*Without a schema, Understudy guesses the types of parameters. A driver has prepared "
            "this statement",
            "*and has sent no values for it:",
            "*  sql:     SELECT name FROM users WHERE id = $1",
            "*  at:      *.py:* in ask_asyncpg",
            "*  guessed: $1 text",
            "*add a cast to the statement ($1::int), or give the rule a",
        ]
    )


def test_with_a_schema_a_statement_without_values_is_shown_with_its_types(project: Project) -> None:
    project.configure('[tool.understudy]\nschema = ["schema.sql"]')
    project.write_text(project.path / "schema.sql", "CREATE TABLE users (id bigint, name text);")
    project.write(
        test_it="""
            import asyncpg
            import pytest

            async def find(dsn, id):
                connection = await asyncpg.connect(dsn)
                try:
                    return await connection.fetch("SELECT name FROM users WHERE id = $1", id)
                except asyncpg.PostgresError:
                    return []
                finally:
                    await connection.close()

            @pytest.mark.asyncio
            async def test_refused(fake_postgres):
                fake_postgres.on("SELECT name ...").rows()
                assert await find(fake_postgres.dsn, "7") == []
        """
    )

    result = project.run()

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "  the fake was never called",
            "A driver has prepared this statement and has sent no values for it:",
            "  sql:      SELECT name FROM users WHERE id = $1",
            "  at:       test_it.py:8 in find",
            "  expected: $1 bigint",
            "If the driver refused a value, its exception says which; the code may have caught it.",
        ]
    )
