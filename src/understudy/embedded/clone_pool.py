"""Clones that are created in the background while tests run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from understudy.embedded.admin import Admin

# More would not help: a test that is faster than a clone waits in any case.
_AHEAD = 2


class ClonePool:
    """Keeps a few clones ready. The end of the run drops the unused ones."""

    def __init__(self, admin: Admin, make: Callable[[Admin], str], wanted: int) -> None:
        """Start to create clones.

        Args:
            admin: A connection that nothing else uses, so that nothing else waits for a clone.
            make: Creates a clone and returns its name.
            wanted: The largest number of clones that will be taken.
        """
        self._admin = admin
        self._make = make
        self._wanted = wanted
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

    def stop(self) -> None:
        """Create no more clones, and wait for the current one."""
        self._worker.shutdown(cancel_futures=True)
        self._admin.close()

    def _fill(self) -> None:
        while self._wanted and len(self._ready) < _AHEAD:
            self._wanted -= 1
            self._ready.append(self._worker.submit(self._make, self._admin))
