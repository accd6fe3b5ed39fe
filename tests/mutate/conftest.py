from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.embedded import EmbeddedServer
from understudy.embedded.driver import connect

SCHEMA = """
    CREATE TABLE users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        email text UNIQUE,
        age integer
    );
    CREATE TABLE orders (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
        total numeric(8, 2) NOT NULL DEFAULT 0,
        placed timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE TABLE guarded (id integer PRIMARY KEY, level integer CHECK (level BETWEEN 10 AND 20));
    CREATE TABLE documents (id integer PRIMARY KEY, body jsonb NOT NULL, tags text[] NOT NULL);
    CREATE TABLE hens (id integer PRIMARY KEY, egg integer NOT NULL);
    CREATE TABLE eggs (
        id integer PRIMARY KEY,
        hen integer NOT NULL REFERENCES hens DEFERRABLE INITIALLY DEFERRED
    );
    ALTER TABLE hens ADD FOREIGN KEY (egg) REFERENCES eggs DEFERRABLE INITIALLY DEFERRED;
    CREATE TABLE never (id integer PRIMARY KEY CHECK (id <> id));
    INSERT INTO users (name) VALUES ('Ana');
"""


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """The URL of a database with a schema and one user."""
    with EmbeddedServer() as server:
        server.admin.create("mutants")
        with connect(server.dsn("mutants")) as connection:
            connection.execute(SCHEMA.encode())
        yield server.dsn("mutants")
