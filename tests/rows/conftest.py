from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from understudy.embedded import EmbeddedServer
from understudy.embedded.driver import connect
from understudy.rows import Rows

Make = Callable[..., Rows]


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    with EmbeddedServer() as server:
        server.admin.create("rows")
        yield server.dsn("rows")


@pytest.fixture(scope="session")
def session_connection(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(dsn) as connection:
        yield connection


@pytest.fixture
def connection(session_connection: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    """A connection inside a transaction, of which nothing stays."""
    session_connection.execute("BEGIN")
    yield session_connection
    session_connection.execute("ROLLBACK")


@pytest.fixture
def rows(connection: psycopg.Connection[Any]) -> Make:
    """Makes the Rows of a test whose database has this schema."""

    def make(schema: str, seed: str = "a test", **options: Any) -> Rows:
        connection.execute(schema.encode())
        return Rows(lambda: connection, seed, **options)

    return make
