"""Rows that cannot be inserted, and the messages."""

from __future__ import annotations

import enum
import re
from typing import Any

import psycopg
import pytest

from understudy.embedded.driver import connect
from understudy.rows import (
    NotATable,
    NoValue,
    RowRefused,
    Rows,
    RowsError,
    SchemaCache,
    UnknownName,
)

USERS = """
    CREATE SCHEMA billing;
    CREATE TABLE users (
        id serial PRIMARY KEY, email text NOT NULL UNIQUE, shout text GENERATED ALWAYS AS
        (upper(email)) STORED
    );
    CREATE TABLE billing.bills (id serial PRIMARY KEY, cents int NOT NULL DEFAULT 0);
    CREATE VIEW everybody AS SELECT email, cents FROM users, billing.bills;
    CREATE MATERIALIZED VIEW nobody AS SELECT 1 AS one
"""


@pytest.mark.parametrize(
    ("table", "values", "error", "message"),
    [
        ("usres", {}, UnknownName, "There is no table 'usres'. Did you mean 'users'?"),
        ("Users", {}, UnknownName, "There is no table 'Users'. Did you mean 'users'?"),
        ("bills", {}, UnknownName, "There is no table 'bills'. Did you mean 'billing.bills'?"),
        ("x", {}, UnknownName, "There is no table 'x'.\nThere are: billing.bills, users."),
        (
            "everybody",
            {},
            NotATable,
            "everybody is a view, which cannot be inserted into. "
            "Insert into the tables that it reads: billing.bills, users.",
        ),
        ("nobody", {}, NotATable, "nobody is a materialized view, which cannot be inserted into."),
        (
            "users",
            {"mail": "a@b.c"},
            UnknownName,
            "users has no column 'mail'. Did you mean 'email'?",
        ),
        (
            "billing.bills",
            {"x": 1},
            UnknownName,
            "billing.bills has no column 'x'.\nThere are: id, cents.",
        ),
        (
            "users",
            {"shout": "A"},
            RowRefused,
            "users.shout is a generated column (upper(email)).\nLeave it out.",
        ),
    ],
)
def test_unknown_names(
    rows: Any, table: str, values: dict[str, object], error: type[RowsError], message: str
) -> None:
    with pytest.raises(error) as raised:
        rows(USERS).insert(table, **values)

    assert str(raised.value) == message


def test_an_empty_database(rows: Any) -> None:
    with pytest.raises(UnknownName) as raised:
        rows("SELECT").insert("users")

    assert str(raised.value) == (
        "There is no table 'users': the database has no tables.\n"
        "Name the schema files, in order, in pyproject.toml:\n"
        '[tool.understudy] schema = ["db/migrations/*.sql"]'
    )


def test_a_table_by_its_schema_and_its_identity(rows: Any) -> None:
    made = rows(f"{USERS}; CREATE TABLE ids (id int GENERATED ALWAYS AS IDENTITY)")

    assert made.insert("billing.bills", cents=5) == {"id": 1, "cents": 5}
    assert made.insert("public.ids", id=7) == {"id": 7}


def test_names_that_need_quotes(rows: Any) -> None:
    made = rows("""CREATE TABLE "Any 100%" ("a ""b"" %s" int NOT NULL CHECK ("a ""b"" %s" > 0))""")

    assert made.insert("Any 100%", **{'a "b" %s': 5}) == {'a "b" %s': 5}
    assert made.insert("Any 100%")['a "b" %s'] > 0


def test_a_given_value_that_is_taken(rows: Any) -> None:
    made = rows(USERS)
    made.insert("users", email="ana@example.com")

    with pytest.raises(RowRefused) as raised:
        made.insert("users", email="ana@example.com")

    assert str(raised.value) == (
        "PostgreSQL refuses the row of users (23505 unique_violation)\n"
        '  duplicate key value violates unique constraint "users_email_key"\n'
        "  DETAIL: Key (email)=(ana@example.com) already exists.\n"
        "  given: email='ana@example.com'"
    )


def test_a_given_value_of_another_type(rows: Any) -> None:
    with pytest.raises(RowRefused) as raised:
        rows(USERS).insert("users", id=True, email="a")

    assert str(raised.value) == (
        "PostgreSQL refuses the row of users (42804 datatype_mismatch)\n"
        '  column "id" is of type integer but expression is of type boolean\n'
        "  given: id=True, email='a'"
    )


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            {1, 2},
            "cannot adapt type 'set' using placeholder '%s' (format: AUTO)",
        ),
        ({"a": {1}}, "Object of type set is not JSON serializable"),
    ],
)
def test_a_value_that_cannot_be_sent(rows: Any, value: object, reason: str) -> None:
    with pytest.raises(RowRefused) as raised:
        rows(USERS).insert("users", email=value)

    assert str(raised.value) == (
        f"The row of users could not be sent: {reason}\n  given: email={value!r}"
    )


def test_a_check_that_a_given_value_violates(rows: Any) -> None:
    made = rows("CREATE TABLE things (n int NOT NULL CHECK (n > 0), note text NOT NULL)")

    with pytest.raises(RowRefused) as raised:
        made.insert("things", n=-1, note="x" * 70)

    assert str(raised.value) == (
        "PostgreSQL refuses the row of things (23514 check_violation)\n"
        '  new row for relation "things" violates check constraint "things_n_check"\n'
        f"  DETAIL: Failing row contains (-1, {'x' * 64}...).\n"
        "  CHECK ((n > 0))\n"
        f"  given: n=-1, note='{'x' * 59}…"
    )


def test_a_check_for_which_nothing_is_found(rows: Any) -> None:
    made = rows("""
        CREATE DOMAIN plate AS text CHECK (VALUE ~ '^([A-Z])\\1{2}-[0-9]{4}$');
        CREATE TABLE cars (
            id serial, plate plate NOT NULL, "has space" int NOT NULL, low int NOT NULL,
            CHECK ("has space" * 7 = low + 31415926)
        )
    """)

    with pytest.raises(RowRefused) as plate:
        made.insert("cars", low=1, **{"has space": 4487989})
    with pytest.raises(RowRefused) as compared:
        made.insert("cars", plate="AAA-1234")

    assert str(plate.value) == (
        "No value was found for cars.plate that passes\n"
        "  CHECK ((VALUE ~ '^([A-Z])\\1{2}-[0-9]{4}$'::text))\n"
        "  given: low=1, has space=4487989\n"
        "Pass it: insert('cars', plate=...)"
    )
    assert str(compared.value) == (
        "No value was found for cars.has space and cars.low that passes\n"
        '  CHECK ((("has space" * 7) = (low + 31415926)))\n'
        "  given: plate='AAA-1234'\n"
        "Pass it: insert('cars', **{'has space': ...}, low=...)"
    )


def test_a_check_that_fails_to_work(rows: Any) -> None:
    made = rows("CREATE TABLE things (n int NOT NULL CHECK (n * 3 / 0 = 1))")

    with pytest.raises(RowRefused) as raised:
        made.insert("things")

    assert str(raised.value) == (
        "No value was found for things.n that passes\n"
        "  CHECK ((((n * 3) / 0) = 1))\n"
        "Pass it: insert('things', n=...)"
    )


def test_a_check_that_only_the_insert_can_tell(rows: Any) -> None:
    made = rows("CREATE TABLE things (id serial, n int NOT NULL, CHECK (n < id - 5))")

    with pytest.raises(RowRefused) as raised:
        made.insert("things")

    n = re.search("n='(.+)'", str(raised.value))
    assert n is not None
    assert str(raised.value) == (
        "PostgreSQL refuses the row of things (23514 check_violation)\n"
        '  new row for relation "things" violates check constraint "things_check"\n'
        f"  DETAIL: Failing row contains (1, {n[1]}).\n"
        "  CHECK ((n < (id - 5)))\n"
        f"  generated: n='{n[1]}'\n"
        "Every value that was tried was refused. Pass it: insert('things', n=...)"
    )


def test_values_that_are_used_up(rows: Any) -> None:
    made = rows("CREATE TABLE switches (up boolean NOT NULL UNIQUE)")
    switches = [made.insert("switches").up for _ in range(2)]

    with pytest.raises(RowRefused) as raised:
        made.insert("switches")

    assert sorted(switches) == [False, True]
    up = "true" if "generated: up='true'" in str(raised.value) else "false"
    assert str(raised.value) == (
        "PostgreSQL refuses the row of switches (23505 unique_violation)\n"
        '  duplicate key value violates unique constraint "switches_up_key"\n'
        f"  DETAIL: Key (up)=({up[0]}) already exists.\n"
        f"  generated: up='{up}'\n"
        "Every value that was tried was refused. Pass it: insert('switches', up=...)"
    )


def test_no_partition_that_takes_a_row(rows: Any) -> None:
    made = rows("CREATE TABLE events (day date NOT NULL) PARTITION BY RANGE (day)")

    with pytest.raises(RowRefused) as raised:
        made.insert("events", day="2020-01-01")

    assert str(raised.value) == (
        "PostgreSQL refuses the row of events (23514 check_violation)\n"
        '  no partition of relation "events" found for row\n'
        "  DETAIL: Partition key of the failing row contains (day) = (2020-01-01).\n"
        "  given: day='2020-01-01'"
    )


def test_a_parent_that_is_refused(rows: Any) -> None:
    made = rows("""
        CREATE TABLE cars (
            id serial PRIMARY KEY,
            plate text NOT NULL
        );
        CREATE TABLE trips (id serial PRIMARY KEY, car_id int NOT NULL REFERENCES cars);
        CREATE TABLE stops (trip_id int NOT NULL REFERENCES trips);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN RAISE 'no cars today'; END$$;
        CREATE TRIGGER no BEFORE INSERT ON cars FOR EACH ROW EXECUTE FUNCTION no()
    """)

    with pytest.raises(RowRefused) as raised:
        made.insert("stops")

    made_up = str(raised.value).splitlines()[2]
    assert str(raised.value) == (
        "PostgreSQL refuses the row of cars (P0001 raise_exception)\n"
        "  no cars today\n"
        f"{made_up}\n"
        "The row is needed by trips (car_id), which is needed by stops (trip_id)."
    )
    assert made_up.startswith("  generated: plate='plate ")


def test_a_given_parent_that_is_not_there(rows: Any) -> None:
    made = rows("""
        CREATE TABLE cars (id serial PRIMARY KEY);
        CREATE TABLE trips (car_id int NOT NULL REFERENCES cars)
    """)

    with pytest.raises(RowRefused) as raised:
        made.insert("trips", car_id=7)

    assert str(raised.value) == (
        "PostgreSQL refuses the row of trips (23503 foreign_key_violation)\n"
        '  insert or update on table "trips" violates foreign key constraint "trips_car_id_fkey"\n'
        '  DETAIL: Key (car_id)=(7) is not present in table "cars".\n'
        "  given: car_id=7"
    )


def test_a_null_that_is_given(rows: Any) -> None:
    with pytest.raises(RowRefused) as raised:
        rows(USERS).insert("users", id=1, email=None)

    assert str(raised.value) == (
        "PostgreSQL refuses the row of users (23502 not_null_violation)\n"
        '  null value in column "email" of relation "users" violates not-null constraint\n'
        "  DETAIL: Failing row contains (1, null, null).\n"
        "  given: id=1, email=None"
    )


def test_a_row_that_a_trigger_keeps_away(rows: Any) -> None:
    made = rows("""
        CREATE TABLE cars (id serial);
        CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$;
        CREATE TRIGGER no BEFORE INSERT ON cars FOR EACH ROW EXECUTE FUNCTION no()
    """)

    with pytest.raises(RowRefused) as raised:
        made.insert("cars")

    assert str(raised.value) == (
        "PostgreSQL inserted no row into cars, without an error: "
        "a trigger or a rule of the schema suppresses it."
    )


@pytest.mark.parametrize(
    ("column", "spelled"),
    [("v pg_lsn", "pg_lsn"), ("v pg_lsn[]", "pg_lsn[] (of pg_lsn)")],
)
def test_a_type_of_which_nothing_is_known(rows: Any, column: str, spelled: str) -> None:
    with pytest.raises(NoValue) as raised:
        rows(f"CREATE TABLE things ({column} NOT NULL)").insert("things")

    assert str(raised.value) == (
        f"things.v needs a value, and Understudy cannot generate one for the type {spelled}.\n"
        "Pass it: insert('things', v=...)"
    )


def test_a_type_of_which_nothing_is_known_in_a_check(rows: Any) -> None:
    made = rows("""
        CREATE TABLE either (v pg_lsn, n int, CHECK (num_nonnulls(v, n) = 1));
        CREATE TABLE needed (v pg_lsn NOT NULL CHECK (v > '0/0'))
    """)

    assert made.insert("either").n is not None
    with pytest.raises(NoValue):
        made.insert("needed")


class Mood(enum.Enum):
    OK = "ok"
    SAD = 1


def test_values_as_applications_have_them(rows: Any) -> None:
    made = rows("""
        CREATE TYPE mood AS ENUM ('ok', 'SAD');
        CREATE TABLE things (mood mood, moods mood[], data jsonb, text json, none jsonb)
    """)

    row = made.insert(
        "things", mood=Mood.SAD, moods=["ok", "SAD"], data=[1, {"a": None}], text='"x"', none=None
    )

    assert row == {
        "mood": "SAD",
        "moods": ["ok", "SAD"],
        "data": [1, {"a": None}],
        "text": "x",
        "none": None,
    }
    assert made.insert("things", mood=Mood.OK).mood == "ok"


def test_a_failed_insert_leaves_nothing(rows: Any, connection: psycopg.Connection[Any]) -> None:
    made = rows("""
        CREATE TABLE cars (id serial PRIMARY KEY);
        CREATE TABLE trips (car_id int NOT NULL REFERENCES cars, n int NOT NULL CHECK (n > 0))
    """)

    with pytest.raises(RowRefused):
        made.insert("trips", n=0)

    assert connection.execute("SELECT * FROM cars").fetchall() == []


def test_a_lock_of_another_connection(dsn: str) -> None:
    with connect(dsn) as own, connect(dsn) as other:
        own.execute("CREATE TABLE locked (id int PRIMARY KEY)")
        try:
            own.execute("SET lock_timeout = '10ms'")
            with other.transaction():
                other.execute("INSERT INTO locked VALUES (1)")
                with pytest.raises(RowRefused) as raised:
                    Rows(lambda: own, "a test").insert("locked", id=1)

            assert str(raised.value) == (
                "PostgreSQL refuses the row of locked (55P03 lock_not_available)\n"
                "  canceling statement due to lock timeout\n"
                "  given: id=1\n"
                "Another connection of this test holds the lock: "
                "end its transaction before you insert."
            )
        finally:
            own.execute("DROP TABLE locked")


def test_a_schema_that_is_locked(dsn: str) -> None:
    with connect(dsn) as own, connect(dsn) as other:
        own.execute("CREATE TABLE locked (id int DEFAULT 1)")
        try:
            own.execute("SET lock_timeout = '10ms'")
            with other.transaction():
                other.execute("LOCK TABLE locked")
                with pytest.raises(RowRefused) as raised:
                    Rows(lambda: own, "a test").insert("locked")

            assert str(raised.value) == (
                "Cannot read the tables from PostgreSQL (55P03 lock_not_available)\n"
                "  canceling statement due to lock timeout\n"
                "Another connection of this test holds the lock: "
                "end its transaction before you insert."
            )
        finally:
            own.execute("DROP TABLE locked")


def test_a_cached_schema_is_read_again_before_an_error(
    rows: Any, connection: psycopg.Connection[Any]
) -> None:
    cache = SchemaCache()
    rows("CREATE TABLE things (n int)", cache=cache).insert("things")
    changed = rows(
        "TRUNCATE things; CREATE TABLE more (id serial);"
        "ALTER TABLE things ADD v int NOT NULL CHECK (v > 5000), DROP n",
        cache=cache,
    )

    assert changed.insert("things").v > 5000
    assert changed.insert("more") == {"id": 1}
    with pytest.raises(UnknownName, match="no table 'less'"):
        rows("SELECT", cache=cache).insert("less")
