"""What the checks at run time say. Each function returns a whole message."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 5  # items of a list
_LONGEST = 200  # characters of a statement


def _listed(items: Sequence[str]) -> list[str]:
    more = [f"  and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return [*(f"  {item}" for item in items[:_MOST]), *more]


def call_unread(statement: str, place: str, rule: str) -> str:
    """A statement on a fake, where it was asked, and the rule that would expect it."""
    short = statement if len(statement) <= _LONGEST else f"{statement[:_LONGEST]} ..."
    lines = [
        f"no test looks at this statement: {short}",
        f"  asked at: {place}",
        "Another one in its place would have passed every test. Expect it, or look at the calls.",
    ]
    return "\n".join(lines + ([f"  {rule}"] if len(rule) <= 2 * _LONGEST else []))


def more_unread(count: int) -> str:
    """There are others, which are not listed."""
    what = "1 more statement" if count == 1 else f"{count} more statements"
    return f'no test looks at {what}: check_calls = "error" lists every one'


def with_tests(text: str, tests: Sequence[str]) -> str:
    """The same with the tests that came by it."""
    return "\n".join([text, "It was asked in:", *_listed(tests)])


def tasks_left(tasks: Sequence[str]) -> str:
    """Tasks were still running when the test's event loop was closed."""
    count = "1 task was" if len(tasks) == 1 else f"{len(tasks)} tasks were"
    return "\n".join(
        [
            f"{count} still running when the test was over",
            *_listed(tasks),
            "The event loop has cancelled what was left. Await it in the test, or cancel it there.",
        ]
    )


def task(function: str, place: str | None) -> str:
    """A task: what it runs, and the project's line in which that waits."""
    return f"{function}, waiting at {place}" if place else function


def never_awaited(function: str, made_at: str | None, test: str | None) -> str:
    """A coroutine was made and never awaited; begins as Python's own warning does."""
    lines = [f"coroutine {function!r} was never awaited"]
    lines += [f"  made at: {made_at}"] if made_at else []
    lines += [f"  in: {test}"] if test else []
    return "\n".join([*lines, "What it should have done was not done. Write `await` before it."])


def loop_blocked(step: str, milliseconds: float, limit: int, went_on_at: str | None) -> str:
    """One step of a task kept all others waiting."""
    where = f"  before it came to {went_on_at}\n" if went_on_at else ""
    return (
        f"the event loop was blocked for {milliseconds:.0f} ms, with others waiting for it\n"
        f"  by a step of {step}\n{where}"
        "Something in it waits or computes without `await`: time.sleep, a synchronous client or"
        " driver, hashing.\nRun that in a thread (asyncio.to_thread), or raise"
        f" blocked_after, which is {limit} ms."
    )


def state_left(changes: Sequence[str]) -> str:
    """A test changed what a later one sees."""
    return "\n".join(
        [
            "the test leaves behind what a later one will see",
            *_listed(changes),
            "Put it back: the fixture monkeypatch does (setattr, setitem, setenv, chdir).",
        ]
    )
