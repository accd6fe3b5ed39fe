from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from understudy.rows import Changes, ChangesUnknown
from understudy.rows.changes import watch

Watch = Callable[[str], AbstractContextManager[Changes]]


@pytest.fixture
def changes(connection: psycopg.Connection[Any]) -> Watch:
    """Watches a database with this schema."""

    def read(sql: str) -> Sequence[tuple[str | None, ...]]:
        cursor = connection.execute(sql.encode())
        while cursor.nextset():
            pass
        return cursor.fetchall()

    def start(schema: str) -> AbstractContextManager[Changes]:
        connection.execute(schema.encode())
        return watch(read, sees_open=True)

    return start


def test_rows_by_what_happened_to_them_in_the_order_of_their_keys(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = """
        CREATE TABLE jobs (id int PRIMARY KEY, status text, note text);
        INSERT INTO jobs VALUES (1, 'new', 'a'), (2, 'new', NULL), (10, 'new', 'c'), (11, 'x', '');
    """
    with changes(schema) as found:
        connection.execute("UPDATE jobs SET status = 'done' WHERE id IN (10, 2)")
        connection.execute("UPDATE jobs SET status = status, note = NULL WHERE id = 11")
        connection.execute("DELETE FROM jobs WHERE id = 1")
        connection.execute("INSERT INTO jobs VALUES (12, 'y', 'it''s, (\"\\)'), (3, NULL, ' ')")

    assert found
    assert found.inserted == {
        "jobs": [
            {"id": 3, "status": None, "note": " "},
            {"id": 12, "status": "y", "note": "it's, (\"\\)"},
        ]
    }
    assert found.updated == {
        "jobs": [
            {"id": 2, "status": "done"},
            {"id": 10, "status": "done"},
            {"id": 11, "note": None},
        ]
    }
    assert found.deleted == {"jobs": [{"id": 1}]}


def test_nothing_changes_if_rows_are_written_as_they_were(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)"
    with changes(schema) as found:
        connection.execute("UPDATE t SET id = id WHERE id = 1")
        connection.execute("DELETE FROM t WHERE id = 2")
        connection.execute("INSERT INTO t VALUES (2)")

    assert not found
    assert repr(found) == "<changes: none>"
    assert (found.inserted, found.updated, found.deleted) == ({}, {}, {})


def test_without_a_primary_key_rows_are_deleted_and_inserted_as_often_as_they_are_there(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = """
        CREATE TABLE log (text text, n int);
        INSERT INTO log VALUES ('a', 1), ('a', 1), ('b', NULL);
    """
    with changes(schema) as found:
        connection.execute("DELETE FROM log WHERE ctid = (SELECT min(ctid) FROM log)")
        connection.execute("UPDATE log SET n = 2 WHERE text = 'b'")

    assert found.deleted == {"log": [{"text": "a", "n": 1}, {"text": "b", "n": None}]}
    assert found.inserted == {"log": [{"text": "b", "n": 2}]}
    assert repr(found) == (
        "<changes: inserted={'log': [{'text': 'b', 'n': 2}]}, "
        "deleted={'log': [{'text': 'a', 'n': 1}, {'text': 'b', 'n': None}]}>"
    )


def test_keys_of_several_columns_partitions_and_tables_of_other_schemas(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = """
        CREATE SCHEMA billing;
        CREATE TABLE billing."Odd Bills" ("the id" int PRIMARY KEY, total int);
        CREATE TABLE parts (id int, day date, n int, PRIMARY KEY (day, id))
            PARTITION BY RANGE (day);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
        INSERT INTO parts VALUES (1, '2024-01-02', 0);
    """
    with changes(schema) as found:
        connection.execute('INSERT INTO billing."Odd Bills" VALUES (1, 2)')
        connection.execute("UPDATE parts SET n = 1")

    assert found.inserted == {"billing.Odd Bills": [{"the id": 1, "total": 2}]}
    assert found.updated == {"parts": [{"day": date(2024, 1, 2), "id": 1, "n": 1}]}


def test_values_are_those_of_psycopg_whatever_the_session_has_set(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = """
        CREATE TYPE mood AS ENUM ('happy', 'sad');
        CREATE DOMAIN cents AS numeric(8, 2);
        CREATE DOMAIN price AS cents;
        CREATE TABLE t (
            ok bool, moods mood[], code char(3), price price, at timestamptz, took interval,
            data jsonb, raw bytea, nothing text
        );
        SET LOCAL DateStyle = 'SQL, DMY';
        SET LOCAL TimeZone = 'America/Sao_Paulo';
        SET LOCAL IntervalStyle = 'iso_8601';
        SET LOCAL bytea_output = 'escape';
    """
    with changes(schema) as found:
        connection.execute(
            "INSERT INTO t VALUES (true, '{sad}', 'ab', 1.5, '2024-02-01 12:00Z', '1 day 2 hours',"
            """ '{"a": [1]}', 'x')"""
        )

    assert found.inserted["t"] == [
        {
            "ok": True,
            "moods": ["sad"],
            "code": "ab ",
            "price": Decimal("1.50"),
            "at": datetime(2024, 2, 1, 12, tzinfo=UTC),
            "took": timedelta(days=1, hours=2),
            "data": {"a": [1]},
            "raw": b"x",
            "nothing": None,
        }
    ]


def test_a_value_that_python_does_not_have_is_postgresqls_text(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    schema = "CREATE TABLE spans (id int PRIMARY KEY, until timestamptz)"

    with changes(schema) as found:
        connection.execute("INSERT INTO spans VALUES (1, 'infinity')")

    assert found.inserted == {"spans": [{"id": 1, "until": "infinity"}]}


def test_a_block_that_changes_tables(connection: psycopg.Connection[Any], changes: Watch) -> None:
    schema = "CREATE TABLE t (id int); CREATE TABLE gone (id int); INSERT INTO t VALUES (1)"
    with changes(schema) as found:
        connection.execute("CREATE TABLE new (id int); INSERT INTO new VALUES (1)")
    assert found.inserted == {"new": [{"id": 1}]}

    with (
        pytest.raises(ChangesUnknown, match=r"^The block has changed the columns of t\.$"),
        changes(""),
    ):
        connection.execute("ALTER TABLE t ADD COLUMN n int; UPDATE t SET n = 2")
    with (
        pytest.raises(ChangesUnknown, match=r"^The block has dropped or renamed ONLY public\.t\.$"),
        changes(""),
    ):
        connection.execute("DROP TABLE t")


def test_the_changes_are_known_after_the_block_even_if_it_raises(
    connection: psycopg.Connection[Any], changes: Watch
) -> None:
    with suppress(LookupError), changes("CREATE TABLE t (id int)") as found:
        with pytest.raises(ChangesUnknown) as raised:
            bool(found)
        assert repr(found) == "<changes of a block that is not over>"
        connection.execute("INSERT INTO t VALUES (1)")
        raise LookupError

    assert str(raised.value) == (
        "The rows are compared when the `with` block of changes() ends. Look at them after it."
    )
    assert found.inserted == {"t": [{"id": 1}]}
