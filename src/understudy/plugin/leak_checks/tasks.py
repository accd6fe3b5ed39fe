"""Tasks that are still running when a test's event loop is about to be closed."""

from __future__ import annotations

import asyncio

from understudy.plugin.leak_checks import coroutines
from understudy.plugin.leak_checks.project_files import ProjectFiles
from understudy.plugin.report import listed


def loop_in(value: object) -> asyncio.AbstractEventLoop | None:
    """Return the event loop that a fixture's value is, or runs in; None for any other value."""
    if isinstance(value, asyncio.Runner):
        return value.get_loop()
    return value if isinstance(value, asyncio.AbstractEventLoop) else None


def left_in(loop: asyncio.AbstractEventLoop, files: ProjectFiles) -> str | None:
    """Return a report of the tasks left in a loop, or None.

    A task that is being cancelled does not count, nor does a library's.
    """
    found = []
    for task in asyncio.all_tasks(loop):
        code = coroutines.code_of(task.get_coro())
        if code is None or task.cancelling() or files.is_installed(code.co_filename):
            continue
        place = coroutines.waits_at(task.get_coro(), files.is_own)
        found.append(files.of(code) + (f", waiting at {files.shown(*place)}" if place else ""))
    if not found:
        return None
    count = "1 task was" if len(found) == 1 else f"{len(found)} tasks were"
    return "\n".join(
        [
            f"{count} still running when the test was over",
            *listed(sorted(found)),
            "The event loop has cancelled what was left. Await it in the test, or cancel it there.",
        ]
    )
