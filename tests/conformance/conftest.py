from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psqlpy
import pytest

from tests.conformance.fake_and_real import Subject, open_fake, open_real
from tests.conformance.role_servers import Servers, servers_in
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.describer import Describer
from understudy.catalog.run_catalog import Catalog
from understudy.embedded import TestDatabases


@pytest.fixture(scope="session")
def conformance_dsn() -> Iterator[str]:
    """A database with the tables of the tests."""
    with TestDatabases(["schema.sql"], Path(__file__).parent) as databases:
        _, dsn = databases.new()
        yield dsn


@pytest.fixture
def described(conformance_dsn: str) -> Iterator[None]:
    """The catalog of that database."""
    before = active_checker.POSTGRES.factory, active_checker.made()
    describer = Describer(conformance_dsn)
    checker = Checker(Catalog(None, lambda major: "conformance", lambda: describer))
    active_checker.use(lambda: checker)
    yield
    active_checker.use(*before)
    describer.close()


@pytest.fixture(scope="session")
def role_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A schema with roles, on each kind of real server."""
    with servers_in(tmp_path_factory.mktemp("roles")) as servers:
        yield servers


@pytest.fixture(params=["fake", "real"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    """A fresh connection: a fake one, and then a real one."""
    if request.param == "fake":
        opened = await open_fake()
        yield opened
        opened.conn.close()
        return
    dsn = request.getfixturevalue("conformance_dsn")
    monitor = await psqlpy.connect(dsn)
    opened = await open_real(dsn, monitor)
    yield opened
    # A driver that still holds a transaction would keep the next test's TRUNCATE waiting.
    await monitor.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    opened.pool.close()
    monitor.close()
