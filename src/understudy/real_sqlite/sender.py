"""Who sends a statement: on the stack for sqlite3; aiosqlite's thread is told by its caller."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

from understudy.script import requests
from understudy.script.origin import Spot, spot
from understudy.script.requests import Request
from understudy.serving.driver_imports import ImportWatch

_PACKAGE = "aiosqlite.core"
_METHODS = ("_execute", "_connect")


class Sender(NamedTuple):
    """Who sends a statement.

    Attributes:
        spot: the user's instruction.
        request: the request for which it is sent; None for none.
        is_handling: whether an exception is being handled.
    """

    spot: Spot
    request: Request | None
    is_handling: bool


# Of aiosqlite's thread, while it works for a caller.
_caller: ContextVar[Sender | None] = ContextVar("understudy_aiosqlite_caller", default=None)


def current() -> Sender:
    """Return who sends the statement of this thread."""
    return _caller.get() or _here()


def _here() -> Sender:
    return Sender(spot(2), requests.current.get(), sys.exc_info()[0] is not None)


def watch() -> None:
    """Have aiosqlite tell its thread who calls, as soon as it is imported."""
    if (module := sys.modules.get(_PACKAGE)) is not None:
        _wrap(_PACKAGE, module)
    else:
        _imports.install()


def _wrap(_name: str, module: Any) -> None:
    owner = module.Connection
    if getattr(owner._execute, "understudy", False):
        return
    execute, connect = owner._execute, owner._connect

    @functools.wraps(execute)
    async def execute_told(self: Any, function: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        return await execute(self, _told(function), *args, **options)

    @functools.wraps(connect)
    async def connect_told(self: Any) -> Any:
        __tracebackhide__ = True
        self._connector = _told(self._connector)
        return await connect(self)

    execute_told.understudy = True  # type: ignore[attr-defined] # a sign that it is wrapped
    owner._execute, owner._connect = execute_told, connect_told


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that knows in another thread who has asked for it."""
    caller = _here()

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        token = _caller.set(caller)
        try:
            return function(*args, **options)
        finally:
            _caller.reset(token)

    return call


_imports = ImportWatch((_PACKAGE,), _wrap)
