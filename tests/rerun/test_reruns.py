"""Tests run again with one change at the boundary."""

from __future__ import annotations

import re

import pytest

from tests.rerun.conftest import Rerunning

pytestmark = pytest.mark.slow

SERIALIZATION = "could not serialize access due to concurrent update"
FAULTS = """
def changes():
    return {"error": Error(db_error("40001")), "drop": Drop(), "hang": Hang(), "none": None}
"""


def outcomes(lines: list[str]) -> dict[str, list[str]]:
    """Return for each test which of its reruns passed, and which were ended."""
    found: dict[str, list[str]] = {}
    for line in lines:
        test, _, rest = line.partition(": ")
        _, change, outcome = re.split(r": (error|drop|hang|none): ", rest, maxsplit=1)
        passed = "passed" if outcome.startswith("passed") else "failed"
        late = ", late" if outcome.endswith("(late)") else ""
        found.setdefault(test, []).append(f"{change} {passed}{late}")
    return found


def test_each_call_of_each_test_fails_once(rerunning: Rerunning) -> None:
    rerunning.write(
        """
        import asyncpg, psycopg

        async def test_async(real_postgres):
            connection = await asyncpg.connect(real_postgres.dsn)
            try:
                async with connection.transaction():
                    await connection.execute("INSERT INTO users (name) VALUES ($1)", "Ana")
                assert await connection.fetchval("SELECT count(*) FROM users") == 1
            finally:
                await connection.close()

        def test_sync(real_postgres):
            with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
                connection.execute("INSERT INTO users (name) VALUES (%s)", ("Ana",))

        async def test_fake(fake_postgres):
            fake_postgres.on("SELECT 7 AS x").value(7)
            connection = await fake_postgres.asyncpg.connect()
            assert await connection.fetchval("SELECT 7 AS x") == 7

        def test_nothing():
            pass

        def test_failing():
            assert 0
        """
    )

    asyncpg_error = f"asyncpg.exceptions.SerializationError: {SERIALIZATION}"
    insert = "INSERT INTO users (name) VALUES ($1)"
    assert rerunning.lines() == [
        f"test_async: BEGIN: error: call: {asyncpg_error}",
        f"test_async: {insert}: error: call: {asyncpg_error}",
        f"test_async: COMMIT: error: call: {asyncpg_error}",
        f"test_async: SELECT count(*) FROM users: error: call: {asyncpg_error}",
        f"test_sync: {insert}: error: call: psycopg.errors.SerializationFailure: {SERIALIZATION}",
        f"test_fake: SELECT ? AS x: error: call: {asyncpg_error}",
        "test_nothing: left out, it sends nothing to a database",
        "test_failing: left out, it did not pass: assert 0",
    ]


def test_the_server_of_the_session_is_enough(rerunning: Rerunning) -> None:
    rerunning.write(
        """
        import psycopg, pytest

        @pytest.fixture(scope="session", autouse=True)
        def dsn(real_postgres_server):
            return real_postgres_server.dsn

        @pytest.mark.parametrize("number", [1, 2, 3])
        def test_the_same_statement(dsn, number):
            with psycopg.connect(dsn) as connection:
                connection.execute("SELECT 7 AS x")
        """,
        "def changes():\n    return {'none': None, 'error': Error(db_error('40001'))}\n",
    )

    error = f"error: call: psycopg.errors.SerializationFailure: {SERIALIZATION}"
    assert rerunning.lines() == [
        f"test_the_same_statement[{number}]: {call}: {outcome}"
        for number in (1, 2, 3)
        for call in ("BEGIN", "SELECT ? AS x", "COMMIT")
        for outcome in ("none: passed (not fired)", error)
    ]


def test_a_session_that_a_fault_has_damaged_is_made_again_for_the_next_test(
    rerunning: Rerunning,
) -> None:
    rerunning.write(
        """
        import pytest, sqlalchemy
        from sqlalchemy.orm import Session

        @pytest.fixture(scope="session")
        def session(real_postgres_server):
            url = real_postgres_server.dsn.replace("postgresql:", "postgresql+psycopg:")
            engine = sqlalchemy.create_engine(url)
            with Session(engine) as session:
                yield session
            engine.dispose()

        @pytest.mark.parametrize("number", [1, 2])
        def test_query(session, number):
            session.execute(sqlalchemy.text("SELECT 7 AS x"))
        """,
        "def changes():\n    return {'drop': Drop()}\n",
    )

    tried = [line for line in rerunning.lines() if ": SELECT ? AS x: drop: call: " in line]
    assert {line.partition(":")[0] for line in tried} == {"test_query[1]", "test_query[2]"}


SHARED = """
import asyncpg, psycopg_pool, pytest, pytest_asyncio, sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine

COUNT = "SELECT count(*) FROM users"

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(real_postgres_server):
    async with asyncpg.create_pool(real_postgres_server.dsn, min_size=1, max_size=1) as pool:
        yield pool

@pytest.mark.asyncio(loop_scope="module")
async def test_pool(real_postgres, pool):
    assert await pool.fetchval(COUNT) == 0

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def connection(real_postgres_server):
    connection = await asyncpg.connect(real_postgres_server.dsn)
    yield connection
    await connection.close()

@pytest.mark.asyncio(loop_scope="session")
class TestSession:
    @pytest.mark.parametrize("odd", ["a::b", "x[1]"])
    async def test_connection(self, real_postgres, connection, odd):
        assert await connection.fetchval(COUNT) == 0

engine = None

@pytest.mark.asyncio(loop_scope="session")
async def test_engine(real_postgres):
    global engine
    if engine is None:
        url = real_postgres.dsn.replace("postgresql://", "postgresql+asyncpg://")
        engine = create_async_engine(url, pool_size=1, max_overflow=0)
    async with engine.begin() as connection:
        assert (await connection.execute(sqlalchemy.text(COUNT))).scalar() == 0

@pytest.fixture(scope="session")
def sync_pool(real_postgres_server):
    with psycopg_pool.ConnectionPool(real_postgres_server.dsn, min_size=1, max_size=1) as pool:
        yield pool

def test_sync_pool(real_postgres, sync_pool):
    with sync_pool.connection() as connection:
        assert connection.execute(COUNT).fetchone() == (0,)

@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="module")
async def anyio_pool(anyio_backend, real_postgres_server):
    async with asyncpg.create_pool(real_postgres_server.dsn, min_size=1, max_size=1) as pool:
        yield pool

@pytest.mark.anyio
async def test_anyio(real_postgres, anyio_pool):
    assert await anyio_pool.fetchval(COUNT) == 0
"""


def test_connections_that_outlive_a_test_are_sound_again_after_each_fault(
    rerunning: Rerunning,
) -> None:
    settings = '[tool.pytest.ini_options]\nasyncio_mode = "strict"\n'
    settings += 'asyncio_default_fixture_loop_scope = "function"\n'
    settings += '[tool.understudy]\nschema = ["schema.sql"]\n'
    rerunning.write(SHARED, FAULTS, settings)

    found = outcomes(rerunning.lines())

    each = ["error failed", "drop failed", "hang failed, late", "none passed"]
    assert found == {
        "test_pool": each,
        "test_connection[a::b]": each,
        "test_connection[x[1]]": each,
        "test_engine": each * 3,  # BEGIN, SELECT, COMMIT
        "test_sync_pool": each * 3,
        "test_anyio": each,
    }


WAITING = """
import asyncio, asyncpg, psycopg, pytest, threading, time, unittest
from fastapi import FastAPI
from fastapi.testclient import TestClient

def wait_for_ever(wait):
    def test(real_postgres):
        with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
            try:
                connection.execute("SELECT 7 AS x")
            except psycopg.Error:
                wait()
    return test

def lock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()

test_sleep = wait_for_ever(lambda: time.sleep(100))
test_lock = wait_for_ever(lock)

async def test_await(real_postgres):
    connection = await asyncpg.connect(real_postgres.dsn)
    try:
        await connection.fetchval("SELECT 7 AS x")
    except asyncpg.PostgresError:
        await asyncio.Event().wait()
    finally:
        connection.terminate()

async def test_blocked_loop(real_postgres):
    connection = await asyncpg.connect(real_postgres.dsn)
    try:
        await connection.fetchval("SELECT 7 AS x")
    except asyncpg.PostgresError:
        time.sleep(100)
    finally:
        connection.terminate()

def test_client(real_postgres):
    app = FastAPI()

    @app.get("/")
    async def wait():
        connection = await asyncpg.connect(real_postgres.dsn)
        try:
            await connection.fetchval("SELECT 7 AS x")
        except asyncpg.PostgresError:
            await asyncio.Event().wait()
        finally:
            connection.terminate()

    with TestClient(app) as client:
        assert client.get("/").status_code == 200

async def test_taken(real_postgres):
    async with asyncpg.create_pool(real_postgres.dsn, min_size=1, max_size=1) as pool:
        try:
            await pool.fetchval("SELECT 7 AS x")
        except asyncpg.PostgresError:
            async with pool.acquire():
                await pool.acquire()
"""


def test_what_waits_for_ever_is_ended(rerunning: Rerunning) -> None:
    changes = FAULTS.replace('"drop": Drop(), "hang": Hang(), ', "")
    rerunning.write(WAITING, changes)

    found = outcomes(rerunning.lines("-W", "ignore"))

    tests = ["test_sleep", "test_lock", "test_await", "test_blocked_loop", "test_client"]
    tests.append("test_taken")
    assert found == {test: ["error failed, late", "none passed"] for test in tests}


CASES = """
import psycopg, pytest, unittest

@pytest.fixture(scope="class")
def dsn_of_class(request, real_postgres_server):
    request.cls.dsn = real_postgres_server.dsn

@pytest.mark.usefixtures("dsn_of_class", "real_postgres")
class TestCase(unittest.TestCase):
    def setUp(self):
        self.connection = psycopg.connect(self.dsn, autocommit=True)

    def tearDown(self):
        self.connection.close()

    def test_part(self):
        with self.subTest("one"):
            self.connection.execute("SELECT 7 AS x")

def test_subtest(subtests, real_postgres):
    with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
        with subtests.test("one"):
            connection.execute("SELECT 7 AS x")
"""


def test_unittest_and_failed_parts_of_tests(rerunning: Rerunning) -> None:
    rerunning.write(CASES)
    result = rerunning.run()

    result.assert_outcomes(passed=2)
    reported = f"error: call: psycopg.errors.SerializationFailure: {SERIALIZATION}"
    assert [line for line in result.outlines if line.startswith("test_")] == [
        f"test_part: SELECT ? AS x: {reported}",
        f"test_subtest: SELECT ? AS x: {reported}",
    ]


DIFFERENT = """
import asyncio, itertools, psycopg, pytest, uuid

runs = itertools.count(1)

def ask(real_postgres, *statements):
    with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)

def test_flaky(real_postgres):
    ask(real_postgres, "SELECT 1 AS x")
    assert next(runs) == 1

def test_order(real_postgres):
    statements = ["SELECT 1 AS x", "SELECT 1 AS y"]
    ask(real_postgres, *(statements if next(runs) % 2 else reversed(statements)))

def test_literals(real_postgres):
    ask(real_postgres, f"SELECT '{uuid.uuid4()}' AS x")

def test_more_each_time(real_postgres):
    ask(real_postgres, *["SELECT 1 AS x"] * next(runs))

cache = []

def test_cache(real_postgres):
    if not cache:
        ask(real_postgres, "SELECT 1 AS cached")
        cache.append(1)
    ask(real_postgres, "SELECT 1 AS x")

@pytest.mark.xfail
def test_expected_to_fail(real_postgres):
    ask(real_postgres, "SELECT 1 AS x")
    assert 0

@pytest.mark.understudy(isolation="clone")
def test_clone(real_postgres):
    ask(real_postgres, "SELECT 1 AS x")

turns = []

def test_long(real_postgres):
    ask(real_postgres, "SELECT 1 AS x")
    turns.append(1)
    assert len(turns) == 1, "a" * 300
"""


def test_a_test_that_differs_from_run_to_run_is_left_out(rerunning: Rerunning) -> None:
    rerunning.write(DIFFERENT)

    error = f"error: call: psycopg.errors.SerializationFailure: {SERIALIZATION}"
    # How often each ran before depends on whether a connection was seen to be closed in time.
    found = [re.sub(r"\b\d+ times|assert \d+ ==", "N", line) for line in rerunning.lines()]
    assert found == [
        "test_flaky: left out, it fails when it is run again: N 1",
        f"test_order: SELECT ? AS x: {error}",
        f"test_order: SELECT ? AS y: {error}",
        f"test_literals: SELECT ? AS x: {error}",
        "test_more_each_time: left out, it does not send the same statements each time: "
        "SELECT ? AS x was sent N, then N",
        f"test_cache: SELECT ? AS x: {error}",
        "test_expected_to_fail: left out, it did not pass: assert 0",
        "test_clone: left out, it runs on a clone, where Understudy does not see its statements",
        "test_long: left out, it fails when it is run again: AssertionError: " + 181 * "a" + "...",
    ]


APP = """
import asyncpg, httpx, pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

def make(dsn):
    app = FastAPI()

    @app.exception_handler(Exception)
    async def failed(request, error):
        return JSONResponse({"failed": str(error)}, 503)

    @app.post("/users/{name}")
    async def create(name: str):
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("INSERT INTO users (name) VALUES ($1)", name)
        finally:
            await connection.close()

    return app

@pytest.fixture
def own_client(real_postgres):
    client = TestClient(make(real_postgres.dsn))
    client.post("/users/first")
    return client

def test_sync(own_client):
    assert own_client.post("/users/first2").status_code == 200
    assert own_client.post("/users/8").status_code == 200

async def test_async(real_postgres):
    transport = httpx.ASGITransport(make(real_postgres.dsn))
    async with httpx.AsyncClient(transport=transport, base_url="http://own") as client:
        assert (await client.post("/users/9")).status_code == 200
"""
REQUESTS = """
def again(reruns):
    for recorded in reruns.recorded.values():
        assert reruns.control(recorded.item) is None
        for event in [event for event in recorded.run.events if event.id in recorded.run.asked]:
            change = rerun.once(event.id, Error(db_error("40001")))
            run = reruns.run(recorded.item, change, seconds=5)
            answers = [f"{request.route} {request.status}" for request in run.requests]
            lines.append(f"{recorded.item.name}: {event.id.request}: {', '.join(answers)}")
"""


def test_only_the_requests_of_the_body_fail_and_what_they_answer_is_known(
    rerunning: Rerunning,
) -> None:
    rerunning.write(APP, REQUESTS)

    # Starlette answers by a handler of Exception, and raises the error again for its client.
    route = "/users/{name}"
    assert rerunning.lines("-W", "ignore") == [
        f"test_sync: POST /users/first2 #1: {route} 200, {route} 503",
        f"test_sync: POST /users/{{}} #1: {route} 200, {route} 200, {route} 503",
        f"test_async: POST /users/{{}} #1: {route} 503",
    ]
