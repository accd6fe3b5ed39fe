"""The MySQL of a run: one for all workers, started when the first test needs it.

The controller of pytest-xdist starts it and loads the schema, or the only process of a run without
workers. Each process makes its own copies.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import databases
from understudy.plugin.options import read_settings

if TYPE_CHECKING:
    from understudy.embedded import PostgresError
    from understudy.mysql_server.databases import MysqlDatabases, MysqlPlace

_FOUND: pytest.StashKey[MysqlPlace | PostgresError] = pytest.StashKey()
_OWN: pytest.StashKey[MysqlDatabases] = pytest.StashKey()
_starting = threading.RLock()  # two workers may ask at the same time


def shared(config: pytest.Config) -> MysqlPlace:
    """Return where the databases with the configured schema are, starting the server if necessary.

    Raises:
        PostgresError: there is no server. A failed start is not retried: later calls raise the
            same error.
    """
    from understudy.embedded import PostgresError
    from understudy.mysql_server.databases import MysqlPlace

    with _starting:
        own = config.stash.get(_OWN, None)
        known = config.stash.get(_FOUND, None)
        is_ended = own is not None and not own.is_running
        if isinstance(known, MysqlPlace) and (is_ended or known.is_gone):  # it was killed
            if own is not None:
                own.stop()
                del config.stash[_OWN]
            known = None
        if known is None:
            try:
                known = _obtained(config)
            except PostgresError as error:
                known = error
            config.stash[_FOUND] = known
    if isinstance(known, PostgresError):
        raise known.with_traceback(None)
    return known


def answer(config: pytest.Config) -> Mapping[str, Any]:
    """On the controller of pytest-xdist, answer a worker in plain values."""
    from understudy.embedded import PostgresError

    try:
        return asdict(shared(config))
    except PostgresError as error:
        return {"error": str(error)}


def _obtained(config: pytest.Config) -> MysqlPlace:
    from understudy.mysql_server.databases import MysqlDatabases, MysqlPlace

    told = databases.ask_controller(config, "mysql")
    if told is not None:
        return MysqlPlace(**told)
    settings = read_settings(config)
    started = MysqlDatabases(
        settings.mysql_schema or settings.schema,
        settings.root,
        mysql_url=settings.mysql_url,
        environment={**settings.fake_mysql_env, **settings.real_mysql_env},
    )
    config.add_cleanup(started.stop)
    config.stash[_OWN] = started.start()
    return started.place
