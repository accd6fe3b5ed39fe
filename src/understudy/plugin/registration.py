"""The fixtures of a run."""

from __future__ import annotations

import pytest

from understudy.plugin import (
    fake_mysql,
    fake_postgres,
    fixtures,
    real_mysql,
    real_postgres,
    real_sqlite,
)
from understudy.plugin.settings import Settings

INTEGRATION = 'integration: needs a real PostgreSQL; leave out with -m "not integration"'


def register_fixtures(config: pytest.Config, settings: Settings) -> None:
    """Register the fixtures; those of the app only if an app is configured.

    Generic names collide: a project without an ASGI app may use another plugin's `client`.
    """
    manager = config.pluginmanager
    manager.register(fixtures, "understudy-fixtures")
    manager.register(real_postgres, "understudy-real-postgres")
    manager.register(fake_postgres, "understudy-fake-postgres")
    manager.register(real_sqlite, "understudy-real-sqlite")
    manager.register(fake_mysql, "understudy-fake-mysql")
    manager.register(real_mysql, "understudy-real-mysql")
    if not fixtures.has_own_event_loop(config):
        manager.register(fixtures.EventLoop(), "understudy-event-loop")
    if settings.app is not None:
        from understudy.plugin import app_fixtures, loops

        manager.register(app_fixtures, "understudy-app")
        manager.register(loops.async_client_fixtures(config), "understudy-async-client")
