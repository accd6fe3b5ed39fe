"""The fixture `real_sqlite`: a real SQLite database for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import request_checks, servers
from understudy.plugin.fixtures import configured_locale, name_of_test
from understudy.plugin.outcomes import one_message

if TYPE_CHECKING:
    from understudy.real_sqlite.fixture import RealSqlite


@pytest.fixture
def real_sqlite(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[RealSqlite]:
    """Yield an SQLite database with the configured schema, filled anew for this test."""
    from understudy.embedded.errors import PostgresError  # also of SQLite's schema
    from understudy.real_sqlite.fixture import RealSqlite

    try:
        locale = configured_locale(pytestconfig)
    except ImportError:
        locale = None  # without Faker no locale is needed
    with one_message(PostgresError):
        database = servers.sqlite(pytestconfig)
        real = RealSqlite(database, name_of_test(request.node), locale)
    request_checks.watch(request.node, database.boundary)
    yield real
    real.end()
