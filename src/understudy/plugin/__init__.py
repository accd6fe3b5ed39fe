"""The pytest plugin: the hooks, which only delegate.

Loading it imports nothing that pytest has not imported itself. The fixtures live in modules that
are registered in pytest_configure, after every installed plugin: they override a plugin's fixture
of the same name (Faker ships a `faker`), and a conftest.py overrides them.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from understudy import __version__
from understudy.plugin import (
    catalog_hooks,
    client_variables,
    clones,
    failed_statements,
    hookspecs,
    isolation,
    junit,
    markers,
    options,
    phases,
    request_checks,
    shared_address,
    summary,
    verification,
    xdist_workers,
)
from understudy.plugin.leak_checks.monitor import WATCH, Watch
from understudy.plugin.settings import ENVIRONMENTS, Settings

_SET_ASIDE: pytest.StashKey[list[str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the --understudy-... flags."""
    options.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the hooks pytest_understudy_..."""
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make the configured app importable and set its database, before any conftest.py loads."""
    settings = options.read_settings(early_config)
    early_config.stash[_SET_ASIDE] = client_variables.present()
    if settings.app is not None:
        options.make_importable(early_config, settings.root)
    if any(getattr(settings, key) for key in ENVIRONMENTS):
        from understudy.plugin import servers

        servers.set_environment(early_config, settings)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the fixtures."""
    from understudy.plugin import registration

    summary.begin(config)
    config.addinivalue_line("markers", registration.INTEGRATION)
    config.addinivalue_line("markers", markers.DESCRIPTION)
    settings = options.read_settings(config)
    registration.register_fixtures(config, settings)
    options.set_driver(config, settings.driver)
    catalog_hooks.begin(config, settings)
    config.stash[WATCH] = Watch(settings)
    config.stash[WATCH].begin(config)
    if config.getoption("understudy_n_plus_one"):
        from understudy.plugin import n_plus_one

        n_plus_one.begin(config)
    if config.getoption("understudy_sql_cov") or config.getoption("understudy_sql_cov_report"):
        from understudy.plugin import sql_coverage

        sql_coverage.begin(config, settings)
    if settings.html or settings.trace or settings.durations:
        from understudy.plugin import run_report

        run_report.begin(config)
    if config.getoption("understudy_show"):
        from understudy.plugin import show

        show.begin(config)
    if config.getoption("understudy_record"):
        from understudy.plugin import record

        record.begin(config)
    if options.has_sweep(config):
        from understudy.plugin import sweep

        config.pluginmanager.register(sweep.SweepPlugin(config, settings), "understudy-sweep")


def pytest_report_header(config: pytest.Config) -> str:
    """Show the configuration, in one line."""
    settings = options.read_settings(config)
    line = options.header(__version__, settings) + _postgres(settings)
    aside = config.stash.get(_SET_ASIDE, [])
    return f"{line}, {' '.join(aside)} set aside in tests with a database" if aside else line


def _postgres(settings: Settings) -> str:
    """Return which PostgreSQL a run would start, if it has a schema."""
    if not settings.schema or settings.postgres_url:
        return ""
    # Only here: a project without a schema may never use it.
    from understudy.plugin.binaries import first_choice

    found = first_choice(settings)
    return f", {found}" if found else ""


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Run tests again when all have run, if anything has asked for that."""
    wanted = session.config.pluginmanager.get_plugin("understudy-reruns")  # rerun/reruns.py
    if wanted is None or not wanted.after:
        return (yield)
    from understudy.plugin import reruns

    return (yield from reruns.around_loop(session, wanted))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the tests that need a database of their own; ask the plugins of the project."""
    clones.count(session)
    config = session.config
    packages = config.hook.pytest_understudy_packages(config=config)
    if packages:
        options.skip_packages(config, [name for names in packages for name in names])
    if config.hook.pytest_understudy_test_recorded.get_hookimpls():
        from understudy.plugin import run_report

        run_report.begin(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Record the tests that exist, before any is deselected."""
    isolation.note_collected(config, items)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test again on a clone if one rolled-back transaction is not enough for it."""
    if not isolation.may_move(item):
        return None
    from understudy.plugin import second_run

    return second_run.protocol(item, nextitem)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Verify the expectations of a fixture that outlives a test."""
    request_checks.observe_clients()
    watch = request.config.stash[WATCH]
    verified = verification.around_fixture(fixturedef, request.config.rootpath)
    return (yield from watch.around_fixture(fixturedef, verified))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures hid a failure, or whose marker is invalid."""
    phases.begin("setup")
    request_checks.begin(item)
    item.config.stash[WATCH].test_begins(item)
    request_checks.observe_clients()
    markers.check(item)
    markers.use_levels(item)
    shared_address.begin(item)
    return (yield from verification.around_setup(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that hid a failure, or did not meet its expectations."""
    __tracebackhide__ = True
    phases.begin("call")
    request_checks.observe_clients()
    result = yield from verification.around_call(item)
    request_checks.watch_shared(item)
    request_checks.check_statements(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures did not meet their expectations; run the leak checks."""
    phases.begin("teardown")
    watch = item.config.stash[WATCH]
    try:
        return (yield from watch.around_test_end(item, verification.around_teardown(item)))
    finally:
        markers.use_levels(None)
        verification.forget(item)
        junit.record(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Keep the database of a failed test, and show its URL."""
    report = yield
    clones.keep_if_failed(item, report)
    isolation.explain(item, report)
    junit.note_failure(item, report)
    failed_statements.explain(item, report)
    if report.failed:
        from understudy.plugin import servers

        servers.explain_refused(item.config, report)
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the catalog and stop the server, once pytest has ended the last fixture."""
    config = session.config
    unread = config.stash[WATCH].ends(session)
    if config.pluginmanager.has_plugin("understudy-sql-coverage"):
        from understudy.plugin import sql_coverage

        unread += sql_coverage.end(config)
    is_recorded = config.pluginmanager.has_plugin("understudy-run-report")
    if is_recorded:
        from understudy.plugin import run_report

        run_report.prepare_end(config)
    problems = summary.end(config, options.read_settings(config), unread)
    if config.pluginmanager.has_plugin("understudy-n-plus-one"):
        from understudy.plugin import n_plus_one

        problems = n_plus_one.end(config) or problems
    if is_recorded:
        problems = run_report.end(config) or problems
    if problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Answer requests of a pytest-xdist worker for the server of the run."""

    def answer(config: pytest.Config, question: str) -> Mapping[str, Any]:
        from understudy.plugin import databases, mysql_databases

        if question == "mysql":
            return mysql_databases.answer(config)
        return databases.answer(config, question)

    xdist_workers.offer(node, answer)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Collect the results of a pytest-xdist worker."""
    xdist_workers.collect(node)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Write the summary: the calls on fakes, and how far they were checked."""
    summary.write(terminalreporter, config, options.read_settings(config))
