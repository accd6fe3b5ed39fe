"""What a server notes of the calls of a test, and what a change of one of them does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import text

from tests.real_postgres.conftest import Harness
from understudy import db_error
from understudy.fake_postgres.fixture import FakePostgres
from understudy.fake_postgres.server import Server
from understudy.real_postgres.fixture import RealPostgres
from understudy.script import expectations, requests
from understudy.script.answers import Drop, Error, Hang
from understudy.script.boundary import Boundary, Change, Event, Replace
from understudy.script.requests import Request

INSERT = "INSERT INTO users (name) VALUES ('Ana')"
COUNT = "SELECT count(*) FROM users"
Execute = Callable[[str], Awaitable[Any]]
Driver = Callable[[FakePostgres], Any]


def boundary_of(server: FakePostgres) -> Boundary:
    return server._server.boundary


@asynccontextmanager
async def by_asyncpg(server: FakePostgres) -> AsyncIterator[Execute]:
    connection = await asyncpg.connect(server.dsn)
    try:
        yield connection.fetchval
    finally:
        await connection.close()


@asynccontextmanager
async def by_asyncpg_in_memory(server: FakePostgres) -> AsyncIterator[Execute]:
    connection = await server.asyncpg.connect()
    try:
        yield connection.fetchval
    finally:
        await connection.close()


@asynccontextmanager
async def by_psycopg(server: FakePostgres) -> AsyncIterator[Execute]:
    connection = await psycopg.AsyncConnection.connect(server.dsn, autocommit=True)

    async def value(sql: str) -> Any:
        cursor = await connection.execute(sql)
        row = await cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]

    try:
        yield value
    finally:
        await connection.close()


@asynccontextmanager
async def by_psycopg_sync(server: FakePostgres) -> AsyncIterator[Execute]:
    connection = psycopg.connect(server.dsn, autocommit=True)

    async def value(sql: str) -> Any:
        cursor = connection.execute(sql)
        row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]

    try:
        yield value
    finally:
        connection.close()


@asynccontextmanager
async def by_psqlpy(server: FakePostgres) -> AsyncIterator[Execute]:
    connection = await server.psqlpy.connect()

    async def value(sql: str) -> Any:
        if sql.startswith(("SELECT", "INSERT")):
            rows = (await connection.fetch(sql)).result()
            return next(iter(rows[0].values())) if rows else None
        return await connection.execute(sql)

    yield value


@asynccontextmanager
async def by_sqlalchemy(server: FakePostgres) -> AsyncIterator[Execute]:
    engine = server.sqlalchemy.engine(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:

        async def value(sql: str) -> Any:
            result = await connection.execute(text(sql))
            return result.scalar() if result.returns_rows else None

        yield value
    await engine.dispose()


DRIVERS = [
    by_asyncpg,
    by_asyncpg_in_memory,
    by_psycopg,
    by_psycopg_sync,
    by_psqlpy,
    by_sqlalchemy,
]
per_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.__name__)


@pytest.fixture(scope="module")
def fake_server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["fake", "real"])
def server(
    request: pytest.FixtureRequest, fake_server: Server, harness: Harness
) -> Iterator[FakePostgres]:
    with expectations.opened():  # rules need not be used
        if request.param == "real":
            server: FakePostgres = RealPostgres(harness.server)
        else:
            server = FakePostgres(fake_server)
            server.on("INSERT INTO users ...").tag("INSERT 0 1")
            server.on(COUNT).value(1)
            server.on("SELECT name FROM users ...").row(name="Ana")
            server.on('COPY "users" ... FROM STDIN ...').tag("COPY 1")
        yield server
        server.end()


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Request:
    """Return the request for which the test itself sends its statements."""
    request = Request("POST", "/users", 1)
    monkeypatch.setattr(requests, "of_test", [request])
    return request


def seen(boundary: Boundary) -> list[tuple[Any, ...]]:
    return [
        (event.kind, event.id.statement, event.id.nth, event.tag)
        for event in boundary.events
        if not event.is_drivers
    ]


@per_driver
async def test_the_calls_of_every_driver(server: FakePostgres, http: Request, driver: Any) -> None:
    boundary = boundary_of(server)
    token = requests.current.set(http)
    async with driver(server) as execute:
        await execute("BEGIN")
        await execute(INSERT)
        await execute("COMMIT")
        await execute("SELECT count(*)\n  FROM users")
        await execute(INSERT.replace("Ana", "Bia"))
    requests.current.reset(token)

    # asyncpg asks for one row, and does not learn whether there are more.
    shape = "INSERT INTO users (name) VALUES (?)"
    assert seen(boundary) == [
        ("connect", "", 1, ""),
        ("begin", "BEGIN", 1, "BEGIN"),
        ("statement", shape, 1, "INSERT 0 1"),
        ("commit", "COMMIT", 1, "COMMIT"),
        ("statement", COUNT, 1, "" if "asyncpg" in driver.__name__ else "SELECT 1"),
        ("statement", shape, 2, "INSERT 0 1"),
    ]
    own = [event for event in boundary.events if not event.is_drivers]
    assert {event.request for event in own} == {http}
    assert {event.id.request for event in own} == {"POST /users #1"}
    assert {event.phase for event in own} == {"call"}
    first = own[2].call.transaction
    assert first is not None
    assert (first.state, own[4].call.transaction) == ("committed", None)
    assert own[2].call.statement == INSERT
    places = [event.call.origin.place for event in own[1:]]
    assert all("test_boundary.py" in place for place in places)
    positions = [position for event in own for position in (event.begun, event.ended)]
    assert positions == sorted(positions, key=lambda position: position or 0)


@per_driver
async def test_an_error_and_a_lost_connection(server: FakePostgres, driver: Any) -> None:
    boundary = boundary_of(server)
    server.on("DELETE FROM users").raises(db_error("40P01")).times(1).then.drops()
    async with driver(server) as execute:
        for _ in range(2):
            with pytest.raises(Exception, match=r"."):
                await execute("DELETE FROM users")

    found = [event for event in boundary.events if event.call.statement == "DELETE FROM users"]
    assert [(event.tag, event.is_lost) for event in found] == [(None, False), (None, True)]
    assert found[0].error is not None
    assert found[0].error.sqlstate == "40P01"


@per_driver
async def test_another_statement_though_the_driver_has_prepared_its_own(
    server: FakePostgres, driver: Any
) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        await execute(INSERT)
        await execute(COUNT)
        assert await execute(COUNT) == 1
        changed = f"{COUNT} WHERE name = 'nobody'"
        if not isinstance(server, RealPostgres):
            server.on(changed).value(0)
        boundary.change = lambda event: Replace(changed) if event.id.nth == 3 else None
        found = await execute(COUNT)
        boundary.change = None

    assert found == 0
    assert [event.call.statement for event in boundary.events].count(COUNT) == 3


def fault(kind: str, change: Change) -> Callable[[Event], Change | None]:
    """Change the first event of a kind."""
    left = [change]

    def once(event: Event) -> Change | None:
        is_meant = event.kind == kind and not event.is_drivers and left
        return left.pop() if is_meant else None

    return once


SERIALIZATION = "could not serialize access due to concurrent update"


@per_driver
async def test_a_statement_that_fails_aborts_its_transaction(
    server: FakePostgres, driver: Any
) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        await execute("BEGIN")
        boundary.change = fault("statement", Error(db_error("40001")))
        with pytest.raises(Exception, match=SERIALIZATION):
            await execute(INSERT)
        with pytest.raises(Exception, match="current transaction is aborted"):
            await execute(COUNT)
        await execute("ROLLBACK")
        boundary.change = None
        if isinstance(server, RealPostgres):
            assert await execute(COUNT) == 0


@per_driver
async def test_a_statement_outside_of_a_transaction_fails_alone(
    server: FakePostgres, driver: Any
) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        boundary.change = fault("statement", Error(db_error("57014")))
        with pytest.raises(Exception, match="canceling statement due to statement timeout"):
            await execute(INSERT)
        await execute(INSERT)
        assert await execute(COUNT) == 1


@per_driver
async def test_a_commit_that_fails_is_a_rollback(server: FakePostgres, driver: Any) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        boundary.change = fault("commit", Error(db_error("40001")))
        await execute("BEGIN")
        await execute(INSERT)
        with pytest.raises(Exception, match=SERIALIZATION):
            await execute("COMMIT")
        if isinstance(server, RealPostgres):
            assert await execute(COUNT) == 0
    states = [event.call.transaction.state for event in boundary.events if event.call.transaction]
    assert set(states) == {"rolled back"}


@pytest.mark.parametrize("kind", ["statement", "commit"])
@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
@per_driver
async def test_a_connection_that_is_lost_before_or_after_it_took_effect(
    server: FakePostgres, driver: Any, kind: str, when: Any, count: int
) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        boundary.change = fault(kind, Drop(when))
        if kind == "commit":
            await execute("BEGIN")
            await execute(INSERT)
        with pytest.raises(Exception, match=r"."):
            await execute("COMMIT" if kind == "commit" else INSERT)
    lost = [event for event in boundary.events if event.is_lost]
    assert [event.kind for event in lost] == [kind]
    if isinstance(server, RealPostgres):
        async with by_psycopg(server) as execute:
            assert await execute(COUNT) == count


# A sync driver would block the test.
@pytest.mark.parametrize("kind", ["begin", "statement", "commit"])
@pytest.mark.parametrize("driver", [by_asyncpg, by_asyncpg_in_memory, by_psycopg, by_psqlpy])
async def test_a_call_that_is_never_answered(server: FakePostgres, driver: Any, kind: str) -> None:
    boundary = boundary_of(server)
    async with driver(server) as execute:
        boundary.change = fault(kind, Hang())

        async def transaction() -> None:
            for statement in ("BEGIN", INSERT, "COMMIT"):
                await execute(statement)

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transaction(), 0.1)
    waiting = [event for event in boundary.events if event.kind == kind and not event.is_drivers]
    assert [event.tag for event in waiting][-1] is None


@pytest.mark.parametrize(
    ("change", "match"),
    [(Error(db_error("53300")), "sorry, too many clients already"), (Drop(), r".")],
    ids=["error", "drop"],
)
@per_driver
async def test_a_connection_that_is_refused(
    server: FakePostgres, driver: Any, change: Change, match: str
) -> None:
    boundary = boundary_of(server)
    boundary.change = fault("connect", change)
    with pytest.raises(Exception, match=match):
        async with driver(server) as execute:
            await execute(COUNT)
    refused = boundary.events[0]
    assert (refused.kind, refused.tag, refused.is_lost) == ("connect", None, change == Drop())
    boundary.change = None
    async with driver(server) as execute:
        await execute(COUNT)


async def test_executemany_is_one_call_for_each_row(server: FakePostgres) -> None:
    boundary = boundary_of(server)
    statement = "INSERT INTO users (name) VALUES ($1)"
    connection = await server.asyncpg.connect()
    boundary.change = lambda event: Error(db_error("40001")) if event.id.nth == 2 else None
    with pytest.raises(asyncpg.SerializationError):
        await connection.executemany(statement, [("Ana",), ("Bia",), ("Caio",)])
    boundary.change = None
    if isinstance(server, RealPostgres):
        assert await connection.fetchval(COUNT) == 0
    await connection.close()
    own = [event for event in boundary.events if event.id.statement == statement]
    assert [event.tag for event in own] == ["INSERT 0 1", None]


async def test_a_copy_fails_and_a_cursor_too(server: FakePostgres) -> None:
    boundary = boundary_of(server)
    connection = await server.asyncpg.connect()
    boundary.change = lambda event: (
        Error(db_error("57014")) if event.call.statement.startswith("COPY") else None
    )
    with pytest.raises(asyncpg.QueryCanceledError):
        await connection.copy_records_to_table("users", records=[("Ana",)], columns=["name"])
    boundary.change = lambda event: (
        Error(db_error("57014")) if event.id.statement == "SELECT name FROM users" else None
    )
    async with connection.transaction():
        with pytest.raises(asyncpg.QueryCanceledError):
            await (await connection.cursor("SELECT name FROM users")).fetch(1)
        boundary.change = None
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await connection.execute(COUNT)
    await connection.close()


async def test_the_phases_and_the_names_of_savepoints(
    server: FakePostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    boundary = boundary_of(server)
    connection = await server.asyncpg.connect()
    boundary.begin_test()
    for phase in ("setup", "call"):
        monkeypatch.setattr(requests, "phase", phase)
        async with connection.transaction(), connection.transaction():
            await connection.fetchval(COUNT)
    await connection.close()
    found = [(*event.id, event.phase) for event in boundary.events]
    own = [
        ("begin", "BEGIN", 1),
        ("savepoint", "", 1),
        ("statement", COUNT, 1),
        ("release", "", 1),
        ("commit", "COMMIT", 1),
    ]
    assert found == [("setup", *each, "setup") for each in own] + [
        ("", *each, "call") for each in own
    ]


async def test_another_statement_that_no_rule_answers_fails_the_test(fake_server: Server) -> None:
    with expectations.opened() as state:
        server = FakePostgres(fake_server)
        server.on(COUNT).value(1)
        boundary = boundary_of(server)
        async with by_asyncpg(server) as execute:
            boundary.change = lambda _: Replace("SELECT 1 AS other")
            with pytest.raises(
                asyncpg.PostgresError, match=r"matched no rule\n.*SELECT 1 AS other"
            ):
                await execute(COUNT)
            boundary.change = None
        server.end()
    assert [type(failure).__name__ for failure in state.failures] == ["UnexpectedStatement"]


async def test_another_statement_with_other_columns_is_refused(real: RealPostgres) -> None:
    boundary = boundary_of(real)
    async with by_asyncpg(real) as execute:
        assert await execute("SELECT max(id) FROM users") is None
        boundary.change = lambda event: (
            None if event.is_drivers else Replace("SELECT avg(id) FROM users")
        )
        with pytest.raises(asyncpg.PostgresError, match="cached plan must not change result type"):
            await execute("SELECT max(id) FROM users")
        boundary.change = lambda event: (
            None if event.is_drivers else Replace("SELECT nothing FROM users")
        )
        with pytest.raises(asyncpg.UndefinedColumnError, match='column "nothing" does not exist'):
            await execute("SELECT max(id) FROM users")
        boundary.change = None


def replacing(statement: str, other: str) -> Callable[[Event], Change | None]:
    """Replace a statement by another with the same values."""
    return lambda event: Replace(other) if event.call.statement == statement else None


@pytest.mark.parametrize("cursor", [psycopg.Cursor, psycopg.ClientCursor, psycopg.RawCursor])
def test_every_protocol_of_psycopg(server: FakePostgres, cursor: Any) -> None:
    """A ClientCursor sends simple queries."""
    boundary = boundary_of(server)
    own, other = "SELECT name FROM users", "SELECT name FROM users WHERE FALSE"
    with psycopg.connect(server.dsn, autocommit=True, cursor_factory=cursor) as connection:
        for _ in range(6):  # psycopg prepares at the sixth
            connection.execute(own).fetchall()
        boundary.change = replacing(own, other)
        if isinstance(server, RealPostgres):
            assert connection.execute(own).fetchall() == []
        else:
            server.on(other).rows()
            assert connection.execute(own).fetchall() == []
        boundary.change = fault("statement", Error(db_error("40P01")))
        with pytest.raises(psycopg.errors.DeadlockDetected):
            connection.execute(own)


def test_a_pipeline_of_psycopg_is_rolled_back_as_a_whole(real: RealPostgres) -> None:
    boundary = boundary_of(real)
    insert = "INSERT INTO users (name) VALUES (%s)"
    with psycopg.connect(real.dsn, autocommit=True) as connection:
        boundary.change = lambda event: (
            Error(db_error("40001")) if event.id.nth == 2 and event.kind == "statement" else None
        )

        def send_together() -> None:
            with connection.pipeline():
                for name in ("Ana", "Bia", "Caio"):
                    connection.execute(insert, (name,))

        with pytest.raises(psycopg.errors.SerializationFailure):
            send_together()
        boundary.change = None
        assert connection.execute(COUNT).fetchone() == (0,)


def test_a_cursor_that_psycopg_declares(real: RealPostgres) -> None:
    boundary = boundary_of(real)
    with psycopg.connect(real.dsn) as connection:
        connection.execute("INSERT INTO users (name) VALUES ('Ana'), ('Bia')")
        declared = 'DECLARE "names" CURSOR FOR SELECT name FROM users'
        boundary.change = replacing(declared, f"{declared} WHERE name > 'B'")
        with connection.cursor("names") as cursor:
            assert cursor.execute("SELECT name FROM users").fetchall() == [("Bia",)]
        boundary.change = None
    found = [event for event in boundary.events if event.call.statement == declared]
    assert [event.is_drivers for event in found] == [False]
