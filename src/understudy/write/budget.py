"""The time for trying the code, and how the functions of a module share it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

PATIENCE = 4.0  # seconds by the clock for each second of the budget
_OVERTIME = 10.0  # seconds for what must not stop halfway


class Budget:
    """The time for trying the code, in seconds of this process's CPU time.

    The same work takes longer on a busy machine, but not more of this time, so as much is tried.
    Code that only waits uses none of it: time by the clock counts, too, at a lower rate.

    Args:
        seconds: how many there are.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._cpu = time.process_time()
        self._clock = time.monotonic()

    def spent(self) -> float:
        """Return the seconds that are spent."""
        waited = (time.monotonic() - self._clock) / PATIENCE
        return max(time.process_time() - self._cpu, waited)

    def share(self, works: Sequence[Iterator[bool]], until: float) -> None:
        """Let several work, each for an equal share of the time.

        What one leaves of its share is for the next ones, and at last for those that have not come
        to their end. Each takes a step even if there is no time.

        Args:
            works: each yields after a step whether it may stop there.
            until: the seconds that may be spent when all have worked.
        """
        left = list(works)
        while left:
            unfinished = [
                work
                for number, work in enumerate(left)
                if self._goes_on(work, max(0.0, until - self.spent()) / (len(left) - number))
            ]
            left = unfinished if self.spent() < until else []

    def _goes_on(self, work: Iterator[bool], share: float) -> bool:
        """Let one work for some seconds, and return whether it has not come to its end."""
        ends = self.spent() + share
        return any(self.spent() > ends + (0 if may_stop else _OVERTIME) for may_stop in work)
