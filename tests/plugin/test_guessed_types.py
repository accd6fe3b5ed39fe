"""A driver that refuses a value for a guessed type: the failure says that it was guessed."""

from __future__ import annotations

import pytest

TESTS = """
import asyncpg
import psqlpy
import pytest

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
