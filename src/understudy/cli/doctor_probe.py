"""A pytest plugin for `understudy doctor`: it asks the project's own pytest what would work.

It runs after the collection, as the fixtures do, so what conftest.py sets up applies. It announces
each step before it begins: the last one shows what a process that did not end was doing.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from understudy.plugin.options import read_settings
from understudy.project import pytest_process

FIXTURES = (
    *("app", "client", "async_client", "fake_postgres", "real_postgres"),
    *("fake_mysql", "real_mysql", "real_sqlite"),
)
# The plugins that call tests, and run no async test by themselves.
_NOT_RUNNERS = {"python", "anyio", "asyncio", "skipping", "hypothesispytest", "understudy"}
_uncollected: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Report how pytest is set up, before anything is collected."""
    plugins = {
        f"{dist.project_name} {dist.version}"
        for _, dist in config.pluginmanager.list_plugin_distinfo()
    }
    pytest_process.answer(
        {
            "kind": "pytest",
            "version": pytest.__version__,
            "plugins": sorted(plugins),
            "configuration": None if config.inipath is None else str(config.inipath),
            "asyncio_mode": str(config.getoption("asyncio_mode", None) or _ini(config)),
        }
    )
    _begin("the collection of the tests")


def _ini(config: pytest.Config) -> object:
    """Return the mode of pytest-asyncio in the configuration; "" without that plugin."""
    return config.getini("asyncio_mode") if config.pluginmanager.has_plugin("asyncio") else ""


@pytest.hookimpl(tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Keep the reason for each file that could not be collected."""
    if report.failed:
        lines = [line for line in report.longreprtext.splitlines() if line.strip()]
        errors = pytest_process.error_lines(lines)
        _uncollected.append(f"{report.nodeid}: {(errors or lines or ['failed'])[-1]}")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Ask the questions that need the project's code, or a server."""
    used = Counter(
        name
        for item in session.items
        for name in getattr(item, "fixturenames", ())
        if name in FIXTURES
    )
    pytest_process.answer(
        {
            "kind": "tests",
            "count": len(session.items),
            "fixtures": {name: used[name] for name in FIXTURES if used[name]},
            "failed": _uncollected,
            "not_run": [item.nodeid for item in session.items if _is_not_run(item)],
        }
    )
    settings = read_settings(session.config)
    if settings.app is not None:
        _ask("app", lambda: _app(settings.app or "", settings.root))
    if settings.schema:
        _ask("schema", lambda: _schema(session.config))
    if settings.mysql_schema:
        _ask("mysql_schema", lambda: _mysql_schema(session.config))


def _is_not_run(item: pytest.Item) -> bool:
    """Return whether a test is async and certainly nothing runs it."""
    if type(item) is not pytest.Function or not inspect.iscoroutinefunction(item.obj):
        return False  # pytest-asyncio makes items of a class of its own
    if "anyio_backend" in item.fixturenames or any(item.iter_markers("anyio")):
        return False
    callers = item.config.hook.pytest_pyfunc_call.get_hookimpls()
    return {caller.plugin_name for caller in callers} <= _NOT_RUNNERS


def _begin(what: str) -> None:
    pytest_process.answer({"kind": "begin", "what": what})


def _ask(kind: str, question: Callable[[], str]) -> None:
    """Answer with what a question returns, or with its error."""
    _begin(f"the {kind}")
    answer: dict[str, Any] = {"kind": kind, "text": "", "error": None}
    try:
        answer["text"] = question()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it may be the project's own: reported
        answer["error"] = str(error).strip() or type(error).__name__
    pytest_process.answer(answer)


def _app(target: str, root: Any) -> str:
    from understudy.asgi import load_app

    app = load_app(target, root)
    made = type(app)
    name = "a function" if inspect.isroutine(app) else f"{made.__module__}.{made.__qualname__}"
    return f"{target} is {name}"


def _schema(config: pytest.Config) -> str:
    from understudy.embedded.driver import connect
    from understudy.plugin import databases

    with databases.clone(config) as dsn, connect(dsn) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
        row = connection.execute(
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
            " ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
            " AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
        ).fetchone()
    return _loaded(0 if row is None else row[0], f"PostgreSQL {major}.{minor}")


def _mysql_schema(config: pytest.Config) -> str:
    from understudy.mysql_server.admin import Admin
    from understudy.mysql_server.copies import base_tables
    from understudy.plugin import mysql_databases

    place = mysql_databases.shared(config)
    with Admin(place.address) as admin:
        count = len(base_tables(admin, place.template))
        name = "MariaDB" if admin.is_mariadb else "MySQL"
    return _loaded(count, f"{name} {place.version.partition('-')[0]}")


def _loaded(count: int, server: str) -> str:
    return f"{count} table{'' if count == 1 else 's'}, loaded into {server}"
