"""The schema of `real_sqlite` comes from the sources that PostgreSQL's has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.embedded.test_schema_sources import _ASYNC_ENV, _SYNC_ENV, _alembic_project
from understudy.embedded.errors import SchemaError
from understudy.real_sqlite.schema import load
from understudy.real_sqlite.statements import split


@pytest.fixture
def template() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def tables(template: sqlite3.Connection) -> list[str]:
    rows = template.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows]


def test_files_run_in_natural_order(template: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "10_rows.sql").write_text("INSERT INTO users VALUES (1);")
    (tmp_path / "2_users.sql").write_text(
        "-- the users\nBEGIN; CREATE TABLE users (id); COMMIT;\n"
        "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT ';'; SELECT 2; END;\n"
    )
    load(template, ["*.sql"], tmp_path, {})
    assert template.execute("SELECT id FROM users").fetchall() == [(1,)]


def test_a_dump_of_sqlite3_loads(template: sqlite3.Connection, tmp_path: Path) -> None:
    with closing(sqlite3.connect(":memory:")) as source:
        source.executescript("CREATE TABLE a (t TEXT); INSERT INTO a VALUES ('x;''y');")
        (tmp_path / "dump.sql").write_text("\n".join(source.iterdump()))
    load(template, ["dump.sql"], tmp_path, {})
    assert template.execute("SELECT t FROM a").fetchall() == [("x;'y",)]


def test_no_schema_is_an_empty_database(template: sqlite3.Connection, tmp_path: Path) -> None:
    load(template, [], tmp_path, {})
    assert tables(template) == []


@pytest.mark.slow
def test_a_function(template: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(
        "import os\nfrom sqlalchemy import create_engine, text\n\n"
        "def create(url):\n"
        "    engine = create_engine(url)\n"
        "    assert os.environ['URL'] == url.replace('sqlite:', 'sqlite+aiosqlite:')\n"
        "    with engine.begin() as connection:\n"
        "        connection.execute(text('CREATE TABLE users (id INTEGER)'))\n"
        "    engine.dispose()\n"
    )
    (tmp_path / "more.sql").write_text("CREATE TABLE more (id);")
    load(template, ["more.sql", "made:create"], tmp_path, {"URL": "{dsn:aiosqlite}"})
    assert tables(template) == ["more", "users"]


@pytest.mark.slow
@pytest.mark.parametrize("env", ["sync", "async"])
def test_alembic(template: sqlite3.Connection, tmp_path: Path, env: str) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    url = f"sqlite+aiosqlite:///{elsewhere.as_posix()}"
    text = _ASYNC_ENV.format(url=url) if env == "async" else _SYNC_ENV
    sync_url = url.replace("+aiosqlite", "")
    _alembic_project(tmp_path, text, 'op.execute("CREATE TABLE users (id INTEGER)")', url=sync_url)
    load(template, ["alembic"], tmp_path, {})
    assert tables(template) == ["alembic_version", "users"]
    assert not elsewhere.exists()


@pytest.mark.slow
def test_migrations_of_another_database_are_refused(
    template: sqlite3.Connection, tmp_path: Path
) -> None:
    url = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    _alembic_project(tmp_path, _ASYNC_ENV.format(url=url), 'op.execute("SELECT 1")', url=url)
    with pytest.raises(
        SchemaError, match=r"env\.py connects to postgresql; Understudy can only load"
    ):
        load(template, ["alembic"], tmp_path, {})


def test_a_statement_that_sqlite_refuses(template: sqlite3.Connection, tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(
        "CREATE TABLE users (id INTEGER);\n\n"
        "CREATE TABLE notes (\n    at TIMESTAMP DEFAULT now()\n);"
    )
    with pytest.raises(SchemaError) as raised:
        load(template, ["schema.sql"], tmp_path, {})
    assert str(raised.value) == (
        'SQLite refused the schema file schema.sql, line 3: near "(": syntax error\n'
        "  CREATE TABLE notes (\n"
        "      at TIMESTAMP DEFAULT now()\n"
        "  );\n"
        "If `schema` is PostgreSQL's, name SQLite's schema in sqlite_schema."
    )


def test_a_database_of_postgresql(template: sqlite3.Connection, tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as raised:
        load(template, ["postgresql://localhost/app"], tmp_path, {})
    assert str(raised.value) == (
        "real_sqlite cannot copy the schema of a PostgreSQL database.\n"
        'Name SQLite\'s: sqlite_schema = ["schema.sql"] in [tool.understudy].'
    )


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", []),
        (" \n", []),
        ("a; b", ["a;", " b"]),
        ("a ';' b; c;", ["a ';' b;", " c;"]),
        ('a ";" b; c;', ['a ";" b;', " c;"]),
        ("a; -- b; c\nd;", ["a;", " -- b; c\nd;"]),
        ("create trigger t after insert on x begin a; b; end; c", None),
    ],
)
def test_scripts_are_split_as_sqlite_does(script: str, statements: list[str] | None) -> None:
    found = [text for _, text in split(script)]
    assert "".join(found) == script.rstrip(" \n") or not found
    if statements is not None:
        assert found == statements
    else:
        assert len(found) == 2
