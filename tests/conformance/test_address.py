"""The address of fake_postgres, real_postgres and a clone, with everything that reads one."""

from __future__ import annotations

import asyncio
import configparser
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pydantic
import pydantic.v1
import pytest
import sqlmodel
import tortoise
from alembic.config import Config
from databases import Database
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.real_postgres.fixture import ClonedPostgres, RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer

ONE = "SELECT 1 AS a"
PSQL = shutil.which("psql")
ERRORS = (
    asyncpg.PostgresError,
    psycopg.OperationalError,
    psqlpy.exceptions.InterfaceError,
)
PARTS = ("host", "port", "user", "password", "database")

Postgres = FakePostgres | ClonedPostgres


@pytest.fixture(autouse=True)
def _variables_that_tortoise_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIMEZONE", "USE_TZ"):
        monkeypatch.setenv(name, "")


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedServer]:
    with EmbeddedServer() as server:
        yield server


@pytest.fixture(scope="module")
def servers(embedded: EmbeddedServer) -> Iterator[dict[str, Server]]:
    servers = {"fake": Server(), "real": RollbackServer(embedded.socket_dsn)}
    for server in servers.values():
        server.start()
    yield servers
    for server in servers.values():
        server.stop()


@contextmanager
def opened(kind: str, servers: dict[str, Server], embedded: EmbeddedServer) -> Iterator[Postgres]:
    if kind == "clone":
        real = servers["real"]
        assert isinstance(real, RollbackServer)
        clone = ClonedPostgres(real, embedded.socket_dsn())
        yield clone
        clone.end()
        return
    server = servers[kind]
    postgres = RealPostgres(server) if isinstance(server, RollbackServer) else FakePostgres(server)
    if kind == "fake":
        postgres.on("SELECT 1 ...").value(1).optional()
    yield postgres
    postgres.end()


@pytest.fixture(params=["fake", "real", "clone"])
def postgres(
    request: pytest.FixtureRequest, servers: dict[str, Server], embedded: EmbeddedServer
) -> Iterator[Postgres]:
    with opened(request.param, servers, embedded) as postgres:
        yield postgres


class Row(tortoise.Model):
    """Tortoise takes no module without a model."""


class Settings(pydantic.BaseModel):
    url: pydantic.PostgresDsn


class Settings1(pydantic.v1.BaseModel):
    url: pydantic.v1.PostgresDsn


def parts(postgres: Postgres) -> dict[str, Any]:
    return {name: getattr(postgres, name) for name in PARTS}


def built_by_pydantic(postgres: Postgres) -> str:
    of = parts(postgres)
    build = pydantic.PostgresDsn.build
    url = build(scheme="postgresql", host=of["host"], port=of["port"], username=of["user"],
                password=of["password"], path=of["database"])  # fmt: skip
    return str(Settings(url=url).url)


def built_by_pydantic_1(postgres: Postgres) -> str:
    of = parts(postgres)
    build = pydantic.v1.PostgresDsn.build
    url = build(scheme="postgresql", host=of["host"], port=str(of["port"]), user=of["user"],
                password=of["password"], path=f"/{of['database']}")  # fmt: skip
    return str(Settings1(url=url).url)


def by_alembic(postgres: Postgres) -> str:
    config = Config()
    config.set_main_option("sqlalchemy.url", postgres.dsn)  # a "%" would have to be doubled
    found = config.get_main_option("sqlalchemy.url")
    assert found is not None
    return found


def by_configparser(postgres: Postgres) -> str:
    parser = configparser.ConfigParser()
    parser.read_string(f"[alembic]\nsqlalchemy.url = {postgres.dsn}")
    return parser["alembic"]["sqlalchemy.url"]


READERS: dict[str, Callable[[Postgres], str]] = {
    "pydantic": lambda postgres: str(Settings(url=postgres.dsn).url),  # type: ignore[arg-type] # it reads a str
    "pydantic 1": lambda postgres: str(Settings1(url=postgres.dsn).url),  # type: ignore[arg-type] # the same
    "pydantic's build": built_by_pydantic,
    "pydantic 1's build": built_by_pydantic_1,
    "make_url": lambda postgres: make_url(postgres.dsn).render_as_string(hide_password=False),
    "alembic": by_alembic,
    "configparser": by_configparser,
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_urls_takes_it_as_it_is(postgres: Postgres, reader: str) -> None:
    assert READERS[reader](postgres) == postgres.dsn


def test_its_parts_agree_with_it(postgres: Postgres) -> None:
    url = make_url(postgres.dsn)

    assert (url.drivername, url.host) == ("postgresql", "127.0.0.1")
    assert parts(postgres) == {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "database": url.database,
    }
    assert url.query == {}
    assert isinstance(postgres.port, int)
    assert postgres.password.isalnum()
    assert len(postgres.password) >= 32


async def by_asyncpg(dsn: str) -> Any:
    connection = await asyncpg.connect(dsn)
    value = await connection.fetchval(ONE)
    await connection.close()
    return value


async def by_psycopg(dsn: str) -> Any:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        row = await (await connection.execute(ONE)).fetchone()
    return row and row[0]


async def by_psycopg_sync(dsn: str) -> Any:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(ONE).fetchone()
    return row and row[0]


async def by_psqlpy(dsn: str) -> Any:
    connection = await psqlpy.connect(dsn)
    value = await connection.fetch_val(ONE)
    connection.close()
    return value


async def by_psql(dsn: str) -> Any:
    ask = [str(PSQL), dsn, "-Atqc", ONE]
    done = await asyncio.to_thread(subprocess.run, ask, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return int(done.stdout)


def by_engine(driver: str) -> Callable[[str], Awaitable[Any]]:
    async def connect(dsn: str) -> Any:
        engine = create_async_engine(dsn.replace("postgresql:", f"postgresql+{driver}:"))
        async with engine.connect() as connection:
            value = await connection.scalar(text(ONE))
        await engine.dispose()
        return value

    return connect


async def by_sqlmodel(dsn: str) -> Any:
    engine = create_engine(dsn.replace("postgresql:", "postgresql+psycopg:"))
    with sqlmodel.Session(engine) as session:
        value = session.connection().scalar(text(ONE))
    engine.dispose()
    return value


async def by_databases(dsn: str) -> Any:
    async with Database(dsn, min_size=1) as database:
        return await database.fetch_val(ONE)


async def by_tortoise(dsn: str) -> Any:
    url = dsn.replace("postgresql:", "asyncpg:")
    # Its global fallback would be refused where another test has used it.
    context = await tortoise.Tortoise.init(
        db_url=url, modules={"models": [__name__]}, _enable_global_fallback=False
    )
    rows = await context.connections.get("default").execute_query_dict(ONE)
    await context.connections.close_all()
    return rows[0]["a"]


CLIENTS: dict[str, Callable[[str], Awaitable[Any]]] = {
    "asyncpg": by_asyncpg,
    "psycopg": by_psycopg,
    "psycopg, sync": by_psycopg_sync,
    "psqlpy": by_psqlpy,
    "SQLAlchemy on asyncpg": by_engine("asyncpg"),
    "SQLAlchemy on psycopg": by_engine("psycopg"),
    "SQLModel": by_sqlmodel,
    "databases": by_databases,
    "tortoise": by_tortoise,
}
if PSQL is not None:
    CLIENTS["psql"] = by_psql
# SQLAlchemy's drivers and others read the folder of a socket from a URL in ways of their own.
ON_SOCKETS = ("asyncpg", "psycopg", "psycopg, sync", "psqlpy", "SQLAlchemy on psycopg")


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_connects_with_it_as_it_is(postgres: Postgres, client: str) -> None:
    assert await CLIENTS[client](postgres.dsn) == 1


@pytest.mark.parametrize("client", ON_SOCKETS)
async def test_a_client_connects_by_the_private_socket(postgres: Postgres, client: str) -> None:
    assert postgres.socket_dsn.startswith(f"postgresql://{postgres.user}:{postgres.password}@/")
    assert await CLIENTS[client](postgres.socket_dsn) == 1


CONNECTING: dict[str, Callable[[str], Awaitable[Any]]] = {
    "asyncpg": asyncpg.connect,
    "psycopg": psycopg.AsyncConnection.connect,
    "psqlpy": psqlpy.connect,
}


@pytest.mark.parametrize("driver", CONNECTING)
async def test_a_wrong_password_is_refused_as_postgresql_does(
    postgres: Postgres, driver: str
) -> None:
    place = postgres.dsn.partition("@")[2]
    with pytest.raises(ERRORS) as raised:
        await CONNECTING[driver](f"postgresql://{postgres.user}:guess@{place}")

    refusal = str(raised.value)
    assert f'password authentication failed for user "{postgres.user}"' in refusal
    assert getattr(raised.value, "sqlstate", None) in ("28P01", None)  # only asyncpg has it here
    # The servers say what to do.
    assert "HINT:" in refusal
    assert "Understudy: " in refusal


@pytest.mark.parametrize("driver", CONNECTING)
async def test_no_password_is_refused(postgres: Postgres, driver: str) -> None:
    place = postgres.dsn.partition("@")[2]

    with pytest.raises(ERRORS, match="password"):
        await CONNECTING[driver](f"postgresql://{postgres.user}@{place}")


async def test_another_user_needs_the_same_password(servers: dict[str, Server]) -> None:
    fake = FakePostgres(servers["fake"])
    place = fake.dsn.partition("@")[2]
    url = f"postgresql://shop:{fake.password}@{place}"

    await (await asyncpg.connect(url)).close()
    assert [client.user for client in fake.connections] == ["shop"]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://shop:secret@{place}")
    fake.end()


async def test_a_required_password_replaces_that_of_the_address(servers: dict[str, Server]) -> None:
    fake = FakePostgres(servers["fake"])
    fake.require_login(user="app", password="s3cret")
    place = fake.dsn.partition("@")[2]

    await (await asyncpg.connect(f"postgresql://app:s3cret@{place}")).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://app:{fake.password}@{place}")
    fake.end()


def test_the_port_stays_while_the_server_refuses(servers: dict[str, Server]) -> None:
    fake = FakePostgres(servers["fake"])
    before = fake.port
    for _ in range(20):
        fake.stop()
        with pytest.raises(psycopg.OperationalError, match="Connection refused"):
            psycopg.connect(fake.dsn)
        fake.start()
        psycopg.connect(fake.dsn).close()
    assert fake.port == before
    fake.end()


def test_every_server_has_a_password_of_its_own(embedded: EmbeddedServer) -> None:
    servers = [Server(), Server()]
    found = {server.password for server in servers} | {make_url(embedded.dsn()).password}
    assert len(found) == 3
    for server in servers:
        server.stop()
