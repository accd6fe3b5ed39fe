"""Statements on what the session itself has made: temporary tables, DDL, search_path."""

from __future__ import annotations

import json

import pytest

import understudy.catalog.checks
import understudy.catalog.describer
import understudy.fake_postgres.server
import understudy.fakes
import understudy.plugin.databases  # noqa: F401 # loaded once: pytester unloads what runs load
from tests.plugin.conftest import Project

CONFIGURED = """
    [tool.understudy]
    schema = ["schema.sql"]
    driver = "asyncpg"
    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
"""
SCHEMA = """
    CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at);
    CREATE SCHEMA app;
    CREATE TABLE app.users (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE public.users (id int PRIMARY KEY);
    CREATE TABLE keyed (id int PRIMARY KEY, name text CONSTRAINT keyed_name UNIQUE);
    CREATE TYPE mood AS ENUM ('happy');
"""
TESTS = """
    from contextlib import suppress

    import psycopg
    import pytest
    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine
    from understudy import FakeConnection, StatementRefused, db_error

    STAGING = "CREATE TEMP TABLE staging (id int PRIMARY KEY, name text NOT NULL)"
    FILL = "INSERT INTO staging (id, name) VALUES ($1, $2)"
    NAMES = "SELECT name FROM users WHERE id = $1"


    @pytest.fixture
    async def wire(fake_postgres):
        conn = await fake_postgres.asyncpg.connect()
        yield conn
        await conn.close()

    @pytest.mark.parametrize("ddl", [
        STAGING, STAGING + " ON COMMIT DROP", STAGING.replace("TEMP", ""),
        "CREATE TEMP TABLE IF NOT EXISTS staging AS SELECT 1 AS id, 'x'::text AS name",
        "SELECT 1 AS id, 'x'::text AS name INTO TEMP staging",
    ])
    async def test_a_table_of_the_session(fake_postgres, wire, ddl):
        fake_postgres.on(ddl)
        fake_postgres.on(FILL).tag("INSERT 0 1")
        async with wire.transaction():
            await wire.execute(ddl)
            assert await wire.execute(FILL, 1, "x") == "INSERT 0 1"

    async def test_errors_may_name_what_the_session_made(fake_postgres, wire):
        fake_postgres.on(STAGING)
        fake_postgres.on(FILL).raises(db_error("23505", constraint="staging_pkey"))
        await wire.execute(STAGING)
        with suppress(Exception):
            await wire.execute(FILL, 1, "x")

    async def test_what_depends_on_what(fake_postgres, wire):
        for ddl in (
            "CREATE TYPE shade AS ENUM ('dark')",
            "CREATE TABLE paints (id int, shade shade)",
            "ALTER TABLE paints RENAME COLUMN id TO number",
            "CREATE VIEW dark AS SELECT number FROM paints",
            "CREATE TABLE unrelated (id int)",
            "CREATE TABLE events_2030 PARTITION OF events DEFAULT",
        ):
            fake_postgres.on(ddl)
            await wire.execute(ddl)
        fake_postgres.on("SELECT number FROM dark").row(number=7)
        assert await wire.fetchval("SELECT number FROM dark") == 7
        fake_postgres.on("SELECT what FROM events_2030").row(what="x")
        assert await wire.fetchval("SELECT what FROM events_2030") == "x"

    async def test_other_connections_see_permanent_tables_alone(fake_postgres, wire):
        fake_postgres.on(STAGING)
        fake_postgres.on("CREATE TABLE made (n int)")
        fake_postgres.on("SELECT n FROM made").row(n=1)
        await wire.execute(STAGING)
        await wire.execute("CREATE TABLE made (n int)")
        other = await fake_postgres.asyncpg.connect()
        assert await other.fetchval("SELECT n FROM made") == 1
        await other.close()

    @pytest.mark.parametrize("settings", [{"search_path": "app"}, {"search_path": "app, public"}])
    async def test_server_settings(fake_postgres, settings):
        fake_postgres.on(NAMES).row(name="Ana")
        conn = await fake_postgres.asyncpg.connect(server_settings=settings)
        assert await conn.fetchval(NAMES, 1) == "Ana"
        await conn.close()

    def test_options(fake_postgres):
        fake_postgres.on(NAMES).row(name="Ana")
        with psycopg.connect(fake_postgres.dsn, options="-c search_path=app") as conn:
            assert conn.execute("SELECT name FROM users WHERE id = %s", [1]).fetchone() == ("Ana",)

    async def test_connect_args(fake_postgres):
        fake_postgres.on("SELECT name FROM users").row(name="Ana")
        engine = create_async_engine(
            fake_postgres.dsn.replace("postgresql", "postgresql+asyncpg"),
            connect_args={"server_settings": {"search_path": "app"}},
        )
        async with engine.connect() as conn:
            assert (await conn.execute(sa.text("SELECT name FROM users"))).scalar() == "Ana"
        await engine.dispose()

    async def test_set(fake_postgres, wire):
        fake_postgres.on(NAMES).row(name="Ana")
        await wire.execute("SET search_path TO app")
        assert await wire.fetchval(NAMES, 1) == "Ana"

    async def test_set_local(fake_postgres, wire):
        fake_postgres.on(NAMES).row(name="Ana")
        async with wire.transaction():
            await wire.execute("SET LOCAL search_path TO app")
            assert await wire.fetchval(NAMES, 1) == "Ana"

    async def test_fakes():
        conn = FakeConnection()
        async with conn.transaction() as transaction:
            await conn.execute(STAGING)
            await conn.execute(FILL, [1, "x"])
            await conn.execute("SET LOCAL search_path = 'app', public")
            await conn.fetch(NAMES, [1])
        await conn.execute(FILL, [1, "x"])
        with pytest.raises(StatementRefused, match='column "name" does not exist'):
            await conn.fetch(NAMES, [1])
        await conn.execute("SET search_path TO app")
        await conn.fetch(NAMES, [1])
        await conn.execute("RESET search_path")
        with pytest.raises(StatementRefused):
            await conn.fetch(NAMES, [1])
        await conn.execute("DROP TABLE staging")
        with pytest.raises(StatementRefused, match='relation "staging" does not exist'):
            await conn.execute(FILL, [1, "x"])

    async def test_fakes_roll_back():
        conn = FakeConnection()
        transaction = conn.transaction()
        await transaction.begin()
        await transaction.create_savepoint("s")
        await conn.execute(STAGING)
        await conn.execute(FILL, [1, "x"])
        await transaction.rollback_savepoint("s")
        with pytest.raises(StatementRefused):
            await conn.execute(FILL, [1, "x"])
        await transaction.rollback()

    @pytest.mark.parametrize(("ddl", "statement"), [
        ("CREATE SEQUENCE numbers", "SELECT nextval('numbers') LIMIT 0"),
        ("CREATE SEQUENCE app.numbers", "SELECT nextval('app.numbers'::regclass) LIMIT 0"),
        ("ALTER TYPE mood ADD VALUE 'angry'", "SELECT 'angry'::mood LIMIT 0"),
        ("DO $$ BEGIN CREATE TABLE made (n int); END $$", "SELECT n FROM made"),
        ("CREATE TABLE made (n int UNIQUE)",
         "INSERT INTO made SELECT 1 ON CONFLICT (n) DO NOTHING"),
    ])
    async def test_what_the_session_makes_exists(fake_postgres, wire, ddl, statement):
        fake_postgres.on(ddl)
        fake_postgres.on(statement)
        await wire.execute(ddl)
        await wire.execute(statement)

    async def test_a_table_is_made_in_the_path_of_its_time(fake_postgres, wire):
        fake_postgres.on("CREATE TABLE made (n int)")
        fake_postgres.on("SELECT n FROM app.made")
        await wire.execute("SET SCHEMA 'app'")
        await wire.execute("CREATE TABLE made (n int)")
        await wire.execute("RESET search_path")
        await wire.execute("SELECT n FROM app.made")

    async def test_red_not_in_the_path(fake_postgres, wire):
        fake_postgres.on("CREATE TABLE made (n int)")
        await wire.execute("SET search_path = app")
        await wire.execute("CREATE TABLE made (n int)")
        await wire.execute("RESET search_path")
        with suppress(Exception):
            await wire.execute("SELECT n FROM made")

    async def test_red_unique_key_of_before(fake_postgres, wire):
        fake_postgres.on("ALTER TABLE keyed DROP CONSTRAINT keyed_name")
        await wire.execute("ALTER TABLE keyed DROP CONSTRAINT keyed_name")
        for number in range(2):
            with suppress(Exception):
                await wire.execute(
                    f"INSERT INTO keyed VALUES ({number}, 'a') ON CONFLICT (name) DO NOTHING"
                )

    async def test_a_test_does_not_see_what_another_made():
        with pytest.raises(StatementRefused):
            await FakeConnection().execute(FILL, [1, "x"])

    async def test_red_rolled_back(fake_postgres, wire):
        fake_postgres.on(STAGING)
        transaction = wire.transaction()
        await transaction.start()
        await wire.execute(STAGING)
        await transaction.rollback()
        with suppress(Exception):
            await wire.execute(FILL, 1, "x")

    async def test_red_temporary_elsewhere(fake_postgres, wire):
        fake_postgres.on(STAGING)
        await wire.execute(STAGING)
        other = await fake_postgres.asyncpg.connect()
        with suppress(Exception):
            await other.execute(FILL, 1, "x")
        await other.close()

    async def test_red_column_of_the_table(fake_postgres, wire):
        fake_postgres.on(STAGING)
        await wire.execute(STAGING)
        with suppress(Exception):
            await wire.execute("INSERT INTO staging (nope) VALUES (1)")

    async def test_red_default_path(fake_postgres, wire):
        with suppress(Exception):
            await wire.fetchval(NAMES, 1)
"""


@pytest.mark.slow
def test_a_statement_is_described_as_its_session_sees_the_schema(project: Project) -> None:
    project.configure(CONFIGURED).write(test_session=TESTS)
    project.write_text(project.path / "schema.sql", SCHEMA)

    result = project.run("-q")

    red = {line.split("::")[1].split(" ")[0] for line in result.outlines if line[:6] == "FAILED"}
    expected = "rolled_back temporary_elsewhere default_path not_in_the_path unique_key_of_before"
    names = {f"test_red_{name}" for name in (*expected.split(), "column_of_the_table")}
    assert red == names, result.stdout.str()
    assert "could not be asked" not in result.stdout.str()
    # What was learned is kept with what it depends on, and no server is asked again.
    text = (project.path / "tests/understudy-catalog").read_text()
    assert "pg_temp." in text
    assert "pg_temp_" not in text, "the number of a session is another in every run"
    lines = map(json.loads, text.splitlines())
    contexts = {(line["sql"][:20], line.get("search_path")) for line in lines if "sql" in line}
    assert ("SELECT name FROM use", "app") in contexts
    locked = project.run("-q", "--understudy-locked", "-k", "not red")
    locked.assert_outcomes(passed=23, deselected=6)


DEFAULTS = (
    SCHEMA
    + """
    CREATE ROLE reader LOGIN;
    CREATE ROLE clerk LOGIN;
    GRANT USAGE ON SCHEMA app TO reader, clerk;
    GRANT SELECT ON ALL TABLES IN SCHEMA app, public TO reader, clerk;
    ALTER DATABASE anything SET search_path TO app, public;
    ALTER DATABASE anything SET app.secret TO 'hush';
    ALTER ROLE reader SET search_path TO public;
    ALTER ROLE reader SET timezone TO 'Asia/Tokyo';
"""
)
DEFAULT_TESTS = """
    from contextlib import suppress

    import asyncpg
    import psycopg
    import pytest
    from understudy import FakeConnection, StatementRefused

    NAMES = "SELECT name FROM users"

    @pytest.fixture(params=["fake", "real"])
    def server(request):
        return request.getfixturevalue(f"{request.param}_postgres")

    def named(server, statement=NAMES):
        if server.__class__.__name__ == "FakePostgres":
            server.on(statement)

    async def test_of_the_database(server):
        named(server)
        conn = await server.asyncpg.connect()
        assert await conn.fetch(NAMES) == []
        assert await conn.fetchval("SHOW search_path") == "app, public"
        await conn.execute("SET search_path TO public")
        await conn.execute("RESET search_path")
        assert await conn.fetch(NAMES) == []
        await conn.close()

    @pytest.mark.parametrize(("user", "path", "zone"), [
        ("clerk", "app, public", None), ("reader", "public", "Asia/Tokyo"),
    ])
    def test_of_a_role(server, user, path, zone):
        named(server)
        named(server, "SELECT id FROM users")
        address = f"postgresql://{user}:{server.password}@{server.host}:{server.port}"
        with psycopg.connect(f"{address}/{server.database}", autocommit=True) as conn:
            assert conn.execute("SHOW search_path").fetchone() == (path,)
            if zone is not None:
                assert conn.execute("SHOW timezone").fetchone() == (zone,)
            conn.execute("SELECT id FROM users")
            if user == "clerk":
                conn.execute(NAMES)
            conn.execute("SET search_path TO app")
            conn.execute(NAMES)

    def test_of_the_client_comes_first(server):
        named(server)
        with psycopg.connect(server.dsn, options="-c search_path=app") as conn:
            assert conn.execute("SHOW search_path").fetchone() == ("app",)
            conn.execute(NAMES)

    async def test_fakes():
        await FakeConnection().fetch(NAMES)
        conn = FakeConnection()
        await conn.execute('SET search_path TO "$user", public')
        with pytest.raises(StatementRefused, match='column "name" does not exist'):
            await conn.fetch(NAMES)

    def test_red_of_the_reader(fake_postgres):
        with psycopg.connect(fake_postgres.dsn.replace("understudy:", "reader:")) as conn:
            with suppress(Exception):
                conn.execute(NAMES)

    async def test_red_default_path(fake_postgres):
        conn = await fake_postgres.asyncpg.connect()
        await conn.execute('SET search_path TO "$user", public')
        with suppress(Exception):
            await conn.fetch(NAMES)
        await conn.close()
"""


@pytest.mark.slow
def test_a_connection_begins_with_the_defaults_of_its_role(project: Project) -> None:
    project.configure(CONFIGURED).write(test_defaults=DEFAULT_TESTS)
    project.write_text(project.path / "schema.sql", DEFAULTS)

    result = project.run("-q")

    red = {line.split("::")[1].split(" ")[0] for line in result.outlines if line[:6] == "FAILED"}
    assert red == {"test_red_of_the_reader", "test_red_default_path"}, result.stdout.str()
    text = (project.path / "tests/understudy-catalog").read_text()
    assert '{"default": "search_path", "value": "app, public"}' in text
    assert "hush" not in text
    locked = project.run("-q", "--understudy-locked", "-k", "not red and not real")
    locked.assert_outcomes(passed=5, deselected=6)
