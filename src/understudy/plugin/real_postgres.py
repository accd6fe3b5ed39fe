"""The fixture `real_postgres`: a real database, isolated for each test."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import client_variables, isolation, markers, request_checks, servers
from understudy.plugin.outcomes import failure, one_message
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

    Everything that the test does is rolled back when it ends. If one rolled-back transaction is not
    enough for it, or if it is marked with `@pytest.mark.understudy(isolation="clone")`, it gets a
    database of its own, a copy of a template, which is dropped when the test ends.
    """
    chosen = isolation.of(request.node)
    if chosen == "delete":
        raise failure(
            'isolation = "delete" is for real_mysql; real_postgres has "rollback" and "clone".\n'
            'Set it for single tests: @pytest.mark.understudy(isolation="delete").'
        )
    isolation.note_run(request.node, chosen)
    with client_variables.set_aside():
        if chosen == "clone":
            from understudy.plugin.clones import own_database

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
        is_counted = markers.max_statements(request.node) is not None  # not on a clone
        moves = isolation.may_move(request.node) and not is_counted
        function = getattr(request.node, "function", None)
        code = getattr(inspect.unwrap(function), "__code__", None) if function else None
        servers.interruption(pytestconfig).code = code
        real = RealPostgres(server, RowsOfTest(request, server.socket_dsn), moves=moves)
        request_checks.watch(request.node, server.boundary)
    yield real
    with one_message(PostgresError):
        real.end()
