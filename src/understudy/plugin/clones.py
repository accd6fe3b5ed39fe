"""The clones of the tests that need one, and those that are kept after a failure.

Nothing is imported to find these tests: most runs have none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import isolation
from understudy.plugin.outcomes import one_message

if TYPE_CHECKING:
    from understudy.embedded import Clones
    from understudy.real_postgres.fixture import ClonedPostgres

_WANTED: pytest.StashKey[int] = pytest.StashKey()
_IS_UNEXPECTED: pytest.StashKey[bool] = pytest.StashKey()
_HELD: pytest.StashKey[tuple[Clones, str, str]] = pytest.StashKey()


def count(session: pytest.Session) -> None:
    """Count the tests that need a clone, so that exactly as many are made ahead."""
    asking = sum(
        isolation.uses_real_postgres(item) and isolation.of(item) == "clone"
        for item in session.items
    )
    workers = getattr(session.config, "workerinput", {}).get("workercount", 1)
    session.config.stash[_WANTED] = -(-asking // workers)


def wanted(config: pytest.Config) -> int:
    """Return the number of clones that this process will need, once."""
    number = config.stash.get(_WANTED, 0)
    config.stash[_WANTED] = 0
    return number


def _wanted_unexpectedly(config: pytest.Config) -> float:
    """Return, once, how many tests may need a clone that were not expected to: any number."""
    if config.stash.get(_IS_UNEXPECTED, False):
        return 0
    config.stash[_IS_UNEXPECTED] = True
    config.stash[_WANTED] = 0  # these are included
    return math.inf


@contextmanager
def own_database(request: pytest.FixtureRequest) -> Iterator[ClonedPostgres]:
    """Yield a database that is dropped at the end of the test; a PostgresError fails it."""
    from understudy.embedded import PostgresError
    from understudy.plugin import databases, servers
    from understudy.plugin.rows import RowsOfTest
    from understudy.real_postgres.fixture import ClonedPostgres

    item, config = request.node, request.config
    with one_message(PostgresError):
        clones = databases.shared(config)
        name, dsn = clones.new()
        is_expected = not isolation.has_moved(item)
        needed = wanted(config) if is_expected else _wanted_unexpectedly(config)
        if (more := needed - 1) > 0:
            clones.prefetch(more)
        server = servers.rollback_server(config)
        server.start()
    item.stash[_HELD] = (clones, name, dsn)
    socket_dsn = clones.place.socket_dsn(name)
    database = ClonedPostgres(server, socket_dsn, RowsOfTest(request, socket_dsn))
    try:
        yield database
    finally:
        database.end()
        if _HELD in item.stash:
            del item.stash[_HELD]
            with one_message(PostgresError):
                clones.drop(name)


def keep_if_failed(item: pytest.Item, report: pytest.TestReport) -> None:
    """Keep the database of a failed test if configured, and report its URL."""
    held = item.stash.get(_HELD, None)
    if held is None or not report.failed or not item.config.getoption("understudy_keep_databases"):
        return
    from understudy.embedded import PostgresError

    clones, name, dsn = held
    try:
        clones.keep(name)
        del item.stash[_HELD]
        until = "a run starts a server" if clones.place.is_embedded else "a run begins there"
        text = f"Kept until the next time that {until}:\n{dsn}"
    except PostgresError as error:
        text = str(error)
    report.sections.append(("understudy", text))
