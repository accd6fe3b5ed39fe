"""An app's lifespan, run around a client.

asgi-lifespan keeps it in a task of its own, so that it is entered and left in one task even where
a fixture's setup and teardown are not (pytest-asyncio runs each in its own). It is wrapped for
what it does not do: it hands every request the same ``state``, it does not listen to
``lifespan.startup.failed``, and it waits for an app that has returned without an answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from understudy.asgi import messages
from understudy.asgi.errors import AppError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

#: A pool may take long to connect where a test database is being started beside it.
TIMEOUT = 30.0


class _NoAnswer(Exception):
    """The app has returned from its lifespan without completing it."""


class Watched:
    """The app, with the outcome of its lifespan kept.

    An app that returns without an answer, or refuses without an exception, raises here.
    """

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self._answered: set[str] = set()
        self._refusals: dict[str, str] = {}
        self.error: BaseException | None = None

    @property
    def phase(self) -> str:
        """What the lifespan is to answer next: startup, or shutdown."""
        return "shutdown" if "lifespan.startup.complete" in self._answered else "startup"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Call the app."""
        if scope["type"] == "lifespan":
            await self._run_lifespan(scope, receive, send)
            return
        # What a handler puts on request.state is its own, as it is under a server.
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
            self.error = _NoAnswer(messages.lifespan_refused(phase, self._refusals[phase]))
        elif f"lifespan.{phase}.complete" not in self._answered:
            self.error = _NoAnswer(messages.lifespan_not_run(phase))
        if self.error is not None:
            raise self.error

    def explain(self, error: Exception, root: Path, timeout: float | None = None) -> AppError:
        """Turn what the runner of the lifespan has raised into the message for it.

        ``timeout`` is what the runner gave the app before it cancelled it.
        """
        if isinstance(self.error, _NoAnswer):
            return AppError(str(self.error))
        if self.error is None and timeout is not None:
            return AppError(messages.lifespan_hung(self.phase, timeout))
        return AppError(messages.lifespan_raised(self.phase, self.error or error, root))


@asynccontextmanager
async def running(app: AsgiApp, root: Path) -> AsyncIterator[AsgiApp]:
    """Run the app's lifespan, and yield the app to send requests to.

    Each request gets its own copy of the state that the lifespan yielded.

    Raises:
        AppError: asgi-lifespan is not installed, or the lifespan raised, refused, did not answer,
            or took longer than TIMEOUT; its own exception is the cause.
    """
    try:
        from asgi_lifespan import LifespanManager
    except ImportError as error:
        raise AppError(
            messages.not_installed("asgi-lifespan", "`async_client`", "fastapi")
        ) from error
    watched = Watched(app)
    manager = LifespanManager(cast(Any, watched), TIMEOUT, TIMEOUT)
    try:
        await manager.__aenter__()
    except Exception as error:
        raise watched.explain(error, root, TIMEOUT) from error
    try:
        yield manager.app
    except BaseException as error:
        # The app is cancelled rather than shut down: what was raised matters more.
        await manager.__aexit__(type(error), error, error.__traceback__)
        raise
    try:
        await manager.__aexit__(None, None, None)
    except Exception as error:
        raise watched.explain(error, root, TIMEOUT) from error
