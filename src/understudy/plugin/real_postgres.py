"""The fixture `real_postgres`: a real database, isolated for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import client_variables, markers, servers
from understudy.plugin.outcomes import one_message
from understudy.plugin.rows import RowsOfTest

if TYPE_CHECKING:
    from understudy.fake_postgres.fixture import Address
    from understudy.real_postgres.fixture import ClonedPostgres, RealPostgres


@pytest.fixture(scope="session")
def real_postgres_server(pytestconfig: pytest.Config) -> Address:
    """Return the server of `real_postgres`, for fixtures that outlive a test.

    Statements outside a test go to the real server too, and are undone when the next test begins.
    """
    from understudy.embedded import PostgresError
    from understudy.fake_postgres.fixture import Address

    server = servers.rollback_server(pytestconfig)
    with one_message(PostgresError):
        server.start()
    return Address(server, server.base)


@pytest.fixture
def real_postgres(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[RealPostgres | ClonedPostgres]:
    """Yield a database with the configured schema, isolated for this test.

    By default everything that the test does is rolled back when it ends. A test marked with
    `@pytest.mark.understudy(isolation="clone")` gets a database of its own, a copy of a template,
    which is dropped when the test ends.
    """
    with client_variables.set_aside():
        if markers.isolation(request.node) == "clone":
            from understudy.plugin.databases import own_database

            with own_database(request) as database:
                yield database
        else:
            yield from _rolled_back(request, pytestconfig)


def _rolled_back(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config
) -> Iterator[RealPostgres]:
    """Yield the database whose changes are rolled back."""
    request.getfixturevalue("real_postgres_server")
    from understudy.embedded import PostgresError
    from understudy.real_postgres.fixture import RealPostgres

    with one_message(PostgresError):
        server = servers.rollback_server(pytestconfig)
        real = RealPostgres(server, RowsOfTest(request, server.socket_dsn))
    yield real
    with one_message(PostgresError):
        real.end()
