"""The server of `fake_postgres` of a run, and the environment that points an app at it.

One server serves the whole run: an app that is made once reads once where its database is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from understudy.plugin.settings import PLACES, Settings

if TYPE_CHECKING:
    from understudy.wire.server import Server

_SERVER: pytest.StashKey[Server] = pytest.StashKey()


def server(config: pytest.Config) -> Server:
    """Return the server of this run, made when it is first asked for."""
    known = config.stash.get(_SERVER, None)
    if known is None:
        from understudy.wire.server import Server

        known = config.stash[_SERVER] = Server()
        config.add_cleanup(known.stop)
    return known


def set_environment(config: pytest.Config, settings: Settings) -> None:
    """Point the app at the server, for the whole run.

    It is set before the first conftest.py is imported: many an app reads its settings when its
    module is. The server accepts nobody before a test asks for it.
    """
    known = server(config)
    places = {place: getattr(known, place) for place in PLACES}
    before = {name: os.environ.get(name) for name in settings.fake_postgres_env}
    for name, text in settings.fake_postgres_env.items():
        os.environ[name] = text.format(**places)

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    config.add_cleanup(restore)
