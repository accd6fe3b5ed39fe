"""The real drivers connect to a session, with a password and without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psqlpy
import psycopg
import pytest

from tests.fake_postgres.responders import Known
from understudy.fake_postgres.protocol.login import ServerOptions
from understudy.fake_postgres.protocol.session import Session
from understudy.serving.login import Login

PASSWORD = (
    "p\u00e4ss\u00ad\u2003w\u2168rd"  # what SASLprep changes: a soft hyphen, a wide space, IX
)


class Served:
    """A server on a socket in a folder, each of whose connections is a session."""

    def __init__(self, folder: Path, known: Known, server_options: ServerOptions) -> None:
        self.folder = folder
        self.known = known
        self.server_options = server_options
        self.serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        session = self.known.connect(self.server_options)
        try:
            while not session.closed and (data := await reader.read(65536)):
                writer.write(session.feed(data))
        finally:
            session.lose()
            writer.close()
            await writer.wait_closed()

    async def end(self) -> None:
        """Cancel the connections that are still served."""
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)

    def dsn(self, password: str) -> str:
        return f"postgresql://ana:{password}@/shop?host={self.folder}"


@pytest.fixture
async def served(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    served = Served(tmp_path, Known(), ServerOptions("18.4", Login(password=request.param)))
    path = str(tmp_path / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(served.serve, path)
    yield served
    server.close()
    await served.end()
    await server.wait_closed()


both = pytest.mark.parametrize("served", [PASSWORD, None], ids=["password", "trust"], indirect=True)
guarded = pytest.mark.parametrize("served", [PASSWORD], ids=["password"], indirect=True)


def the_session(served: Served) -> Session:
    [session] = served.known.sessions
    assert (session.connection.user, session.connection.database) == ("ana", "shop")
    return session


@both
async def test_asyncpg(served: Served) -> None:
    connection = await asyncpg.connect(
        host=str(served.folder), user="ana", password=PASSWORD, database="shop"
    )
    assert await connection.fetchval("select $1::int4", 7) == 7
    async with connection.transaction():
        assert len(await connection.fetch("select generate_series(1,5)")) == 5
    await connection.close()
    [transaction] = the_session(served).connection.transactions
    assert transaction.state == "committed"


@both
async def test_psycopg(served: Served) -> None:
    connection = await psycopg.AsyncConnection.connect(
        host=str(served.folder), user="ana", password=PASSWORD, dbname="shop"
    )
    async with connection, connection.cursor("series") as cursor:
        await cursor.execute("select generate_series(1,5)")
        assert await cursor.fetchall() == [(1,), (2,), (3,), (4,), (5,)]
    [transaction] = the_session(served).connection.transactions
    assert transaction.state == "committed"


@both
async def test_psqlpy(served: Served) -> None:
    connection = await psqlpy.connect(
        host=str(served.folder), port=5432, username="ana", password=PASSWORD, db_name="shop"
    )
    async with connection.transaction() as transaction:
        assert await transaction.fetch_val("select $1::int4", [7]) == 7
    connection.close()
    [entry] = the_session(served).connection.transactions
    assert entry.state == "committed"


@guarded
async def test_a_wrong_password(served: Served) -> None:
    text = 'password authentication failed for user "ana"'
    with pytest.raises(asyncpg.InvalidPasswordError) as raised:
        await asyncpg.connect(
            host=str(served.folder), user="ana", password="guess", database="shop"
        )
    assert str(raised.value) == text
    with pytest.raises(psycopg.OperationalError, match=text):
        await psycopg.AsyncConnection.connect(served.dsn("guess"))
    assert [session.closed for session in served.known.sessions] == [True, True]
