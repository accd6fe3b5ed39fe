"""One address for an app on a fake server in some tests, and on a real one in others.

Where both ..._env tables name a variable, the app reads it once. So its value is the address of
neither server: it is that of a third one, which hands each new connection to the server of the
running test. When a test is on another server than the last one, connections that a pool has kept
are ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import markers
from understudy.plugin.environment_text import filled_in
from understudy.plugin.outcomes import failure, one_message
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.serving.location import Location
    from understudy.serving.server import Server
    from understudy.serving.sockets import Sockets

_SHARED: pytest.StashKey[list[SharedAddress]] = pytest.StashKey()


class SharedAddress:
    """The address, and the server that is behind it.

    Args:
        fake: the server of fake_postgres or fake_mysql.
        real: the server of real_postgres or real_mysql; both have the same user and password.
        locate: returns the address of sockets, for a user and a password.
        variables: the variables that lead to the address.

    Attributes:
        current: the fixture of the server that is behind it now.
        location: the address.
    """

    def __init__(
        self,
        fake: Server[Any],
        real: Server[Any],
        locate: Callable[[Sockets, str, str], Location],
        variables: list[str],
    ) -> None:
        from understudy.serving.sockets import Sockets

        self._fake, self._real = fake, real
        self.servers = {server.name: server for server in (fake, real)}
        self._variables = variables
        self._sockets = Sockets(fake, lambda: self.servers[self.current].sockets)
        self.current = fake.name
        self._is_started = False
        for server in self.servers.values():
            server.listeners.append(self._sockets)
        self.location = locate(self._sockets, real.user, real.password)

    def begin(self, item: pytest.Item) -> None:
        """Lead the app of a test to the server that the test uses.

        Raises:
            pytest.fail.Exception: it uses both, or the real server cannot be started.
        """
        chosen = self._of(item)
        from understudy.embedded import PostgresError

        with one_message(PostgresError):
            self.servers[chosen].start()
        if chosen != self.current:
            # First, because a pool may connect again as soon as its connections have ended.
            before, self.current = self.servers[self.current], chosen
            before.renew_pools()
        if not self._is_started:
            self._is_started = True
            self._sockets.start()

    def stop(self) -> None:
        """Accept no more connections."""
        self._sockets.stop()

    def _of(self, item: pytest.Item) -> str:
        marked = markers.app_database(item)
        if marked in self.servers:
            return str(marked)
        fake, real = self.servers
        names = getattr(item, "fixturenames", ())
        if fake in names and real in names:
            variables = " and ".join(self._variables)
            raise failure(
                f"{item.name} uses {fake} and {real}, and {variables} leads the app "
                "to one of them.\n"
                f'Mark the test: @pytest.mark.understudy(app_database="{real}"), or "{fake}".'
            )
        return real if real in names else fake


def _all(config: pytest.Config) -> list[SharedAddress]:
    return config.stash.get(_SHARED, [])


def addresses(config: pytest.Config) -> list[str]:
    """Return the URLs of the addresses that two servers share; none if none do."""
    locations = [shared.location for shared in _all(config)]
    return [url for location in locations for url in (location.dsn, location.socket_dsn)]


def share(
    config: pytest.Config,
    settings: Settings,
    fake: Server[Any],
    real: Server[Any],
    locate: Callable[[Sockets, str, str], Location],
) -> Mapping[str, str]:
    """Share an address if both servers have a variable, and return these variables with values.

    Args:
        config: of the run.
        settings: of the project.
        fake: the server of fake_postgres or fake_mysql.
        real: the server of real_postgres or real_mysql.
        locate: returns the address of sockets, for a user and a password.

    Raises:
        pytest.UsageError: the two values of a variable differ.
    """
    keys = f"{fake.name}_env", f"{real.name}_env"
    of_fake, of_real = (getattr(settings, key) for key in keys)
    both = [name for name in of_fake if name in of_real]
    if not both:
        return {}
    shared = SharedAddress(fake, real, locate, both)
    config.stash.setdefault(_SHARED, []).append(shared)
    config.add_cleanup(shared.stop)
    values = {name: filled_in(of_fake[name], shared.location) for name in both}
    for name, value in values.items():
        if filled_in(of_real[name], shared.location) != value:
            raise pytest.UsageError(
                f"{keys[0]} and {keys[1]} both set {name}, to different texts: "
                f"{of_fake[name]!r} and {of_real[name]!r}.\n"
                "The app reads it once, so write the same text in both."
            )
    return values


def begin(item: pytest.Item) -> None:
    """Lead the app of a test to its server, if an address is shared."""
    for shared in _all(item.config):
        shared.begin(item)


def needs(config: pytest.Config, fixture: str) -> bool:
    """Return whether an app that starts now needs the server of a fixture."""
    return all(shared.current == fixture for shared in _all(config) if fixture in shared.servers)
