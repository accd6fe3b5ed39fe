"""The two clients: Starlette's TestClient and httpx's AsyncClient."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.asgi.app_requests import observe
from understudy.asgi.errors import not_installed
from understudy.asgi.lifespan import Watched, running

if TYPE_CHECKING:
    import httpx
    from starlette.testclient import TestClient

BASE_URL = "http://test"


class SyncClient:
    """A TestClient whose lifespan can be stopped and started again.

    An app that keeps a pool in a global or on ``app.state`` can only be started once at a time,
    so a session's ``client`` is stopped while an ``async_client`` runs the same app.

    Raises:
        AppError: FastAPI or httpx is not installed.
    """

    def __init__(self, app: Any, root: Path) -> None:
        self._root = root
        self._running: Watched | None = None
        self.client: TestClient = _test_client(app)

    def start(self) -> None:
        """Run the app's startup, unless it is running.

        Raises:
            AppError: the startup failed; the app's own exception is the cause.
        """
        if self._running is not None:
            return
        app = self.client.app
        watched = Watched(app)
        # Only the lifespan's task reads it. Tests see the app itself in client.app.
        self.client.app = watched
        try:
            self.client.__enter__()
        except Exception as error:
            raise watched.explain(error, self._root) from error
        finally:
            self.client.app = app
        self._running = watched

    def stop(self) -> None:
        """Run the app's shutdown, if it is running.

        Raises:
            AppError: the shutdown failed; the app's own exception is the cause.
        """
        if self._running is None:
            return
        watched, self._running = self._running, None
        try:
            self.client.__exit__(None, None, None)
        except Exception as error:
            raise watched.explain(error, self._root) from error


def _test_client(app: Any) -> TestClient:
    try:
        with warnings.catch_warnings():
            # Starlette 1.x prefers httpx2 and warns. The extra decides which one is installed, and
            # a suite that turns warnings into errors cannot change that.
            warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient`")
            from starlette.testclient import TestClient
    except (ImportError, RuntimeError) as error:
        # Starlette raises a RuntimeError if httpx is missing. Before 0.21 it needs requests.
        missing = (getattr(error, "name", None) or "httpx").partition(".")[0]
        raise not_installed(missing, "client") from error
    observe()
    return TestClient(app)


@asynccontextmanager
async def open_async_client(app: Any, root: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run the app's lifespan and yield an AsyncClient for it, in the current loop.

    Raises:
        AppError: httpx or asgi-lifespan is not installed, or the lifespan failed.
    """
    try:
        import httpx
    except ImportError as error:
        raise not_installed("httpx", "async_client") from error
    observe()
    async with running(app, root) as started:
        transport = httpx.ASGITransport(app=started)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            yield client
