"""The fixtures of every project: `event_loop` and `faker`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin.options import origin, read_settings
from understudy.plugin.outcomes import failure
from understudy.plugin.settings import did_you_mean

if TYPE_CHECKING:
    from faker import Faker

DEFAULT_LOCALE = "en_US"


@pytest.fixture
def faker(request: pytest.FixtureRequest) -> Faker:
    """Return a Faker of the configured locale, seeded with the test's name.

    A test gets the same values in every run, whatever ran before it and in whichever process.
    Faker's own fixtures `faker_seed` and `faker_locale` take precedence if the project defines
    them. Each test has its own instance (it costs a millisecond), so a provider added in one is
    not there in the next.

    Raises:
        pytest.fail.Exception: Faker is not installed, or has no such locale.
    """
    try:
        from faker import Faker
    except ImportError:
        raise failure(
            '`faker` needs Faker, which is not installed.\npip install "understudy[faker]"'
        ) from None
    locale = _own_fixture(request, "faker_locale")
    if locale is None:
        locale = configured_locale(request.config)
    fake = Faker(locale)
    seed = _own_fixture(request, "faker_seed")
    fake.seed_instance(name_of_test(request.node) if seed is None else seed)
    return fake


def configured_locale(config: pytest.Config) -> str:
    """Return the locale of the `faker` fixture.

    Raises:
        ImportError: Faker is not installed.
        pytest.fail.Exception: Faker has no such locale.
    """
    from faker.config import AVAILABLE_LOCALES

    locale = read_settings(config).locale or DEFAULT_LOCALE
    if locale.replace("-", "_") not in AVAILABLE_LOCALES:
        locales = sorted(AVAILABLE_LOCALES)
        raise failure(
            f"{origin(config, 'locale')}: {locale!r} is not a locale that Faker knows."
            f"{did_you_mean(locale, locales)}\nThe locales are: {', '.join(locales)}."
        )
    return locale


def name_of_test(item: pytest.Item) -> str:
    """Return the node id, without the suffix that xdist adds for a load group."""
    path, _, name = item.location
    return f"{path}::{name}"


def _own_fixture(request: pytest.FixtureRequest, name: str) -> Any:
    """Return the value of a fixture that the project defines for this test, else None.

    pytest-randomly's `faker_seed`, which changes from run to run, does not count.
    """
    if name not in request.fixturenames:
        return None
    definitions = request.node._fixtureinfo.name2fixturedefs[name]
    if definitions[-1].func.__module__ == "pytest_randomly":
        return None
    return request.getfixturevalue(name)


def has_own_event_loop(config: pytest.Config) -> bool:
    """Return whether pytest-asyncio has an `event_loop` fixture (below 1.0)."""
    return hasattr(config.pluginmanager.get_plugin("asyncio"), "event_loop")


class EventLoop:
    """The fixture `event_loop`, registered only if no other plugin has one."""

    @pytest.fixture
    def event_loop(self, request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
        """Yield a fresh event loop for a sync test: ``event_loop.run_until_complete(...)``.

        Afterwards it is closed as by `asyncio.run`: remaining tasks are cancelled, and an exception
        that they raise is logged. It does not become the thread's current loop, because a closed
        loop left there would break the tests that follow.

        Raises:
            pytest.fail.Exception: the test is async.
        """
        if inspect.iscoroutinefunction(request.function):
            raise failure(
                f"`event_loop` is a fresh loop for sync tests; {request.node.name} is async and "
                "runs in a loop of its own already, so nothing would ever run in this one.\n"
                "Use asyncio.get_running_loop() in the test instead."
            )
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        loop = runner.get_loop()
        yield loop
        if not loop.is_closed():
            runner.close()
