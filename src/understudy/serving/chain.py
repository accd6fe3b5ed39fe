"""Wait for one result after another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from understudy.pg.errors import ServerError
from understudy.serving.waits import ConnectionDropped, Pending


def chain(
    first: Pending, then: Callable[[Any], Any], failed: Callable[[], None] = lambda: None
) -> Pending:
    """Wait for one result, and then for what is made of it.

    Args:
        first: what to wait for.
        then: called with its outcome; returns the result, a Pending for it, or None to keep the
            first outcome.
        failed: called if `first` fails.
    """

    def proceed(outcome: Any) -> Any:
        if isinstance(outcome, Pending):
            return chain(outcome, then, failed)
        if isinstance(outcome, BaseException):
            failed()
            raise outcome
        return then(outcome) or outcome

    def begin(done: Callable[[Any], None]) -> None:
        assert first.begin is not None

        def receive(outcome: Any) -> None:
            try:
                outcome = proceed(outcome)
            except Exception as error:  # noqa: BLE001 # the session reports or raises it
                outcome = error
            done(outcome)

        first.begin(receive)

    def after() -> Any:
        try:
            outcome: Any = first.after()
        except (ServerError, ConnectionDropped) as error:
            outcome = error
        return awaited(outcome) if inspect.isawaitable(outcome) else proceed(outcome)

    async def awaited(outcome: Any) -> Any:
        try:
            outcome = await outcome
        except (ServerError, ConnectionDropped) as error:
            outcome = error
        return proceed(outcome)

    return Pending(first.delay, after, None if first.begin is None else begin, first.cancel)
