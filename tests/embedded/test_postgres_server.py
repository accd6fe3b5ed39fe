from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psqlpy
import psycopg
import pytest

from conftest import Playground
from understudy.embedded import DatabaseError, EmbeddedServer, PostgresUnavailable
from understudy.embedded.cache_folders import socket_base

WHO = "SELECT current_user || ' on ' || current_database()"


def socket_folder(server: EmbeddedServer) -> Path:
    return Path(parse_qs(urlsplit(server.socket_dsn()).query)["host"][0])


@pytest.fixture(autouse=True)
def _misleading_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "7777", "PGHOST": "nowhere", "PGUSER": "x"}.items():
        monkeypatch.setenv(name, value)


def test_psycopg_connects(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute(WHO).fetchone() == ("postgres on postgres",)


async def test_asyncpg_connects(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn())
    assert await connection.fetchval(WHO) == "postgres on postgres"
    await connection.close()


async def test_psqlpy_connects(server: EmbeddedServer) -> None:
    pool = psqlpy.ConnectionPool(dsn=server.dsn())
    async with pool.acquire() as connection:
        assert await connection.fetch_val(WHO) == "postgres on postgres"
    pool.close()


async def test_a_database_with_a_difficult_name_is_reached_by_all_three(
    server: EmbeddedServer,
) -> None:
    name = "ação / 100% ?&#\"'"
    server.admin.create(name)
    dsn = server.dsn(name)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (name,)
    plain = await asyncpg.connect(dsn)
    assert await plain.fetchval("SELECT current_database()") == name
    await plain.close()
    rust = await psqlpy.connect(dsn)
    result = await rust.execute("SELECT current_database()")
    assert result.result() == [{"current_database": name}]
    rust.close()
    server.admin.drop(name)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("max_connections", "100"),
        ("temp_file_limit", "1GB"),
        ("listen_addresses", "127.0.0.1"),
        ("autovacuum", "off"),
        ("TimeZone", "UTC"),
        ("server_encoding", "UTF8"),
    ],
)
def test_is_set_up_for_tests(server: EmbeddedServer, setting: str, value: str) -> None:
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute(f"SHOW {setting}").fetchone() == (value,)


def test_knows_the_letters_of_every_language(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SELECT upper('ação ñandú')").fetchone() == ("AÇÃO ÑANDÚ",)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_user_can_enter_the_folder_of_the_socket(server: EmbeddedServer) -> None:
    assert stat.S_IMODE(socket_folder(server).stat().st_mode) == 0o700
    assert any(path.is_socket() for path in socket_folder(server).iterdir())


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no writable /dev/shm")
def test_keeps_its_data_in_memory(server: EmbeddedServer) -> None:
    with psycopg.connect(server.dsn()) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    assert row[0].startswith("/dev/shm/understudy-")


def test_starts_stops_and_starts_again(warm: Playground, at_home: Playground) -> None:
    server = EmbeddedServer()
    for _ in range(2):
        assert server.start() is server
        assert server.start() is server
        with psycopg.connect(server.dsn()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        server.stop()
        server.stop()
        assert at_home.leftovers() == []
        assert at_home.processes() == []


def test_takes_settings(warm: Playground, at_home: Playground) -> None:
    with (
        EmbeddedServer(settings={"max_connections": "9"}) as server,
        psycopg.connect(server.dsn()) as connection,
    ):
        assert connection.execute("SHOW max_connections").fetchone() == ("9",)


def test_without_a_start_says_so() -> None:
    with pytest.raises(PostgresUnavailable) as caught:
        EmbeddedServer().dsn()
    assert str(caught.value) == (
        "The embedded PostgreSQL is not running: call start(), or use it in a `with` block."
    )


def test_a_refused_setting_ends_with_the_log(warm: Playground, at_home: Playground) -> None:
    with pytest.raises(PostgresUnavailable) as caught:
        EmbeddedServer(settings={"max_connections": "many"}).start()
    assert str(caught.value) == (
        "The embedded PostgreSQL ended with exit code 1 before it was ready. "
        "The end of its log:\n"
        '  FATAL:  invalid value for parameter "max_connections": "many"'
    )
    assert at_home.settles()


def test_a_server_that_is_not_ready_in_time_is_stopped(
    warm: Playground, at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.embedded.server._says_ready", lambda pid_file: False)
    with pytest.raises(PostgresUnavailable) as caught:
        EmbeddedServer(startup_timeout=0.2).start()
    first, second, *log, last = str(caught.value).splitlines()
    assert first + second[:2] == (
        "The embedded PostgreSQL was not ready after 0.2 s. The end of its log:  "
    )
    assert "database system is ready to accept connections" in log[-1]
    assert last == (
        "If this machine is only slow, give it longer: EmbeddedServer(startup_timeout=...)."
    )
    assert at_home.settles()


def test_the_socket_moves_if_its_path_is_too_long(
    warm: Playground, at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = at_home.data / ("d" * 60) / ("e" * 40)
    deep.mkdir(parents=True)
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(deep))
    with EmbeddedServer() as server, psycopg.connect(server.dsn()) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        assert row[0].startswith(str(deep))
        folder = socket_folder(server)
        assert folder.parent == Path("/tmp")
    assert not folder.exists()
    assert list(deep.iterdir()) == []


def test_a_short_path_needs_no_other_folder() -> None:
    assert socket_base(Path("/dev/shm/understudy-1-01234567"), []) is None


class TestDatabaseCommands:
    def test_a_clone_equals_the_template(self, server: EmbeddedServer) -> None:
        server.admin.create("original")
        with psycopg.connect(server.dsn("original")) as connection:
            connection.execute("CREATE TABLE t AS SELECT 42 AS answer")
        server.admin.clone("original", "copy")
        with psycopg.connect(server.dsn("copy")) as connection:
            assert connection.execute("SELECT answer FROM t").fetchone() == (42,)
        server.admin.drop("copy")
        server.admin.drop("original")

    def test_a_database_in_use_is_dropped_all_the_same(self, server: EmbeddedServer) -> None:
        server.admin.create("busy")
        with psycopg.connect(server.dsn("busy")) as connection:
            server.admin.drop("busy")
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")

    def test_a_name_that_exists(self, server: EmbeddedServer) -> None:
        with pytest.raises(DatabaseError) as caught:
            server.admin.create("postgres")
        assert str(caught.value) == (
            "Cannot create the database 'postgres' on the embedded PostgreSQL: "
            'database "postgres" already exists (SQLSTATE 42P04)'
        )

    def test_a_template_that_does_not_exist(self, server: EmbeddedServer) -> None:
        with pytest.raises(DatabaseError) as caught:
            server.admin.clone("nowhere", "copy")
        assert str(caught.value) == (
            "Cannot clone the database 'nowhere' as 'copy' on the embedded PostgreSQL: "
            'template database "nowhere" does not exist (SQLSTATE 3D000)'
        )

    def test_a_template_in_use(self, server: EmbeddedServer) -> None:
        server.admin.create("occupied")
        with (
            psycopg.connect(server.dsn("occupied")),
            pytest.raises(DatabaseError) as caught,
        ):
            server.admin.clone("occupied", "copy")
        assert str(caught.value) == (
            "Cannot clone the database 'occupied' as 'copy' on the embedded PostgreSQL: "
            'source database "occupied" is being accessed by other users (SQLSTATE 55006)\n'
            "There is 1 other session using the database.\n"
            "Close every connection to it first."
        )
        server.admin.drop("occupied")

    def test_a_name_that_does_not_exist_cannot_be_dropped(self, server: EmbeddedServer) -> None:
        with pytest.raises(DatabaseError) as caught:
            server.admin.drop("nowhere")
        assert str(caught.value) == (
            "Cannot drop the database 'nowhere' on the embedded PostgreSQL: "
            'database "nowhere" does not exist (SQLSTATE 3D000)'
        )
