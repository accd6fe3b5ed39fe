"""The fixture `real_postgres`: a database of its own for each test that asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from understudy.plugin.databases import RealPostgres


@pytest.fixture
def real_postgres(pytestconfig: pytest.Config) -> Iterator[RealPostgres]:
    """A database with the configured schema in it and nothing else, for this test alone.

    It is a copy of a template that is built once per process, for the first test that asks. It
    is dropped after the test, and whoever is still connected to it then is disconnected.
    """
    from understudy.plugin.databases import own_database

    with own_database(pytestconfig) as database:
        yield database
