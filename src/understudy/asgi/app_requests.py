"""The requests that an app answers in a test, noted whichever client sends them.

httpx and Starlette call an app through a transport; its method is wrapped, so that the clients that
a test suite makes itself are covered as well. A request over a socket, to a server such as uvicorn,
is not noted.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType
from typing import Any

from understudy.script import requests
from understudy.script.requests import Request, now

_MOST = 2000  # bytes of a response that are kept, about
# The modules that are wrapped: one may be imported again.
_wrapped: dict[str, Any] = {}
# What calls an app, and what runs a background task, by the module that has it.
_TRANSPORTS = (
    ("httpx", "ASGITransport", "handle_async_request"),
    ("httpx2", "ASGITransport", "handle_async_request"),
    ("starlette.testclient", "_TestClientTransport", "handle_request"),
)
_BACKGROUND = ("starlette.background", "BackgroundTask", "__call__")
_INNERMOST = (
    ("starlette.middleware.exceptions", "ExceptionMiddleware", "__call__"),
    ("starlette.exceptions", "ExceptionMiddleware", "__call__"),  # before Starlette 0.20
)


class ObservedApp:
    """An app whose requests are noted."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Call the app, and note when its response goes out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = requests.begin(scope["method"], scope["path"])

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                request.media_type = _media_type(message.get("headers", ()))
                request.status, request.answered = message["status"], now()
            elif message["type"] == "http.response.body":
                if len(request.body) < _MOST:
                    request.body += bytes(message.get("body", b"")[:_MOST])
                if not message.get("more_body"):
                    request.sent = now()
            await send(message)

        # Not reset by a token: a coroutine that is freed later ends in another context.
        before = requests.current.get()
        requests.current.set(request)
        try:
            await self._app(scope, receive, note)
        except BaseException as error:
            # Not the exception: its frames would keep the app's connections alive.
            request.error = type(error).__name__
            raise
        finally:
            request.ended = now()
            requests.current.set(before)


def _media_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    found = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return found.partition(b";")[0].strip().decode("latin-1").lower()


def _note_route(request: Request, scope: Any, root: str) -> None:
    """Note what Starlette and FastAPI tell of the route that they have found.

    Args:
        request: the request.
        scope: its scope, to which they have added.
        root: the `root_path` outside of all that is mounted.
    """
    # FastAPI has a route in each place in which a router is included, in its later versions.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    if isinstance(path := getattr(route, "path", None), str):
        request.route = scope.get("root_path", "").removeprefix(root) + path
    request.endpoint = _code(scope.get("endpoint")) or request.endpoint
    if dependant := getattr(route, "dependant", None):
        overrides = getattr(scope.get("app"), "dependency_overrides", {})
        request.dependencies = dict(_dependencies(dependant, overrides))


def _dependencies(dependant: Any, overrides: Mapping[Any, Any]) -> Iterator[tuple[CodeType, str]]:
    """Yield the code of the dependencies of an endpoint of FastAPI, and the names they go by."""
    for dependency in dependant.dependencies:
        call = dependency.call
        if (code := _code(overrides.get(call, call))) is not None:
            yield code, getattr(call, "__name__", code.co_name)
        yield from _dependencies(dependency, overrides)


def _code(function: Any) -> CodeType | None:
    if isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function):
        return None
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code if isinstance(code, CodeType) else None


def observe() -> None:
    """Wrap the transports and the background tasks of the modules that were imported."""
    for module, owner, method in _TRANSPORTS:
        _wrap(module, owner, method, _with_observed_app)
    _wrap(*_BACKGROUND, _in_background)
    for module, owner, method in _INNERMOST:
        _wrap(module, owner, method, _below_middleware)


def _wrap(name: str, owner: str, method: str, wrapper: Callable[[Any], Any]) -> None:
    module = sys.modules.get(name)
    if module in (None, _wrapped.get(name)):
        return
    kind = vars(module).get(owner)
    if kind is not None:  # None while the module is being imported
        _wrapped[name] = module
        setattr(kind, method, wrapper(getattr(kind, method)))


def _with_observed_app(original: Any) -> Any:
    @functools.wraps(original)
    def handle(transport: Any, request: Any) -> Any:
        __tracebackhide__ = True
        # The test may look at its own transport, so that is left as it is.
        observed = copy.copy(transport)
        observed.app = ObservedApp(transport.app)
        return original(observed, request)

    return handle


def _in_background(original: Any) -> Any:
    @functools.wraps(original)
    async def run(task: Any) -> None:
        __tracebackhide__ = True
        request = requests.current.get()
        requests.current.set(request and request.in_background())
        try:
            await original(task)
        finally:
            requests.current.set(request)

    return run


def _below_middleware(original: Any) -> Any:
    @functools.wraps(original)
    async def call(middleware: Any, scope: Any, receive: Any, send: Any) -> None:
        __tracebackhide__ = True
        request = requests.current.get()
        if request is None or scope["type"] != "http":
            await original(middleware, scope, receive, send)
            return

        # What mounts an app changes its scope; a client may have passed a copy of the scope.
        root = scope.get("root_path", "")

        async def note(message: Any) -> None:
            if message["type"] == "http.response.start":
                request.decided = now()
            await send(message)

        try:
            await original(middleware, scope, receive, note)
        finally:
            request.decided = request.decided or now()
            _note_route(request, scope, root)

    return call
