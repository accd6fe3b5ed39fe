"""A pytest plugin for the runs of `understudy write`, which alone load it."""

from __future__ import annotations

import pytest

from understudy import rerun
from understudy.plugin import databases, servers, shared_address
from understudy.project import pytest_process
from understudy.write import session


def pytest_configure(config: pytest.Config) -> None:
    """Try the module's functions when the test that plays trials has run."""
    wanted = session.Wanted(**pytest_process.requested())
    reruns = rerun.of(config)

    def addresses() -> list[str]:
        made = (servers.rollback_server(config), servers.server(config))
        own = [dsn for server in made for dsn in (server.dsn, server.socket_dsn)]
        return [*own, *shared_address.addresses(config)]

    writing = session.Session(
        wanted, config, reruns, lambda: databases.clone(config), addresses, pytest_process.answer
    )
    session.begin(writing)
    config.pluginmanager.register(writing.fixture_errors)

    reruns.after.append(writing.run)
