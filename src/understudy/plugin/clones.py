"""The tests that get a database of their own, and the databases of those that fail.

Nothing is imported to find them: most runs have no such test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import isolation

if TYPE_CHECKING:
    from understudy.embedded import Clones

_WANTED: pytest.StashKey[int] = pytest.StashKey()
_IS_UNEXPECTED: pytest.StashKey[bool] = pytest.StashKey()
_HELD: pytest.StashKey[tuple[Clones, str, str]] = pytest.StashKey()


def count(session: pytest.Session) -> None:
    """Count the tests that need a clone, so that exactly as many are made ahead."""
    asking = sum(
        "real_postgres" in getattr(item, "fixturenames", ()) and isolation.of(item) == "clone"
        for item in session.items
    )
    workers = getattr(session.config, "workerinput", {}).get("workercount", 1)
    session.config.stash[_WANTED] = -(-asking // workers)


def wanted(config: pytest.Config) -> int:
    """Return the number of clones that this process will need, once."""
    number = config.stash.get(_WANTED, 0)
    config.stash[_WANTED] = 0
    return number


def wanted_unexpectedly(config: pytest.Config) -> float:
    """Return, once, how many tests may need a clone that were not expected to: any number."""
    if config.stash.get(_IS_UNEXPECTED, False):
        return 0
    config.stash[_IS_UNEXPECTED] = True
    config.stash[_WANTED] = 0  # these are included
    return math.inf


def hold(item: pytest.Item, databases: Clones, name: str, dsn: str) -> None:
    """Record the database of a running test."""
    item.stash[_HELD] = (databases, name, dsn)


def release(item: pytest.Item) -> bool:
    """Return whether the test's database has to be dropped now, because it was not kept."""
    held = item.stash.get(_HELD, None)
    if held is None:
        return False
    del item.stash[_HELD]
    return True


def keep_if_failed(item: pytest.Item, report: pytest.TestReport) -> None:
    """Keep the database of a failed test if configured, and report its URL."""
    held = item.stash.get(_HELD, None)
    if held is None or not report.failed or not item.config.getoption("understudy_keep_databases"):
        return
    from understudy.embedded import PostgresError

    databases, name, dsn = held
    try:
        databases.keep(name)
        del item.stash[_HELD]
        until = "a run starts a server" if databases.place.is_embedded else "a run begins there"
        text = f"Kept until the next time that {until}:\n{dsn}"
    except PostgresError as error:
        text = str(error)
    report.sections.append(("understudy", text))
