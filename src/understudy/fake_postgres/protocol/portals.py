"""The portals of a connection, cursors among them."""

from __future__ import annotations

from collections.abc import Callable

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.statements import Portal


class Portals:
    """The portals of one connection, cursors among them."""

    def __init__(self) -> None:
        self._named: dict[str, Portal] = {}
        self.unnamed: Portal | None = None

    def add(self, portal: Portal) -> None:
        """Keep a portal; an unnamed one takes the place of the last.

        Raises:
            ServerError: there is one of this name.
        """
        if not portal.name:
            self.unnamed = portal
        elif portal.name in self._named:
            raise errors.cursor_exists(portal.name)
        else:
            self._named[portal.name] = portal

    def check_free(self, name: str) -> None:
        """Raise what PostgreSQL raises where a portal of this name is there."""
        if name in self._named:
            raise errors.cursor_exists(name)

    def find(self, name: str) -> Portal:
        """Return a portal.

        Raises:
            ServerError: there is none of this name.
        """
        found = self._named.get(name) if name else self.unnamed
        if found is None:
            raise errors.no_portal(name)
        return found

    def get(self, name: str) -> Portal | None:
        """Return the portal of a name that is not empty, where there is one."""
        return self._named.get(name)

    def cursor(self, name: str) -> Portal:
        """Return a portal by the name that SQL calls it.

        Raises:
            ServerError: there is none of this name.
        """
        found = self._named.get(name)
        if found is None:
            raise errors.error("34000", f'cursor "{name}" does not exist')
        return found

    def close(self, name: str) -> None:
        """Drop a portal, where there is one."""
        if name:
            self._named.pop(name, None)
        else:
            self.unnamed = None

    def close_all(self) -> None:
        """Drop every cursor and portal that has a name."""
        self._named.clear()

    # What follows a transaction (transactions.Follower)

    def mark(self) -> dict[str, Portal]:
        """Return which there are."""
        return dict(self._named)

    def restore(self, mark: dict[str, Portal]) -> None:
        """Drop those that were made since `mark`; one that was closed stays closed."""
        self._keep(lambda portal: mark.get(portal.name) is portal)

    def fail(self, mark: dict[str, Portal]) -> None:
        """Keep them all: of each, PostgreSQL says that the transaction is aborted."""

    def settle(self, mark: dict[str, Portal], *, commit: bool) -> None:
        """Drop those that end with the transaction."""
        self.unnamed = None
        self._keep(
            lambda portal: portal.hold and (commit or mark.get(portal.name) is portal),
        )

    def _keep(self, wanted: Callable[[Portal], bool]) -> None:
        self._named = {name: portal for name, portal in self._named.items() if wanted(portal)}
