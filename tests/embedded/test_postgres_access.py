"""Who may connect to the embedded server, and with what."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psycopg
import pytest

from understudy.embedded import EmbeddedServer, PostgresUnavailable, TestDatabases
from understudy.embedded import own_server as server_module

ROLES = """
    CREATE TABLE users (name text);
    DO $$ BEGIN
        CREATE ROLE "the reader" LOGIN;
        CREATE ROLE with_its_own LOGIN PASSWORD 'own';
        CREATE ROLE a_group;
    END $$;
    GRANT SELECT ON users TO "the reader";
"""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    root = tmp_path_factory.mktemp("roles")
    (root / "1.sql").write_text(ROLES, encoding="utf-8")
    with TestDatabases(["*.sql"], root) as databases:
        yield databases


def refusal(url: str, **options: str) -> str:
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(url, **options)
    return str(raised.value)


@pytest.mark.parametrize("user", ["postgres", "nobody_knows"])
def test_tcp_needs_a_password(server: EmbeddedServer, user: str) -> None:
    place = server.dsn().partition("@")[2]

    assert "no password supplied" in refusal(f"postgresql://{user}@{place}")
    for password in ("postgres", "understudy", "x" * 32):
        said = refusal(f"postgresql://{user}:{password}@{place}")
        assert "password authentication failed" in said


def test_a_role_that_may_log_in_uses_the_same_password(databases: TestDatabases) -> None:
    name, dsn = databases.new()
    password = dsn.partition("@")[0].rpartition(":")[2]

    with psycopg.connect(dsn, user="the reader") as connection:
        assert connection.execute("SELECT current_user, session_user").fetchone() == (
            "the reader",
            "the reader",
        )
    # As on a test that is rolled back, where no role's own password is known.
    with psycopg.connect(dsn, user="with_its_own", password=password) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("with_its_own",)
    assert "password authentication failed" in refusal(dsn, user="with_its_own", password="own")
    assert "password authentication failed" in refusal(dsn, user="a_group")
    databases.drop(name)


def test_a_port_that_was_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    free = server_module._free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], free()]
        monkeypatch.setattr(server_module, "_free_port", lambda: ports.pop(0))
        with EmbeddedServer() as server, psycopg.connect(server.dsn()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    assert ports == []


def test_the_last_of_the_ports_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(server_module, "_free_port", lambda: taken.getsockname()[1])
        with pytest.raises(PostgresUnavailable, match="could not create any TCP/IP sockets"):
            EmbeddedServer().start()
