"""The pytest plugin: the hooks, which only delegate.

Loading it imports nothing that pytest has not imported itself. The fixtures live in modules that
are registered in pytest_configure, after every installed plugin: so they go before a plugin's
fixture of the same name (Faker ships a `faker`) and behind one in a conftest.py.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from understudy import __version__
from understudy.plugin import curtain, options, statements, summary


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the --understudy-... flags."""
    options.add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Make the configured app importable before the first conftest.py is."""
    settings = options.read_settings(early_config)
    if settings.app is not None:
        options.make_importable(early_config, settings.root)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the fixtures."""
    from understudy.plugin import registration

    summary.begin(config)
    config.addinivalue_line("markers", registration.INTEGRATION)
    settings = options.read_settings(config)
    registration.register_fixtures(config, settings)
    options.set_driver(config, settings.driver)
    statements.begin(config, settings)


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is configured, in one line."""
    return options.header(__version__, options.read_settings(config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    """Hold what a fixture that outlives a test expects against what happened in its life."""
    return (yield from curtain.around_fixture(fixturedef))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures hid a failure."""
    return (yield from curtain.around_setup(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that hid a failure, or that leaves its script unmet."""
    return (yield from curtain.around_call(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test whose fixtures leave their script unmet."""
    return (yield from curtain.around_teardown(item))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the catalog and stop the server, once pytest has ended the last fixture."""
    problems = summary.end(session.config, options.read_settings(session.config))
    if problems and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the figures of a worker of pytest-xdist."""
    output = getattr(node, "workeroutput", {})
    summary.take_over(node.config, output)
    statements.take_over(node.config, output)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how much was asked of the fakes, and how far it was checked."""
    summary.write(terminalreporter, config, options.read_settings(config))
