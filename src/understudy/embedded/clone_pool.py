"""Copies made ahead of those who want them, while tests run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from understudy.embedded.admin import Admin

# A test that is faster than a copy waits whatever the number; for all others one would do.
_AHEAD = 2


class Stock:
    """Holds a few databases ready. What is left of them is for the run's end to drop."""

    def __init__(self, admin: Admin, make: Callable[[Admin], str], wanted: int) -> None:
        """Begin to fill it.

        Args:
            admin: A connection of its own, so that nobody waits for a copy that others will want.
            make: Makes a database and returns its name.
            wanted: How many will be taken at most.
        """
        self._admin = admin
        self._make = make
        self._wanted = wanted
        self._ready: deque[Future[str]] = deque()
        self._worker = ThreadPoolExecutor(1, "understudy-stock")
        self._fill()

    def take(self) -> str | None:
        """The name of a database, waited for where it is being made; None where none is to come.

        Raises:
            PostgresUnavailable: The server does not answer.
            DatabaseError: PostgreSQL refuses.
        """
        if not self._ready:
            return None
        future = self._ready.popleft()
        self._fill()
        return future.result()

    def stop(self) -> None:
        """Make no more, and wait for the one that is being made."""
        self._worker.shutdown(cancel_futures=True)
        self._admin.close()

    def _fill(self) -> None:
        while self._wanted and len(self._ready) < _AHEAD:
            self._wanted -= 1
            self._ready.append(self._worker.submit(self._make, self._admin))
