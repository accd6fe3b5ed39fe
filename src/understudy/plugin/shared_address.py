"""One address for an app on fake_postgres in some tests, and on real_postgres in others.

Where both ..._env tables name a variable, the app reads it once. So its value is the address of
neither server: it is that of a third one, which hands each new connection to the server of the
running test. When a test is on another server than the last one, connections that a pool has kept
are ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from understudy.plugin import markers
from understudy.plugin.environment_text import filled_in
from understudy.plugin.outcomes import failure, one_message
from understudy.plugin.settings import APP_DATABASES, Settings

if TYPE_CHECKING:
    from understudy.fake_postgres.location import Location
    from understudy.fake_postgres.server import Server
    from understudy.real_postgres.rollback_server import RollbackServer

_SHARED: pytest.StashKey[SharedAddress] = pytest.StashKey()
FAKE, REAL = APP_DATABASES


class SharedAddress:
    """The address, and the server that is behind it.

    Args:
        fake: the server of fake_postgres.
        real: the server of real_postgres; both have the same password.
        variables: the variables that lead to the address.
    """

    def __init__(self, fake: Server, real: RollbackServer, variables: list[str]) -> None:
        from understudy.fake_postgres.location import locate
        from understudy.serving.sockets import Sockets

        self._servers: dict[str, Server] = {FAKE: fake, REAL: real}
        self._variables = variables
        self._sockets = Sockets(fake, lambda: self._servers[self.current].sockets)
        self.current = FAKE
        self._is_started = False
        for server in self._servers.values():
            server.listeners.append(self._sockets)
        self.location: Location = locate(self._sockets, real.user, real.password)

    def begin(self, item: pytest.Item) -> None:
        """Lead the app of a test to the server that the test uses.

        Raises:
            pytest.fail.Exception: it uses both, or the real server cannot be started.
        """
        from understudy.serving import pool_renewal

        chosen = self._of(item)
        if chosen == REAL:
            from understudy.embedded import PostgresError

            with one_message(PostgresError):
                self._servers[REAL].start()
        else:
            self._servers[FAKE].start()
        if chosen != self.current:
            # First, because a pool may connect again as soon as its connections have ended.
            before, self.current = self._servers[self.current], chosen
            pool_renewal.renew(before.end_connections())
        if not self._is_started:
            self._is_started = True
            self._sockets.start()

    def stop(self) -> None:
        """Accept no more connections."""
        self._sockets.stop()

    def _of(self, item: pytest.Item) -> str:
        marked = markers.app_database(item)
        if marked is not None:
            return marked
        names = getattr(item, "fixturenames", ())
        if FAKE in names and REAL in names:
            variables = " and ".join(self._variables)
            raise failure(
                f"{item.name} uses fake_postgres and real_postgres, and {variables} leads the app "
                "to one of them.\n"
                f'Mark the test: @pytest.mark.understudy(app_database="{REAL}"), or "{FAKE}".'
            )
        return REAL if REAL in names else FAKE


def addresses(config: pytest.Config) -> list[str]:
    """Return the URLs of the address that both servers share; none if they share none."""
    shared = config.stash.get(_SHARED, None)
    return [] if shared is None else [shared.location.dsn, shared.location.socket_dsn]


def share(
    config: pytest.Config, settings: Settings, fake: Server, real: RollbackServer
) -> Mapping[str, str]:
    """Share an address if both servers have a variable, and return these variables with values.

    Args:
        config: of the run.
        settings: of the project.
        fake: the server of fake_postgres.
        real: the server of real_postgres.

    Raises:
        pytest.UsageError: the two values of a variable differ.
    """
    both = [name for name in settings.fake_postgres_env if name in settings.real_postgres_env]
    if not both:
        return {}
    shared = config.stash[_SHARED] = SharedAddress(fake, real, both)
    config.add_cleanup(shared.stop)
    values = {name: filled_in(settings.fake_postgres_env[name], shared.location) for name in both}
    for name, value in values.items():
        if filled_in(settings.real_postgres_env[name], shared.location) != value:
            raise pytest.UsageError(
                f"fake_postgres_env and real_postgres_env both set {name}, to different texts: "
                f"{settings.fake_postgres_env[name]!r} and {settings.real_postgres_env[name]!r}.\n"
                "The app reads it once, so write the same text in both."
            )
    return values


def begin(item: pytest.Item) -> None:
    """Lead the app of a test to its server, if an address is shared."""
    shared = item.config.stash.get(_SHARED, None)
    if shared is not None:
        shared.begin(item)


def needs(config: pytest.Config, fixture: str) -> bool:
    """Return whether an app that starts now needs the server of a fixture."""
    shared = config.stash.get(_SHARED, None)
    return shared is None or shared.current == fixture
