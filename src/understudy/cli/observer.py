"""A pytest plugin that reports the figures of a run to the demo, which loads it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from understudy.plugin import catalog_hooks, summary
from understudy.project import pytest_process

# The names of pytest's terminal reporter.
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")

_server: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Ask the first database of a test for its server."""
    value: Any = yield
    if fixturedef.argname == "real_postgres" and _server not in request.config.stash:
        request.config.stash[_server] = _describe(value.dsn)
    return value


def _describe(dsn: str) -> dict[str, Any]:
    import psycopg

    from understudy.embedded.environment import CLUSTER_NAME

    with psycopg.connect(dsn) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
        row = connection.execute("SHOW cluster_name").fetchone()
    return {"version": f"{major}.{minor}", "embedded": row == (CLUSTER_NAME,)}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Report the figures."""
    config = session.config
    if not pytest_process.requested() or hasattr(config, "workerinput"):
        return  # not the demo's run, or a worker of xdist, which does not run all tests
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    calls, asked = summary.figures(config)
    pytest_process.answer(
        {
            "tests": {outcome: len(reporter.stats.get(outcome, ())) for outcome in OUTCOMES},
            "calls_on_fakes": calls,
            "statements_on_fakes": len(asked),
            "statements_checked": len(catalog_hooks.checked(config)),
            "postgres": config.stash.get(_server, None),
        }
    )
