"""The fixture `fake_mysql`, and the server behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import request_checks, servers

if TYPE_CHECKING:
    from understudy.fake_mysql.fixture import Address, FakeMysql


@pytest.fixture(scope="session")
def fake_mysql_server(pytestconfig: pytest.Config) -> Address:
    """Return the server of `fake_mysql`, for fixtures that outlive a test.

    Rules of a test come before rules that are added here.
    """
    from understudy.fake_mysql.fixture import Address

    server = servers.fake_mysql(pytestconfig)
    server.start()
    return Address(server, server.base)


@pytest.fixture
def fake_mysql(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, fake_mysql_server: Address
) -> Iterator[FakeMysql]:
    """Yield a scripted MySQL server for real drivers; rules of the test answer."""
    from understudy.fake_mysql.fixture import FakeMysql

    server = servers.fake_mysql(pytestconfig)
    fake = FakeMysql(server)
    request_checks.watch(request.node, server.boundary)
    yield fake
    fake.end()
