"""Templates on a shared server: reused by later runs, but only if they are up to date."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.playground import Playground

from understudy.embedded import EmbeddedServer, SchemaError, TestDatabases
from understudy.embedded.schema_sources import FilesSource

USERS = "CREATE TABLE users (id int);"
NAMES = "SELECT datname, oid FROM pg_database WHERE starts_with(datname, 'understudy') ORDER BY 1"


@pytest.fixture
def root(tmp_path: Path, server: EmbeddedServer) -> Iterator[Path]:
    (tmp_path / "1.sql").write_text(USERS)
    yield tmp_path
    for name in names(server):
        server.admin.drop(name)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where the schema was loaded."""
    done: list[str] = []
    load = FilesSource.load

    def counted(self: FilesSource, dsn: str) -> list[Path]:
        done.append(dsn)
        return load(self, dsn)

    monkeypatch.setattr(FilesSource, "load", counted)
    return done


def names(server: EmbeddedServer) -> dict[str, int]:
    with psycopg.connect(server.dsn()) as connection:
        return dict(connection.execute(NAMES).fetchall())


def execute(server: EmbeddedServer, statement: str) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(statement)


def holders(server: EmbeddedServer) -> list[tuple[int]]:
    """Who holds an advisory lock."""
    with psycopg.connect(server.dsn()) as connection:
        query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
        return connection.execute(query).fetchall()


def run(server: EmbeddedServer, root: Path, *more: str, rebuild: bool = False) -> str:
    """A whole run, which uses its template; returns the template's name."""
    patterns = ["*.sql", *more]
    with TestDatabases(patterns, root, postgres_url=server.dsn(), rebuild=rebuild) as databases:
        name, dsn = databases.new()
        with psycopg.connect(dsn) as connection:
            connection.execute("SELECT * FROM users")
        databases.drop(name)
        return databases.place.template


def test_a_template_of_the_same_files_is_used_again(
    root: Path, server: EmbeddedServer, loads: list[str]
) -> None:
    name = run(server, root)
    assert re.fullmatch("understudy_template_[0-9a-f]{24}", name)
    left = names(server)
    assert list(left) == [name]
    assert run(server, root) == name
    assert names(server) == left
    assert len(loads) == 1


def test_a_rebuild_loads_it_again(root: Path, server: EmbeddedServer, loads: list[str]) -> None:
    name = run(server, root)
    before = names(server)
    assert run(server, root, rebuild=True) == name
    after = names(server)
    assert list(after) == list(before)
    assert after != before
    assert len(loads) == 2


def test_a_broken_migration_is_not_hidden_by_the_template_of_the_sound_one(
    root: Path, server: EmbeddedServer
) -> None:
    name = run(server, root)
    (root / "2.sql").write_text("CREATE TABLE roles (id imt);")
    with pytest.raises(SchemaError, match="imt"):
        run(server, root)
    with pytest.raises(SchemaError, match="imt"):
        run(server, root)
    assert list(names(server)) == [name]
    (root / "2.sql").write_text("CREATE TABLE roles (id int);")
    assert run(server, root) != name


def test_files_that_change_while_they_are_loaded_leave_no_template(
    root: Path, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = FilesSource.load

    def edited(self: FilesSource, dsn: str) -> list[Path]:
        files = load(self, dsn)
        (root / "2.sql").write_text("CREATE TABLE roles (id int);")
        return files

    monkeypatch.setattr(FilesSource, "load", edited)
    assert re.fullmatch("understudy_[0-9a-f]{8}_template", run(server, root))
    assert names(server) == {}


def test_a_functions_schema_is_loaded_by_every_run(root: Path, server: EmbeddedServer) -> None:
    (root / "schema.py").write_text("def create(dsn):\n    open('runs', 'a').write('x')\n")
    run(server, root, "schema:create")
    run(server, root, "schema:create")
    assert (root / "runs").read_text() == "xx"
    assert names(server) == {}


def test_of_two_runs_that_race_one_loads_and_the_other_waits(
    root: Path, server: EmbeddedServer, loads: list[str]
) -> None:
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: run(server, root), range(2))
    assert first == second
    assert len(loads) == 1
    assert list(names(server)) == [first]


def test_a_template_unused_for_two_weeks_is_dropped(root: Path, server: EmbeddedServer) -> None:
    old, foreign = f"understudy_template_{'0' * 24}", f"understudy_template_{'f' * 24}"
    for name in (old, foreign):
        server.admin.create(name)
    execute(server, f"COMMENT ON DATABASE {foreign} IS 'last used on 2020-01-01'")
    used = "understudy''s copy of a schema, last used on"
    execute(server, f"COMMENT ON DATABASE {old} IS '{used} 2020-01-01'")
    assert set(names(server)) == {old, foreign}
    name = run(server, root)
    assert set(names(server)) == {name, foreign}
    assert run(server, root) == name


def test_databases_of_dead_runs_are_dropped_and_no_others(
    root: Path, server: EmbeddedServer
) -> None:
    dead, mine = "understudy_fffffffe_77_1", "understudy_notes"
    for name in (dead, mine, "understudy_0000dead_template"):
        server.admin.create(name)
    with TestDatabases(["*.sql"], root, postgres_url=server.dsn()) as living:
        alive, _ = living.new()
        template = run(server, root)
        assert set(names(server)) == {alive, mine, template}
    assert set(names(server)) == {mine, template}


def test_a_database_that_cannot_be_dropped_is_left_for_later(
    root: Path, server: EmbeddedServer
) -> None:
    dead = "understudy_0000dead_77_1"
    server.admin.create(dead)
    with EmbeddedServer(settings={"max_prepared_transactions": "1"}) as other:
        other.admin.create(dead)
        with psycopg.connect(other.dsn(dead), autocommit=True) as connection:
            connection.execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'left'")
        template = run(other, root)
        assert set(names(other)) == {dead, template}
        with psycopg.connect(other.dsn(dead), autocommit=True) as connection:
            connection.execute("ROLLBACK PREPARED 'left'")
        run(other, root)
        assert set(names(other)) == {template}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_after_a_kill_in_the_middle_of_a_template_the_next_run_builds_it(
    root: Path, server: EmbeddedServer, playground: Playground, number: signal.Signals
) -> None:
    slow = root / "slow"
    slow.mkdir()
    (slow / "1.sql").write_text(f"{USERS} SELECT pg_sleep(600);")
    program = playground.begin(
        f"""
        from pathlib import Path
        from understudy.embedded import TestDatabases
        TestDatabases(["*.sql"], Path({str(slow)!r}), postgres_url={server.dsn()!r}).start()
        """
    )
    while not any("_unfinished" in name for name in names(server)):
        assert program.poll() is None
        time.sleep(0.01)
    program.send_signal(number)
    program.communicate(timeout=30)
    # The server notices in its own time that nobody holds the other end.
    while holders(server):
        time.sleep(0.01)
    assert list(names(server)) == [name for name in names(server) if "_unfinished" in name]
    template = run(server, root)
    assert list(names(server)) == [template]
