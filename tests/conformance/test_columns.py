"""Columns of one name, columns that are made up, and empty results: as the real server has them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from understudy import AnswerImpossible, FakeConnection, FakePool
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import TestDatabases
from understudy.fake_postgres.fixture import FakePostgres
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer
from understudy.script.expectations import opened

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE spot AS (x int, y numeric(4, 1));
CREATE DOMAIN title AS text NOT NULL;
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, note text);
CREATE TABLE pets (id int PRIMARY KEY, owner int NOT NULL REFERENCES people, name text NOT NULL);
INSERT INTO people VALUES (1, 'Ana', NULL);
INSERT INTO pets VALUES (7, 1, 'Rex');
CREATE TABLE wide (
    id bigint PRIMARY KEY, small smallint NOT NULL, real_ real NOT NULL, double_ float8 NOT NULL,
    price numeric(10, 2) NOT NULL, yes boolean NOT NULL, word text NOT NULL,
    short varchar(99) NOT NULL, data bytea NOT NULL, day date NOT NULL, at_ timestamp NOT NULL,
    atz timestamptz NOT NULL, clock time NOT NULL, long interval NOT NULL, key uuid NOT NULL,
    doc jsonb NOT NULL, doc2 json NOT NULL, address inet NOT NULL, mood mood NOT NULL,
    numbers int[] NOT NULL, title title, note text, deleted_at timestamptz
);
CREATE TABLE composed (
    moods mood[] NOT NULL, spot spot NOT NULL, spots spot[] NOT NULL, span int4range NOT NULL,
    spans nummultirange NOT NULL, titles title[] NOT NULL, place point NOT NULL
);
"""
BOTH = "SELECT o.id, p.id, o.*, p.* FROM people o JOIN pets p ON p.owner = o.id"
ROW = (1, 7, 1, "Ana", None, 7, 1, "Rex")
COUNTS = "SELECT count(*), count(note), 1, 'x' FROM people"
TWO_IDS = "SELECT o.id, p.id FROM people o JOIN pets p ON p.owner = o.id"


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA)
    with TestDatabases(["schema.sql"], Path(folder)) as databases:
        yield databases


@pytest.fixture(scope="module")
def dsn(databases: TestDatabases) -> str:
    return databases.new()[1]


@pytest.fixture
def schema(dsn: str) -> Iterator[None]:
    """The catalog of that database."""
    before = active_checker.POSTGRES.factory, active_checker.made()
    describer = Describer(dsn)
    checker = Checker(Catalog(None, lambda major: "columns", lambda: describer))
    active_checker.use(lambda: checker)
    yield
    active_checker.use(*before)
    describer.close()


@pytest.fixture(scope="module")
def rollback_server(databases: TestDatabases) -> Iterator[RollbackServer]:
    server = RollbackServer(lambda: databases.new()[1])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def real_postgres(rollback_server: RollbackServer) -> Iterator[RealPostgres]:
    real = RealPostgres(rollback_server)
    yield real
    real.end()


async def of_asyncpg(dsn: str, statement: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(statement)
        return [list(row.keys()) for row in rows], list(map(tuple, rows))
    finally:
        await connection.close()


async def of_psycopg(dsn: str, statement: str) -> Any:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        cursor = await connection.execute(statement.encode())
        assert cursor.description is not None
        return [column.name for column in cursor.description], await cursor.fetchall()


async def of_psqlpy(dsn: str, statement: str) -> Any:
    connection = await psqlpy.connect(dsn)
    try:
        result = await connection.fetch(statement)
        return result.result(), result.result(as_tuple=True)
    finally:
        connection.close()


async def of_sqlalchemy(dsn: str, statement: str) -> Any:
    engine = sa.create_engine(dsn.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        result = connection.execute(sa.text(statement))
        found = list(result.keys()), [tuple(row) for row in result]
    engine.dispose()
    return found


DRIVERS = [of_asyncpg, of_psycopg, of_psqlpy, of_sqlalchemy]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("statement", "row"), [(BOTH, ROW), (COUNTS, (1, 0, 1, "x")), (TWO_IDS, (1, 7))]
)
async def test_columns_of_one_name_with_a_schema(
    dsn: str, schema: None, fake_postgres: FakePostgres, driver: Any, statement: str, row: Any
) -> None:
    fake_postgres.on(statement).row(row)

    assert await driver(fake_postgres.dsn, statement) == await driver(dsn, statement)


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("statement", "row"), [(COUNTS, (1, 0, 1, "x")), (TWO_IDS, (1, 7))])
async def test_columns_of_one_name_without_a_schema(
    dsn: str, fake_postgres: FakePostgres, driver: Any, statement: str, row: Any
) -> None:
    fake_postgres.on(statement).row(row)

    assert await driver(fake_postgres.dsn, statement) == await driver(dsn, statement)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_columns_that_the_test_names(
    dsn: str, fake_postgres: FakePostgres, driver: Any
) -> None:
    names = ["id", "id", "id", "name", "note", "id", "owner", "name"]
    fake_postgres.on(BOTH).rows(ROW, columns=names)

    assert await driver(fake_postgres.dsn, BOTH) == await driver(dsn, BOTH)


@pytest.mark.parametrize("driver", DRIVERS)
async def test_columns_of_one_name_of_a_rule_on_a_real_server(
    dsn: str, real_postgres: RealPostgres, driver: Any
) -> None:
    real_postgres.on(BOTH).row(ROW)

    assert await driver(real_postgres.dsn, BOTH) == await driver(dsn, BOTH)


@pytest.mark.parametrize("has_schema", [True, False])
async def test_columns_of_one_name_on_a_fake_connection(
    request: pytest.FixtureRequest, dsn: str, has_schema: bool
) -> None:
    if has_schema:
        request.getfixturevalue("schema")
    conn, pool = FakeConnection(), FakePool()
    conn.on(TWO_IDS).row([1, 7])
    pool.on(TWO_IDS).rows([(1, 7)])
    expected = await of_psqlpy(dsn, TWO_IDS)
    real = await psqlpy.connect(dsn)

    result = await conn.fetch(TWO_IDS)
    async with pool.acquire() as pooled:
        row = await pooled.fetch_row(TWO_IDS)

    assert (result.result(), result.result(as_tuple=True)) == expected
    assert (row.result(), row.result(as_tuple=True)) == ({"id": 7}, (1, 7))
    with pytest.raises(psqlpy.exceptions.ConnectionExecuteError) as by_psqlpy:
        (await real.fetch(TWO_IDS)).records()
    with pytest.raises(psqlpy.exceptions.ConnectionExecuteError) as by_fake:
        result.records()
    assert str(by_fake.value) == str(by_psqlpy.value)
    real.close()


@pytest.mark.parametrize("place", ["schema", "no schema", "real", "fake", "fake with schema"])
async def test_a_mapping_is_refused_where_names_are_equal(
    request: pytest.FixtureRequest, place: str
) -> None:
    if "schema" in place and place != "no schema":
        request.getfixturevalue("schema")
    name = "real_postgres" if place == "real" else "fake_postgres"
    subject: Any = FakeConnection() if "fake" in place else request.getfixturevalue(name)

    with opened() as state:
        subject.on(TWO_IDS).row(id=7)
        with pytest.raises(Exception, match="2 columns named 'id'"):
            await (subject.fetch(TWO_IDS) if "fake" in place else of_psycopg(subject.dsn, TWO_IDS))

    (failure,) = state.failures
    assert isinstance(failure, AnswerImpossible)
    assert "Give the values in the order of the columns:\n  .row((7, 7))  # id, id" in str(failure)


async def test_a_row_in_order_needs_names_that_are_certain(fake_postgres: FakePostgres) -> None:
    conn = FakeConnection()
    with opened() as state:
        fake_postgres.on("SELECT * FROM people").row((1, "Ana", None))
        conn.on("SELECT * FROM people").row((1, "Ana", None))
        with pytest.raises(psycopg.errors.InternalError):
            await of_psycopg(fake_postgres.dsn, "SELECT * FROM people")
        with pytest.raises(AnswerImpossible):
            await conn.fetch("SELECT * FROM people")

    for failure in state.failures:
        assert "a row in the order of the columns needs their names" in str(failure)
        assert str(failure).endswith(
            "Name them: .rows((...), columns=[...]); or configure the schema, which tells them."
        )


# Rows that are filled in ------------------------------------------------------------------------

WIDE = "SELECT * FROM wide"
FITS: dict[str, Callable[[Any], bool]] = {
    "id": lambda value: value == 7,
    "word": lambda value: value == "made-up word 1",
    "short": lambda value: value == "made-up short 1",
    "price": lambda value: isinstance(value, Decimal),
    "yes": lambda value: isinstance(value, bool),
    "atz": lambda value: isinstance(value, dt.datetime) and value.tzinfo is not None,
    "mood": lambda value: value == "sad",
    "note": lambda value: value is None,
    "deleted_at": lambda value: value is None,
}


def check_wide(row: dict[str, Any]) -> None:
    assert len(row) == 23
    assert {name for name, value in row.items() if value is None} <= {"note", "deleted_at", "title"}
    assert [name for name, fits in FITS.items() if not fits(row[name])] == []


async def wide_of_asyncpg(dsn: str) -> dict[str, Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return dict(await connection.fetchrow(WIDE))
    finally:
        await connection.close()


async def wide_of_psycopg(dsn: str) -> dict[str, Any]:
    connect = psycopg.AsyncConnection.connect
    async with await connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        row: Any = await (await connection.execute(WIDE)).fetchone()
        return dict(row)


async def wide_of_psqlpy(dsn: str) -> dict[str, Any]:
    connection = await psqlpy.connect(dsn)
    try:
        row: dict[str, Any] = (await connection.fetch_row(WIDE)).result()
        return row
    finally:
        connection.close()


@pytest.mark.parametrize("driver", [wide_of_asyncpg, wide_of_psycopg, wide_of_psqlpy])
async def test_a_row_is_filled_in(
    schema: None, fake_postgres: FakePostgres, driver: Callable[[str], Any]
) -> None:
    fake_postgres.on(WIDE).filled_row(id=7)

    row = await driver(fake_postgres.dsn)

    check_wide(row)
    assert await driver(fake_postgres.dsn) == row


async def test_values_that_consist_of_others_are_filled_in(
    schema: None, fake_postgres: FakePostgres
) -> None:
    fake_postgres.on("SELECT * FROM composed").filled_row()
    connection = await fake_postgres.asyncpg.connect()

    row = await connection.fetchrow("SELECT * FROM composed")

    assert (row["moods"], row["titles"]) == (["sad"], ["made-up titles 1"])
    assert [type(value) for value in row["spot"]] == [int, Decimal]
    assert (len(row["spots"]), len(row["spans"])) == (1, 1)
    assert row["span"].lower < row["span"].upper


async def test_a_row_is_filled_in_on_a_fake_connection(schema: None) -> None:
    conn = FakeConnection()
    conn.on(WIDE).filled_rows({"id": 7}, {"id": 8, "note": "x"})
    conn.on(BOTH).filled_row()

    first, second = (await conn.fetch(WIDE)).result()

    check_wide(first)
    assert (second["id"], second["note"], second["word"]) == (8, "x", "made-up word 2")
    both = (await conn.fetch_row(BOTH)).result(as_tuple=True)
    assert [type(value) for value in both] == [int, int, int, str, type(None), int, int, str]


async def test_a_row_of_a_rule_on_a_real_server_is_filled_in(
    schema: None, real_postgres: RealPostgres
) -> None:
    select = "SELECT id, word, price, atz, mood, note FROM wide"
    real_postgres.on(select).filled_row(id=7)
    connection = await real_postgres.asyncpg.connect()

    row = await connection.fetchrow(select)

    assert all(FITS[name](value) for name, value in row.items())
    await connection.close()


async def test_a_report_shows_what_is_made_up(schema: None) -> None:
    conn = FakeConnection()
    select = "SELECT id, name FROM people"
    with opened() as state:
        conn.on(select).filled_row(id="7")
        with pytest.raises(AnswerImpossible):
            await conn.fetch(select)
        conn.on(select).filled_row(nmae="Ana")
        with pytest.raises(AnswerImpossible):
            await conn.fetch(select)

    wrong, misspelt = (str(failure).splitlines() for failure in state.failures)
    assert any("name = 'made-up name 1' (str), made up" in line for line in wrong)
    assert any(line.strip().startswith("! nmae = 'Ana' (str)") for line in misspelt)


async def test_a_row_cannot_be_filled_in_without_a_schema(fake_postgres: FakePostgres) -> None:
    conn = FakeConnection()
    with opened() as state:
        conn.on(WIDE).filled_row(id=7)
        with pytest.raises(AnswerImpossible):
            await conn.fetch(WIDE)
        fake_postgres.on(WIDE).filled_row(id=7)
        with pytest.raises(psycopg.errors.InternalError):
            await of_psycopg(fake_postgres.dsn, WIDE)

    assert len(state.failures) == 2
    assert all("Configure the schema" in str(failure) for failure in state.failures)


# Empty results ----------------------------------------------------------------------------------


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    note: Mapped[str | None]


async def _orm(connection: AsyncConnection) -> list[Any]:
    session = AsyncSession(connection)
    query = sa.select(Person).where(Person.name == "nobody")
    insert = sa.insert(Person).from_select(
        ["id", "name"], sa.select(Person.id + 1, Person.name).where(sa.false())
    )
    return [
        (await session.execute(query)).scalar_one_or_none(),
        (await session.execute(query)).first(),
        (await session.scalars(query)).all(),
        (await session.execute(query)).mappings().one_or_none(),
        await session.get(Person, 99),
        (await session.execute(insert.returning(Person.id))).scalar_one_or_none(),
        (await session.execute(sa.text("SELECT * FROM people WHERE false"))).first(),
        (await session.execute(sa.text("SELECT id, name AS x FROM people WHERE false")))
        .mappings()
        .all(),
        (
            await session.execute(
                sa.update(Person).where(Person.id == 99).values(name="x").returning(Person)
            )
        ).scalar_one_or_none(),
    ]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("has_schema", [True, False])
async def test_no_row_for_sqlalchemy(
    request: pytest.FixtureRequest, fake_postgres: FakePostgres, driver: str, has_schema: bool
) -> None:
    if has_schema:
        request.getfixturevalue("schema")
    fake_postgres.on(re.compile("people")).rows()
    engine = fake_postgres.sqlalchemy.engine(driver)

    async with engine.connect() as connection:
        found = await _orm(connection)

    assert found == [None, None, [], None, None, None, None, [], None]


async def test_no_row_for_the_drivers(fake_postgres: FakePostgres) -> None:
    returning = "UPDATE people SET name = 'x' WHERE false RETURNING id, name"
    for statement in (TWO_IDS, "SELECT * FROM people WHERE false", returning):
        fake_postgres.on(statement).rows()
    connection = await fake_postgres.asyncpg.connect()
    sync = fake_postgres.psycopg.connect_sync()
    pool = await fake_postgres.psqlpy.connect()

    for statement in (TWO_IDS, "SELECT * FROM people WHERE false", returning):
        assert await connection.fetchrow(statement) is None
        assert await connection.fetchval(statement) is None
        assert await connection.fetch(statement) == []
        cursor = sync.execute(statement.encode())
        assert cursor.fetchone() is None
        assert cursor.description
        assert (await pool.fetch(statement)).result() == []
    sync.rollback()
