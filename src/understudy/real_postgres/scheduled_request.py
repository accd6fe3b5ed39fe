"""A request that waits for its client's turn in the one transaction of a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.observation import Observation
from understudy.real_postgres.upstream_replies import Reply

Read = Callable[..., Any]  # takes the replies
Outcome = Callable[[Any], None]


@dataclass(slots=True, eq=False)
class Request:
    """A request of a client; `TransactionScheduler.submit` describes the first fields.

    Attributes:
        done: receives the outcome.
        is_wanted: whether its client is still connected.
        is_aside: whether it leaves nothing behind, and need not wait for a transaction.
        observation: what is asked before and after it, beside it; None for nothing.
        is_cancelled: whether it is cancelled.
    """

    client: RollbackClient
    sql: str
    data: bytes
    read: Read
    copied: Sequence[bytes] | None = None
    wanted: int = 1
    done: Outcome = lambda _: None
    is_wanted: bool = True
    is_aside: bool = False
    observation: Observation | None = None
    is_cancelled: bool = False

    def outcome(self, replies: Sequence[Reply]) -> Any:
        """Return what its replies come to, or the exception that reading them raises."""
        try:
            return self.read(*replies)
        except Exception as error:  # noqa: BLE001 # the session reports or raises it
            return error
