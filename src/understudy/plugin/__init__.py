"""The pytest plugin: the hooks, which only delegate.

Loading it imports nothing that pytest has not imported itself. The fixtures live in modules that
are registered in pytest_configure, after every installed plugin: so they go before a plugin's
fixture of the same name (Faker ships a `faker`) and behind one in a conftest.py.
"""

from __future__ import annotations

import pytest

from understudy import __version__
from understudy.plugin import options


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

    config.addinivalue_line("markers", registration.INTEGRATION)
    registration.register_fixtures(config, options.read_settings(config))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is configured, in one line."""
    return options.header(__version__, options.read_settings(config))
