"""The fixture `real_mysql`: a real MariaDB or MySQL, isolated for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import pytest

from understudy.plugin import markers, request_checks, servers
from understudy.plugin.fixtures import configured_locale, name_of_test
from understudy.plugin.outcomes import one_message

if TYPE_CHECKING:
    from understudy.fake_mysql.fixture import Address
    from understudy.real_mysql.fixture import RealMysql
    from understudy.real_mysql.isolation import Isolation


def _isolation(item: pytest.Item) -> Isolation:
    chosen = markers.isolation(item)
    return "rollback" if chosen == "auto" else cast("Isolation", chosen)


@pytest.fixture(scope="session")
def real_mysql_server(pytestconfig: pytest.Config) -> Address:
    """Return the server of `real_mysql`, for fixtures that outlive a test.

    Statements outside a test go to the real server, too, and are undone when the next test begins.
    """
    from understudy.embedded.errors import PostgresError  # also of MySQL's server
    from understudy.fake_mysql.fixture import Address

    server = servers.real_mysql(pytestconfig)
    with one_message(PostgresError):
        server.start()
    return Address(server, server.base)


@pytest.fixture
def real_mysql(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, real_mysql_server: Address
) -> Iterator[RealMysql]:
    """Yield a MySQL database with the configured schema, isolated for this test.

    Everything that the test does is rolled back when it ends, or, marked with
    `@pytest.mark.understudy(isolation="delete")`, the tables that it wrote are put back.
    """
    from understudy.embedded.errors import PostgresError
    from understudy.real_mysql.fixture import RealMysql

    try:
        locale = configured_locale(pytestconfig)
    except ImportError:
        locale = None  # without Faker no locale is needed
    server = servers.real_mysql(pytestconfig)
    with one_message(PostgresError):
        server.start()  # again, if the real one was killed
        real = RealMysql(server, name_of_test(request.node), locale, _isolation(request.node))
    request_checks.watch(request.node, server.boundary)
    yield real
    with one_message(PostgresError):
        real.end()
