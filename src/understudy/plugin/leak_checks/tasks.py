"""Tasks that are still running when a test's event loop is about to be closed."""

from __future__ import annotations

import asyncio

from understudy.plugin.leak_checks import coroutines, messages
from understudy.plugin.leak_checks.project_files import Places


def loop_in(value: object) -> asyncio.AbstractEventLoop | None:
    """Return the event loop that a fixture's value is, or runs in; None for any other value."""
    if isinstance(value, asyncio.Runner):
        return value.get_loop()
    return value if isinstance(value, asyncio.AbstractEventLoop) else None


def left_in(loop: asyncio.AbstractEventLoop, places: Places) -> str | None:
    """Say which tasks are left, None where there are none.

    One that was told to stop is not left running; one of a library is the library's affair.
    """
    found = []
    for task in asyncio.all_tasks(loop):
        code = coroutines.code_of(task.get_coro())
        if code is None or task.cancelling() or places.is_installed(code.co_filename):
            continue
        place = coroutines.waits_at(task.get_coro(), places.is_own)
        where = places.shown(*place) if place else None
        found.append(messages.task(places.of(code), where))
    return messages.tasks_left(sorted(found)) if found else None
