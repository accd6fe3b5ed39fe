"""The drivers that note their callers: each is wrapped once, as soon as it is imported."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from understudy.script import import_errors
from understudy.script.failures import ScriptError
from understudy.script.origin import of_task, spot
from understudy.serving import mysql_drivers, postgres_drivers
from understudy.serving.driver_imports import ImportWatch

# The modules of the drivers that were wrapped: a driver may be imported again.
_wrapped: dict[str, Any] = {}


def wrap_drivers() -> None:
    """Make every driver note its callers: those that are imported, and those that will be."""
    for name in _WRAPS:
        module = sys.modules.get(name)
        # While it is being imported, it lacks what comes last.
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            _wrap(name, module)
    _imports.install()


def _wrap(name: str, module: ModuleType) -> None:
    if module is not _wrapped.get(name):
        _wrapped[name] = module
        _WRAPS[name](module)


def _wrap_sqlalchemy(package: Any) -> None:
    """Note who leaves a context manager: it flushes, commits and closes in a task of its own."""
    found = (*vars(package.engine).values(), *vars(package.session).values())
    for owner in {each for each in found if inspect.isclass(each)}:
        if "__aexit__" in vars(owner):
            _note_leaving(owner)


def _note_leaving(owner: Any) -> None:
    original = owner.__aexit__

    @functools.wraps(original)
    async def leave(self: Any, *args: Any) -> Any:
        __tracebackhide__ = True
        token = of_task.set(spot())
        try:
            return await original(self, *args)
        finally:
            of_task.reset(token)

    owner.__aexit__ = leave


_WRAPS: Mapping[str, Callable[[Any], None]] = {
    "asyncpg": postgres_drivers.wrap_asyncpg,
    "psycopg": postgres_drivers.wrap_psycopg,
    "psycopg2": postgres_drivers.wrap_psycopg2,
    "psycopg_pool": postgres_drivers.wrap_psycopg_pool,
    "psqlpy": postgres_drivers.wrap_psqlpy,
    "aiomysql": mysql_drivers.wrap_aiomysql,
    "asyncmy": mysql_drivers.wrap_asyncmy,
    "pymysql": mysql_drivers.wrap_pymysql,
    "MySQLdb": mysql_drivers.wrap_mysqlclient,
    "mysql.connector": mysql_drivers.wrap_connector,
    "mysql.connector.aio": mysql_drivers.wrap_connector_aio,
    "sqlalchemy.ext.asyncio": _wrap_sqlalchemy,
}
_imports = ImportWatch(_WRAPS, _wrap)


def imported(module: str, package: str) -> Any:
    """Import a driver or a library, and have it note its callers.

    Raises:
        ScriptError: it is not installed, or cannot be imported.
    """
    try:
        driver = importlib.import_module(module)
    except ImportError as error:
        why = f"which is not installed: pip install {package}"
        if not import_errors.is_missing(module, error):
            why = import_errors.unusable(package, error)
        raise ScriptError(f"this needs {package}, {why}") from None
    wrap_drivers()
    return driver
