"""Scripted answers that take time: what a fake awaits in the test's event loop."""

from __future__ import annotations

from understudy.script import waiting
from understudy.script.answers import Answer, Computed, Drop, Error, Hang, Rows, Value


async def wait_for(answer: Answer) -> Rows | Value | Computed | Drop:
    """Wait as long as an answer says, and return what it is.

    Raises:
        BaseException: the exception that the answer holds.
    """
    __tracebackhide__ = True
    if answer.delay:
        await waiting.pause(answer.delay)
    outcome = answer.outcome
    if isinstance(outcome, Hang):
        await waiting.forever()
    if isinstance(outcome, Error):
        raise without_traceback(outcome.error)
    assert not isinstance(outcome, Hang), "nothing but an exception ends it"
    return outcome


def without_traceback(error: BaseException | type[BaseException]) -> BaseException:
    """Return a scripted exception, without the traceback of an earlier use."""
    return error() if isinstance(error, type) else error.with_traceback(None)
