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
        """Keep a portal; an unnamed one replaces the last.

        Raises:
            ServerError: the name is taken.
        """
        if portal.name:
            self.check_free(portal.name)
            self._named[portal.name] = portal
        else:
            self.unnamed = portal

    def check_free(self, name: str) -> None:
        """Raise PostgreSQL's error if the name is taken."""
        if name in self._named:
            raise errors.error("42P03", f'cursor "{name}" already exists')

    def find(self, name: str) -> Portal:
        """Return a portal.

        Raises:
            ServerError: there is no such portal.
        """
        found = self._named.get(name) if name else self.unnamed
        if found is None:
            raise errors.error("34000", f'portal "{name}" does not exist')
        return found

    def get(self, name: str) -> Portal | None:
        """Return the portal of a name, or None."""
        return self._named.get(name)

    def cursor(self, name: str) -> Portal:
        """Return a portal by its name in SQL.

        Raises:
            ServerError: there is no such portal.
        """
        found = self._named.get(name)
        if found is None:
            raise errors.error("34000", f'cursor "{name}" does not exist')
        return found

    def close(self, name: str) -> None:
        """Drop a portal, if it exists."""
        if name:
            _close(self._named.pop(name, None))
        else:
            self.unnamed = None

    def close_all(self) -> None:
        """Drop every named portal."""
        self._keep(lambda portal: False)

    # TransactionalState

    def mark(self) -> dict[str, Portal]:
        """Return the named portals."""
        return dict(self._named)

    def restore(self, mark: dict[str, Portal]) -> None:
        """Drop those made since `mark`; closed ones stay closed."""
        self._keep(lambda portal: mark.get(portal.name) is portal)

    def fail(self, mark: dict[str, Portal]) -> None:
        """Keep them all, as PostgreSQL does in an aborted transaction."""

    def settle(self, mark: dict[str, Portal], *, commit: bool) -> None:
        """Drop the portals that end with the transaction."""
        self.unnamed = None
        self._keep(lambda portal: portal.hold and (commit or mark.get(portal.name) is portal))

    def _keep(self, wanted: Callable[[Portal], bool]) -> None:
        for name, portal in list(self._named.items()):
            if not wanted(portal):
                _close(self._named.pop(name))


def _close(portal: Portal | None) -> None:
    """Close what would add rows to the result of a portal."""
    if portal is not None and portal.result is not None and portal.result.source is not None:
        portal.result.source.close()
