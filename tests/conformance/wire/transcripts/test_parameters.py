from __future__ import annotations

import psycopg
import pytest

from understudy.embedded import EmbeddedServer
from understudy.fake_postgres.protocol import run_time_parameters
from understudy.fake_postgres.protocol.tokens import RESERVED, RESERVED_AS_COLUMNS
from understudy.pg.errors import ServerError

# What is different on every machine, or set by the embedded server for its own purposes.
OWN = {
    *("config_file", "data_directory", "hba_file", "ident_file", "unix_socket_directories"),
    *("cluster_name", "fsync", "full_page_writes", "synchronous_commit", "wal_level"),
    *("autovacuum", "listen_addresses", "port", "jit", "io_method", "dynamic_shared_memory_type"),
    "temp_file_limit",
}


@pytest.fixture(scope="module")
def rows(wire_server: EmbeddedServer) -> list[tuple[str, ...]]:
    # By the socket, for which tcp_keepalives_count and others are 0.
    with psycopg.connect(wire_server.socket_dsn(), autocommit=True) as connection:
        return connection.execute(
            "SELECT name, vartype, context, coalesce(unit, ''), coalesce(min_val, ''), "
            "coalesce(max_val, ''), coalesce(array_to_string(enumvals, ','), ''), "
            "current_setting(name) FROM pg_settings ORDER BY name"
        ).fetchall()


def test_the_table_is_pg_settings(rows: list[tuple[str, ...]]) -> None:
    assert len(rows) > 350
    for name, *theirs in rows:
        found = run_time_parameters.find(name.upper())
        assert found is not None
        _, kind, context, unit, least, greatest, choices, initial = found
        ours = [kind, context, unit, least, greatest, ",".join(choices), initial]
        assert found.name == name
        assert ours[:-1] == theirs[:-1]
        assert initial == theirs[-1] or name in OWN


def test_there_is_nothing_else_in_the_table(rows: list[tuple[str, ...]]) -> None:
    unlisted = {"is_superuser", "role", "session_authorization"}
    assert set(run_time_parameters.names()) - unlisted == {row[0].lower() for row in rows}


def test_reserved_words_are_the_servers(wire_server: EmbeddedServer) -> None:
    with psycopg.connect(wire_server.dsn()) as connection:
        listed = connection.execute("SELECT word, catcode FROM pg_get_keywords()").fetchall()
    for code, words in (("R", RESERVED), ("T", RESERVED_AS_COLUMNS)):
        assert words == {word for word, catcode in listed if catcode == code}


SPELLINGS = [
    ("vacuum_cost_delay", "1.5"),
    ("vacuum_cost_delay", "1.2345"),
    ("vacuum_cost_delay", "0.5ms"),
    ("vacuum_cost_delay", "1 us"),
    ("temp_buffers", "1024"),
    ("temp_buffers", "1GB"),
    ("temp_buffers", "9kB"),
    ("work_mem", "0x100"),
    ("work_mem", " 1e3 "),
    ("work_mem", "1025kB"),
    ("work_mem", "64.4"),
    ("work_mem", "1TB"),
    ("statement_timeout", "1d"),
    ("statement_timeout", "90s"),
    ("statement_timeout", "1.0001s"),
    ("statement_timeout", ".5s"),
    ("statement_timeout", "-0"),
    ("statement_timeout", "99999999999"),
    ("lock_timeout", "1h 2"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "250us"),
    ("cursor_tuple_fraction", "1e-3"),
    ("cursor_tuple_fraction", "2"),
    ("extra_float_digits", "1.6"),
    ("geqo", "t"),
    ("geqo", "tr"),
    ("geqo", "YES"),
    ("geqo", "n"),
    ("geqo", "o"),
    ("geqo", " on"),
    ("geqo", ""),
    ("client_min_messages", "WARNING"),
    ("client_min_messages", "x"),
    ("backslash_quote", "safe_encoding"),
    ("backslash_quote", "true"),
    ("constraint_exclusion", "0"),
    ("plan_cache_mode", "1"),
    ("xmloption", "document"),
    ("search_path", "a"),
    ("search_path", "A"),
    ("datestyle", "iso, dmy"),
    ("datestyle", "euro"),
    ("datestyle", "postgres, us"),
    ("datestyle", "german, mdy"),
    ("timezone", "America/New_York"),
    ("timezone", "america/NEW_york"),
    ("timezone", "5"),
    ("timezone", "-5.5"),
    ("timezone", "utc"),
    ("client_encoding", "UNICODE"),
    ("client_encoding", "utf_8"),
    ("application_name", "caf\u00e9 \u20ac"),
    ("work_mem", "1 mb"),
    ("geqo_effort", "3ms"),
    ("geqo_effort", "1x"),
]


@pytest.mark.parametrize(("name", "value"), SPELLINGS)
def test_a_value_is_shown_as_postgresql_shows_it(
    wire_server: EmbeddedServer, name: str, value: str
) -> None:
    found = run_time_parameters.find(name)
    assert found is not None
    try:
        ours: object = found.shown((value,))
    except ServerError as error:
        ours = (error.fields.sqlstate, error.fields.message, error.fields.hint)
    with psycopg.connect(wire_server.dsn(), autocommit=True) as connection:
        try:
            connection.execute(f"SET {name} = '{value}'")
            [(theirs,)] = connection.execute(f"SHOW {name}").fetchall()
        except psycopg.Error as error:
            theirs = (error.sqlstate, error.diag.message_primary, error.diag.message_hint)
    assert ours == theirs
