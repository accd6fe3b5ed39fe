"""An app's lifespan, run around a client.

asgi-lifespan runs it in a task of its own, because pytest-asyncio runs the setup and the teardown
of a fixture in different tasks. The app is wrapped because asgi-lifespan gives every request the
same ``state``, ignores ``lifespan.startup.failed``, and waits for an app that returned without an
answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import indent
from typing import Any, cast

from understudy.asgi.errors import AppError, not_installed
from understudy.asgi.exception_origin import described

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: Seconds. A pool may take long to connect while a test database starts.
TIMEOUT = 30.0
_FAILED = {"startup": "The app did not start", "shutdown": "The app did not shut down"}


class _NoAnswer(Exception):
    """The app returned from its lifespan without completing it."""


class Watched:
    """The app, and the outcome of its lifespan.

    An app that returns without an answer, or fails without an exception, raises here.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._answered: set[str] = set()
        self._refusals: dict[str, str] = {}
        self.error: BaseException | None = None

    @property
    def phase(self) -> str:
        """The phase that the lifespan has to complete next: startup or shutdown."""
        return "shutdown" if "lifespan.startup.complete" in self._answered else "startup"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Call the app."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        # Each request has its own request.state, as under a server.
        await self._app({**scope, "state": dict(scope["state"])}, receive, send)

    async def _run_lifespan(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        from anyio import get_cancelled_exc_class

        async def watch(message: Message) -> None:
            kind = message["type"]
            if kind.endswith(".failed"):
                self._refusals[self.phase] = message.get("message", "")
            self._answered.add(kind)
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except BaseException as error:
            if not isinstance(error, get_cancelled_exc_class()):
                self.error = error
            raise
        phase = self.phase
        if phase in self._refusals:
            reason = indent(self._refusals[phase].strip() or "(it gave no reason)", "  ")
            self.error = _NoAnswer(
                f"{_FAILED[phase]}: it answered lifespan.{phase}.failed\n{reason}"
            )
        elif f"lifespan.{phase}.complete" not in self._answered:
            self.error = _NoAnswer(
                f"{_FAILED[phase]}: it returned without answering lifespan.{phase}.\n"
                "`client` and `async_client` run the app's lifespan, as a server does. For an app"
                " that has none, define these fixtures in conftest.py."
            )
        if self.error is not None:
            raise self.error

    def explain(self, error: Exception, root: Path, timeout: float | None = None) -> AppError:
        """Return the error to raise for one that the runner of the lifespan raised.

        Args:
            error: the runner's exception.
            root: the project's directory.
            timeout: the seconds after which the runner cancelled the app, if it has a limit.
        """
        if isinstance(self.error, _NoAnswer):
            return AppError(str(self.error))
        if self.error is None and timeout is not None:
            return AppError(
                f"{_FAILED[self.phase]} within {timeout:g} seconds.\n"
                "Its lifespan awaits something that does not happen."
            )
        reason = described(self.error or error, root)
        return AppError(f"{_FAILED[self.phase]}: its lifespan raised\n{reason}")


@asynccontextmanager
async def running(app: AsgiApp, root: Path) -> AsyncIterator[AsgiApp]:
    """Run the app's lifespan, and yield the app to send requests to.

    Each request gets its own copy of the state that the lifespan yielded.

    Raises:
        AppError: asgi-lifespan is not installed, or the lifespan raised, failed, did not answer,
            or took longer than TIMEOUT. The lifespan's exception is the cause.
    """
    try:
        from asgi_lifespan import LifespanManager
    except ImportError as error:
        raise not_installed("asgi-lifespan", "async_client") from error
    watched = Watched(app)
    manager = LifespanManager(cast(Any, watched), TIMEOUT, TIMEOUT)
    try:
        await manager.__aenter__()
    except Exception as error:
        raise watched.explain(error, root, TIMEOUT) from error
    try:
        yield manager.app
    except BaseException as error:
        # The app is cancelled and not shut down: the exception of the test matters more.
        await manager.__aexit__(type(error), error, error.__traceback__)
        raise
    try:
        await manager.__aexit__(None, None, None)
    except Exception as error:
        raise watched.explain(error, root, TIMEOUT) from error
