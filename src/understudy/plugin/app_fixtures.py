"""The fixtures of the configured app: `app`, `client`, `async_client`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import loops, shared_address
from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import one_message
from understudy.plugin.settings import APP_DATABASES

if TYPE_CHECKING:
    import httpx
    from starlette.testclient import TestClient

    from understudy.asgi import Overrides, SyncClient

_OVERRIDES: pytest.StashKey[Overrides] = pytest.StashKey()
_CLIENT: pytest.StashKey[SyncClient] = pytest.StashKey()


@pytest.fixture(scope="session")
def app(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Any:
    """Return the configured ASGI app, made once per session.

    Its `dependency_overrides` are restored after every test. A server that a setting such as
    `real_postgres_env` configures is started before it.
    """
    from understudy.asgi import AppError, Overrides, load_app

    settings = read_settings(pytestconfig)
    assert settings.app is not None, "registered only if an app is configured"
    for fixture in APP_DATABASES:
        if getattr(settings, f"{fixture}_env") and shared_address.needs(pytestconfig, fixture):
            request.getfixturevalue(f"{fixture}_server")
    with one_message(AppError):
        application = load_app(settings.app, settings.root)
    pytestconfig.stash[_OVERRIDES] = Overrides(application)
    return application


@pytest.fixture(autouse=True)
def _understudy_overrides(pytestconfig: pytest.Config) -> Iterator[None]:
    """Restore the app's `dependency_overrides`, without loading the app.

    A function-scoped autouse fixture is set up after those of wider scopes, so overrides that a
    module's fixture sets for all its tests stay.
    """
    overrides = pytestconfig.stash.get(_OVERRIDES, None)
    if overrides is not None:
        overrides.save()
    yield
    # Looked up again: the test may have been the first to use the app.
    overrides = pytestconfig.stash.get(_OVERRIDES, None)
    if overrides is not None:
        overrides.restore()


@pytest.fixture(scope="session")
def client(app: Any, pytestconfig: pytest.Config) -> Iterator[TestClient]:
    """Yield a TestClient for the app, inside its lifespan.

    The lifespan runs once per session. It is stopped while an `async_client` runs the app, which
    can only be started once at a time; the next test that uses `client` starts it again.
    """
    from understudy.asgi import AppError, SyncClient

    with one_message(AppError):
        sync_client = SyncClient(app, read_settings(pytestconfig).root)
        sync_client.start()
    pytestconfig.stash[_CLIENT] = sync_client
    yield sync_client.client
    del pytestconfig.stash[_CLIENT]
    with one_message(AppError):
        sync_client.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start `client` again if an `async_client` has stopped it."""
    sync_client = item.config.stash.get(_CLIENT, None)
    if sync_client is not None and "client" in getattr(item, "fixturenames", ()):
        from understudy.asgi import AppError

        with one_message(AppError):
            sync_client.start()


@pytest.fixture
def async_client(request: pytest.FixtureRequest, app: Any) -> httpx.AsyncClient:
    """Return an httpx.AsyncClient for the app, in the event loop of the test, inside its lifespan.

    The app's startup and shutdown run in that loop, around each test that uses this.
    """
    name = loops.fixture_for(request)
    sync_client = request.config.stash.get(_CLIENT, None)
    if sync_client is not None:
        from understudy.asgi import AppError

        with one_message(AppError):
            sync_client.stop()
    client: httpx.AsyncClient = request.getfixturevalue(name)
    return client
