"""The rows that a row references."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from understudy.embedded.driver import connect
from understudy.rows import RowRefused, Rows

SHOP = """
    CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders (
        id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, note_of int REFERENCES users
    );
    CREATE TABLE lines (order_id int NOT NULL REFERENCES orders, number int NOT NULL)
"""


def count(connection: psycopg.Connection[Any], table: str) -> int:
    found = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert found is not None
    return int(found[0])


def test_missing_parents_are_inserted(rows: Any, connection: psycopg.Connection[Any]) -> None:
    line = rows(SHOP).insert("lines")

    found = connection.execute("SELECT o.id, u.id, note_of FROM orders o JOIN users u ON true")
    assert found.fetchall() == [(line.order_id, 1, None)]


def test_a_parent_that_is_there_is_taken(rows: Any, connection: psycopg.Connection[Any]) -> None:
    made = rows(f"{SHOP}; INSERT INTO users (name) VALUES ('Ana'), ('Bia')")

    assert made.insert("orders").user_id == 1
    assert count(connection, "users") == 2


def test_the_parent_that_was_inserted_last_goes_first(rows: Any) -> None:
    made = rows(f"{SHOP}; INSERT INTO users (name) VALUES ('Ana')")
    made.insert("users", name="Bia")
    cleo = made.insert("users", name="Cleo")

    assert made.insert("orders").user_id == cleo.id


def test_one_that_was_inserted_last_and_is_gone_does_not(
    rows: Any, connection: psycopg.Connection[Any]
) -> None:
    made = rows(f"{SHOP}; INSERT INTO users (name) VALUES ('Ana')")
    made.insert("users")
    connection.execute("DELETE FROM users WHERE id = 2")

    assert made.insert("orders").user_id == 1


def test_a_parent_that_is_given_is_taken(rows: Any, connection: psycopg.Connection[Any]) -> None:
    made = rows(SHOP)
    ana, _ = made.insert("users"), made.insert("users")

    assert made.insert("orders", user_id=ana.id, note_of=ana.id).note_of == ana.id


def test_a_unique_reference_gets_a_new_parent_each_time(
    rows: Any, connection: psycopg.Connection[Any]
) -> None:
    made = rows(f"{SHOP}; CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users)")

    assert [made.insert("profiles").user_id for _ in range(3)] == [1, 2, 3]


def test_pairs_are_new_ones(rows: Any, connection: psycopg.Connection[Any]) -> None:
    made = rows(f"""
        {SHOP};
        CREATE TABLE tags (id serial PRIMARY KEY);
        CREATE TABLE tagged (user_id int REFERENCES users, tag_id int REFERENCES tags,
                             PRIMARY KEY (user_id, tag_id))
    """)
    ana = made.insert("users")

    assert [dict(made.insert("tagged", user_id=ana.id)) for _ in range(2)] == [
        {"user_id": 1, "tag_id": 1},
        {"user_id": 1, "tag_id": 2},
    ]


TENANTS = """
    CREATE TABLE tenants (id serial PRIMARY KEY);
    CREATE TABLE users (
        tenant_id int NOT NULL REFERENCES tenants, id serial, PRIMARY KEY (tenant_id, id)
    );
    CREATE TABLE orders (
        id serial PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, user_id int NOT NULL,
        UNIQUE (user_id), FOREIGN KEY (tenant_id, user_id) REFERENCES users
    )
"""


def test_keys_that_share_a_column_agree(rows: Any) -> None:
    made = rows(TENANTS)
    made.insert("users")
    other = made.insert("tenants")

    order = made.insert("orders", tenant_id=other.id)

    assert (order.tenant_id, order.user_id) == (2, 2)


def test_a_part_of_a_key_that_is_given_decides(rows: Any) -> None:
    made = rows(TENANTS)
    first = made.insert("users")
    made.insert("users", tenant_id=made.insert("tenants").id)

    order = made.insert("orders", user_id=first.id)

    assert (order.tenant_id, order.user_id) == (first.tenant_id, first.id)


def test_another_parent_for_a_key_that_shares_a_column(rows: Any) -> None:
    made = rows(TENANTS)

    orders = [made.insert("orders") for _ in range(2)]

    assert [(order.tenant_id, order.user_id) for order in orders] == [(1, 1), (1, 2)]


def test_a_default_that_names_no_row_is_not_kept(rows: Any) -> None:
    made = rows("""
        CREATE TABLE kinds (id serial PRIMARY KEY);
        CREATE TABLE things (kind int NOT NULL DEFAULT 7 REFERENCES kinds)
    """)

    assert made.insert("things").kind == 1


def test_the_first_row_refers_to_itself_and_the_next_to_it(rows: Any) -> None:
    made = rows("CREATE TABLE staff (id serial PRIMARY KEY, boss int NOT NULL REFERENCES staff)")

    assert [dict(made.insert("staff")) for _ in range(2)] == [
        {"id": 1, "boss": 1},
        {"id": 2, "boss": 1},
    ]


def test_a_unique_self_reference_refers_to_the_row_itself(rows: Any) -> None:
    made = rows("""
        CREATE TABLE staff (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            peer bigint NOT NULL UNIQUE REFERENCES staff
        )
    """)

    staff = [made.insert("staff") for _ in range(2)]

    assert all(one.peer == one.id for one in staff)


def test_a_key_without_a_default_is_made_up_before_the_row(rows: Any) -> None:
    made = rows("CREATE TABLE staff (id uuid PRIMARY KEY, boss uuid NOT NULL REFERENCES staff)")

    first = made.insert("staff")

    assert first.boss == first.id


CIRCLE = """
    CREATE TABLE teams (id serial PRIMARY KEY, lead_id int NOT NULL);
    CREATE TABLE people (
        id serial PRIMARY KEY, team_id int NOT NULL CONSTRAINT in_team REFERENCES teams {people}
    );
    ALTER TABLE teams ADD CONSTRAINT led_by FOREIGN KEY (lead_id) REFERENCES people {teams}
"""
DEFERRABLE = [
    pytest.param("DEFERRABLE", "", id="people"),
    pytest.param("", "DEFERRABLE", id="teams"),
    pytest.param("DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED", id="both"),
]


@pytest.mark.parametrize("table", ["teams", "people"])
@pytest.mark.parametrize(("people", "teams"), DEFERRABLE)
def test_a_circle(
    rows: Any, connection: psycopg.Connection[Any], people: str, teams: str, table: str
) -> None:
    made = rows(CIRCLE.format(people=people, teams=teams))

    made.insert(table)

    joined = "SELECT t.id, p.id FROM teams t JOIN people p ON p.id = lead_id AND t.id = team_id"
    assert connection.execute(joined.encode()).fetchall() == [(1, 1)]
    assert (count(connection, "teams"), count(connection, "people")) == (1, 1)


def test_constraints_are_checked_as_before_after_a_circle(
    rows: Any, connection: psycopg.Connection[Any]
) -> None:
    rows(CIRCLE.format(people="DEFERRABLE", teams="DEFERRABLE INITIALLY DEFERRED")).insert("teams")

    connection.execute("UPDATE teams SET lead_id = 99")  # is put off
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="in_team"):
        connection.execute("UPDATE people SET team_id = 99")


def test_a_circle_that_cannot_be_entered_is_refused(rows: Any) -> None:
    with pytest.raises(RowRefused) as raised:
        rows(CIRCLE.format(people="", teams="")).insert("teams")

    assert str(raised.value) == (
        "These tables need each other's rows: teams needs people, people needs teams, "
        "and none of the foreign keys is DEFERRABLE.\n"
        "Make one DEFERRABLE: ALTER TABLE people ALTER CONSTRAINT in_team DEFERRABLE."
    )


def test_outside_a_transaction_each_row_is_committed(dsn: str) -> None:
    with connect(dsn) as own, connect(dsn) as other:
        own.execute("CREATE TABLE committed (id serial PRIMARY KEY)")
        try:
            row = Rows(lambda: own, "a test").insert("committed")

            assert other.execute("SELECT id FROM committed").fetchall() == [(row.id,)]
        finally:
            own.execute("DROP TABLE committed")


def test_a_constraint_that_is_checked_at_the_end(dsn: str) -> None:
    with connect(dsn) as own:
        own.execute(
            "CREATE TABLE late (id int PRIMARY KEY, "
            "other int CONSTRAINT of_late REFERENCES late DEFERRABLE INITIALLY DEFERRED)"
        )
        try:
            with pytest.raises(RowRefused) as raised:
                Rows(lambda: own, "a test").insert("late", other=99)

            assert str(raised.value) == (
                "PostgreSQL refuses the row of late at the end of its transaction "
                "(23503 foreign_key_violation)\n"
                '  insert or update on table "late" violates foreign key constraint "of_late"\n'
                '  DETAIL: Key (other)=(99) is not present in table "late".'
            )
            assert count(own, "late") == 0
        finally:
            own.execute("DROP TABLE late")
