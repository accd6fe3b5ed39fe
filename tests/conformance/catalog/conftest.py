from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.catalog.servers import VERSIONS, server_of
from tests.conformance.catalog.corpus import HERE
from understudy.catalog.describer import Describer
from understudy.embedded import load_schema


@pytest.fixture(scope="session", params=VERSIONS, ids=lambda version: f"postgres{version}")
def shop(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database with the schema and the data of the corpus, on each version."""
    with server_of(request.param) as server:
        server.admin.create("shop")
        load_schema(server.dsn("shop"), ["schema.sql", "data.sql"], HERE)
        yield server.dsn("shop")


@pytest.fixture
def describer(shop: str) -> Iterator[Describer]:
    describer = Describer(shop)
    yield describer
    describer.close()


@pytest.fixture
def connection(shop: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shop, autocommit=True) as connection:
        yield connection
