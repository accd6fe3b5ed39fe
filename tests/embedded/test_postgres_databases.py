from __future__ import annotations

import os
import re
import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from conftest import Playground
from understudy.embedded import (
    DatabaseError,
    EmbeddedServer,
    PostgresUnavailable,
    SchemaError,
    TestDatabases,
)
from understudy.embedded.driver import connect, with_database, without_password

SCHEMA = "CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "1.sql").write_text(SCHEMA)
    return tmp_path


@pytest.fixture
def databases(root: Path, server: EmbeddedServer) -> Iterator[TestDatabases]:
    """On a server that was named by URL."""
    with TestDatabases(["*.sql"], root, postgres_url=server.dsn()) as running:
        yield running


def names(server: EmbeddedServer) -> set[str]:
    with psycopg.connect(server.dsn()) as connection:
        rows = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in rows if name.startswith("understudy_")}


def templates(server: EmbeddedServer) -> set[str]:
    """Those that are left for the next run."""
    return {name for name in names(server) if name.startswith("understudy_template_")}


@pytest.fixture(autouse=True)
def _no_databases_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A server that each test finds without templates, which it leaves without anything else."""
    yield
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        left = names(server)
        for name in left:
            server.admin.drop(name)
        assert all(name.startswith("understudy_template_") for name in left)


def test_on_the_embedded_server(root: Path, warm: Playground, at_home: Playground) -> None:
    with TestDatabases(["*.sql"], root) as databases:
        assert databases.start() is databases
        first, dsn = databases.new()
        second, other = databases.new()
        assert first != second
        with psycopg.connect(dsn) as connection:
            connection.execute("INSERT INTO users VALUES (1, 'Ana')")
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT * FROM users").fetchall() == []
        databases.drop(first)
    assert at_home.settles()


def test_a_schema_that_is_refused_leaves_no_server(
    root: Path, warm: Playground, at_home: Playground
) -> None:
    (root / "2.sql").write_text("CREATE TABLE users ();")
    with pytest.raises(SchemaError) as caught:
        TestDatabases(["*.sql"], root).start()
    assert str(caught.value) == (
        "PostgreSQL refused the schema file 2.sql, line 1, column 1\n"
        "  CREATE TABLE users ();\n"
        "  ^\n"
        'ERROR 42P07 (duplicate_table): relation "users" already exists'
    )
    assert at_home.settles()


def test_a_pattern_without_files_starts_no_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.embedded.databases.EmbeddedServer", None)
    with pytest.raises(SchemaError, match=r"^The schema pattern 'x\.sql' matches no file in "):
        TestDatabases(["x.sql"], tmp_path).start()


def test_on_a_server_by_url_every_name_is_of_this_run(
    databases: TestDatabases, server: EmbeddedServer
) -> None:
    name, dsn = databases.new()
    assert re.fullmatch(rf"understudy_[0-9a-f]{{8}}_{os.getpid()}_\d+", name)
    assert {name, databases.place.template} <= names(server)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (name,)


def test_on_a_server_by_url_everything_is_dropped_at_the_end(
    root: Path, server: EmbeddedServer
) -> None:
    databases = TestDatabases(["*.sql"], root, postgres_url=server.dsn()).start()
    made = [databases.new()[0] for _ in range(3)]
    databases.drop(made[0])
    assert set(made[1:]) <= names(server)
    # A clone that was dropped by another process is accepted.
    server.admin.drop(made[1])
    databases.stop()
    databases.stop()
    assert names(server) == templates(server)


def test_on_a_server_by_url_a_refused_schema_leaves_no_database(
    root: Path, server: EmbeddedServer
) -> None:
    (root / "2.sql").write_text("SELEC 1")
    databases = TestDatabases(["*.sql"], root, postgres_url=server.dsn())
    with pytest.raises(SchemaError):
        databases.start()
    assert names(server) == set()


def test_the_environment_names_a_server(
    root: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_POSTGRES_URL", server.dsn())
    with TestDatabases(["*.sql"], root) as databases:
        assert databases.place.template in names(server)


def test_the_template_is_sealed(databases: TestDatabases, server: EmbeddedServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        psycopg.connect(server.dsn(databases.place.template))


def test_clones_from_several_threads(databases: TestDatabases) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        made = [name for name, _ in threads.map(lambda _: databases.new(), range(8))]
    assert len(set(made)) == 8


def test_a_user_without_createdb(root: Path, server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("CREATE ROLE humble LOGIN PASSWORD 'secret'")
        url = server.dsn().partition("@")[2]
        url = f"postgresql://humble:secret@{url}"
        shown = url.replace("secret", "***")
        databases = TestDatabases(["*.sql"], root, postgres_url=url)
        with pytest.raises(DatabaseError) as caught:
            databases.start()
        connection.execute("DROP ROLE humble")
    run = re.findall(r"understudy_[0-9a-f]{8}", str(caught.value))[0]
    assert str(caught.value) == (
        f"Cannot create the database '{run}_unfinished' on {shown}: "
        "permission denied to create database (SQLSTATE 42501)\n"
        "The user of the URL needs the right to: ALTER ROLE ... CREATEDB."
    )


@pytest.mark.parametrize(
    ("url", "end"),
    [
        ("postgresql+asyncpg://me:secret@h/x", ", without the driver's name after a plus sign."),
        ("mysql://me:secret@h/x", "."),
    ],
)
def test_a_url_of_something_else(root: Path, url: str, end: str) -> None:
    with pytest.raises(PostgresUnavailable) as caught:
        TestDatabases(["*.sql"], root, postgres_url=url).start()
    shown = url.replace("secret", "***")
    assert str(caught.value) == (
        f"{shown!r} is not the URL of a PostgreSQL. "
        f"Expected postgresql://user:password@host:port/database{end}"
    )


def test_before_the_start() -> None:
    with pytest.raises(PostgresUnavailable) as caught:
        TestDatabases([], Path()).new()
    assert str(caught.value) == (
        "TestDatabases is not running: call start(), or use it in a `with` block."
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:1/old", "postgresql://u:p@h:1/new"),
        ("postgres://h", "postgres://h/new"),
        ("postgresql://u@/old?host=/run/pg&port=1", "postgresql://u@/new?host=/run/pg&port=1"),
        ("postgresql:///old?dbname=older&host=/a%20b", "postgresql:///new?host=/a%20b"),
    ],
)
def test_the_url_of_another_database(url: str, expected: str) -> None:
    assert with_database(url, "new") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h/x", "postgresql://u:***@h/x"),
        ("postgresql://u:p%40@h/x?password=q&a=b", "postgresql://u:***@h/x?password=***&a=b"),
        ("postgresql://h/x", "postgresql://h/x"),
    ],
)
def test_a_password_is_not_shown(url: str, expected: str) -> None:
    assert without_password(url) == expected


def test_expected_copies_are_made_ahead_and_no_more_of_them(
    databases: TestDatabases, server: EmbeddedServer
) -> None:
    databases.prefetch(3)
    made = [databases.new()[0] for _ in range(5)]
    assert len(set(made)) == 5
    assert set(made) == names(server) - templates(server)


def test_unused_clones_are_dropped(root: Path, server: EmbeddedServer) -> None:
    with TestDatabases(["*.sql"], root, postgres_url=server.dsn()) as databases:
        databases.prefetch(9)
        databases.new()
    assert names(server) == templates(server)


def test_clones_made_ahead_are_dropped_in_the_background(
    databases: TestDatabases, server: EmbeddedServer
) -> None:
    databases.prefetch(2)
    name, _ = databases.new()
    databases.drop(name)
    other, _ = databases.new()
    databases.prefetch(0)  # waits for what runs in the background
    assert names(server) - templates(server) == {other}


def test_an_error_of_a_prefetched_clone_is_raised_when_it_is_taken(
    databases: TestDatabases, server: EmbeddedServer
) -> None:
    server.admin.drop(databases.place.template)
    databases.prefetch(1)
    with pytest.raises(DatabaseError) as caught:
        databases.new()
    assert re.fullmatch(
        rf"Cannot clone the database '{databases.place.template}' as 'understudy_\w+' on .*: "
        rf"template database \"{databases.place.template}\" does not exist \(SQLSTATE 3D000\)",
        str(caught.value),
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_makes_copies_of_its_own_and_none_ahead(
    root: Path, warm: Playground, at_home: Playground
) -> None:
    (at_home.root / "1.sql").write_text(SCHEMA)
    done = at_home.run(
        f"""
        import os
        from pathlib import Path
        import psycopg
        from understudy.embedded import TestDatabases

        with TestDatabases(["1.sql"], Path({str(at_home.root)!r})) as databases:
            child = os.fork()
            if child == 0:
                databases.prefetch(9)
                name, dsn = databases.new()
                assert str(os.getpid()) in name
                databases.stop()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            with psycopg.connect(databases.place.url) as connection:
                rows = connection.execute("SELECT datname FROM pg_database").fetchall()
            print(sum(name.startswith("understudy") for (name,) in rows))
        """
    )
    # The template and one copy.
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert at_home.settles()


@pytest.mark.parametrize("steps", range(6))
def test_an_interrupted_login_holds_up_no_drop(
    server: EmbeddedServer, database: str, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """A backend that waits for the client's password would hold up every DROP DATABASE."""

    def interrupted(login: Any, **_: Any) -> None:
        descriptor, ready = next(login)
        for _step in range(steps):
            reads, writes = [descriptor] * bool(ready & 1), [descriptor] * bool(ready & 2)
            select.select(reads, writes, [])
            descriptor, ready = login.send(ready)
        raise KeyboardInterrupt

    other = f"other_{steps}"
    server.admin.create(other)
    with monkeypatch.context() as patch:
        patch.setattr("psycopg.waiting.wait_conn", interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            connect(database)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("SET statement_timeout = '20s'")
        connection.execute(f"DROP DATABASE {other} WITH (FORCE)".encode())
    assert caught.value.__traceback__ is not None  # as it is while a `finally` cleans up
