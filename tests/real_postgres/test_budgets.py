"""`at_most`: how many statements a piece of code may send, on both servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import asyncpg
import psycopg
import pytest

from tests.real_postgres.conftest import Harness
from understudy import ScriptError, TooManyStatements
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.real_postgres.fixture import RealPostgres
from understudy.script import expectations

USERS = "SELECT id FROM users"
ONE = "SELECT name FROM users WHERE id = $1::int"


@pytest.fixture(params=["fake", "real"])
def server(request: pytest.FixtureRequest, harness: Harness) -> Iterator[FakePostgres]:
    with ExitStack() as stack:
        stack.enter_context(expectations.opened())
        if request.param == "real":
            found: FakePostgres = RealPostgres(harness.server)
        else:
            fake = Server()
            fake.start()
            stack.callback(fake.stop)
            found = FakePostgres(fake)
            found.on(USERS).rows({"id": 1})
            found.on(ONE).rows({"name": "Ana"})
        yield found
        found.end()


async def names(connection: Any, count: int) -> None:
    await connection.fetch(USERS)
    for number in range(count):
        await connection.fetch(ONE, number)


async def test_statements_by_shape_and_place(server: FakePostgres) -> None:
    connection = await asyncpg.connect(server.dsn)
    with server.at_most(4):
        async with connection.transaction():  # not counted
            await names(connection, 3)
    with pytest.raises(TooManyStatements) as caught, server.at_most(2):
        await names(connection, 3)
    await connection.close()
    first = names.__code__.co_firstlineno
    place = "tests/real_postgres/test_budgets.py"
    assert str(caught.value) == (
        "4 statements were sent, at_most(2) allows 2\n"
        f"  3 x {ONE}\n"
        f"      at: {place}:{first + 3} in names\n"
        f"  1 x {USERS}\n"
        f"      at: {place}:{first + 1} in names\n"
        f"If {place}:{first + 3} is in a loop over rows, ask once for all of them: "
        "`WHERE ... = ANY($1)`, with SQLAlchemy `selectinload`, with Tortoise `prefetch_related`."
    )


async def test_nested_limits_and_none_at_all(server: FakePostgres) -> None:
    with psycopg.connect(server.dsn) as connection, server.at_most(3):
        with server.at_most(1):
            connection.execute(USERS)
        with pytest.raises(TooManyStatements) as caught, server.at_most(0):
            connection.execute(USERS)
        with server.at_most(0):
            connection.commit()
    assert str(caught.value).splitlines()[0] == "1 statement was sent, at_most(0) allows 0"
    assert len(str(caught.value).splitlines()) == 3


def test_an_exception_of_the_code_is_not_hidden(server: FakePostgres) -> None:
    def code() -> None:
        with psycopg.connect(server.dsn) as connection, server.at_most(0):
            connection.execute(USERS)
            raise KeyError

    with pytest.raises(KeyError):
        code()


@pytest.mark.parametrize(
    ("number", "shown"),
    [(-1, "-1 (int)"), (True, "True (bool)"), (2.0, "2.0 (float)"), (None, "None"), ("3", "'3'")],
)
def test_a_limit_that_is_none(server: FakePostgres, number: Any, shown: str) -> None:
    with pytest.raises(
        ScriptError, match=r"at_most\(\) takes a whole number from 0, got"
    ) as caught:
        server.at_most(number)
    assert shown.split()[0] in str(caught.value)
