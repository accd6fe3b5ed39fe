"""The end of a run that takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from understudy.rerun.interruption import Interruption

_INTERVAL = 0.1  # seconds after the first attempt to end a run; each wait is twice as long
_LONGEST = 0.5


class Deadline:
    """Ends what runs inside when its time is over.

    Args:
        interruption: interrupts the test.
        seconds: its time.
        end_connections: ends the connections of the test, in which it may wait.

    Attributes:
        is_over: whether its time was over before it ended.
    """

    def __init__(
        self, interruption: Interruption, seconds: float, end_connections: Callable[[], None]
    ) -> None:
        self.is_over = self._has_ended = False
        self._interruption = interruption
        self._end_connections = end_connections
        self._lock = threading.Lock()
        self._timer = self._new_timer(seconds, 0)

    def __enter__(self) -> Deadline:
        """Let the time begin."""
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Interrupt no more."""
        with self._lock:
            self._has_ended, self._interruption.is_late = True, False
            self._timer.cancel()

    def _attempt(self, number: int) -> None:
        with self._lock:
            if self._has_ended:
                return
            self.is_over = self._interruption.is_late = True
            if number:
                self._end_connections()
            self._interruption.interrupt(number)
            self._timer = self._new_timer(min(_INTERVAL * 2**number, _LONGEST), number + 1)
            self._timer.start()

    def _new_timer(self, seconds: float, number: int) -> threading.Timer:
        timer = threading.Timer(seconds, self._attempt, (number,))
        timer.daemon = True
        return timer
