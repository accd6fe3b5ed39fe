"""Clones of a template database, created and dropped by any process of a run."""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from understudy.embedded import stale_databases
from understudy.embedded.admin import Admin
from understudy.embedded.driver import with_database, without_password
from understudy.embedded.errors import PostgresUnavailable

# More would not help: a test that is faster than a clone waits in any case.
_AHEAD = 2
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Place:
    """Where the databases of a run are, as plain values that can be sent to other processes.

    Attributes:
        url: The database to connect to in order to create others, as every driver takes it.
        run: The prefix of the names of the run's databases.
        is_embedded: Whether it is the embedded server, whose data is removed with it.
        template: The database to clone.
        token: The token of the embedded server; "" for a server by URL.
        socket_url: The same by the server's private socket; "" for a server that has none.
    """

    url: str
    run: str
    is_embedded: bool = False
    template: str = ""
    token: str = ""
    socket_url: str = ""

    def admin(self) -> Admin:
        """Return an Admin for the server, as part of the run."""
        shown = "the embedded PostgreSQL" if self.is_embedded else without_password(self.url)
        return Admin(
            lambda: self.socket_url or self.url,
            shown,
            copies_files=self.is_embedded,
            run=None if self.is_embedded else stale_databases.number_of(self.run),
            token=self.token,
        )

    def dsn(self, name: str) -> str:
        """Return the URL of a database."""
        return with_database(self.url, name)

    def socket_dsn(self, name: str) -> str:
        """Return the URL of a database by the private socket, or else the same as `dsn`."""
        return with_database(self.socket_url or self.url, name)


class ClonePool:
    """Creates and drops clones in the background. The end of the run drops unused ones."""

    def __init__(self, admin: Admin, make: Callable[[Admin], str], wanted: float) -> None:
        """Start to create clones.

        Args:
            admin: A connection that nothing else uses, so that nothing else waits for a clone.
            make: Creates a clone and returns its name.
            wanted: The largest number of clones that will be taken.
        """
        self._admin = admin
        self._make = make
        self._wanted = wanted
        self._dropped: deque[Future[None]] = deque()
        self._ready: deque[Future[str]] = deque()
        self._worker = ThreadPoolExecutor(1, "understudy-clones")
        self._fill()

    def take(self) -> str | None:
        """Return the name of a clone, or None if no more will be created.

        If the clone is not finished, wait for it.

        Raises:
            PostgresUnavailable: The server does not answer.
            DatabaseError: PostgreSQL refuses.
        """
        if not self._ready:
            return None
        future = self._ready.popleft()
        self._fill()
        return future.result()

    def drop(self, name: str) -> None:
        """Drop a clone soon.

        Raises:
            PostgresUnavailable: The server does not answer; it may be an earlier drop that failed.
            DatabaseError: PostgreSQL refuses, likewise.
        """
        self._dropped.append(self._worker.submit(self._admin.drop, name))
        while self._dropped and self._dropped[0].done():
            self._dropped.popleft().result()

    def stop(self) -> None:
        """Create no more clones, and wait for the current one and for those to drop."""
        for future in self._ready:
            future.cancel()
        self._worker.shutdown()
        self._admin.close()

    def _fill(self) -> None:
        while self._wanted and len(self._ready) < _AHEAD:
            self._wanted -= 1
            self._ready.append(self._worker.submit(self._make, self._admin))


class Clones:
    """Creates clones of a template that another process has prepared.

    A method that needs the server raises PostgresUnavailable if it is not running or does not
    answer, and DatabaseError if PostgreSQL refuses.
    """

    def __init__(self, place: Place | None = None) -> None:
        """Connect to the server of a place, if there is one."""
        self._owner = os.getpid()
        self._pool: ClonePool | None = None
        self._place: Place | None = None
        if place is not None:
            self._begin(place)

    @property
    def place(self) -> Place:
        """The place where clones are created."""
        if self._place is None:
            raise PostgresUnavailable(
                "TestDatabases is not running: call start(), or use it in a `with` block."
            )
        return self._place

    def new(self) -> tuple[str, str]:
        """Create a clone of the template, and return its name and its URL."""
        place = self.place
        # A thread does not outlive a fork.
        name = self._pool.take() if self._pool and not self._is_forked else None
        if name is None:
            name = self._make(self._running)
        return name, place.dsn(name)

    def prefetch(self, number: float) -> None:
        """Create clones in the background from now on, a few ahead and at most `number`.

        A forked process ignores this: it ends without cleaning up, and would leave clones behind.
        """
        if not self._is_forked:
            self._stop_pool()
            self._pool = ClonePool(self.place.admin(), self._make, number)

    def keep(self, name: str) -> None:
        """Keep a clone when the run ends."""
        self._running.comment(name, stale_databases.KEPT)

    def drop(self, name: str) -> None:
        """Drop a clone, and disconnect its clients; in the background after `prefetch`."""
        running = self._running
        try:
            if self._pool and not self._is_forked:
                self._pool.drop(name)
            else:
                running.drop(name)
        except PostgresUnavailable:
            # An embedded server that was killed took its databases with it.
            if not self.place.is_embedded:
                raise

    def is_reachable(self) -> bool:
        """Return whether the server answers."""
        try:
            self._running.rows("SELECT 1")
        except PostgresUnavailable:
            return False
        return True

    def stop(self) -> None:
        """Close the connections to the server. Idempotent."""
        if self._place is None or self._is_forked:
            return
        self._stop_pool()
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
        try:
            self._admin.rows("SELECT 1")  # report now if the server does not answer
        except BaseException:
            self._admin.close()
            raise
        self._place = place

    def _stop_pool(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool = None

    def _make(self, admin: Admin) -> str:
        # The name contains the process id, because each process and each fork counts for itself.
        name = f"{self.place.run}_{os.getpid()}_{next(_numbers)}"
        admin.clone(self.place.template, name)
        return name
