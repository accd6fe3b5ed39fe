"""What pg_dump and pg_dumpall write, loads, and the copy equals the source."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from understudy.embedded import EmbeddedServer, SchemaError, TestDatabases, load_schema
from understudy.embedded.binaries import find_installation
from understudy.embedded.clones import Place
from understudy.embedded.schema_sources import schema_sources
from understudy.embedded.templates import provide_template

HERE = Path(__file__).parent / "dumps"
RECORDED = sorted(path.name for path in HERE.glob("pg_dump*.sql"))
PEOPLE = [(1, "Ana", "a\tb; 'c'"), (2, "\\.", None), (3, "ação", "two\nlines")]


def program(name: str, dsn: str, *options: str) -> str:
    command = [find_installation().program(name), *options, f"--dbname={dsn}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def content(dsn: str) -> str:
    """A dump without what differs from dump to dump."""
    dump = program("pg_dump", dsn)
    return re.sub(r"^\\(?:un)?restrict .*\n|^-- Dumped .*\n", "", dump, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def shop() -> Iterator[EmbeddedServer]:
    """A server with a rich schema in its database `shop`."""
    with EmbeddedServer() as server:
        server.admin.create("shop")
        with psycopg.connect(server.dsn("shop"), autocommit=True) as connection:
            connection.execute((HERE / "rich_schema.sql").read_text().encode())
        yield server


@pytest.fixture(scope="module")
def rich(shop: EmbeddedServer) -> str:
    return content(shop.dsn("shop"))


def load(dsn: str, root: Path, text: str) -> None:
    (root / "schema.sql").write_text(text, encoding="utf-8")
    load_schema(dsn, ["schema.sql"], root)


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--create --clean --inserts",
        "--create",
        "--clean",
        "--clean --if-exists",
        "--create --clean --if-exists",
        "--inserts --rows-per-insert=2",
        "--column-inserts",
        "--disable-dollar-quoting",
        "--quote-all-identifiers",
    ],
)
def test_a_dump_loads_and_the_copy_is_equal(
    shop: EmbeddedServer, rich: str, database: str, tmp_path: Path, options: str
) -> None:
    load(database, tmp_path, program("pg_dump", shop.dsn("shop"), *options.split()))
    assert content(database) == rich


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--clean",
        "--clean --if-exists",
        "--quote-all-identifiers --inserts",
    ],
)
def test_a_dump_of_the_whole_server_loads_into_one_database(
    shop: EmbeddedServer, rich: str, database: str, tmp_path: Path, options: str
) -> None:
    load(database, tmp_path, program("pg_dumpall", shop.socket_dsn(), *options.split()))
    assert content(database) == rich


def test_schema_and_rows_may_be_in_two_files(
    shop: EmbeddedServer, database: str, tmp_path: Path
) -> None:
    for name, options in (("1", ["--schema-only"]), ("2", ["--data-only", "--disable-triggers"])):
        dump = program("pg_dump", shop.dsn("shop"), "--no-owner", "--no-privileges", *options)
        (tmp_path / f"{name}.sql").write_text(dump, encoding="utf-8")
    load_schema(database, ["*.sql"], tmp_path)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT name FROM app.users ORDER BY id").fetchall()
    assert rows == [("Ana",), ("tab\tnewline\nback\\slash",), ("\\.",), ("ação",)]


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_dump_of_two_major_versions(name: str) -> None:
    # On a server of its own, which has none of the roles.
    with TestDatabases([name], HERE) as databases:
        _, dsn = databases.new()
        with psycopg.connect(dsn) as connection:
            rows = connection.execute("SELECT id, name, note FROM shop.users ORDER BY id")
            assert rows.fetchall() == PEOPLE
            roles = connection.execute(
                "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname ~ '^shop' ORDER BY 1"
            ).fetchall()
            [(owner,)] = connection.execute(
                "SELECT tableowner FROM pg_tables WHERE tablename = 'users'"
            ).fetchall()
            path = connection.execute("SHOW search_path").fetchone()
    is_all = name.startswith("pg_dumpall")
    assert roles == [("shop_owner", is_all), ("shop_reader", False)]
    assert owner == "shop_owner"
    # What a file sets for its own connection ends with it; what it sets for the database stays.
    assert path == (
        '"$user", public' if name in ("pg_dump_15.sql", "pg_dump_18.sql") else "shop, public",
    )


def test_several_databases_are_refused(database: str, tmp_path: Path) -> None:
    text = (HERE / "pg_dumpall_18.sql").read_text()
    end = "--\n-- PostgreSQL database cluster dump complete\n--\n"
    with pytest.raises(SchemaError) as caught:
        load(database, tmp_path, text.replace(end, "\\connect blog\nCREATE TABLE posts (id int);"))
    assert str(caught.value) == (
        "The schema file schema.sql fills several databases, and a test has one:\n"
        "  shop: line 141\n"
        "  blog: line 278\n"
        "Dump one of them (pg_dump blog), or cut the file in parts."
    )


def test_an_archive_is_not_sql(tmp_path: Path) -> None:
    programs = {b"PGDMP\x01": "pg_restore --file=schema.sql", b"\x1f\x8b": "gunzip --keep"}
    for start, name in programs.items():
        (tmp_path / "a.dump").write_bytes(start + b"\x00\xff")
        with pytest.raises(SchemaError) as caught:
            load_schema("postgresql://nowhere/x", ["a.dump"], tmp_path)
        assert str(caught.value) == (
            "The schema file a.dump is a compressed file or an archive of pg_dump, not SQL.\n"
            f"Make SQL of it, and name that file: {name} a.dump"
        )


class TestRoles:
    """Every statement that names a role which does not exist."""

    @pytest.mark.parametrize(
        "statement",
        [
            "ALTER TABLE t OWNER TO {}",
            "GRANT SELECT ON t TO {}",
            "REVOKE SELECT ON t FROM {}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT SELECT ON TABLES TO PUBLIC",
            "CREATE POLICY p ON t TO {} USING (true)",
            "CREATE SCHEMA s AUTHORIZATION {}",
            "GRANT {} TO CURRENT_USER",
            "SET ROLE {}",
            "SET SESSION AUTHORIZATION {}",
            "ALTER ROLE {} SET statement_timeout = 1000",
            "COMMENT ON ROLE {} IS 'x'",
            "REASSIGN OWNED BY {} TO CURRENT_USER",
            "DO $$ BEGIN EXECUTE 'GRANT SELECT ON t TO {}'; END $$",
            "SELECT has_table_privilege('{}', 't', 'SELECT')",
            "BEGIN; GRANT SELECT ON t TO {}; COMMIT",
        ],
    )
    def test_it_is_created_without_login(
        self, server: EmbeddedServer, tmp_path: Path, statement: str
    ) -> None:
        name = f"guest_{time.monotonic_ns()}"
        (tmp_path / "a.sql").write_text(f"CREATE TABLE t (x int); {statement.format(name)};")
        place = Place(server.dsn(), f"understudy_{name}", is_embedded=True)
        template = provide_template(server.admin, place, schema_sources(["a.sql"], tmp_path))
        server.admin.drop(template)
        found = server.admin.rows("SELECT rolcanlogin FROM pg_roles WHERE rolname = %s", name)
        assert found == [(False,)]

    def test_a_function_that_names_one_is_called_again(self, tmp_path: Path) -> None:
        (tmp_path / "roles_of_a_function.py").write_text(
            "import psycopg\n"
            "def create(url):\n"
            "    with psycopg.connect(url) as connection:\n"
            "        connection.execute('CREATE TABLE t (x int)')\n"
            "        connection.execute('GRANT SELECT ON t TO one_reader, \"Another One\"')\n"
        )
        with (
            TestDatabases(["roles_of_a_function:create"], tmp_path) as databases,
            psycopg.connect(databases.new()[1]) as connection,
        ):
            [(acl,)] = connection.execute("SELECT relacl FROM pg_class WHERE relname = 't'")
        assert "one_reader=r/postgres" in str(acl)

    def test_a_file_that_creates_it_later_completes_it(self, database: str, tmp_path: Path) -> None:
        text = (
            "CREATE TABLE t (x int); GRANT SELECT ON t TO late_one;\n"
            "CREATE USER late_one WITH CONNECTION LIMIT 3;"
        )
        load(database, tmp_path, text)
        with psycopg.connect(database) as connection:
            row = connection.execute(
                "SELECT rolcanlogin, rolconnlimit FROM pg_roles WHERE rolname = 'late_one'"
            ).fetchone()
        assert row == (True, 3)

    def test_what_a_function_raises_about_a_role_creates_none(
        self, database: str, tmp_path: Path
    ) -> None:
        text = """DO $$ BEGIN RAISE EXCEPTION 'role "boss" does not exist'; END $$"""
        with pytest.raises(SchemaError, match="ERROR P0001"):
            load(database, tmp_path, text)
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT to_regrole('boss')").fetchone() == (None,)

    def test_a_role_that_is_dropped_must_exist(self, database: str, tmp_path: Path) -> None:
        with pytest.raises(SchemaError, match='role "nobody_here" does not exist'):
            load(database, tmp_path, "DROP ROLE nobody_here;")
        with pytest.raises(SchemaError, match='role "gone" does not exist'):
            load(database, tmp_path, "DROP ROLE IF EXISTS gone; SELECT 'gone'::regrole;")

    def test_a_user_who_may_not_create_it(self, database: str, tmp_path: Path) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("CREATE ROLE humblest LOGIN PASSWORD 'secret'")
        humble = f"postgresql://humblest:secret@{database.partition('@')[2]}"
        with pytest.raises(SchemaError) as caught:
            load(humble, tmp_path, "SET ROLE missing_one;")
        assert str(caught.value) == (
            "The schema names the role 'missing_one', which this server does not have, and it could"
            " not be created: permission denied to create role\n"
            'Create it there: CREATE ROLE "missing_one"'
        )


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (x int); CREATE INDEX CONCURRENTLY i ON t (x); INSERT INTO t VALUES (1);",
        "CREATE TABLE t (x int); INSERT INTO t VALUES (1); VACUUM t; REINDEX TABLE CONCURRENTLY t;",
        "CREATE TABLE t (x int); INSERT INTO t VALUES (1); ALTER SYSTEM RESET work_mem;",
        "CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b'; CREATE TABLE t (x int, y e);"
        "INSERT INTO t VALUES (1, 'b');",
        "CREATE TABLE t (x int);"
        "CREATE PROCEDURE p() LANGUAGE plpgsql"
        " AS $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;"
        "CALL p();",
        "BEGIN; CREATE TABLE t (x int); COMMIT; CREATE INDEX CONCURRENTLY i ON t (x);"
        "BEGIN; INSERT INTO t VALUES (1); COMMIT;",
        "CREATE DATABASE mine; DROP DATABASE IF EXISTS other; ALTER DATABASE mine OWNER TO a_owner;"
        "CREATE TABLE t (x int); GRANT CONNECT ON DATABASE mine, other TO CURRENT_USER;"
        "COMMENT ON DATABASE mine IS 'x'; ALTER DATABASE mine SET work_mem = '5MB';"
        "REVOKE ALL ON DATABASE postgres FROM PUBLIC; INSERT INTO t VALUES (1);",
    ],
)
def test_what_runs_in_no_transaction(database: str, tmp_path: Path, text: str) -> None:
    load(database, tmp_path, text)
    with closing(psycopg.connect(database)) as connection:
        assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]


def test_the_owner_of_a_database_owns_the_copies(tmp_path: Path) -> None:
    text = (
        "CREATE ROLE shopkeeper LOGIN;\nCREATE DATABASE shop WITH OWNER = shopkeeper;\n"
        "\\connect shop shopkeeper\nCREATE TABLE t (x int);"
    )
    (tmp_path / "a.sql").write_text(text)
    with (
        TestDatabases(["a.sql"], tmp_path) as databases,
        closing(psycopg.connect(databases.new()[1])) as connection,
    ):
        row = connection.execute(
            "SELECT datdba::regrole::text, tableowner FROM pg_database, pg_tables"
            " WHERE datname = current_database() AND tablename = 't'"
        ).fetchone()
    assert row == ("shopkeeper", "shopkeeper")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("CREATE TABLE t (x int) TABLESPACE fast;", "pg_dump --no-tablespaces."),
        ("SET default_tablespace = 'fast'; CREATE TABLE t (x int);", "pg_dump --no-tablespaces."),
        ("CREATE TABLESPACE fast LOCATION '/nowhere';", "pg_dump --no-tablespaces."),
        ("SECURITY LABEL FOR anon ON ROLE x_labelled IS 'x';", "pg_dump --no-security-labels."),
        ("GRANT SELECT ON pg_class TO b_late; CREATE ROLE b_late IN ROLE b_other;", "beginning."),
    ],
)
def test_what_only_its_server_has_names_the_way_out(
    database: str, tmp_path: Path, text: str, hint: str
) -> None:
    with pytest.raises(SchemaError) as caught:
        load(database, tmp_path, text)
    assert str(caught.value).endswith(hint)


def test_on_a_shared_server_the_server_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "CREATE ROLE theirs PASSWORD 'mine'; ALTER ROLE theirs LOGIN;\n"
        "ALTER ROLE theirs CONNECTION LIMIT 5; CREATE ROLE own_of_file LOGIN;\n"
        "DROP DATABASE IF EXISTS shared; CREATE DATABASE shared OWNER theirs;\n"
        "ALTER DATABASE shared OWNER TO theirs; CREATE TABLE t (x int);\n"
    )
    with EmbeddedServer(settings={"cluster_name": "theirs"}) as server:
        server.admin.create("shared")
        server.admin.rows("CREATE ROLE theirs")
        with TestDatabases(["a.sql"], tmp_path, postgres_url=server.dsn()) as databases:
            databases.new()
        facts = server.admin.rows(
            "SELECT rolname, rolcanlogin, rolconnlimit, rolpassword FROM pg_authid"
            " WHERE rolname IN ('theirs', 'own_of_file') ORDER BY 1"
        )
        assert facts == [("own_of_file", True, -1, None), ("theirs", False, -1, None)]
        assert server.admin.rows("SELECT 1 FROM pg_database WHERE datname = 'shared'") == [(1,)]
        (tmp_path / "a.sql").write_text("\nALTER SYSTEM SET work_mem = '9MB';")
        with pytest.raises(SchemaError) as caught:
            TestDatabases(["a.sql"], tmp_path, postgres_url=server.dsn()).start()
        assert str(caught.value) == (
            "The schema file a.sql, line 2, has ALTER SYSTEM, which would change a server that "
            "others may use.\n"
            "Write ALTER DATABASE ... SET instead: it is applied to the databases of the tests."
        )


def test_inside_begin_and_commit_it_is_refused(database: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as caught:
        load(database, tmp_path, "BEGIN;\nVACUUM;\nCOMMIT;")
    assert str(caught.value) == (
        "PostgreSQL refused the schema file schema.sql, line 2, column 1\n"
        "  VACUUM;\n"
        "  ^\n"
        "ERROR 25001 (active_sql_transaction): VACUUM cannot run inside a transaction block\n"
        "Such a statement runs in no transaction: move it out of BEGIN ... COMMIT."
    )
