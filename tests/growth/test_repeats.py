"""Which statements may be sent in a loop of the app, and which in one of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from understudy.growth.repeats import has_loop, repeats
from understudy.script.boundary import CallId, Event
from understudy.script.calls import Call

USERS, ORDERS = "SELECT id FROM users", "SELECT id FROM orders WHERE user_id = $1"
HERE = Path(__file__)


def dao() -> None:
    pass


def service() -> None:
    pass


async def plain(app: Any) -> None:
    await app()


async def arranges(app: Any, real_postgres: Any) -> None:
    for name in ("Ana", "Eva"):
        real_postgres.insert("users", name=name)
    await app()


async def loops(app: Any) -> None:
    for _ in range(2):
        await app()


async def comprehends(app: Any) -> None:
    assert [await app() for _ in range(2)]


def sync_arranges(app: Any, real_postgres: Any) -> None:
    while not real_postgres.insert("users"):
        pass
    app()


def sync_loops(app: Any) -> None:
    for _ in range(2):
        app()


@pytest.mark.parametrize(
    ("test", "found"),
    [
        (plain, False),
        (arranges, False),
        (loops, True),
        (comprehends, True),
        (sync_arranges, False),
        (sync_loops, True),
        (None, True),
        (eval("lambda: 1"), True),
    ],
)
def test_loops_of_a_test(test: Callable[..., Any] | None, found: bool) -> None:
    assert has_loop(test) is found


def events(
    *calls: tuple[str, str, Callable[..., Any]], request: str = "", phase: Any = "call"
) -> list[Event]:
    found = []
    for number, (statement, tag, function) in enumerate(calls, 1):
        code: CodeType = function.__code__
        call = Call("fetch", statement, None, None, (code, 0))
        identity = CallId(request, "statement", statement, number)
        found.append(Event(identity, "statement", call, None, phase, tag=tag))
    return found


def found(*calls: tuple[str, str, Callable[..., Any]], test: Any = plain, **options: Any) -> int:
    return len(repeats(events(*calls, **options), Path("elsewhere.py"), test))


LOOP = [(USERS, "SELECT 2", dao), (ORDERS, "SELECT 1", service), (ORDERS, "SELECT 1", service)]


def test_a_loop_over_rows() -> None:
    [repeat] = repeats(events(*LOOP), Path("elsewhere.py"), plain)
    assert (repeat.site.statement, repeat.rows, len(repeat.events)) == (ORDERS, 2, 2)
    assert repeat.source.call.statement == USERS


@pytest.mark.parametrize(
    ("calls", "options", "count"),
    [
        (LOOP, {"request": "GET /users #1", "test": loops}, 1),
        (LOOP, {"test": loops}, 0),
        ([(sql, tag, dao) for sql, tag, _ in LOOP], {"test": loops}, 1),
        (LOOP, {"phase": "setup"}, 0),
        (LOOP[:2], {}, 0),
        ([*LOOP[1:], LOOP[0]], {}, 0),
        # Not as many rows as statements.
        ([(USERS, "SELECT 1", dao), *LOOP[1:]], {}, 0),
        ([(USERS, "SELECT 2", dao), *[(f"{ORDERS} OFFSET 1", "SELECT 1", dao)] * 2], {}, 0),
        ([(USERS, "SELECT 2", dao), *[("SELECT 1 = ANY($1)", "SELECT 1", dao)] * 2], {}, 0),
    ],
)
def test_what_is_looked_at(calls: Any, options: Any, count: int) -> None:
    assert found(*calls, **options) == count


def test_the_statements_of_the_test_itself_are_not_looked_at() -> None:
    assert repeats(events(*LOOP), HERE, plain) == []
    assert len(repeats(events(*LOOP, request="GET /users #1"), HERE, plain)) == 1
