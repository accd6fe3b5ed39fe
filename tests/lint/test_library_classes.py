"""The table of library classes says what the installed libraries have."""

from __future__ import annotations

import importlib
import inspect

import pytest

from understudy.lint.library_classes import LIBRARY_CLASSES, kind_of

MODULES = {
    ("sqlalchemy", "AsyncSession"): "sqlalchemy.ext.asyncio",
    ("sqlalchemy", "AsyncConnection"): "sqlalchemy.ext.asyncio",
    ("sqlmodel", "AsyncSession"): "sqlmodel.ext.asyncio.session",
    ("fastapi", "Request"): "fastapi",
    ("starlette", "Request"): "starlette.requests",
    ("starlette", "WebSocket"): "starlette.websockets",
    ("asyncmy", "Connection"): "asyncmy.connection",
    ("asyncmy", "Cursor"): "asyncmy.cursors",
    ("asyncmy", "Pool"): "asyncmy.pool",
}


@pytest.mark.parametrize("key", LIBRARY_CLASSES, ids=".".join)
def test_methods_are_sync_and_async_as_the_table_says(key: tuple[str, str]) -> None:
    cls = getattr(importlib.import_module(MODULES.get(key, key[0])), key[1])
    methods = LIBRARY_CLASSES[key]

    assert {
        name
        for name in methods.sync | methods.awaited
        if inspect.iscoroutinefunction(getattr(cls, name))
    } == methods.awaited


def test_a_method_that_is_not_in_the_table() -> None:
    assert kind_of("sqlalchemy.ext.asyncio.AsyncSession", "begin") is None
    assert kind_of("elsewhere.AsyncSession", "add") is None
