"""What waits for one thing after another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from understudy.fake_postgres.protocol.statements import ConnectionDropped, Pending, Result
from understudy.pg.errors import ServerError


def sequel(
    first: Pending,
    then: Callable[[Any], Result | Pending | None],
    failed: Callable[[], None] = lambda: None,
) -> Pending:
    """Return what waits for one thing, and then for what is made of its outcome."""

    def go_on(outcome: Any) -> Any:
        if isinstance(outcome, Pending):
            return sequel(outcome, then, failed)
        if isinstance(outcome, BaseException):
            failed()
            raise outcome
        return then(outcome) or outcome

    def begin(done: Callable[[Any], None]) -> None:
        assert first.begin is not None

        def told_of(outcome: Any) -> None:
            try:
                outcome = go_on(outcome)
            except Exception as error:  # noqa: BLE001 # the session tells it, or raises it again
                outcome = error
            done(outcome)

        first.begin(told_of)

    def after() -> Any:
        try:
            outcome: Any = first.after()
        except (ServerError, ConnectionDropped) as error:
            outcome = error
        return awaited(outcome) if inspect.isawaitable(outcome) else go_on(outcome)

    async def awaited(outcome: Any) -> Any:
        try:
            outcome = await outcome
        except (ServerError, ConnectionDropped) as error:
            outcome = error
        return go_on(outcome)

    return Pending(first.delay, after, None if first.begin is None else begin, first.cancel)
