"""Connections and pools that are used in another event loop than their own.

A test runner gives each test a loop of its own, and an engine or pool of a module outlives it.
asyncpg, aiomysql and asyncmy then raise "attached to a different loop", or wait for a loop that
never runs again. So the use is refused before anything is sent. psycopg's connections work in any
loop, but the workers of its async pool stay in theirs.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import weakref
from typing import Any

from understudy.script import expectations
from understudy.script.failures import WrongEventLoop
from understudy.script.origin import Spot, at, caller

# By the package that keeps a connection open: what to call it, and what closes it.
_KINDS = {
    "asyncpg": (
        "an asyncpg pool",
        "pool",
        "await pool.close()  # and create it again in each test",
    ),
    "aiomysql": (
        "an aiomysql pool",
        "pool",
        "pool.close(); await pool.wait_closed()  # and create it again in each test",
    ),
    "asyncmy": (
        "an asyncmy pool",
        "pool",
        "pool.close(); await pool.wait_closed()  # and create it again in each test",
    ),
    "aiomysql.connect": ("an aiomysql connection", "connection", "connection.close()"),
    "asyncmy.connect": ("an asyncmy connection", "connection", "connection.close()"),
    "databases": ("a pool of databases", "database", "await database.disconnect()"),
    "psycopg_pool": (
        "a psycopg_pool.AsyncConnectionPool",
        "pool",
        "await pool.close()  # and create it again in each test",
    ),
    "sqlalchemy": ("a connection of a SQLAlchemy engine", "engine", "await engine.dispose()"),
    "tortoise": ("a pool of Tortoise", "connections", "await Tortoise.close_connections()"),
}
_CONNECTION = ("an asyncpg connection", "connection", "await connection.close()")
# What libraries send to clean up. They often ignore that it fails.
_CLEAN_UP = ("ROLLBACK", "RESET", "SELECT PG_ADVISORY_UNLOCK_ALL", "DISCARD")

_OTHER_THREAD = (
    "TestClient, for example, runs an app in a thread and a loop of its own.",
    "Use both in one loop: in an async test, send requests with `async_client`.",
)


class Home:
    """The event loop that a connection or a pool belongs to.

    Args:
        loop: the loop.
        spot: the user's instruction that opened it; None if unknown.
        pool: the package of the pool that it is for, or "" for a connection of asyncpg, or the
            function of another driver.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, spot: Spot | None, pool: str) -> None:
        self._loop = weakref.ref(loop)
        self._spot, self._pool = spot, pool
        self._test = _current_test()
        self._thread = threading.current_thread().name
        self._told: tuple[str, WrongEventLoop] | None = None
        self._user: weakref.ref[asyncio.AbstractEventLoop] | None = None
        self._uses = 0

    @property
    def is_elsewhere(self) -> bool:
        """Whether another loop is running now."""
        running = asyncio._get_running_loop()
        return running is not None and self._loop() is not running

    @property
    def is_gone(self) -> bool:
        """Whether its loop does not run while the current one does."""
        loop = self._loop()
        return loop is None or not loop.is_running()

    def check(self, sent: object = None) -> None:
        """Refuse a use in another loop.

        Args:
            sent: the statement, if it is one; a failing clean-up is only explained.

        Raises:
            WrongEventLoop: another loop is running.
        """
        __tracebackhide__ = True
        if self.is_elsewhere:
            if isinstance(sent, str) and sent.lstrip().upper().startswith(_CLEAN_UP):
                self.explain()
            else:
                self.refuse()

    def take(self, *, is_idle: bool) -> None:
        """Note that a connection is asked of a pool whose workers are in this loop.

        Args:
            is_idle: whether the pool has a connection at hand.

        Raises:
            WrongEventLoop: None will ever come: the workers are gone, and nobody in the running
                loop has one to give back.
        """
        __tracebackhide__ = True
        running = asyncio._get_running_loop()
        if running is not None and (self._user is None or self._user() is not running):
            self._user, self._uses = weakref.ref(running), 0
        if not is_idle and self.is_elsewhere and self.is_gone:
            if not self._uses:
                self.refuse()
            self.explain()
        self._uses += 1

    def give_back(self) -> None:
        """Note that a connection came back, or that none was got."""
        self._uses = max(0, self._uses - 1)

    def refuse(self) -> None:
        """Fail the test, because something is used in another loop.

        Raises:
            WrongEventLoop: always; recorded once for each test.
        """
        __tracebackhide__ = True
        now = _current_test()
        if self._told is None or self._told[0] != now:
            self._told = now, expectations.record_failure(WrongEventLoop(self._text()))
        raise self._told[1]

    def explain(self) -> None:
        """Explain a failure of the test, if there is one."""
        text = self._text()
        expectations.add_hint(self, lambda: text)

    def _text(self) -> str:
        what, _, _ = kind = _KINDS.get(self._pool, _CONNECTION)
        loop = self._loop()
        opened = "at an unknown place" if self._spot is None else f"at {at(self._spot).place}"
        runs = loop is not None and loop.is_running()
        where = f"in the loop of the thread {self._thread!r}" if runs else _during(self._test)
        lines = [
            f"{what} is used in another event loop than the one it was opened in",
            f"  opened: {opened}, {where}",
            f"  used:   at {caller().place}, {_during(_current_test())}",
        ]
        if runs or threading.current_thread() is not threading.main_thread():
            return "\n".join([*lines, *_OTHER_THREAD])
        if self._test == _current_test():
            lines.append("Open it in the loop that uses it. Let fixtures and tests share one:")
        else:
            lines.append("Each test has a loop of its own. Let all tests share one:")
        return "\n".join([*lines, *_remedies(kind)])


def pool_home(pool: Any, homes: weakref.WeakKeyDictionary[Any, Home]) -> Home | None:
    """Return the loop that an asyncpg pool belongs to, or None if it has none yet."""
    loop = getattr(pool, "_loop", None)
    loop = getattr(loop, "loop", loop)  # of a MemoryLoop
    if not isinstance(loop, asyncio.AbstractEventLoop):
        return None
    for holder in getattr(pool, "_holders", ()):
        connection = getattr(holder, "_con", None)
        if connection is not None and (home := homes.get(connection._protocol)) is not None:
            return home
    home = Home(loop, None, "asyncpg")
    home._test = ""
    return home


def _current_test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def _during(test: str) -> str:
    return f"in the loop of {test}" if test else "outside of a test"


def _remedies(kind: tuple[str, str, str]) -> list[str]:
    _, name, close = kind
    if _is_run_by_anyio():
        fixture = "@pytest.fixture(autouse=True)"
        parameter = "anyio_backend"
        lines = [
            "  # conftest.py",
            '  @pytest.fixture(scope="session")',
            "  def anyio_backend():",
            '      return "asyncio"',
            "",
            '  @pytest.fixture(scope="session", autouse=True)',
            "  async def one_event_loop(anyio_backend):",
            "      yield",
        ]
    else:
        fixture, parameter = "@pytest_asyncio.fixture(autouse=True)", ""
        lines = [
            "  # pyproject.toml",
            "  [tool.pytest.ini_options]",
            '  asyncio_default_fixture_loop_scope = "session"',
            '  asyncio_default_test_loop_scope = "session"',
        ]
    return [
        *lines,
        "Or close it at the end of each test:",
        "  # conftest.py",
        f"  {fixture}",
        f"  async def close_{name}({parameter}):",
        "      yield",
        f"      {close}",
    ]


def _is_run_by_anyio() -> bool:
    if "anyio" not in sys.modules:
        return False
    return any(
        "_run_tests_and_fixtures" in getattr(task.get_coro(), "__qualname__", "")
        for task in asyncio.all_tasks()
    )
