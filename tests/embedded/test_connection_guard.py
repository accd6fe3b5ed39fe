"""The project's own schema code can connect to Understudy's server alone, in no way to another.

A socket that listens stands for somebody else's server: it sees every connection, and nothing of
what a driver would send to it.
"""

from __future__ import annotations

import json
import socket
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.embedded.test_schema_sources import _alembic_project, _load, _tables

from understudy.embedded import SchemaError


@dataclass
class Production:
    """Somebody else's server."""

    listener: socket.socket

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"postgresql://me:secret@127.0.0.1:{self.port}/production"

    def was_reached(self) -> bool:
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def production() -> Iterator[Production]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Production(listener)


# Each way is tried in one process, because starting one takes most of the time.
_WAYS = """
import asyncio
import json
import os
import pathlib

import asyncpg
import psqlpy
import psycopg
import sqlalchemy
import sqlalchemy.ext.asyncio
import uvloop
from psycopg import pq

import pymysql

URL = "{url}"
HOST, PORT = "127.0.0.1", {port}
WAYS = {{}}


def way(function):
    WAYS[function.__name__] = function


@way
def psycopg_url(dsn):
    psycopg.connect(URL)


@way
def psycopg_keywords(dsn):
    psycopg.connect(host=HOST, port=PORT, user="me")


@way
def psycopg_async(dsn):
    asyncio.run(psycopg.AsyncConnection.connect(URL))


@way
def psycopg_second_host(dsn):
    parts = psycopg.conninfo.conninfo_to_dict(dsn)
    ports = f"1{{parts['port']}},{{PORT}}"
    psycopg.connect(dsn, host=f"{{parts['host']}},{{HOST}}", port=ports, connect_timeout=2)


@way
def psycopg_hostaddr_of_the_environment(dsn):
    os.environ.update(PGHOSTADDR=HOST, PGPORT=str(PORT))
    psycopg.connect("host=localhost dbname=x")


@way
def psycopg_own_url_and_hostaddr(dsn):
    psycopg.connect(dsn, hostaddr=HOST, port=PORT)


@way
def psycopg_service(dsn):
    psycopg.connect("service=production")


@way
def psycopg_service_of_the_environment(dsn):
    os.environ["PGSERVICE"] = "production"
    del os.environ["PGHOST"], os.environ["PGPORT"]
    psycopg.connect("dbname=x")


@way
def psycopg_pq(dsn):
    pq.PGconn.connect(f"host={{HOST}} port={{PORT}}".encode())


@way
def psycopg_pq_start(dsn):
    pq.PGconn.connect_start(URL.encode())


@way
def asyncpg_url(dsn):
    asyncio.run(asyncpg.connect(URL))


@way
def asyncpg_uvloop(dsn):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncpg.connect(URL))


@way
def asyncpg_pool(dsn):
    async def main():
        async with asyncpg.create_pool(URL):
            pass

    asyncio.run(main())


@way
def asyncpg_hosts(dsn):
    asyncio.run(asyncpg.connect(host=[HOST], port=[PORT]))


@way
def psqlpy_connect(dsn):
    async def main():
        await psqlpy.connect(URL)

    asyncio.run(main())


@way
def psqlpy_hosts(dsn):
    async def main():
        await psqlpy.ConnectionPool(hosts=[HOST], ports=[PORT], username="me").connection()

    asyncio.run(main())


@way
def psqlpy_pool(dsn):
    async def main():
        await psqlpy.connect_pool(dsn=URL).connection()

    asyncio.run(main())


@way
def psqlpy_builder(dsn):
    async def main():
        await psqlpy.ConnectionPoolBuilder().host(HOST).port(PORT).build().connection()

    asyncio.run(main())


@way
def sqlalchemy_url(dsn):
    sqlalchemy.create_engine(URL.replace("ql:", "ql+psycopg:")).connect()


@way
def sqlalchemy_creator(dsn):
    connect = lambda: psycopg.connect(URL)
    sqlalchemy.create_engine("postgresql+psycopg://", creator=connect).connect()


@way
def sqlalchemy_async_creator(dsn):
    async def connect():
        return await asyncpg.connect(URL)

    async def main():
        create = sqlalchemy.ext.asyncio.create_async_engine
        async with create("postgresql+asyncpg://", async_creator=connect).connect():
            pass

    asyncio.run(main())


@way
def a_driver_of_sockets(dsn):
    pymysql.connect(HOST, PORT)


def create(dsn):
    outcomes = {{}}
    before = dict(os.environ)
    for name, connect in WAYS.items():
        try:
            connect(dsn)
            outcomes[name] = "connected"
        except Exception as error:
            outcomes[name] = f"{{type(error).__name__}}: {{error}}"
        os.environ.clear()
        os.environ.update(before)
    pathlib.Path("outcomes").write_text(json.dumps(outcomes))
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE psycopg ()")
    with sqlalchemy.create_engine(dsn.replace("ql:", "ql+psycopg:")).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE sqlalchemy ()")
    asyncio.run(own(dsn))


async def own(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE asyncpg ()")
    await connection.close()
    async with psqlpy.ConnectionPool(dsn).acquire() as connection:
        await connection.execute("CREATE TABLE psqlpy ()")
    # What PG* variables name is the same database.
    connection = await asyncpg.connect()
    await connection.execute("CREATE TABLE by_variables ()")
    await connection.close()
"""
# A driver is known by its name, so this file is one.
_DRIVER = """
import socket

def connect(host, port):
    socket.create_connection((host, port)).sendall(b"hello")
"""


def test_no_way_leads_to_another_server(
    tmp_path: Path, database: str, production: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = tmp_path / "services"
    services.write_text(f"[production]\nhost=127.0.0.1\nport={production.port}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    (tmp_path / "pymysql.py").write_text(_DRIVER)
    (tmp_path / "ways.py").write_text(_WAYS.format(url=production.url, port=production.port))

    _load(tmp_path, "ways:create", database)

    outcomes = json.loads((tmp_path / "outcomes").read_text())
    wrong = {
        name: text for name, text in outcomes.items() if not text.startswith("ForeignServer: ")
    }
    assert wrong == {}
    assert len(outcomes) == 22
    assert not production.was_reached()
    assert _tables(database) == ["asyncpg", "by_variables", "psqlpy", "psycopg", "sqlalchemy"]
    lines = (tmp_path / "ways.py").read_text().splitlines()
    number = lines.index("    psycopg.connect(URL)") + 1
    assert outcomes["psycopg_url"] == (
        f"ForeignServer: ways.py:{number} in psycopg_url connects to the database server at "
        f"127.0.0.1:{production.port}, which is not the one that Understudy prepares. "
        "Nothing was sent to it.\n"
        "    psycopg.connect(URL)\n"
        "Connect to the URL with which the function is called."
    )


def test_a_connection_of_no_database_driver_is_left_alone(
    tmp_path: Path, database: str, production: Production
) -> None:
    (tmp_path / "secrets_store.py").write_text(
        textwrap.dedent(
            f"""
            import socket

            def create(dsn):
                socket.create_connection(("127.0.0.1", {production.port})).close()
            """
        )
    )

    _load(tmp_path, "secrets_store:create", database)

    assert production.was_reached()


_CREATOR = """
from alembic import context
import psycopg
import sqlalchemy

def production():
    return psycopg.connect("{url}")

def token(dialect, record, arguments, parameters):
    parameters["host"], parameters["password"] = "127.0.0.1", "token"
    parameters["port"] = {port}

engine = sqlalchemy.create_engine("postgresql+psycopg://me@127.0.0.1/x", creator=production)
sqlalchemy.event.listen(engine, "do_connect", token)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_ASYNC_CREATOR = """
import asyncio
from alembic import context
import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def production():
    return await asyncpg.connect("{url}")

async def main():
    engine = create_async_engine("postgresql+asyncpg://", async_creator=production)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(main())
"""
_CREATE = 'op.execute("CREATE TABLE users (id integer)")'


@pytest.mark.parametrize("env", [_CREATOR, _ASYNC_CREATOR], ids=["creator", "async_creator"])
def test_an_engine_of_alembic_ignores_its_creator(
    tmp_path: Path, database: str, production: Production, env: str
) -> None:
    _alembic_project(tmp_path, env.format(url=production.url, port=production.port), _CREATE)

    _load(tmp_path, "alembic", database)

    assert _tables(database) == ["alembic_version", "users"]
    assert not production.was_reached()


def test_a_migration_that_connects_elsewhere_fails(
    tmp_path: Path, database: str, production: Production
) -> None:
    body = f'import psycopg; psycopg.connect("{production.url}")'
    _alembic_project(tmp_path, _ASYNC_CREATOR.format(url=""), body)

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", database)

    assert not production.was_reached()
    assert str(failure.value) == (
        "alembic upgrade heads (alembic.ini) failed:\n"
        "  migrations/versions/r0.py:8 in upgrade connects to the database server at "
        f"127.0.0.1:{production.port}, which is not the one that Understudy prepares. "
        "Nothing was sent to it.\n"
        '      import psycopg; psycopg.connect("postgresql://me:***@127.0.0.1:'
        f'{production.port}/production")\n'
        "  Use the connection of the migration, op.get_bind(), or the URL in "
        'context.config.get_main_option("sqlalchemy.url").\n'
        "  called from migrations/env.py:10 in migrate, migrations/env.py:18 in main, "
        "migrations/env.py:21 in <module>"
    )
