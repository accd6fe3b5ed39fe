"""The fixture `fake_postgres`, and the server behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import client_variables, request_checks, servers

if TYPE_CHECKING:
    from understudy.fake_postgres.fixture import Address, FakePostgres
    from understudy.plugin.record import RecordPlugin


@pytest.fixture(scope="session")
def fake_postgres_server(pytestconfig: pytest.Config) -> Address:
    """Return the server of `fake_postgres`, for fixtures that outlive a test.

    Rules of a test come before rules that are added here.
    """
    from understudy.fake_postgres.fixture import Address

    server = servers.server(pytestconfig)
    server.start()
    return Address(server, server.base)


@pytest.fixture
def fake_postgres(
    request: pytest.FixtureRequest, pytestconfig: pytest.Config, fake_postgres_server: Address
) -> Iterator[FakePostgres]:
    """Yield a scripted PostgreSQL server for real drivers; rules of the test answer."""
    from understudy.fake_postgres.fixture import FakePostgres

    with client_variables.set_aside():
        server = servers.server(pytestconfig)
        recording: RecordPlugin | None = pytestconfig.pluginmanager.get_plugin("understudy-record")
        fake = FakePostgres(server) if recording is None else recording.fake_postgres(request)
        request_checks.watch(request.node, server.boundary)
        yield fake
        fake.end()
