"""A pytest plugin that writes a run's figures into a file, for the process that started it.

The demo loads it with ``-p``; nothing else does.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from understudy.plugin import catalog_hooks, summary

OPTION = "--understudy-figures"

# As pytest's terminal reporter names them.
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")

_server: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that names the file."""
    parser.getgroup("understudy").addoption(
        OPTION, metavar="FILE", default=None, help="write the figures of the run into a JSON file"
    )


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Ask the first database that a test gets which server it is on."""
    value: Any = yield
    if fixturedef.argname == "real_postgres" and _server not in request.config.stash:
        request.config.stash[_server] = _describe(value.dsn)
    return value


def _describe(dsn: str) -> dict[str, Any]:
    import psycopg

    from understudy.embedded.server import CLUSTER_NAME

    with psycopg.connect(dsn) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
        row = connection.execute("SHOW cluster_name").fetchone()
    return {"version": f"{major}.{minor}", "embedded": row == (CLUSTER_NAME,)}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file."""
    config = session.config
    file = config.getoption(OPTION)
    if file is None or hasattr(config, "workerinput"):  # a worker of xdist has not seen all tests
        return
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    calls, asked = summary.figures(config)
    report = {
        "tests": {outcome: len(reporter.stats.get(outcome, ())) for outcome in OUTCOMES},
        "calls_on_fakes": calls,
        "statements_on_fakes": len(asked),
        "statements_checked": len(catalog_hooks.checked(config)),
        "postgres": config.stash.get(_server, None),
    }
    Path(file).write_text(json.dumps(report), encoding="utf-8")
