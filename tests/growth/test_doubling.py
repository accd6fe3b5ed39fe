"""More rows like those that there are: what a schema allows is copied, the rest is left alone."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from understudy.embedded import TestDatabases
from understudy.growth.doubling import doubling
from understudy.rows.schema_reader import read_schema

SCHEMA = """
CREATE TABLE users (
    id serial PRIMARY KEY, email varchar(12) UNIQUE CHECK (email LIKE '%@x.de'),
    born date, UNIQUE (born)
);
CREATE TABLE "Odd table" (
    id uuid PRIMARY KEY, n numeric UNIQUE, twice int GENERATED ALWAYS AS (2) STORED
);
CREATE TABLE roles (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
CREATE TABLE members (
    user_id int REFERENCES users, role_id bigint REFERENCES roles, PRIMARY KEY (user_id, role_id)
);
CREATE TABLE posts (
    id bigint PRIMARY KEY, user_id int NOT NULL REFERENCES users, at timestamptz, UNIQUE (id, at)
) PARTITION BY RANGE (id);
CREATE TABLE posts_1 PARTITION OF posts FOR VALUES FROM (0) TO (1000);
CREATE TABLE numbers (id serial PRIMARY KEY);
CREATE TABLE flags (on_off boolean PRIMARY KEY);
CREATE TABLE limited (id int PRIMARY KEY CHECK (id < 3));
CREATE VIEW names AS SELECT email FROM users;
INSERT INTO users (email, born) VALUES ('ana@x.de', '2000-01-01'), ('eva@x.de', NULL);
INSERT INTO "Odd table" VALUES (gen_random_uuid(), 1.5);
INSERT INTO roles (name) VALUES ('a');
INSERT INTO members VALUES (1, 1);
INSERT INTO posts VALUES (1, 1, now());
INSERT INTO numbers DEFAULT VALUES;
INSERT INTO flags VALUES (true);
INSERT INTO limited VALUES (1), (2);
"""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    folder = tmp_path_factory.mktemp("schema")
    (folder / "schema.sql").write_text(SCHEMA)
    with (
        TestDatabases(["schema.sql"], folder) as databases,
        psycopg.connect(databases.new()[1]) as connection,
    ):
        yield connection


@pytest.mark.parametrize(
    ("table", "looked_up", "before", "after"),
    [
        ("users", (), 2, 4),
        ("Odd table", (), 1, 2),
        ("roles", (), 1, 2),
        ("numbers", (), 1, 2),
        # Both columns of its key refer to other rows: only new rows of those make new ones.
        ("members", (), 1, 1),
        ("members", ("users",), 1, 2),
        ("posts", (), 1, 2),
        ("posts", ("users",), 1, 4),
        # There is no other value; PostgreSQL refuses another one.
        ("flags", (), 1, 1),
        ("limited", (), 2, 2),
    ],
)
def test_copies(
    connection: psycopg.Connection, table: str, looked_up: tuple[str, ...], before: int, after: int
) -> None:
    count = f'SELECT count(*) FROM "{table}"'
    statement = doubling(read_schema(connection), [table], looked_up)
    assert connection.execute(count.encode()).fetchone() == (before,)
    if statement is not None:
        connection.execute(statement.encode())
    assert connection.execute(count.encode()).fetchone() == (after,)
    connection.rollback()


def test_what_is_no_table(connection: psycopg.Connection) -> None:
    schema = read_schema(connection)
    assert doubling(schema, ["names", "nowhere", "pg_class"], ()) is None
    connection.rollback()
