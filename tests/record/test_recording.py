"""Whole runs with `--understudy-record`: what is written, and what is refused."""

from __future__ import annotations

import os
import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.plugin.conftest import Project
from tests.record.conftest import SCHEMA

GOLDEN = Path(__file__).parent / "golden"
DEFERRED = """
    CREATE TABLE visits (
        id int PRIMARY KEY, user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED
    );
"""
REFUSED = """
    import uuid
    import pytest

    ROWS = "INSERT INTO users (name, email) SELECT 'x', n FROM generate_series(1, 60) n"

    async def test_fails_on_postgres(fake_postgres):
        fake_postgres.record()
        connection = await fake_postgres.asyncpg.connect()
        assert await connection.fetchval("SELECT count(*) FROM users") == 3

    async def test_fails_with_its_script(fake_postgres):
        fake_postgres.record()
        connection = await fake_postgres.asyncpg.connect()
        token = uuid.uuid4()
        await connection.execute(
            "INSERT INTO users (name, email, token) VALUES ('a', 'b', $1)", token
        )
        assert await connection.fetchval("SELECT token FROM users") == token

    async def test_uses_the_value(fake_postgres):
        rows = fake_postgres.record()

    def test_server_side_cursor(fake_postgres):
        fake_postgres.record()
        with fake_postgres.psycopg.connect_sync() as connection:
            with connection.cursor("c") as cursor:
                cursor.execute("SELECT * FROM users")

    async def test_parts(fake_postgres):
        fake_postgres.record().execute(ROWS)
        connection = await fake_postgres.asyncpg.connect()
        async with connection.transaction():
            async for row in connection.cursor("SELECT id FROM users"):
                assert row

    def test_copy_out(fake_postgres):
        fake_postgres.record()
        with fake_postgres.psycopg.connect_sync() as connection:
            with connection.cursor().copy("COPY users TO STDOUT") as copy:
                assert list(copy) == []

    async def test_too_many_rows(fake_postgres):
        fake_postgres.record().execute(ROWS)
        connection = await fake_postgres.asyncpg.connect()
        assert len(await connection.fetch("SELECT id FROM users")) == 60

    async def test_refused_statement(fake_postgres):
        fake_postgres.record()
        connection = await fake_postgres.asyncpg.connect()
        with pytest.raises(Exception):
            await connection.execute("UPDATE people SET name = 'x'")

    async def test_nothing(fake_postgres):
        fake_postgres.record()

    @pytest.mark.parametrize("name", ["Ana", "Bia"])
    async def test_names(fake_postgres, name):
        fake_postgres.record().insert("users", name=name)
        connection = await fake_postgres.asyncpg.connect()
        assert await connection.fetchval("SELECT name FROM users WHERE name = $1", name) == name
"""
TEXTS = {
    "test_fails_on_postgres": """
        E   assert 0 == 3
        This is the test's run on a real PostgreSQL, from which its script was to be recorded.
        Nothing was written.
    """,
    "test_fails_with_its_script": """
        The test passes on a real PostgreSQL, and not with the script recorded from it.
        fake_postgres.on(
            "INSERT INTO users (name, email, token) VALUES ('a', 'b', $1)", ANY
        ).tag("INSERT 0 1")
        fake_postgres.on("SELECT token FROM users").value(
            uuid.UUID("UUID")
        )
        A row of the script has a value that is made up in each run: UUID('UUID')
        Let the test say the value: patch what makes it up.
        Nothing was written.
    """,
    "test_uses_the_value": """
        E   understudy.NotRecorded: a script takes the place of a statement: of a record() on lines
        E     at: test_it.py:22
        E   Rows go into the same statement: fake_postgres.record().insert("users", id=7)
    """,
    "test_server_side_cursor": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   the rows of a cursor are not recorded
        E     sql: DECLARE "c" CURSOR FOR SELECT * FROM users
        E     at:  test_it.py:28 in test_server_side_cursor
        E   Write the rule of its query.
    """,
    "test_parts": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   rows that are read in several parts are not recorded
        E     sql: SELECT id FROM users
        E     at:  test_it.py:34 in test_parts
    """,
    "test_copy_out": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   the rows of a COPY ... TO STDOUT are not recorded
        E     sql: COPY users TO STDOUT
        E     at:  test_it.py:40 in test_copy_out
    """,
    "test_too_many_rows": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   more than 50 rows were returned, which nobody reads in a script
        E     sql: SELECT id FROM users
        E     at:  test_it.py:46 in test_too_many_rows
        E   Insert fewer, or run the test on real_postgres.
    """,
    "test_refused_statement": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   PostgreSQL refuses a statement, so no script can answer it
        E     sql: UPDATE people SET name = 'x'
        E     at:  a connection over a socket (the driver does not tell which line)
        E     ERROR: relation "people" does not exist
    """,
    "test_nothing": """
        E   understudy.NotRecorded: no script can be recorded for this test
        E   it sends no statement that a script could answer; delete the record()
    """,
}
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def run(project: Project, *arguments: str) -> pytest.RunResult:
    """Run pytest in a process of its own: runs in this one would share the phase of a test."""
    return project.run(*arguments, subprocess=True)


def failures(result: pytest.RunResult) -> dict[str, list[str]]:
    """Return what pytest printed of each failed test."""
    parts = re.split(r"^_+ (\w+) _+\n", "\n".join(result.outlines), flags=re.M)
    return {
        name: UUIDS.sub("UUID", text).splitlines()
        for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.slow
def test_a_script_for_every_kind_of_statement(project: Project) -> None:
    project.write_text(project.path / "db" / "1.sql", SCHEMA + DEFERRED)
    file = project.path / "test_it.py"
    file.write_text((GOLDEN / "before.txt").read_text(encoding="utf-8"), encoding="utf-8")
    run(project, "--understudy-record").assert_outcomes(passed=14)
    written = file.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / "after.txt").write_text(written, encoding="utf-8")

    assert written == (GOLDEN / "after.txt").read_text(encoding="utf-8")
    run(project).assert_outcomes(passed=14)


@pytest.mark.slow
def test_what_cannot_be_recorded_is_refused_and_nothing_is_written(project: Project) -> None:
    project.write(test_it=REFUSED)
    before = (project.path / "test_it.py").read_bytes()
    result = run(project, "--understudy-record", "--tb=short")

    result.assert_outcomes(failed=9, passed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    shown = failures(result)
    for test, text in TEXTS.items():
        missing = [line[8:] for line in text.strip("\n").splitlines()[:-1]]
        found = "\n".join(shown[test])
        assert [line for line in missing if line not in found] == [], found
    result.stdout.fnmatch_lines(
        [
            "test_it.py:59 was left alone: one place has one script, and it was run with several",
            "  test_it.py::test_names[[]Ana[]]",
            '    fake_postgres.on("SELECT name FROM users WHERE name = $1", "Ana").value("Ana")',
            "  test_it.py::test_names[[]Bia[]]",
            '    fake_postgres.on("SELECT name FROM users WHERE name = $1", "Bia").value("Bia")',
            "Give each of them a test of its own, with a record() in it.",
        ],
        consecutive=True,
    )
    assert (project.path / "test_it.py").read_bytes() == before


APP = """
    import os

    import psycopg
    from sqlalchemy import create_engine, text

    URL = os.environ["DATABASE_URL"]
    engine = create_engine(URL.replace("postgresql:", "postgresql+psycopg:"), pool_size=1)

    def names():
        with engine.begin() as connection:
            return list(connection.scalars(text("SELECT name FROM users ORDER BY name")))

    def rename(name):
        with psycopg.connect(URL) as connection:
            connection.execute("UPDATE users SET name = %s", (name,))
"""
TESTS = """
    import app
    import pytest

    @pytest.fixture(scope="session", autouse=True)
    def connected(fake_postgres_server):
        fake_postgres_server.on("SELECT 'at start'").value("at start")
        with app.engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT 'at start'").scalar() == "at start"

    def test_a_scripted(fake_postgres):
        fake_postgres.on("SELECT name FROM users ...").row(name="scripted")
        assert app.names() == ["scripted"]

    def test_b_recorded(fake_postgres):
        fake_postgres.record().insert("users", name="Ana")
        app.rename("Bia")
        assert app.names() == ["Bia"]

    def test_c_real(real_postgres):
        real_postgres.insert("users", name="Caio")
        with real_postgres.psycopg.connect_sync() as connection:
            assert connection.execute("SELECT name FROM users").fetchall() == [("Caio",)]

    def test_d_scripted_again(fake_postgres):
        fake_postgres.on("SELECT name FROM users ...").row(name="again")
        assert app.names() == ["again"]

    def test_e_recorded_again(fake_postgres):
        fake_postgres.record()
        assert app.names() == []
"""
SCRIPT = """
    def test_b_recorded(fake_postgres):
        fake_postgres.on("UPDATE users SET name = $1", "Bia").tag("UPDATE 1")
        fake_postgres.on("SELECT name FROM users ORDER BY name").value("Bia")
        app.rename("Bia")
        assert app.names() == ["Bia"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("real_env", ["", 'real_postgres_env = {DATABASE_URL = "{dsn}"}'])
def test_an_app_with_the_address_of_the_fake_reaches_the_database_that_is_recorded_from(
    project: Project, real_env: str
) -> None:
    project.configure(
        f"""
        [tool.understudy]
        schema = ["db/*.sql"]
        fake_postgres_env = {{DATABASE_URL = "{{dsn}}"}}
        {real_env}
        """
    )
    project.write(app=APP, test_it=TESTS)
    run(project, "--understudy-record").assert_outcomes(passed=5)

    assert dedent(SCRIPT) in (project.path / "test_it.py").read_text(encoding="utf-8")
    run(project).assert_outcomes(passed=5)


@pytest.mark.slow
def test_the_workers_of_xdist_record_and_the_controller_writes(project: Project) -> None:
    test = """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(fake_postgres, number):
            fake_postgres.record()
            with fake_postgres.psycopg.connect_sync() as connection:
                connection.execute("DELETE FROM users")

        def test_fails(fake_postgres):
            fake_postgres.record()
            assert 1 == 2
    """
    project.write(test_a=test, test_b=test)
    result = run(project, "--understudy-record", "-n", "2")

    result.assert_outcomes(passed=8, failed=2)
    assert result.outlines.count("test_a.py: 1 script written") == 1
    assert result.outlines.count("test_b.py: 1 script written") == 1
    for name in ("test_a.py", "test_b.py"):
        text = (project.path / name).read_text(encoding="utf-8")
        assert text.count('    fake_postgres.on("DELETE FROM users").tag("DELETE 0")\n') == 1
        assert text.count("record()") == 1


@pytest.mark.slow
def test_without_a_postgres_nothing_is_recorded(project: Project) -> None:
    project.write(test_it="def test_it(fake_postgres):\n    fake_postgres.record()\n")
    result = run(project, "--understudy-record", "--understudy-postgres-url", "postgresql://h:1/x")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*h:1*", "Nothing was written."])
