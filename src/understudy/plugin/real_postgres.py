"""The fixture `real_postgres`: a database of its own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from understudy.plugin.options import read_settings

if TYPE_CHECKING:
    from understudy.plugin.databases import RealPostgres
    from understudy.postgres import TestDatabases


@pytest.fixture(scope="session")
def _understudy_databases(pytestconfig: pytest.Config) -> Iterator[TestDatabases]:
    """The server, with the schema loaded once. pytest keeps a failure of this for every test."""
    from understudy.plugin.databases import running

    with running(read_settings(pytestconfig)) as databases:
        yield databases


@pytest.fixture
def real_postgres(_understudy_databases: TestDatabases) -> Iterator[RealPostgres]:
    """A database with the configured schema in it and nothing else, for this test alone.

    It is a copy of a template that is built once per process, from the first test that asks. It
    is dropped after the test, and whoever is still connected to it then is disconnected.
    """
    from understudy.plugin.databases import own_database

    with own_database(_understudy_databases) as database:
        yield database
