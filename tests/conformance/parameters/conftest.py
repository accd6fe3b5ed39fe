from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.conformance.parameters.schema import tables
from understudy.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def dsn() -> Iterator[str]:
    """A database with a table for each type of the matrix."""
    with EmbeddedServer() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute(tables())
        yield server.dsn()


@pytest.fixture(autouse=True)
def _quiet_panics(monkeypatch: pytest.MonkeyPatch) -> None:
    # psqlpy panics two thousand times, and each backtrace takes milliseconds.
    monkeypatch.setenv("RUST_BACKTRACE", "0")
