"""Generated values that satisfy constraints."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from understudy.rows import RowRefused

CHECKS = {
    "list": "text CHECK (c IN ('new', 'paid'))",
    "list of varchars": "varchar(9) CHECK (c IN ('new', 'paid'))",
    "list of numbers": "int CHECK (c IN (70000, 80000))",
    "no list": "text CHECK (c NOT IN ('new', 'paid'))",
    "above": "int CHECK (c > 100000)",
    "below": "int CHECK (c < 3 AND c > 0)",
    "negative": "int CHECK (c < 0)",
    "share": "numeric CHECK (c BETWEEN 0 AND 1)",
    "length": "text CHECK (char_length(c) = 14)",
    "digits": "text CHECK (c ~ '^[0-9]{11}$')",
    "capitals": "text CHECK (c ~ '^[A-Z]{3}$')",
    "lower case": "text CHECK (c = lower(c) AND length(c) = 5)",
    "like": "text CHECK (c LIKE '%@%')",
    "past": "date CHECK (c < '2000-01-01')",
    "future": "timestamptz CHECK (c > '2090-01-01')",
    "true": "boolean CHECK (c)",
    "json": "jsonb CHECK (jsonb_typeof(c) = 'array')",
    "domain": "upper",
    "domain in a domain": "upper_3",
    "array of a domain": "upper_3[]",
    "domain with a list": "size",
    "two checks": "int CHECK (c > 20000) CHECK (c < 20002)",
}


@pytest.mark.parametrize("column", CHECKS.values(), ids=list(CHECKS))
def test_a_check(rows: Any, column: str) -> None:
    made = rows(f"""
        CREATE DOMAIN upper AS text CHECK (VALUE = upper(VALUE));
        CREATE DOMAIN upper_3 AS upper CHECK (length(VALUE) = 3);
        CREATE DOMAIN size AS text CHECK (VALUE IN ('S', 'M'));
        CREATE TABLE things (id serial, c {column}, CHECK (c IS NOT NULL));
        ALTER TABLE things ALTER c SET NOT NULL
    """)

    assert [made.insert("things").id for _ in range(2)] == [1, 2]


def test_one_of_two_columns(rows: Any) -> None:
    made = rows("""
        CREATE TABLE contacts (
            email text, phone text, note text, CHECK (num_nonnulls(email, phone) = 1)
        )
    """)

    one, other = made.insert("contacts"), made.insert("contacts", phone="1")

    assert (one.email is None) != (one.phone is None)
    assert (other.email, other.phone, other.note) == (None, "1", None)


PERIOD = "CREATE TABLE trips (starts date NOT NULL, ends date NOT NULL, CHECK (starts < ends))"


def test_columns_that_are_compared(rows: Any) -> None:
    trip = rows(PERIOD).insert("trips")

    assert trip.starts < trip.ends


@pytest.mark.parametrize("given", [{"starts": dt.date(2200, 1, 1)}, {"ends": dt.date(1900, 1, 1)}])
def test_a_column_that_is_compared_with_a_given_one(rows: Any, given: dict[str, Any]) -> None:
    trip = rows(PERIOD).insert("trips", **given)

    assert trip.starts < trip.ends


def test_a_number_that_is_compared_with_a_given_one(rows: Any) -> None:
    made = rows("CREATE TABLE bids (low int NOT NULL, high int NOT NULL, CHECK (low < high))")

    assert made.insert("bids", low=100_000).high == 100_001


def test_a_check_with_a_default_and_one_with_a_sequence(rows: Any) -> None:
    made = rows("""
        CREATE TABLE things (
            id serial CHECK (id < size), least int NOT NULL DEFAULT 50000,
            size int NOT NULL CHECK (size > least)
        )
    """)

    row = made.insert("things")

    assert (row.id, row.least) == (1, 50000)
    assert row.size > 50000


def test_a_column_named_like_ours(rows: Any) -> None:
    made = rows("CREATE TABLE c1 (n int NOT NULL CHECK (n < 4), v text NOT NULL CHECK (v <> ''))")

    assert made.insert("c1").n < 4


def test_a_check_that_fails_to_work_for_some_values(rows: Any) -> None:
    made = rows("CREATE TABLE things (n int NOT NULL CHECK (7 / (n % 2) = -7))")

    assert made.insert("things").n < 0


def test_unique_values(rows: Any) -> None:
    made = rows("""
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TABLE people (
            mood mood NOT NULL UNIQUE, code char(2) NOT NULL CHECK (code ~ '^[A-Z]{2}$'),
            small int NOT NULL CHECK (small IN (1, 2, 3)) UNIQUE
        );
        CREATE UNIQUE INDEX ON people (lower(code))
    """)

    people = [made.insert("people") for _ in range(3)]

    assert {one.mood for one in people} == {"sad", "ok", "happy"}
    assert {one.small for one in people} == {1, 2, 3}
    assert len({one.code for one in people}) == 3


def test_a_parent_is_new_if_its_values_are_used_up(
    rows: Any, connection: psycopg.Connection[Any]
) -> None:
    made = rows("""
        CREATE TABLE users (id serial PRIMARY KEY);
        CREATE TABLE flags (
            user_id int NOT NULL REFERENCES users, on_ boolean NOT NULL, UNIQUE (user_id, on_)
        )
    """)

    assert [made.insert("flags").user_id for _ in range(4)] == [1, 1, 2, 2]


def test_an_exclusion(rows: Any) -> None:
    made = rows("""
        CREATE TABLE bookings (during daterange NOT NULL, EXCLUDE USING gist (during WITH &&))
    """)

    first, second = made.insert("bookings").during, made.insert("bookings").during

    assert first.upper <= second.lower or second.upper <= first.lower


PARTITIONS = {
    "range": "RANGE (k)|FROM (100000) TO (100010)",
    "range to the left": "RANGE (k)|FROM (MINVALUE) TO (-5)",
    "range without end": "RANGE (k)|FROM (100000) TO (MAXVALUE)",
    "list": "LIST (k)|IN (NULL, 100003)",
    "hash": "HASH (k)|WITH (MODULUS 2, REMAINDER 1)",
    "two columns": "RANGE (k, l)|FROM (100000, MINVALUE) TO (100001, 5)",
}


@pytest.mark.parametrize("into", ["whole", "part"])
@pytest.mark.parametrize("partition", PARTITIONS.values(), ids=list(PARTITIONS))
def test_a_partition(
    rows: Any, connection: psycopg.Connection[Any], partition: str, into: str
) -> None:
    key, values = partition.split("|")
    made = rows(f"""
        CREATE TABLE whole (k int NOT NULL, l int NOT NULL) PARTITION BY {key};
        CREATE TABLE part PARTITION OF whole FOR VALUES {values}
    """)

    row = made.insert(into)

    assert connection.execute("SELECT k, l FROM part").fetchall() == [(row.k, row.l)]


def test_partitions_of_partitions(rows: Any) -> None:
    made = rows("""
        CREATE TABLE events (kind text NOT NULL, at timestamptz NOT NULL DEFAULT '2020-01-01Z')
            PARTITION BY LIST (kind);
        CREATE TABLE logins PARTITION OF events FOR VALUES IN ('it''s a login')
            PARTITION BY RANGE (at);
        CREATE TABLE logins_2 PARTITION OF logins
            FOR VALUES FROM (MINVALUE) TO ('2001-05-01 00:00:00+00')
    """)

    event = made.insert("events")

    assert (event.kind, event.at.date()) == ("it's a login", dt.date(2001, 4, 30))


def test_the_default_partition(rows: Any) -> None:
    made = rows("""
        CREATE TABLE whole (k text NOT NULL) PARTITION BY LIST (k);
        CREATE TABLE one PARTITION OF whole FOR VALUES IN ('one');
        CREATE TABLE others PARTITION OF whole DEFAULT
    """)

    assert made.insert("others").k.startswith("k ")
    assert made.insert("one").k == "one"


def test_a_column_that_only_a_partition_demands(rows: Any) -> None:
    made = rows("""
        CREATE TABLE whole (k int NOT NULL, extra text) PARTITION BY LIST (k);
        CREATE TABLE part PARTITION OF whole (extra NOT NULL) DEFAULT
    """)

    assert made.insert("whole").extra.startswith("extra ")


def test_a_partition_below_a_text_is_left_to_chance(rows: Any) -> None:
    made = rows("""
        CREATE TABLE whole (k text NOT NULL) PARTITION BY RANGE (k);
        CREATE TABLE first PARTITION OF whole FOR VALUES FROM (MINVALUE) TO ('zz');
        CREATE TABLE last PARTITION OF whole FOR VALUES FROM ('zz') TO (MAXVALUE)
    """)

    assert made.insert("first").k.startswith("k ")
    assert made.insert("last").k == "zz"


def test_no_value_is_found_for_a_partition_by_expression(rows: Any) -> None:
    made = rows("""
        CREATE TABLE whole (k int NOT NULL) PARTITION BY RANGE ((k + 1));
        CREATE TABLE part PARTITION OF whole FOR VALUES FROM (MINVALUE) TO (0)
    """)

    with pytest.raises(RowRefused) as raised:
        made.insert("whole")

    assert str(raised.value).splitlines()[1] == '  no partition of relation "whole" found for row'


def test_a_range_of_a_type_without_an_order_of_ours(rows: Any) -> None:
    made = rows("""
        CREATE TYPE texts AS RANGE (SUBTYPE = text);
        CREATE TABLE things (texts texts NOT NULL)
    """)

    assert made.insert("things").texts.startswith('["texts ')


def test_a_null_that_a_trigger_inserts_elsewhere_is_refused(rows: Any) -> None:
    made = rows("""
        CREATE TABLE logs (line text NOT NULL);
        CREATE TABLE things (id int);
        CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN INSERT INTO logs VALUES (NULL); RETURN NEW; END$$;
        CREATE TRIGGER log AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION log()
    """)

    with pytest.raises(RowRefused) as raised:
        made.insert("things")

    assert str(raised.value) == (
        "PostgreSQL refuses the row of things (23502 not_null_violation)\n"
        '  null value in column "line" of relation "logs" violates not-null constraint\n'
        "  DETAIL: Failing row contains (null)."
    )
