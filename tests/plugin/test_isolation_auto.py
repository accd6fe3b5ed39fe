"""`isolation = "auto"`: tests that run again on a clone, in whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import understudy.real_postgres.forwarding  # noqa: F401 # loaded once: see test_summary.py
from tests.garbage import collected  # noqa: F401 # a fixture
from tests.plugin.conftest import Project
from understudy.real_postgres import rollback_server

pytestmark = pytest.mark.slow

SCHEMA = """
    CREATE TABLE users (id serial PRIMARY KEY, name text, made timestamptz DEFAULT now());
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_notify('news', NEW.name); RETURN NULL; END $$;
    CREATE TABLE posts (name text);
    CREATE TRIGGER told AFTER INSERT ON posts FOR EACH ROW EXECUTE FUNCTION tell();
    CREATE TYPE mood AS ENUM ('happy');
    CREATE PROCEDURE commits() LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO users (name) VALUES ('a'); COMMIT; END $$;
"""
# Each shows a limit, and passes on a real server.
LIMITED = """
    import asyncio

    import asyncpg
    import psycopg
    import pytest

    @pytest.fixture
    async def two(real_postgres):
        first = await asyncpg.connect(real_postgres.dsn)
        second = await asyncpg.connect(real_postgres.dsn)
        yield first, second
        await first.close()
        await second.close()

    def test_plain(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute("INSERT INTO users (name) VALUES ('a')")
        assert real_postgres.isolation == "rollback"

    async def test_lock(two):
        async with two[0].transaction():
            await two[0].execute("INSERT INTO users (name) VALUES ('a')")
            assert await two[1].fetchval("SELECT count(*) FROM users") == 0
        assert await two[1].fetchval("SELECT max(id) FROM users") == 1

    async def test_skip_locked(two):
        await two[0].execute("INSERT INTO users (name) VALUES ('a'), ('b')")
        query = "SELECT name FROM users ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
        async with two[0].transaction():
            assert await two[0].fetchval(query) == "a"
            assert await two[1].fetchval(query) == "b"

    async def test_notify_from_a_trigger(two):
        told = asyncio.Queue()
        await two[0].add_listener("news", lambda *args: told.put_nowait(args[-1]))
        await two[1].execute("INSERT INTO posts VALUES ('hello')")
        assert await told.get() == "hello"

    async def test_notify_from_a_block(two):
        told = asyncio.Queue()
        await two[0].add_listener("news", lambda *args: told.put_nowait(args[-1]))
        await two[1].execute("DO $$ BEGIN PERFORM pg_notify('news', 'hello'); END $$")
        assert await told.get() == "hello"

    async def test_serializable(two):
        async def swap(connection, name, other):
            async with connection.transaction(isolation="serializable"):
                await connection.fetch("SELECT FROM posts WHERE name = $1", name)
                await both.wait()
                await connection.execute("INSERT INTO posts VALUES ($1)", other)
        both = asyncio.Barrier(2)
        done = await asyncio.gather(
            swap(two[0], "a", "b"), swap(two[1], "b", "a"), return_exceptions=True
        )
        assert sorted(map(type, done), key=str) == [type(None), asyncpg.SerializationError]

    async def test_advisory_locks(two):
        query = "SELECT pg_try_advisory_lock($1)"
        assert await two[0].fetchval(query, 7)
        assert not await two[1].fetchval(query, 7)

    def test_vacuum(real_postgres):
        with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
            connection.execute("VACUUM users")

    async def test_procedure_that_commits(two):
        await two[0].execute("CALL commits()")
        assert await two[1].fetchval("SELECT count(*) FROM users") == 1

    def test_temporary_table(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            for _ in range(2):
                connection.execute("CREATE TEMP TABLE staging (n int) ON COMMIT DROP")
                connection.commit()

    async def test_clock_of_a_statement(two):
        first = await two[0].fetchval("SELECT now()")
        assert await two[0].fetchval("SELECT now()") > first

    async def test_clock_of_a_default(two):
        await two[0].execute("INSERT INTO users (name) VALUES ('a')")
        await two[0].execute("INSERT INTO users (name) VALUES ('b')")
        assert await two[0].fetchval("SELECT count(DISTINCT made) FROM users") == 2

    async def test_transaction_ids(two):
        query = "SELECT pg_current_xact_id()::text"
        assert await two[0].fetchval(query) != await two[0].fetchval(query)

    async def test_cursor_outside_of_a_transaction(two):
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await two[0].execute("DECLARE numbers CURSOR FOR SELECT 1")

    async def test_lock_outside_of_a_transaction(two):
        with pytest.raises(asyncpg.NoActiveSQLTransactionError):
            await two[0].execute("LOCK TABLE users")

    async def test_prepared_statements_of_a_session(two):
        await two[0].prepare("SELECT 7")
        query = "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 7'"
        assert await two[1].fetchval(query) == 0

    async def test_terminated_backend(two):
        query = "SELECT pg_terminate_backend($1, 9000)"
        assert await two[0].fetchval(query, two[1].get_server_pid())
        assert await two[0].fetchval("SELECT 1") == 1
"""
COUNT = LIMITED.count("def test_") - 1
FILE = "tests/understudy-isolation"


@pytest.fixture
def database(project: Project) -> Project:
    """A project with a schema."""
    project.configure("""
        [tool.understudy]
        schema = ["db/*.sql"]

        [tool.pytest.ini_options]
        asyncio_mode = "auto"
    """)
    project.write_text(project.path / "db" / "1.sql", SCHEMA)
    return project


def verdicts(path: Path) -> dict[str, str]:
    """Return the reasons in the file, by the names of the tests."""
    lines = (path / FILE).read_text().splitlines()
    pairs = (line.split("\t") for line in lines if not line.startswith("#"))
    return {nodeid.partition("::")[2]: reason for nodeid, reason in pairs}


def test_what_a_rollback_cannot_show_is_run_again_on_a_clone(database: Project) -> None:
    database.write(test_it=LIMITED)
    first = database.run("-v")
    first.assert_outcomes(passed=COUNT + 1)
    found = verdicts(database.path)
    assert len(found) == COUNT
    counts = f"1 rolled back, {COUNT} on a clone"
    assert f"tests on real_postgres: {counts} ({COUNT} moved there in this run)" in first.outlines
    for name, reason in found.items():
        at = first.outlines.index(f"    test_it.py::{name}")
        assert any(line.endswith(f"the test {reason}") for line in first.outlines[:at])

    # The next run goes there directly.
    before = (database.path / FILE).read_bytes()
    second = database.run("-n2")
    second.assert_outcomes(passed=COUNT + 1)
    assert f"tests on real_postgres: {counts}" in second.outlines
    assert (database.path / FILE).read_bytes() == before


def test_workers_send_their_verdicts_and_a_locked_run_writes_none(database: Project) -> None:
    database.write(test_it=LIMITED)
    database.run("--understudy-locked", "-k", "vacuum or plain").assert_outcomes(
        passed=2, deselected=COUNT - 1
    )
    assert not (database.path / FILE).exists()
    database.run("-n2", "-k", "vacuum or skip").assert_outcomes(passed=2)
    assert set(verdicts(database.path)) == {"test_vacuum", "test_skip_locked"}


def test_a_fixed_choice_is_not_changed(database: Project) -> None:
    database.write(test_it=LIMITED)
    chosen = "plain or vacuum or clock or advisory"
    database.run("--understudy-isolation=rollback", "-k", chosen).assert_outcomes(
        passed=1, failed=4, deselected=COUNT - 4
    )
    database.run("--understudy-isolation=clone", "-k", "vacuum or clock").assert_outcomes(
        passed=3, deselected=COUNT - 2
    )
    assert not (database.path / FILE).exists()


def test_under_rollback_nothing_is_silent(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            @pytest.fixture
            def two(real_postgres):
                with (
                    psycopg.connect(real_postgres.dsn, autocommit=True) as first,
                    psycopg.connect(real_postgres.dsn, autocommit=True) as second,
                ):
                    yield first, second

            def test_clock(two):
                first = two[0].execute("SELECT now()").fetchone()
                assert two[0].execute("SELECT now()").fetchone() != first

            def test_clock_that_does_not_matter(two):
                two[0].execute("SELECT now()")

            def test_level(two):
                two[0].execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
                two[0].execute("COMMIT")
                two[1].execute("SELECT 1")

            def test_locks(two):
                for connection in two:
                    connection.execute("SELECT pg_advisory_lock(7)")
        """
    )
    result = database.run("--understudy-isolation=rollback", "-W", "default")
    result.assert_outcomes(passed=2, failed=2, warnings=1)
    note = [
        "One rolled-back transaction may show this wrongly. Give the test its own database:",
        '  @pytest.mark.understudy(isolation="clone")',
        'or configure isolation = "auto".',
    ]
    at = result.outlines.index("this test uses now(), which stands still")
    assert result.outlines[at + 1 : at + 4] == note
    result.stdout.fnmatch_lines(
        [
            "NotShownByRollback: this test has two connections that take the same advisory lock",
            "*UnderstudyWarning: this test has several connections, and a level above READ *",
        ]
    )


def test_a_test_that_is_scripted_stays_rolled_back(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg

            def test_scripted(real_postgres):
                real_postgres.on("SELECT 1").value(2)
                with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
                    assert connection.execute("SELECT 1").fetchone() == (2,)
                    connection.execute("VACUUM")
        """
    )
    result = database.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["this test runs a command that cannot run in a transaction"])


def test_the_first_run_leaves_no_trace(database: Project) -> None:
    database.write(
        test_it="""
            import warnings

            import psycopg
            import pytest

            made = []

            @pytest.fixture(scope="module")
            def wide():
                made.append("module")

            @pytest.fixture
            def narrow(real_postgres):
                made.append("function")
                print("from the fixture")
                yield
                print("from the teardown")

            class TestIt:
                def test_it(self, wide, narrow, real_postgres, caplog, record_property):
                    assert not hasattr(self, "seen")
                    self.seen = True
                    print("from the test")
                    warnings.warn("from the test")
                    record_property("seen", 1)
                    with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
                        sql = "INSERT INTO users (name) VALUES ('a') RETURNING id"
                        assert connection.execute(sql).fetchone() == (1,)
                        connection.execute("VACUUM")
                    assert made == ["module", "function", "function"]
        """
    )
    arguments = ["-rP", "--durations=0", "-vv", "--junitxml=report.xml", "-ojunit_family=xunit1"]
    arguments += ["-W", "default::UserWarning"]
    result = database.run(*arguments)
    result.assert_outcomes(passed=1, warnings=1)
    text = result.stdout.str()
    for what in ("from the fixture", "from the teardown", "UserWarning: from the test"):
        assert text.count(what) == 1
    assert text.count("s call ") == 1
    assert (database.path / "report.xml").read_text().count('name="seen"') == 1


def test_a_failure_without_a_reason_is_not_run_again(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg

            runs = []

            def test_fails(real_postgres):
                runs.append(1)
                with psycopg.connect(real_postgres.dsn) as connection:
                    connection.execute("SELECT 1")
                assert not runs, f"in run {len(runs)}"

            def test_fails_on_a_clone_too(real_postgres):
                with psycopg.connect(real_postgres.dsn) as connection:
                    connection.execute("SELECT now()")
                raise AssertionError(real_postgres.isolation)
        """
    )
    result = database.run()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            "*in run 1*",
            "*AssertionError: clone*",
            "this test ran in a transaction that is rolled back, and then on a clone, because it",
            "uses now(), which stands still",
            "What its first run did outside the database is not undone. *",
        ]
    )
    assert not (database.path / FILE).exists()


def test_pools_that_outlive_a_test_go_to_a_clone_and_back(database: Project) -> None:
    database.write(
        test_it="""
            import asyncpg
            import psycopg_pool
            import pytest
            import pytest_asyncio
            import sqlalchemy
            from asgiref.sync import sync_to_async

            pytestmark = pytest.mark.asyncio(loop_scope="module")

            @pytest.fixture(scope="module")
            def in_django(real_postgres_server):
                import django
                from django.conf import settings
                from django.db import connection

                names = {"NAME": "database", "HOST": "host", "PORT": "port", "USER": "user"}
                names["PASSWORD"] = "password"
                parts = {key: getattr(real_postgres_server, name) for key, name in names.items()}
                default = {"ENGINE": "django.db.backends.postgresql", **parts}
                settings.configure(DATABASES={"default": default})
                django.setup()
                return connection

            @pytest.fixture(scope="module")
            def engine(real_postgres_server):
                url = real_postgres_server.dsn.replace("postgresql:", "postgresql+psycopg:")
                engine = sqlalchemy.create_engine(url, pool_size=1, max_overflow=0)
                yield engine
                engine.dispose()

            @pytest_asyncio.fixture(scope="module", loop_scope="module")
            async def pool(real_postgres_server):
                dsn = real_postgres_server.dsn
                async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
                    yield pool

            @pytest.fixture(scope="module")
            def psycopg_pool_of_two(real_postgres_server):
                with psycopg_pool.ConnectionPool(real_postgres_server.dsn, min_size=2) as pool:
                    yield pool

            @pytest_asyncio.fixture(scope="module", loop_scope="module")
            async def async_pool(real_postgres_server):
                dsn = real_postgres_server.dsn
                async with psycopg_pool.AsyncConnectionPool(dsn, min_size=2, open=False) as pool:
                    yield pool

            @pytest.mark.parametrize("n", range(5))
            async def test_it(
                pool, psycopg_pool_of_two, async_pool, engine, in_django, real_postgres, n
            ):
                insert = "INSERT INTO users (name) VALUES ($1) RETURNING id"
                assert await pool.fetchval(insert, "a") == 1
                count = "SELECT count(*) FROM users"
                with psycopg_pool_of_two.connection() as connection:
                    assert connection.execute(count).fetchone() == (1,)
                async with async_pool.connection() as connection:
                    cursor = await connection.execute(count)
                    assert await cursor.fetchone() == (1,)
                with engine.begin() as connection:
                    query = sqlalchemy.text("SELECT count(*) FROM users")
                    assert connection.execute(query).scalar() == 1

                def count_in_django():
                    with in_django.cursor() as cursor:
                        return cursor.execute(count).fetchone()

                assert await sync_to_async(count_in_django)() == (1,)
                if n % 2:
                    await pool.execute("VACUUM users")
                assert real_postgres.isolation == ("clone" if n % 2 else "rollback")
        """
    )
    database.run("-p", "no:randomly").assert_outcomes(passed=5)
    database.run("-p", "no:randomly").assert_outcomes(passed=5)


# Each waits without end in its first run, and not on a real server.
WAITING = """
    import asyncio
    import queue
    import threading
    import time

    import asyncpg
    import psycopg
    import pytest
    import pytest_asyncio

    INSERT = "INSERT INTO users (name) VALUES ('a')"
    COUNT = "SELECT count(*) FROM users"

    async def test_pool_that_waits_for_its_connections(real_postgres):
        written, read = asyncio.Event(), asyncio.Event()

        async def write(connection):
            await connection.execute("BEGIN")
            await connection.execute(INSERT)
            written.set()
            await read.wait()
            await connection.execute("COMMIT")

        async with asyncpg.create_pool(real_postgres.dsn, min_size=2, max_size=2) as pool:
            connection = await pool.acquire()
            writer = asyncio.create_task(write(connection))
            await written.wait()
            assert await pool.fetchval(COUNT) == 0
            read.set()
            await writer
            await pool.release(connection)

    def test_notifications_of_a_driver(real_postgres):
        with (
            psycopg.connect(real_postgres.dsn, autocommit=True) as first,
            psycopg.connect(real_postgres.dsn, autocommit=True) as second,
        ):
            first.execute("LISTEN news")
            second.execute("INSERT INTO posts VALUES ('hello')")
            assert next(first.notifies()).payload == "hello"

    def test_thread_that_is_waited_for(real_postgres):
        found = queue.Queue()

        def count():
            with psycopg.connect(real_postgres.dsn) as connection:
                found.put(connection.execute(COUNT).fetchone())

        with psycopg.connect(real_postgres.dsn) as connection:
            connection.execute(INSERT)
            thread = threading.Thread(target=count, daemon=True)
            thread.start()
            assert found.get() == (0,)
            thread.join()

    async def test_thread_that_the_loop_waits_for(real_postgres):
        is_over = False

        def wait():
            while not is_over:
                time.sleep(0.01)

        async def wait_later():
            try:
                await asyncio.sleep(1)
            finally:
                await asyncio.to_thread(wait)

        waiting = asyncio.get_running_loop().run_in_executor(None, wait)
        waiting_later = asyncio.create_task(wait_later())
        connection = await asyncpg.connect(real_postgres.dsn)
        await connection.execute("VACUUM users")
        await connection.close()
        is_over = True
        await waiting
        await waiting_later

    def test_clock_that_is_waited_for(real_postgres):
        with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
            query = "SELECT now()"
            first = connection.execute(query).fetchone()
            while connection.execute(query).fetchone() == first:
                time.sleep(0.01)

    async def test_clock_that_swallows_errors(real_postgres):
        connection = await asyncpg.connect(real_postgres.dsn)
        times = set()
        while len(times) < 2:
            try:
                times.add(await connection.fetchval("SELECT now()"))
            except Exception:
                pass
            await asyncio.sleep(0.01)
        await connection.close()

    @pytest_asyncio.fixture
    async def told(real_postgres):
        told = asyncio.Queue()
        connection = await asyncpg.connect(real_postgres.dsn)
        await connection.add_listener("news", lambda *args: told.put_nowait(args[-1]))
        await connection.execute("INSERT INTO posts VALUES ('hello')")
        yield await told.get()
        await connection.close()

    async def test_fixture_that_waits(told):
        assert told == "hello"
"""
WAITING_IN_ANYIO = """
    import asyncio

    import anyio
    import asyncpg
    import pytest

    pytestmark = pytest.mark.anyio

    @pytest.fixture(scope="module")
    def anyio_backend():
        return "asyncio"

    @pytest.fixture(scope="module")
    async def runner():
        yield "the same task runs all of this module"

    @pytest.fixture
    async def told(real_postgres):
        told = asyncio.Queue()
        connection = await asyncpg.connect(real_postgres.dsn)
        await connection.add_listener("news", lambda *args: told.put_nowait(args[-1]))
        await connection.execute("INSERT INTO posts VALUES ('hello')")
        yield told
        await connection.close()

    @pytest.mark.parametrize("n", range(2))
    async def test_that_waits(runner, told, n):
        assert await told.get() == "hello"

    async def test_tasks_that_wait(runner, told):
        async def wait():
            assert await told.get() == "hello"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)

    @pytest.fixture
    async def came(told):
        return await told.get()

    async def test_fixture_that_waits(runner, came):
        assert came == "hello"
"""


@pytest.mark.usefixtures("collected")  # the first runs may leave connections open
@pytest.mark.parametrize(
    ("text", "flags"),
    [(WAITING, []), (WAITING_IN_ANYIO, ["-p", "no:asyncio", "-o", "asyncio_mode=auto"])],
    ids=["asyncio", "anyio"],
)
def test_a_first_run_that_waits_is_interrupted(
    database: Project, monkeypatch: pytest.MonkeyPatch, text: str, flags: list[str]
) -> None:
    monkeypatch.setattr(rollback_server, "MOVING_TIME", 0.3)
    database.write(test_it=text)
    count = text.count("def test_") + text.count("range(2)")
    for _ in range(2):
        result = database.run(*flags)
        result.assert_outcomes(passed=count)
        counts = f"tests on real_postgres: 0 rolled back, {count} on a clone"
        assert any(line.startswith(counts) for line in result.outlines)


def test_a_connection_that_is_older_than_the_clone_is_refused(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            @pytest.fixture(scope="module")
            def older(real_postgres_server):
                with psycopg.connect(real_postgres_server.dsn, autocommit=True) as connection:
                    connection.execute("SELECT 1")
                    yield connection

            @pytest.mark.understudy(isolation="clone")
            def test_clone(older, real_postgres):
                try:
                    older.execute("SELECT 2")
                except psycopg.Error:
                    pass

            def test_rolled_back(older, real_postgres):
                older.execute("SELECT 3")
        """
    )
    result = database.run("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["OtherDatabase: this test has a database of its own*"])


def test_a_connection_to_a_clone_that_is_gone_says_so(database: Project) -> None:
    database.write(
        test_it="""
            import psycopg
            import pytest

            opened = []

            @pytest.mark.understudy(isolation="clone")
            def test_clone(real_postgres):
                opened.append(psycopg.connect(real_postgres.dsn, autocommit=True))
                opened[0].execute("SELECT 1")

            def test_rolled_back(real_postgres):
                opened[0].execute("SELECT 2")
        """
    )
    result = database.run("-p", "no:randomly")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*Understudy has ended this connection: an earlier test*"])


def test_the_first_run_cleans_up_what_it_opened(database: Project) -> None:
    database.write(
        test_it="""
            import asyncpg
            import psycopg
            import pytest
            from sqlalchemy import text
            from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

            ADD = "INSERT INTO users (name) VALUES ('a')"
            COUNT = "SELECT count(*) FROM users"

            @pytest.fixture
            async def session(real_postgres):
                url = real_postgres.dsn.replace("ql:", "ql+asyncpg:")
                engine = create_async_engine(url)
                async with AsyncSession(engine) as session:
                    yield session
                assert engine.pool.checkedout() == 0
                await engine.dispose()

            @pytest.fixture
            def emptied(real_postgres):
                yield
                with psycopg.connect(real_postgres.dsn) as connection:
                    connection.execute("DELETE FROM posts")
                with open("emptied", "a") as file:
                    file.write("x")

            async def test_session_of_a_fixture(emptied, session, real_postgres):
                await session.execute(text(ADD))
                other = await asyncpg.connect(real_postgres.dsn)
                try:
                    assert await other.fetchval(COUNT) == 0
                finally:
                    await other.close()

            async def test_connections_that_are_closed_at_the_end(real_postgres):
                first = await asyncpg.connect(real_postgres.dsn)
                second = await asyncpg.connect(real_postgres.dsn)
                await first.execute("BEGIN")
                await first.execute(ADD)
                assert await second.fetchval(COUNT) == 0
                await first.close()
                await second.close()

            async def test_pool_of_the_test(real_postgres):
                async with asyncpg.create_pool(real_postgres.dsn, min_size=0) as pool:
                    async with pool.acquire() as first, pool.acquire() as second:
                        async with first.transaction():
                            await first.execute(ADD)
                            async with first.transaction():
                                assert await second.fetchval(COUNT) == 0
        """
    )
    result = database.run("-W", "error", subprocess=True)
    result.assert_outcomes(passed=3)
    assert (result.ret, result.stderr.str()) == (0, "")
    assert "0 rolled back, 3 on a clone" in result.stdout.str()
    assert (database.path / "emptied").read_text() == "xx"


def test_a_use_in_another_event_loop_is_not_hidden_by_a_clone(database: Project) -> None:
    database.write(
        test_it="""
            import asyncio
            from concurrent.futures import ThreadPoolExecutor

            import asyncpg
            from sqlalchemy import text
            from sqlalchemy.ext.asyncio import create_async_engine

            engines = []
            ADD = text("INSERT INTO users (name) VALUES ('a')")

            async def add(real_postgres):
                if not engines:
                    url = real_postgres.dsn.replace("ql:", "ql+asyncpg:")
                    engines.append(create_async_engine(url))
                async with engines[0].begin() as connection:
                    await connection.execute(ADD)

            async def test_opens(real_postgres):
                await add(real_postgres)

            async def test_uses(real_postgres):
                await add(real_postgres)

            async def test_opens_again(real_postgres):
                engines.clear()
                await add(real_postgres)

            def test_uses_in_a_thread(real_postgres):
                with ThreadPoolExecutor(thread_name_prefix="portal") as pool:
                    pool.submit(asyncio.run, add(real_postgres)).result()
        """
    )
    result = database.run("-W", "default", "--show-capture=no", subprocess=True)
    result.assert_outcomes(passed=2, failed=2)
    text = result.stdout.str()
    assert text.count("WrongEventLoop: a connection of a SQLAlchemy engine is used in") == 2
    assert text.count("TestClient, for example, runs an app in a thread") == 1
    assert not (database.path / FILE).exists()


def test_subtests_of_the_first_run_are_not_reported(database: Project) -> None:
    database.write(
        test_it="""
            import unittest

            import psycopg
            import pytest

            def level_of(dsn):
                with psycopg.connect(dsn) as connection:
                    connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
                    return connection.execute("SHOW transaction_isolation").fetchone()[0]

            @pytest.mark.usefixtures("dsn")
            class TestLevel(unittest.TestCase):
                @pytest.fixture
                def dsn(self, real_postgres):
                    self.dsn = real_postgres.dsn

                def test_a_level(self):
                    for number in range(3):
                        with self.subTest(number):
                            self.assertEqual(level_of(self.dsn), "serializable")

                def test_without_a_reason(self):
                    for number in range(3):
                        with self.subTest(number):
                            self.assertEqual(number, 2)

            def test_a_level(real_postgres, subtests):
                for number in range(3):
                    with subtests.test(number=number):
                        assert level_of(real_postgres.dsn) == "serializable"
        """
    )
    result = database.run("-p", "no:randomly")
    result.stdout.fnmatch_lines(["*SUBFAILED*test_without_a_reason*", "*2 failed, 3 passed*"])
    result.stdout.no_fnmatch_line("*SUBFAILED*test_a_level*")


def test_verdicts_on_tests_that_are_gone_are_dropped(database: Project) -> None:
    database.write(test_it="def test_it(): pass", test_other="def test_other(): pass")
    kept = "test_other.py::test_deselected\truns"
    gone = ["gone.py::test_it", "test_it.py::test_gone"]
    lines = "".join(f"{nodeid}\truns\n" for nodeid in gone) + kept + "\n"
    database.write_text(database.path / FILE, lines)
    database.run("test_it.py::test_it").assert_outcomes(passed=1)
    # Its file was collected in part only, so nothing is known of the other test.
    assert set(verdicts(database.path)) == {"test_gone", "test_deselected"}
    database.run("test_it.py").assert_outcomes(passed=1)
    assert set(verdicts(database.path)) == {"test_deselected"}


def test_a_pool_in_a_loop_that_runs_in_tests_alone_goes_to_each_clone(database: Project) -> None:
    database.write(
        test_it="""
            import asyncio

            import asyncpg
            import pytest

            @pytest.fixture(scope="module")
            def loop():
                loop = asyncio.new_event_loop()
                yield loop
                loop.close()

            @pytest.fixture(scope="module")
            def pool(real_postgres_server, loop):
                async def opened():
                    return await asyncpg.create_pool(real_postgres_server.dsn, min_size=0)

                pool = loop.run_until_complete(opened())
                yield pool
                loop.run_until_complete(pool.close())

            @pytest.mark.parametrize("n", range(4))
            def test_it(pool, loop, real_postgres, n):
                insert = "INSERT INTO users (name) VALUES ($1) RETURNING id"
                assert loop.run_until_complete(pool.fetchval(insert, "a")) == 1
        """
    )
    database.run("--understudy-isolation=clone").assert_outcomes(passed=4)
