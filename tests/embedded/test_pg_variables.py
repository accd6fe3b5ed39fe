"""Understudy's own connections go to the server of their URL, whatever the environment says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import Conninfo
from tests.hostile_variables import HOSTILE

from understudy.catalog.pg_describe import DescribeConnection
from understudy.embedded import EmbeddedServer, PostgresUnavailable, TestDatabases, driver
from understudy.embedded.driver import connect, without_password
from understudy.embedded.schema_copy import CopiedSource


@pytest.fixture
def other(session_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServer]:
    """A second server, which stands for somebody else's."""
    monkeypatch.setenv("UNDERSTUDY_CACHE_DIR", str(session_cache))
    with EmbeddedServer() as other:
        yield other


def _settings(dsn: str) -> list[tuple[str, ...]]:
    with connect(dsn) as connection:
        names = "('TimeZone', 'DateStyle', 'geqo', 'application_name', 'client_encoding')"
        return connection.execute(
            f"SELECT name, setting FROM pg_settings WHERE name IN {names}".encode()
        ).fetchall()


def test_every_variable_of_libpq_is_in_the_table() -> None:
    known = {option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}

    assert known <= HOSTILE.keys()


@pytest.mark.parametrize("names", [*([name] for name in HOSTILE), list(HOSTILE)], ids="+".join)
def test_a_variable_has_no_effect(
    server: EmbeddedServer,
    database: str,
    names: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without = _settings(database)
    for name in names:
        monkeypatch.setenv(name, HOSTILE[name])

    assert _settings(database) == without
    describing = DescribeConnection(database, lock_timeout=1, statement_timeout=1, silence=1)
    assert describing.describe(["SELECT 1"])
    describing.close()
    server.admin.close()
    assert server.admin.rows("SELECT 1") == [(1,)]


def test_a_schema_is_copied_from_the_server_of_the_url(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE mine (id integer)")
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)

    assert b"CREATE TABLE public.mine" in CopiedSource(database).content()[0]


@pytest.mark.parametrize("names", [["PGHOSTADDR"], ["PGSERVICE"], ["PGHOSTADDR", "PGSERVICE"]])
def test_nothing_is_created_on_the_server_of_a_variable(
    tmp_path: Path, other: EmbeddedServer, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "schema.sql").write_text("CREATE TABLE mine (id integer)")
    host = other.dsn().partition("host=")[2].partition("&")[0]
    services = tmp_path / "services"
    services.write_text(f"[production]\nhost={host}\nuser=postgres\noptions=-c role=nobody\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    for name in names:
        monkeypatch.setenv(name, {"PGHOSTADDR": "192.0.2.1", "PGSERVICE": "production"}[name])
    before = other.admin.rows("SELECT datname FROM pg_database")

    with TestDatabases(["schema.sql"], tmp_path) as databases:
        databases.new()

    assert other.admin.rows("SELECT datname FROM pg_database") == before


def test_nothing_is_created_on_a_server_that_does_not_know_the_token(
    server: EmbeddedServer, other: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other.admin, "_dsn", server.dsn)
    other.admin.close()

    with pytest.raises(PostgresUnavailable) as failure:
        other.admin.create("mine")

    assert str(failure.value) == (
        f"The PostgreSQL that answers at {without_password(server.dsn())} is not the one that "
        "Understudy started. Nothing was created there."
    )
    assert server.admin.rows("SELECT 1 FROM pg_database WHERE datname = 'mine'") == []


def test_a_refused_password_names_the_variables_that_are_not_read() -> None:
    assert driver._hint("FATAL: password authentication failed") == (
        "\nWrite the password into the URL: Understudy does not read PGPASSWORD or PGPASSFILE."
    )
    assert driver._hint("FATAL: no such database") == ""
