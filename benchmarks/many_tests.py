"""Count the resources that 2,000 tests on real databases leave behind.

The tests open a connection or a pool, get a statement rejected, script an answer, change the schema
or disconnect in the middle. One test in ten runs on a copy of the template, the others are rolled
back. The resources of the test process and of the server are counted after a tenth of the tests and
at the end. If a test leaked one, there would be ten times as many.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.processes import pytest_in

Counts = Mapping[str, float]

MEMORY = "memory, MB"
# Counts that must not grow. Memory depends on the allocator too, so it is only printed.
COUNTED = (
    "connections of the server",
    "databases",
    "locks",
    "statements remembered by real_postgres",
    "open files",
    "threads",
    "event loops and tasks",
    "connections in the test process",
)
# The count may vary: copies that are made in advance, an event loop that was just closed.
TOLERANCE = 3

_SETTINGS = """\
[tool.understudy]
schema = ["schema.sql"]
[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""
_SCHEMA = "CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL UNIQUE);\n"
_COUNTING = """\
import asyncio
import gc
import json
import threading

import psutil
import psycopg
from understudy.fake_postgres.protocol.connection import Connection
from understudy.serving.transport import Transport
from understudy.plugin.databases import shared
from understudy.plugin.servers import rollback_server

DRIVERS = ("asyncpg", "psycopg", "psqlpy", "sqlalchemy")
process = psutil.Process()


def is_of_driver(cls):
    return cls.__name__.endswith(("Connection", "Pool")) and cls.__module__.startswith(DRIVERS)


def counts(config):
    server = rollback_server(config)
    server.wait_for_rollback()
    databases = shared(config)
    with psycopg.connect(databases.place.url) as connection:
        def count(query):
            return connection.execute(f"SELECT count(*) FROM {query}").fetchone()[0]

        of_server = {
            "connections of the server": count(
                "pg_stat_activity WHERE backend_type = 'client backend'"
            ),
            "databases": count("pg_database"),
            "locks": count("pg_locks JOIN pg_stat_activity USING (pid) WHERE state LIKE 'idle%'"),
        }
    connection.close()
    gc.collect()
    classes = [type(value) for value in gc.get_objects()]
    return {
        **of_server,
        "statements remembered by real_postgres": len(server._forwarding._statements._statements),
        "open files": process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
        "threads": threading.active_count(),
        "event loops and tasks": sum(
            issubclass(cls, asyncio.AbstractEventLoop | asyncio.Task) for cls in classes
        ),
        "connections in the test process": sum(
            issubclass(cls, Connection | Transport) or is_of_driver(cls) for cls in classes
        ),
        "memory, MB": process.memory_info().rss / 1e6,
    }


def write(config):
    with open("counts.json", "a") as file:
        file.write(json.dumps(counts(config)) + "\\n")
"""
_TESTS = """\
import asyncpg
import psycopg
import pytest
from counting import write

INSERT = "INSERT INTO users (name) VALUES ('Ana') RETURNING id"


async def through_a_connection(real):
    connection = await asyncpg.connect(real.dsn)
    assert await connection.fetchval(INSERT) == 1
    await connection.close()


async def through_a_pool(real):
    async with real.asyncpg.pool(min_size=2, max_size=2) as pool:
        assert await pool.fetchval(INSERT) == 1


async def rejected(real):
    with real.psycopg.connect_sync() as connection, pytest.raises(psycopg.Error):
        connection.execute("INSERT INTO users (name) VALUES (NULL)")


async def scripted(real):
    real.on(INSERT).value(7)
    connection = await real.asyncpg.connect()
    assert await connection.fetchval(INSERT) == 7


async def schema_changed(real):
    real.insert("users", name="Bia")
    connection = await real.asyncpg.connect()
    await connection.execute("CREATE TABLE more (id serial)")
    assert await connection.fetchval("SELECT count(*) FROM users") == 1


async def disconnected(real):
    connection = await asyncpg.connect(real.dsn)
    await connection.execute(INSERT)
    connection.terminate()


KINDS = [through_a_connection, through_a_pool, rejected, scripted, schema_changed, disconnected]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.understudy(isolation="clone"))
        if number % 10 == 9
        else number
        for number in range(COUNT)
    ],
)
async def test_it(real_postgres, number):
    kinds = KINDS if real_postgres.isolation == "rollback" else KINDS[:3]
    await kinds[number // 10 % len(kinds)](real_postgres)


@pytest.fixture(autouse=True)
def counted(request, pytestconfig):
    yield
    if request.node.callspec.params["number"] in (COUNT // 10 - 2, COUNT - 2):
        write(pytestconfig)
"""


def measure(tests: int) -> tuple[Counts, Counts]:
    """Run tests and return the counts after a tenth of them and after all.

    Raises:
        RuntimeError: if a test fails.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in {
            "pyproject.toml": _SETTINGS,
            "schema.sql": _SCHEMA,
            "counting.py": _COUNTING,
            "test_it.py": _TESTS.replace("COUNT", str(tests)),
        }.items():
            (folder / name).write_text(text, encoding="utf-8")
        done = pytest_in(folder, "-p", "no:randomly", "-p", "no:cacheprovider")
        if done.returncode != 0:
            raise RuntimeError(done.stdout)
        early, late = (folder / "counts.json").read_text(encoding="utf-8").splitlines()
        return json.loads(early), json.loads(late)


def grown(early: Counts, late: Counts) -> list[str]:
    """Return the names of the counts that have grown by more than TOLERANCE."""
    return [name for name in COUNTED if late[name] - early[name] > TOLERANCE]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many_tests", description=__doc__)
    parser.add_argument("--tests", type=int, default=2000, help="number of tests (default: 2000)")
    tests = parser.parse_args().tests
    early, late = measure(tests)
    columns = [f"after {number:,}" for number in (tests // 10, tests)]
    print(f"Many tests in one run\n  {'':40}{columns[0]:>12}{columns[1]:>13}")
    for name in (*COUNTED, MEMORY):
        print(f"  {name:40}{early[name]:12.0f}{late[name]:13.0f}")
    leaked = grown(early, late)
    for name in leaked:
        print(f"grown by more than {TOLERANCE}: {name}")
    return 1 if leaked else 0


if __name__ == "__main__":
    sys.exit(main())
