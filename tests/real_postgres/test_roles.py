"""Each connection has its own user, role and run-time parameters, as on a real server.

tests/conformance/test_roles.py compares the scope of every command with PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import psqlpy
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tests.real_postgres.conftest import Harness
from understudy.embedded import TestDatabases
from understudy.real_postgres.fixture import RealPostgres

WHO = "SELECT current_user || ' ' || session_user"
TENANT = "SELECT set_config('app.tenant', $1, true)"
TEXTS = "SELECT string_agg(text, ' ' ORDER BY id) FROM notes"


@asynccontextmanager
async def connected(real: RealPostgres, **given: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await real.asyncpg.connect(**given)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("nobody_at_all", 'role "nobody_at_all" does not exist'),
        ("group_only", 'role "group_only" is not permitted to log in'),
    ],
)
async def test_who_may_not_log_in_is_refused_as_postgresql_does(
    real: RealPostgres, user: str, said: str
) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError) as caught:
        await real.asyncpg.connect(user=user)
    assert (caught.value.sqlstate, str(caught.value)) == ("28000", said)
    with pytest.raises(psycopg.OperationalError, match=said):
        await real.psycopg.connect(user=user)


async def test_a_database_may_refuse_a_user(real: RealPostgres) -> None:
    async with connected(real) as owner:
        await owner.execute("""
            DO $$ BEGIN
                EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', current_database());
            END $$""")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
        await real.asyncpg.connect(user="app")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("role=readonly", 'permission denied to set role "readonly"'),
        ("role=nobody_at_all", 'role "nobody_at_all" does not exist'),
        ("log_statement=all", 'permission denied to set parameter "log_statement"'),
        ("no_such_thing=1", 'unrecognized configuration parameter "no_such_thing"'),
        ("work_mem=much", 'invalid value for parameter "work_mem": "much"'),
        ("session_authorization=readonly", "permission denied to set session authorization"),
    ],
)
async def test_a_wrong_start_is_refused_as_postgresql_does(
    real: RealPostgres, wrong: str, said: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match=said):
        await real.psycopg.connect(user="app", options=f"-c {wrong}")


async def one(connection: psycopg.AsyncConnection[Any], sql: str) -> Any:
    row = await (await connection.execute(sql)).fetchone()
    return None if row is None else row[0]


async def test_users_and_defaults_of_a_test_are_there_for_its_next_connections(
    harness: Harness,
) -> None:
    for _ in range(2):
        with harness.test() as real:
            async with await real.psycopg.connect() as owner:
                await owner.execute("CREATE ROLE newcomer LOGIN")
                await owner.execute("ALTER ROLE app SET work_mem = '7MB'")
                with pytest.raises(psycopg.OperationalError, match="does not exist"):
                    await real.psycopg.connect(user="newcomer")
            async with await real.psycopg.connect(user="newcomer") as other:
                assert await one(other, WHO) == "newcomer newcomer"
            async with await real.psycopg.connect(user="app") as other:
                assert await one(other, "SHOW work_mem") == "7MB"
                await other.execute("SET work_mem = '5MB'")
                await other.execute("RESET work_mem")
                assert await one(other, "SHOW work_mem") == "7MB"


async def test_a_connection_can_start_while_another_is_in_a_transaction(real: RealPostgres) -> None:
    async with connected(real) as owner, owner.transaction():
        await owner.execute("INSERT INTO users (name) VALUES ('Ana')")
        # Neither waits, although a role and a parameter have to be tried out.
        given = {"role": "group_only", "work_mem": "9MB"}
        async with connected(real, user="app", server_settings=given) as other:
            assert other.get_settings().is_superuser == "off"
        assert await owner.fetchval(WHO) == "postgres postgres"


Run = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def of_asyncpg(real: RealPostgres) -> AsyncIterator[Run]:
    async with connected(real, user="app") as connection:
        yield connection.fetchval


@asynccontextmanager
async def of_psycopg(real: RealPostgres) -> AsyncIterator[Run]:
    async with await real.psycopg.connect(user="app", autocommit=True) as connection:

        async def run(sql: str, *values: Any) -> Any:
            cursor = await connection.execute(sql.replace("$1", "%s").encode(), values)
            row = await cursor.fetchone() if cursor.description else None
            return None if row is None else row[0]

        yield run


@asynccontextmanager
async def of_psqlpy(real: RealPostgres) -> AsyncIterator[Run]:
    connection = await psqlpy.connect(real.dsn.replace(f"//{real.user}:", "//app:"))

    async def run(sql: str, *values: Any) -> Any:
        rows = (await connection.fetch(sql, list(values))).result()
        return next(iter(rows[0].values())) if rows else None

    yield run
    connection.close()


@pytest.mark.parametrize("driver", [of_asyncpg, of_psycopg, of_psqlpy])
async def test_row_level_security_holds_for_the_user_who_connects(
    real: RealPostgres, driver: Callable[[RealPostgres], AbstractAsyncContextManager[Run]]
) -> None:
    async with connected(real) as owner, driver(real) as run:
        await owner.execute("INSERT INTO notes (tenant, text) VALUES (1, 'one'), (2, 'two')")

        assert await run(TEXTS) is None
        await run("BEGIN")
        await run(TENANT, "2")
        assert await run(TEXTS) == "two"
        with pytest.raises(Exception, match="violates row-level security policy"):
            await run("INSERT INTO notes (tenant, text) VALUES (1, 'three')")
        await run("ROLLBACK")
        assert await run(TEXTS) is None
        await run("BEGIN")
        await run(TENANT, "1")
        await run("UPDATE notes SET text = 'mine'")
        await run("COMMIT")

        assert await run(TEXTS) is None
        assert await owner.fetchval(TEXTS) == "mine two"
        with pytest.raises(Exception, match="permission denied for schema private"):
            await run("SELECT id FROM private.links")


async def test_row_level_security_holds_in_sqlalchemy(real: RealPostgres) -> None:
    engine = real.sqlalchemy.engine(pool_size=1)
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO notes (tenant, text) VALUES (1, 'one')"))
        await connection.execute(text("SET LOCAL ROLE app"))
        assert (await connection.execute(text(TEXTS))).scalar() is None
        await connection.execute(text("SELECT set_config('app.tenant', :it, true)"), {"it": "1"})
        assert (await connection.execute(text(TEXTS))).scalar() == "one"
    async with engine.connect() as connection:  # the same one, from the pool
        assert (await connection.execute(text(WHO))).scalar() == "postgres postgres"
        await connection.execute(text("SET ROLE app"))
        with pytest.raises(ProgrammingError, match="permission denied for table users"):
            await connection.execute(text("DELETE FROM users"))
    await engine.dispose()


async def test_a_commit_checks_constraints_that_the_role_may_not_see(real: RealPostgres) -> None:
    async with connected(real) as owner, connected(real, user="app") as app:
        for _ in range(2):
            async with app.transaction():
                await app.execute("SET CONSTRAINTS ALL DEFERRED")
                await app.fetchval(TENANT, "1")
                await app.execute("INSERT INTO notes (tenant, text) VALUES (1, 'one')")
            assert await app.fetchval(WHO) == "app app"
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await owner.execute("INSERT INTO private.links VALUES (1, 99)")
        assert await owner.fetchval("SELECT count(*) FROM notes") == 2


async def test_a_user_whose_transactions_are_read_only(real: RealPostgres) -> None:
    insert = "INSERT INTO notes (tenant, text) VALUES (1, 'one')"
    async with connected(real, user="readonly") as reader, connected(real) as owner:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await reader.execute(insert)
        await owner.execute(insert)
        await reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await reader.execute(insert)


async def test_what_a_user_may_not_see_was_not_prepared_by_another(real: RealPostgres) -> None:
    sql = "SELECT count(*) FROM private.links"
    async with connected(real) as owner, connected(real, user="app") as app:
        assert await owner.fetchval(sql) == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="schema private"):
            await app.fetchval(sql)
        assert await owner.fetchval(sql) == 0
        await owner.execute("GRANT USAGE ON SCHEMA private TO app")
        await owner.execute("GRANT SELECT ON private.links TO app")
        assert await app.fetchval(sql) == 0


async def test_a_literal_means_what_it_means_to_its_connection(real: RealPostgres) -> None:
    sql = "SELECT '01/02/2020'::date::text, '2020-01-01 00:00'::timestamptz = $1"
    start = "2020-01-01T00:00:00+09:00"
    tokyo = {"DateStyle": "ISO, DMY", "TimeZone": "Asia/Tokyo"}
    async with connected(real) as one, connected(real, server_settings=tokyo) as other:
        when = datetime.fromisoformat(start)
        assert tuple(await one.fetchrow(sql, when)) == ("2020-01-02", False)
        assert tuple(await other.fetchrow(sql, when)) == ("2020-02-01", True)
        assert tuple(await one.fetchrow(sql, when)) == ("2020-01-02", False)


async def test_a_parameter_that_was_made_up_is_unknown_to_the_next_test(harness: Harness) -> None:
    for _ in range(2):
        with harness.test() as real:
            async with connected(real) as connection:
                with pytest.raises(asyncpg.UndefinedObjectError, match=r"app\.mine"):
                    await connection.fetchval("SELECT current_setting('app.mine')")
                await connection.execute("SET app.mine = '1'")
                assert await connection.fetchval("SELECT current_setting('app.mine')") == "1"


async def test_a_server_that_is_gone_then_is_found_by_the_next_test(harness: Harness) -> None:
    before = len(harness.databases)
    with harness.test() as real:
        async with connected(real) as connection:
            await connection.execute("SET app.mine = '1'")
        harness.server.scheduler._dsn = "postgresql://postgres@127.0.0.1:1/gone"
    with harness.test() as real:
        async with connected(real) as connection:
            assert await connection.fetchval("SELECT count(*) FROM users") == 0
    assert len(harness.databases) == before + 1


@pytest.mark.parametrize("name", ["idle_in_transaction_session_timeout", "idle_session_timeout"])
async def test_a_timeout_of_one_connection_does_not_end_them_all(
    real: RealPostgres, name: str
) -> None:
    async with connected(real, server_settings={name: "20"}) as connection:
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await connection.execute(f"SET {name} = 'soon'")
        await connection.execute(f"SET {name} = 10")
        await connection.fetchval("SELECT 1")
        await asyncio.sleep(0.1)
        assert await connection.fetchval("SELECT 1") == 1


async def test_discard_all_lets_the_others_go_on(real: RealPostgres) -> None:
    async with connected(real, user="app") as app, connected(real) as other:
        await app.execute("SET ROLE group_only")
        await app.execute("DISCARD ALL")
        assert await other.fetchval("SELECT 1 + 1", timeout=10) == 2
        assert await app.fetchval(WHO) == "app app"


async def test_a_copy_under_row_level_security(real: RealPostgres) -> None:
    async with connected(real) as owner:
        await owner.execute("INSERT INTO notes (tenant, text) VALUES (1, 'x'), (2, 'y')")
    async with await real.psycopg.connect(user="app") as app:
        await app.execute("SET app.tenant = 1")
        cursor = app.cursor()
        async with cursor.copy("COPY notes (text) TO STDOUT") as out:
            assert [row async for row in out.rows()] == [("x",)]
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="row-level security"):
            async with cursor.copy("COPY notes (tenant, text) FROM STDIN") as copy:
                await copy.write_row([1, "y"])


async def test_a_cursor_and_a_prepared_statement_across_a_change_of_role(
    real: RealPostgres,
) -> None:
    async with connected(real) as owner, owner.transaction():
        await owner.execute("INSERT INTO notes (tenant, text) VALUES (1, 'x'), (2, 'y')")
        prepared = await owner.prepare(TEXTS)
        await owner.execute("DECLARE mine CURSOR FOR SELECT text FROM notes ORDER BY id")
        assert await prepared.fetchval() == "x y"
        await owner.execute("SET LOCAL ROLE app; SET LOCAL app.tenant = 2")
        assert await prepared.fetchval() == "y"
        assert await owner.fetch("FETCH ALL FROM mine") == [("x",), ("y",)]


@pytest.fixture(scope="module")
def plain_user(databases: TestDatabases) -> Iterator[Harness]:
    """A server whose URL names a user who is not a superuser."""
    name, dsn = databases.new()
    with psycopg.connect(databases.place.socket_dsn(name), autocommit=True) as superuser:
        superuser.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'; GRANT group_only TO plain")
        superuser.execute("GRANT USAGE ON SCHEMA private TO plain")
        superuser.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO plain")
    plain = dsn.replace(databases.place.url.partition("@")[0], "postgresql://plain:plain", 1)
    harness = Harness(databases, plain, "plain")
    harness.server.start()
    yield harness
    harness.server.stop()


async def test_the_user_of_a_url_who_is_no_superuser(plain_user: Harness) -> None:
    with plain_user.test() as real:
        async with connected(real) as connection, connected(real) as other:
            await connection.execute("SET ROLE group_only")
            assert await other.fetchval(WHO) == "plain plain"
            assert await connection.fetchval(WHO) == "group_only plain"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("SET SESSION AUTHORIZATION app")
        with pytest.raises(asyncpg.FeatureNotSupportedError) as caught:
            await real.asyncpg.connect(user="app")
    assert str(caught.value) == (
        'real_postgres cannot log in as "app": it works with the rights of "plain", the user of'
        " postgres_url, which is not a superuser"
    )


async def test_settings_of_functions_and_of_names_that_are_computed(harness: Harness) -> None:
    """A name that only the server knows is lost by the next connection; `auto` goes to a clone."""
    with harness.test() as real:
        async with connected(real) as one, connected(real) as other:
            await one.execute("""
                CREATE FUNCTION enter(key text, value text) RETURNS void LANGUAGE plpgsql AS
                $$ BEGIN PERFORM set_config('app.' || key, value, true); END $$""")
            show = "SELECT current_setting('app.tenant', true)"
            async with one.transaction():
                await one.execute("SELECT enter('tenant', '4')")
                assert await one.fetchval(show) == "4"
            assert await one.fetchval(show) == ""
            assert await other.fetchval(show) in ("", None)
            await one.execute("SELECT set_config('app.' || 'tenant', '5', false)")
            assert await one.fetchval(show) == "5"
            assert await other.fetchval(show) == ""
            met = harness.server.scheduler.limits.reasons(has_failed=False)
    assert met == ["sets a parameter whose name is computed, on several connections"]
