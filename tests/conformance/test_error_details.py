"""The fields of a scripted error, DETAIL among them, are those of the error that really happens."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from understudy import FakeConnection, db_error
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import TestDatabases
from understudy.fake_postgres.fixture import FakePostgres
from understudy.real_postgres.fixture import RealPostgres
from understudy.real_postgres.rollback_server import RollbackServer

SCHEMA = """
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE UNIQUE INDEX orgs_lower_name ON orgs (lower(name));
CREATE TABLE users (
    id int PRIMARY KEY, email text UNIQUE, org_id int REFERENCES orgs, born date,
    age int CHECK (age > 0), name text NOT NULL DEFAULT 'x', active boolean,
    UNIQUE (name, born), UNIQUE (active, org_id)
);
CREATE DOMAIN given AS text NOT NULL;
CREATE TABLE parts (id int PRIMARY KEY, org_id int REFERENCES orgs ON DELETE CASCADE);
CREATE TABLE uses (part_id int REFERENCES parts);
CREATE TABLE stays (
    room positive, during int4range, label given DEFAULT 'x',
    CONSTRAINT apart EXCLUDE USING gist (during WITH &&)
);
CREATE TABLE visits (id int, day date, PRIMARY KEY (id, day)) PARTITION BY LIST (day);
CREATE TABLE visits_of_all PARTITION OF visits DEFAULT;
INSERT INTO visits VALUES (1, '2001-02-03');
INSERT INTO orgs VALUES (1, 'One'), (2, 'Two');
INSERT INTO users VALUES (1, 'ana@x', 1, '2001-02-03', 30, 'Ana', true);
INSERT INTO stays VALUES (1, '[1,5)');
INSERT INTO parts VALUES (7, 2);
INSERT INTO uses VALUES (7);
"""
CHANGES = re.compile("INSERT|UPDATE|DELETE")
BORN = dt.date(2001, 2, 3)
CASES: dict[str, tuple[str, tuple[Any, ...], str, dict[str, str]]] = {
    "insert": (
        "INSERT INTO users (id, email) VALUES ($1, $2)",
        (2, "ana@x"),
        "23505",
        {"constraint": "users_email_key"},
    ),
    "casts": (
        "INSERT INTO public.users (id, email) VALUES ($1::int, CAST($2 AS text)) RETURNING id",
        (2, "ana@x"),
        "23505",
        {"constraint": "users_email_key"},
    ),
    "primary key": (
        "INSERT INTO users (id, email) VALUES ($1, 'bia''s@x')",
        (1,),
        "23505",
        {"constraint": "users_pkey"},
    ),
    "two columns": (
        "INSERT INTO users (id, born, name) VALUES ($1, $2, $3)",
        (2, BORN, "Ana"),
        "23505",
        {"constraint": "users_name_born_key"},
    ),
    "boolean": (
        "INSERT INTO users (id, org_id, active) VALUES ($1, 1, $2)",
        (2, True),
        "23505",
        {"constraint": "users_active_org_id_key"},
    ),
    "not present": (
        "INSERT INTO users (id, org_id) VALUES ($1, $2)",
        (2, 5),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "not present after an update": (
        "UPDATE users SET org_id = $1 WHERE id = $2",
        (5, 1),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "still referenced": (
        "DELETE FROM orgs WHERE id = $1",
        (1,),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "still referenced by an update": (
        "UPDATE orgs SET id = 9 WHERE id = $1",
        (1,),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "a key of a partition": (
        "INSERT INTO visits (id, day) VALUES ($1, $2)",
        (1, BORN),
        "23505",
        {"constraint": "visits_of_all_pkey"},
    ),
    "still referenced, in a CTE": (
        "WITH gone AS (DELETE FROM orgs WHERE id = $1 RETURNING id) SELECT id FROM gone",
        (1,),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "not present, in a CTE": (
        "WITH new AS (INSERT INTO users (id, org_id) VALUES ($1, $2) RETURNING id) SELECT 1 AS n",
        (2, 5),
        "23503",
        {"table": "users", "constraint": "users_org_id_fkey"},
    ),
    "taken, after a CTE": (
        "WITH one AS (SELECT 1 AS n) INSERT INTO users (id, email) VALUES ($1, $2)",
        (2, "ana@x"),
        "23505",
        {"constraint": "users_email_key"},
    ),
    "excluded": (
        "INSERT INTO stays (room, during) VALUES ($1, '[1,5)')",
        (1,),
        "23P01",
        {"constraint": "apart"},
    ),
    "checked by a domain": (
        "INSERT INTO stays (room) VALUES ($1)",
        (-1,),
        "23514",
        {"table": "stays", "constraint": "positive_check"},
    ),
    "checked by a domain alone": (
        "INSERT INTO stays (room) VALUES ($1)",
        (-1,),
        "23514",
        {"datatype": "positive", "constraint": "positive_check"},
    ),
    "null in a domain": (
        "INSERT INTO stays (room, label) VALUES (2, $1)",
        (None,),
        "23502",
        {"datatype": "given"},
    ),
    "null by position": (
        "INSERT INTO orgs VALUES ($1, NULL)",
        (3,),
        "23502",
        {"table": "orgs", "column": "name"},
    ),
    "taken by position": (
        "INSERT INTO orgs OVERRIDING SYSTEM VALUE VALUES ($1, 'x')",
        (1,),
        "23505",
        {"constraint": "orgs_pkey"},
    ),
    "null": (
        "INSERT INTO orgs (id, name) VALUES ($1, NULL)",
        (3,),
        "23502",
        {"table": "orgs", "column": "name"},
    ),
    "checked": (
        "INSERT INTO users (id, email, org_id, born, age, name, active) "
        "VALUES ($1, $2, NULL, $3, -1, 'x', false)",
        (3, "c@x", BORN),
        "23514",
        {"table": "users", "constraint": "users_age_check"},
    ),
}


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
    before = active_checker.POSTGRES.factory, active_checker.made()
    describer = Describer(dsn)
    checker = Checker(Catalog(None, lambda major: "details", lambda: describer))
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


FIELDS = ("message_primary", "message_detail", "schema_name", "table_name", "constraint_name")


def by_psycopg(dsn: str, statement: str, given: tuple[Any, ...]) -> dict[str, str | None]:
    with psycopg.connect(dsn) as connection:
        with pytest.raises(psycopg.Error) as raised:
            connection.cursor(row_factory=None).connection.execute(
                re.sub(r"\$\d", "%s", statement).encode(), given
            )
        connection.rollback()
    return {name: getattr(raised.value.diag, name) for name in (*FIELDS, "column_name")}


async def by_asyncpg(dsn: str, statement: str, given: tuple[Any, ...]) -> asyncpg.PostgresError:
    connection = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.PostgresError) as raised:
            await connection.execute(statement, *given)
        return raised.value
    finally:
        await connection.close()


@pytest.mark.parametrize("name", CASES)
async def test_with_a_schema_an_error_is_that_of_the_real_server(
    dsn: str, schema: None, fake_postgres: FakePostgres, name: str
) -> None:
    statement, given, code, named = CASES[name]
    fake_postgres.on(CHANGES).raises(db_error(code, **named))  # type: ignore[arg-type] # by name

    assert by_psycopg(fake_postgres.dsn, statement, given) == by_psycopg(dsn, statement, given)
    real = await by_asyncpg(dsn, statement, given)
    fake = await by_asyncpg(fake_postgres.dsn, statement, given)
    assert (type(fake), str(fake), fake.detail) == (type(real), str(real), real.detail)


async def test_the_key_of_an_expression_is_not_made_up(
    schema: None, fake_postgres: FakePostgres
) -> None:
    insert = "INSERT INTO orgs (id, name) VALUES ($1, $2)"
    fake_postgres.on(insert).raises(db_error("23505", constraint="orgs_lower_name"))

    found = await by_asyncpg(fake_postgres.dsn, insert, (3, "ONE"))

    assert found.detail == "Key (?)=(?) already exists."


async def test_a_row_that_is_deleted_with_another_is_named_by_its_own_table(
    dsn: str, schema: None, fake_postgres: FakePostgres
) -> None:
    delete = "DELETE FROM orgs WHERE id = $1"
    error = db_error("23503", table="uses", constraint="uses_part_id_fkey")
    fake_postgres.on(delete).raises(error)

    real, fake = [await by_asyncpg(one, delete, (2,)) for one in (dsn, fake_postgres.dsn)]

    assert real.detail == 'Key (id)=(7) is still referenced from table "uses".'
    assert str(fake) == str(real).replace("(7)", "(?)")


@pytest.mark.parametrize(
    "name",
    sorted(
        CASES.keys()
        - {
            "excluded",
            "two columns",
            *(name for name in CASES if re.search("domain|position|partition", name)),
        }
    ),
)
def test_without_a_schema_the_names_of_constraints_tell_the_same(
    dsn: str, fake_postgres: FakePostgres, name: str
) -> None:
    statement, given, code, named = CASES[name]
    if "active" in statement and given[-1] is True:
        statement = statement.replace("$2", "$2::bool")
    fake_postgres.on(CHANGES, *given).raises(db_error(code, **named))  # type: ignore[arg-type] # by name

    assert by_psycopg(fake_postgres.dsn, statement, given) == by_psycopg(dsn, statement, given)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_on_a_real_server_tells_the_same(
    dsn: str, schema: None, real_postgres: RealPostgres, name: str
) -> None:
    statement, given, code, named = CASES[name]
    error = db_error(code, **named)  # type: ignore[arg-type] # by name
    real_postgres.on(CHANGES).raises(error)

    assert by_psycopg(real_postgres.dsn, statement, given) == by_psycopg(dsn, statement, given)


@pytest.mark.parametrize("driver", ["psqlpy", "asyncpg", "psycopg"])
@pytest.mark.parametrize("name", CASES)
async def test_a_fake_connection_tells_the_same(
    dsn: str, schema: None, driver: Any, name: str
) -> None:
    statement, given, code, named = CASES[name]
    error = db_error(code, **named, driver=driver)  # type: ignore[arg-type] # by name
    conn = FakeConnection()
    conn.on("...").raises(error)

    with pytest.raises(type(error)) as raised:
        await conn.execute(statement, list(given))

    told = by_psycopg(dsn, statement, given)
    detail = told["message_detail"]
    assert (detail or told["message_primary"] or "?") in str(raised.value)
    if driver == "psycopg":
        assert raised.value.diag.message_detail == detail
    if driver == "asyncpg":
        assert raised.value.detail == detail


@pytest.mark.parametrize(
    ("statement", "constraint", "detail"),
    [
        ("INSERT INTO users (a_b, c) VALUES ('x', 1)", "uq_users_a_b_c", "(a_b, c)=(x, 1)"),
        ("INSERT INTO users (email) SELECT $1", "users_email_key", "(email)=(?)"),
        ("INSERT INTO users (email) VALUES (lower('X'))", "users_email_key", "(email)=(?)"),
        ("INSERT INTO users VALUES (1)", "users_pkey", "(id)=(?)"),
        ("SELECT add_user('x')", "users_email_key", "(users_email)=(?)"),
        ("INSERT INTO users (email) VALUES ('x')", "one_of_each", "(one_of_each)=(?)"),
    ],
)
async def test_what_is_not_known_is_plausible(statement: str, constraint: str, detail: str) -> None:
    conn = FakeConnection()
    conn.on("...").raises(db_error("23505", constraint=constraint, driver="asyncpg"))

    with pytest.raises(asyncpg.UniqueViolationError) as raised:
        await conn.execute(statement)

    assert raised.value.detail == f"Key {detail} already exists."


async def test_a_detail_of_the_test_stays(fake_postgres: FakePostgres) -> None:
    insert = "INSERT INTO users (email) VALUES ('x')"
    fake_postgres.on(insert).raises(
        db_error("23505", constraint="users_email_key", detail="Mine.")
    ).then.raises(db_error("23505", constraint="users_email_key", detail=""))
    connection = await fake_postgres.asyncpg.connect()

    details = []
    for _ in range(2):
        with pytest.raises(asyncpg.UniqueViolationError) as raised:
            await connection.execute(insert)
        details.append(raised.value.detail or None)

    assert details == ["Mine.", None]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_an_integrity_error_of_sqlalchemy_has_its_detail(
    fake_postgres: FakePostgres, driver: str
) -> None:
    error = db_error("23505", constraint="users_email_key")
    fake_postgres.on("INSERT INTO users ...").raises(error)

    async with fake_postgres.sqlalchemy.engine(driver).connect() as connection:
        insert = text("INSERT INTO users (email) VALUES (:email)")
        with pytest.raises(IntegrityError) as raised:
            await connection.execute(insert, {"email": "ana@x"})

    orig: Any = raised.value.orig
    told = f"{orig}\nDETAIL: {orig.detail}" if driver == "asyncpg" else str(orig)
    # As advanced-alchemy looks for it.
    found = re.search(
        r'duplicate\s+key.*"(?P<constraint>[^"]+)"\s*\n.*Key\s+\((?P<key>.*)\)=\((?P<value>.*)\)'
        r"\s+already\s+exists",
        told,
    )
    assert found is not None, told
    assert found.groups() == ("users_email_key", "email", "ana@x")


ALL_FIELDS: dict[str, Any] = {
    "constraint": "c", "table": "t", "column": "x", "schema": "s", "datatype": "d",
    "detail": "D.", "hint": "H.", "position": 3, "context": "C", "internal_query": "SELECT 1",
    "internal_position": 2, "file": "f.c", "line": 7, "routine": "R",
}  # fmt: skip


async def test_every_field_can_be_given(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 FROM t").raises(db_error("P0001", "Mine", **ALL_FIELDS))
    connection = await fake_postgres.asyncpg.connect()
    sync = fake_postgres.psycopg.connect_sync()

    with pytest.raises(asyncpg.RaiseError) as by_asyncpg:
        await connection.execute("SELECT 1 FROM t")
    with pytest.raises(psycopg.errors.RaiseException) as by_psycopg:
        sync.execute("SELECT 1 FROM t")
    made: Any = db_error("P0001", "Mine", **ALL_FIELDS, driver="psycopg")
    sync.rollback()

    error: Any = by_asyncpg.value
    assert [
        error.constraint_name, error.table_name, error.column_name, error.schema_name,
        error.data_type_name, error.detail, error.hint, int(error.position), error.context,
        error.internal_query, int(error.internal_position), error.server_source_filename,
        int(error.server_source_line), error.server_source_function,
    ] == list(ALL_FIELDS.values())  # fmt: skip
    for diag in (by_psycopg.value.diag, made.diag):
        assert [
            diag.constraint_name, diag.table_name, diag.column_name, diag.schema_name,
            diag.datatype_name, diag.message_detail, diag.message_hint,
            int(diag.statement_position or 0), diag.context, diag.internal_query,
            int(diag.internal_position or 0), diag.source_file, int(diag.source_line or 0),
            diag.source_function,
        ] == list(ALL_FIELDS.values())  # fmt: skip


async def test_asyncpg_tells_a_stale_plan_by_its_routine(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("SELECT 1 FROM t").raises(db_error("0A000")).then.value(1)
    connection = await fake_postgres.asyncpg.connect()
    assert isinstance(db_error("0A000", driver="asyncpg"), asyncpg.InvalidCachedStatementError)

    # It prepares the statement again.
    assert await connection.fetchval("SELECT 1 FROM t") == 1


async def test_a_read_only_transaction_names_the_command(fake_postgres: FakePostgres) -> None:
    fake_postgres.on("UPDATE t SET a = 1").raises(db_error("25006"))
    connection = await fake_postgres.asyncpg.connect()

    with pytest.raises(asyncpg.ReadOnlySQLTransactionError) as raised:
        await connection.execute("UPDATE t SET a = 1")

    assert str(raised.value) == "cannot execute UPDATE in a read-only transaction"
