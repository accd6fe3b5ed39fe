"""Copies of a template, made and dropped by any process of a run."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass

from understudy.embedded import stale_databases
from understudy.embedded.admin import Admin
from understudy.embedded.clone_pool import Stock
from understudy.embedded.driver import with_database, without_password
from understudy.embedded.errors import PostgresUnavailable


@dataclass(frozen=True)
class Place:
    """Where the databases of a run are. Plain values, so that it can be told to other processes.

    Attributes:
        url: A database of the server to connect to in order to create others.
        run: What the names of the run's databases begin with.
        is_embedded: Whether the server is one of ours, whose data goes with it.
        template: The database to copy.
    """

    url: str
    run: str
    is_embedded: bool = False
    template: str = ""

    def admin(self) -> Admin:
        """Who creates and drops databases there, as part of the run."""
        shown = "the embedded PostgreSQL" if self.is_embedded else without_password(self.url)
        return Admin(
            lambda: self.url,
            shown,
            copies_files=self.is_embedded,
            run=None if self.is_embedded else stale_databases.number_of(self.run),
        )

    def dsn(self, name: str) -> str:
        """The URL of one of its databases."""
        return with_database(self.url, name)


class Clones:
    """Makes copies of the template of a place that another process has prepared."""

    def __init__(self, place: Place | None = None) -> None:
        """Connect to the server of a place; without one, prepare to be given one.

        Raises:
            PostgresUnavailable: The server does not answer.
        """
        self._owner = os.getpid()
        self._numbers = itertools.count(1)
        self._stock: Stock | None = None
        self._place: Place | None = None
        if place is not None:
            self._begin(place)

    @property
    def place(self) -> Place:
        """Where the copies are made.

        Raises:
            PostgresUnavailable: It is not running.
        """
        if self._place is None:
            raise PostgresUnavailable(
                "TestDatabases is not running: call start(), or use it in a `with` block."
            )
        return self._place

    def new(self) -> tuple[str, str]:
        """Create a database with the schema in it and nothing else.

        Returns:
            Its name and its URL.

        Raises:
            PostgresUnavailable: It is not running, or the server does not answer.
            DatabaseError: PostgreSQL refuses.
        """
        place = self.place
        # A thread does not outlive a fork.
        name = self._stock.take() if self._stock and not self._is_forked else None
        if name is None:
            name = self._make(self._running)
        return name, place.dsn(name)

    def expect(self, number: int) -> None:
        """Make copies in the background from now on, a few ahead, and `number` at most.

        In a forked process this does nothing: it ends without a word, and copies would be left.
        """
        if not self._is_forked:
            self._stop_stock()
            self._stock = Stock(self.place.admin(), self._make, number)

    def keep(self, name: str) -> None:
        """Have a database that `new` created stay when the run is over.

        Raises:
            PostgresUnavailable: It is not running, or the server does not answer.
            DatabaseError: PostgreSQL refuses.
        """
        stale_databases.mark_as_kept(self._running, name)

    def drop(self, name: str) -> None:
        """Drop a database that `new` created. Who is connected to it is disconnected.

        Raises:
            PostgresUnavailable: It is not running, or the server does not answer.
            DatabaseError: PostgreSQL refuses.
        """
        self._running.drop(name)

    def stop(self) -> None:
        """End the connections to the server. Doing so twice is no error."""
        if self._place is None or self._is_forked:
            return
        self._stop_stock()
        self._admin.close()
        self._place = None

    @property
    def _running(self) -> Admin:
        _ = self.place
        return self._admin

    @property
    def _is_forked(self) -> bool:
        return os.getpid() != self._owner

    def _begin(self, place: Place) -> None:
        self._owner = os.getpid()
        self._admin = place.admin()
        self._admin.open()
        self._place = place

    def _stop_stock(self) -> None:
        if self._stock is not None:
            self._stock.stop()
            self._stock = None

    def _make(self, admin: Admin) -> str:
        # The process is in the name: those of a run, and the forks of one, count for themselves.
        name = f"{self.place.run}_{os.getpid()}_{next(self._numbers)}"
        admin.clone(self.place.template, name)
        return name
