"""The rules about a request, with every driver: what they find, and what they leave alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psycopg
import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.responses import JSONResponse, StreamingResponse

from understudy.asgi import SyncClient, app_requests
from understudy.real_postgres.fixture import RealPostgres
from understudy.script import requests
from understudy.script.request_rules import findings

Execute = Callable[..., Awaitable[Any]]
INSERT = "INSERT INTO users (name) VALUES ('{}')"


class Database:
    """A driver: its connection of a request, and its way to commit."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        raise NotImplementedError
        yield


class Asyncpg(Database):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        connection = await asyncpg.connect(self.dsn)
        try:
            async with connection.transaction():
                yield connection.fetchval
        finally:
            await connection.close()


class AsyncpgPool(Database):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        async with (
            asyncpg.create_pool(self.dsn, min_size=1, max_size=1) as pool,
            pool.acquire() as connection,
            connection.transaction(),
        ):
            yield connection.execute


class Psycopg(Database):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        async with await psycopg.AsyncConnection.connect(self.dsn) as connection:
            yield connection.execute


class PsycopgPool(Database):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        async with (
            AsyncConnectionPool(self.dsn, min_size=1, open=False) as pool,
            pool.connection() as connection,
        ):
            yield connection.execute


class Psqlpy(Database):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        import psqlpy

        pool = psqlpy.ConnectionPool(dsn=self.dsn, max_db_pool_size=2)
        connection = await pool.connection()
        try:
            async with connection.transaction() as transaction:
                yield transaction.execute
        finally:
            connection.close()
            pool.close()


class SqlAlchemy(Database):
    scheme = "postgresql+asyncpg"

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        engine = create_async_engine(self.dsn.replace("postgresql", self.scheme, 1))
        try:
            async with AsyncSession(engine) as session:
                yield session
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        async with self.session() as session:
            yield lambda sql: session.execute(text(sql))
            await session.commit()


class SqlAlchemyPsycopg(SqlAlchemy):
    scheme = "postgresql+psycopg"


class SqlAlchemyBegin(SqlAlchemy):
    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        async with self.session() as session, session.begin():
            yield lambda sql: session.execute(text(sql))


STATUSES = {"/early": 201, "/late": 201, "/own": 201, "/refused": 409, "/partly": 503}
DATABASES = [
    Asyncpg, AsyncpgPool, Psycopg, PsycopgPool, Psqlpy, SqlAlchemy, SqlAlchemyPsycopg,
    SqlAlchemyBegin,
]  # fmt: skip


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture(autouse=True)
def _requests() -> Iterator[None]:
    app_requests.observe()
    requests.begin_test()
    yield
    requests.begin_test()


def found(real: RealPostgres) -> list[str]:
    events = real._rollback_server.boundary.events
    return [finding.rule for finding in findings(events, requests.of_test)]


async def send(app: FastAPI, *paths: str, method: str = "POST") -> list[int]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return [(await client.request(method, path)).status_code for path in paths]


def make_app(database: Database) -> FastAPI:
    app = FastAPI()

    async def get_db() -> Any:
        async with database.transaction() as execute:
            yield execute

    early, late = Depends(get_db), Depends(get_db, scope="function")

    @app.post("/early", status_code=201)
    async def add_early(execute: Any = early) -> None:
        await execute(INSERT.format("early"))

    @app.post("/late", status_code=201)
    async def add_late(execute: Any = late) -> None:
        await execute(INSERT.format("late"))

    @app.post("/own", status_code=201)
    async def add_own() -> None:
        async with database.transaction() as execute:
            await execute(INSERT.format("own"))

    @app.get("/read")
    async def read(execute: Any = early) -> None:
        await execute("SELECT id FROM users")

    @app.post("/refused")
    async def refused(execute: Any = early) -> None:
        await execute(INSERT.format("refused"))
        raise HTTPException(409)

    @app.post("/swallowed")
    async def swallowed(execute: Any = late) -> None:
        try:
            await execute("INSERT INTO users (nickname) VALUES ('a')")
        except Exception as error:
            raise HTTPException(200) from error

    @app.post("/handled")
    async def handled(execute: Any = late) -> None:
        await execute("SAVEPOINT mine")
        try:
            await execute("INSERT INTO users (nickname) VALUES ('a')")
        except Exception:  # noqa: BLE001 # what the test is about
            await execute("ROLLBACK TO SAVEPOINT mine")

    @app.post("/partly")
    async def partly() -> None:
        async with database.transaction() as execute:
            await execute(INSERT.format("partly"))
        raise HTTPException(503)

    @app.post("/background")
    async def background(tasks: BackgroundTasks, execute: Any = early) -> None:
        async def task() -> None:
            await execute("SELECT name FROM users")

        await execute("SELECT id FROM users")
        tasks.add_task(task)

    @app.post("/own-background")
    async def own_background(tasks: BackgroundTasks, execute: Any = early) -> None:
        async def task() -> None:
            async with database.transaction() as own:
                await own(INSERT.format("later"))

        await execute("SELECT id FROM users")
        tasks.add_task(task)

    return app


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    ("path", "rules"),
    [
        ("/early", ["R1"]),
        ("/late", []),
        ("/own", []),
        ("/read", []),
        ("/refused", []),
        ("/swallowed", ["R2"]),
        ("/handled", []),
        ("/partly", ["R3"]),
        ("/background", ["R5"]),
        ("/own-background", []),
    ],
)
async def test_each_driver(
    real: RealPostgres, database: type[Database], path: str, rules: Sequence[str]
) -> None:
    method = "GET" if path == "/read" else "POST"
    [status] = await send(make_app(database(real.dsn)), path, method=method)
    assert status == STATUSES.get(path, 200)
    assert found(real) == list(rules)


def orm_app(database: SqlAlchemy) -> FastAPI:
    """An app with SQLAlchemy's sessions, middleware, streams and tasks."""
    app = FastAPI()
    running: set[Any] = set()

    async def get_session() -> Any:
        async with database.session() as session:
            yield session
            await session.commit()

    async def read_session() -> Any:
        async with database.session() as session:
            yield session

    async def careless_session() -> Any:
        async with database.session() as session:
            try:
                yield session
            finally:
                await session.commit()

    session, plain, careless = map(Depends, (get_session, read_session, careless_session))

    @app.post("/flushed-at-commit")
    async def flushed_at_commit(session: Any = session) -> None:
        session.add(User(name="Ana"))

    @app.post("/commit-in-finally")
    async def commit_in_finally(session: Any = careless) -> None:
        session.add(User(name="Ana"))
        raise ValueError

    @app.post("/committed")
    async def committed(session: Any = plain) -> None:
        session.add(User(name="Ana"))
        await session.commit()
        await session.execute(text("SELECT 1"))

    @app.post("/rolled-back")
    async def rolled_back(session: Any = session) -> None:
        session.add(User(name="Ana"))
        await session.flush()
        raise ValueError

    @app.post("/stream")
    async def stream(session: Any = plain) -> StreamingResponse:
        async def names() -> Any:
            for (name,) in await session.execute(text("SELECT name FROM users")):
                yield name

        return StreamingResponse(names())

    @app.post("/task")
    async def task(session: Any = plain) -> None:
        async def write() -> None:
            async with database.transaction() as execute:
                await execute(INSERT.format("task"))

        running.add(asyncio.create_task(write()))

    @app.middleware("http")
    async def note(request: Any, call_next: Any) -> Any:
        response = await call_next(request)
        if request.url.path.startswith("/noted"):
            async with database.transaction() as execute:
                await execute(INSERT.format("note"))
        return response

    @app.post("/noted")
    async def noted() -> None:
        raise HTTPException(500)

    @app.post("/noted-by-handler")
    async def noted_by_handler() -> None:
        raise KeyError

    @app.exception_handler(KeyError)
    async def handler(_request: Any, _error: Any) -> JSONResponse:
        async with database.transaction() as execute:
            await execute(INSERT.format("handler"))
        return JSONResponse({}, 500)

    app.state.running = running
    return app


@pytest.mark.parametrize(
    ("path", "status", "rules"),
    [
        ("/flushed-at-commit", 200, ["R1"]),
        ("/commit-in-finally", 500, ["R3"]),
        ("/committed", 200, []),
        ("/rolled-back", 500, []),
        ("/stream", 200, []),
        ("/task", 200, []),
        ("/noted", 500, []),
        ("/noted-by-handler", 500, []),
    ],
)
async def test_sessions_middleware_streams_and_tasks(
    real: RealPostgres, path: str, status: int, rules: Sequence[str]
) -> None:
    app = orm_app(SqlAlchemy(real.dsn))
    assert await send(app, path) == [status]
    await asyncio.gather(*app.state.running)
    assert found(real) == list(rules)


@pytest.mark.parametrize("scope", ["request", "function"])
def test_dependencies_and_endpoints_in_threads(real: RealPostgres, scope: Any) -> None:
    app = FastAPI()

    def get_db() -> Iterator[psycopg.Connection]:
        with psycopg.connect(real.dsn) as connection:
            yield connection

    database = Depends(get_db, scope=scope)

    @app.post("/users")
    def add(connection: Any = database) -> None:
        connection.execute(INSERT.format("thread"))

    client = SyncClient(app, Path()).client
    assert client.post("/users").status_code == 200
    assert found(real) == (["R1"] if scope == "request" else [])
