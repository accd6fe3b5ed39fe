"""Which plugin runs a test's event loop, and an `async_client` in that very loop.

pytest-asyncio and anyio each run their own async tests and fixtures. `async_client` has to live in
the loop of the test that uses it. So `async_client` itself is a synchronous fixture that requests a
hidden async fixture for the plugin that runs the test. Those use only the plugins' public APIs.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import pytest

from understudy.plugin.fixtures import has_own_event_loop
from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import failure, one_message

if TYPE_CHECKING:
    import httpx

_LoopScope = Literal["function", "class", "module", "package", "session"]
_LOOP_SCOPES: tuple[_LoopScope, ...] = ("function", "class", "module", "package", "session")
_ANYIO = "_understudy_async_client_anyio"
_MARKERS = {
    "asyncio": '@pytest.mark.asyncio, or asyncio_mode = "auto" in the pytest configuration',
    "anyio": "@pytest.mark.anyio",
}


def _asyncio_fixture(loop_scope: str) -> str:
    return f"_understudy_async_client_asyncio_{loop_scope}"


def async_client_fixtures(config: pytest.Config) -> ModuleType:
    """Return a plugin with the hidden async fixtures, one for each loaded runner and loop scope."""
    plugin = ModuleType("understudy_async_client")
    manager = config.pluginmanager
    if manager.has_plugin("anyio"):
        setattr(plugin, _ANYIO, pytest.fixture(_new_fixture(), name=_ANYIO))
    if manager.has_plugin("asyncio") and has_own_event_loop(config):
        # Before 1.0 a fixture of function scope runs in the loop of its test.
        import pytest_asyncio

        name = _asyncio_fixture("function")
        setattr(plugin, name, pytest_asyncio.fixture(_new_fixture(), name=name))
    elif manager.has_plugin("asyncio"):
        import pytest_asyncio

        for scope in _LOOP_SCOPES:
            name = _asyncio_fixture(scope)
            fixture = pytest_asyncio.fixture(_new_fixture(), loop_scope=scope, name=name)
            setattr(plugin, name, fixture)
    return plugin


def _new_fixture() -> Callable[..., AsyncIterator[httpx.AsyncClient]]:
    # pytest-asyncio stores the loop scope on the function, so each fixture needs its own.
    async def async_client(
        app: Any, pytestconfig: pytest.Config
    ) -> AsyncIterator[httpx.AsyncClient]:
        from understudy.asgi import AppError, open_async_client

        with one_message(AppError):
            async with open_async_client(app, read_settings(pytestconfig).root) as client:
                yield client

    return async_client


def fixture_for(request: pytest.FixtureRequest) -> str:
    """Return the name of the hidden fixture for the event loop of the requesting test.

    Raises:
        pytest.fail.Exception: no plugin runs async tests, or two claim this one.
    """
    config, item = request.config, request.node
    plugins = [name for name in ("asyncio", "anyio") if config.pluginmanager.has_plugin(name)]
    if not plugins:
        raise failure(
            "`async_client` lives in a test's event loop, and no plugin that runs async tests is"
            " loaded.\npip install pytest-asyncio"
        )
    if "asyncio" in plugins and _is_async_test(item):
        if "anyio_backend" in request.fixturenames:
            raise failure(
                "`async_client` lives in a test's event loop, and two plugins claim "
                f"{item.name}: pytest-asyncio runs the test, anyio its async fixtures, each "
                "in a loop of its own.\n"
                "Remove the anyio marker (and the `anyio_backend` fixture), or the asyncio "
                'marker; with asyncio_mode = "auto" every async test has that one.'
            )
        return _asyncio_fixture(_supported(_loop_scope(item), config))
    if "anyio_backend" in request.fixturenames:
        return _ANYIO
    if "asyncio" in plugins and not inspect.iscoroutinefunction(request.function):
        # A sync test that gets the client through an async fixture: use that fixture's loop.
        scope = _default(config, "asyncio_default_fixture_loop_scope")
        return _asyncio_fixture(_supported(scope, config))
    raise failure(
        f"`async_client` lives in a test's event loop, and no plugin runs {item.name} in one."
        f"\nMark the test: {'; or '.join(_MARKERS[name] for name in plugins)}."
    )


def _is_async_test(item: pytest.Item) -> bool:
    """Return whether pytest-asyncio runs this test."""
    import pytest_asyncio

    if hasattr(pytest_asyncio, "is_async_test"):
        return pytest_asyncio.is_async_test(item)
    # Before 0.23. In the auto mode it marks the tests itself.
    return item.get_closest_marker("asyncio") is not None


def _supported(scope: str, config: pytest.Config) -> str:
    if scope != "function" and has_own_event_loop(config):
        import pytest_asyncio

        raise failure(
            f"`async_client` in a loop of scope {scope!r} needs pytest-asyncio 1.0 or newer; "
            f"{pytest_asyncio.__version__} is installed."
        )
    return scope


def _loop_scope(item: pytest.Item) -> str:
    """Return the scope of the loop in which pytest-asyncio runs this test."""
    marker = item.get_closest_marker("asyncio")
    given = {} if marker is None else marker.kwargs
    # `scope` is the older name of `loop_scope`.
    return str(
        given.get("loop_scope")
        or given.get("scope")
        or _default(item.config, "asyncio_default_test_loop_scope")
    )


def _default(config: pytest.Config, option: str) -> str:
    """Return a scope of pytest-asyncio's configuration; older versions lack the options."""
    try:
        scope = config.getini(option)
    except (KeyError, ValueError):
        return "function"
    return scope if scope in _LOOP_SCOPES else "function"
