"""Which line of the user's code opened a connection, and which sent its latest statement.

A statement in memory has its caller on the stack. Over a socket there are only bytes, but the
client lives in the same process. So the drivers' functions are wrapped: they note their caller,
from the stack of their own thread, before they send. No thread reads the frames or awaitables of
another thread's tasks, which crashes CPython 3.12 if such a task happens to run.

asyncpg, psycopg and the drivers of MySQL know the number of their connection. psqlpy does not, so
its latest call counts only while a single task or thread of the test uses it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple

from understudy.script import requests
from understudy.script.origin import LOOPS, NOWHERE, Spot, is_users, of_task, spot
from understudy.serving.event_loops import Home

# They keep connections open for others. psqlpy has no connection outside a pool.
# Django has a persistent connection for each thread.
_POOLS = frozenset({"psycopg_pool", "sqlalchemy", "tortoise", "databases", "django"})
# The pool of connections that the fixture itself makes for a test, and closes.
FIXTURE = "understudy"
_FIXTURE_MODULES = ("understudy.fake_postgres.connectors", "understudy.fake_mysql.connectors")

Sender = asyncio.Task[Any] | threading.Thread


class CallSite(NamedTuple):
    """Who opened a connection.

    Attributes:
        spot: the user's instruction; None if the stack has none.
        pool: the pool that the connection is for: a package, FIXTURE, or "" for none.
    """

    spot: Spot | None
    pool: str


class Attribution:
    """What the client of a connection has noted about itself.

    Attributes:
        opened_by: who opened the connection; None if unknown.
        sent_at: the user's instruction that sent the latest statement; None if unknown.
        request: the request for which that statement was sent; None for none.
        is_handling: whether that was in an `except`.
        is_on_stack: whether the client calls the server, so that nothing has to be noted.
        returns: how often it was given back to a pool that tells the server nothing.
    """

    def __init__(self) -> None:
        self.opened_by: CallSite | None = None
        self.sent_at: Spot | None = None
        self.request: requests.Request | None = None
        self.is_handling = False
        self.is_on_stack = False
        self.returns = 0
        self._sender: weakref.ref[Sender] | None = None

    @property
    def sender(self) -> Sender | None:
        """The task or thread that sent the latest statement; None if unknown."""
        return None if self._sender is None else self._sender()

    def note_statement(self) -> None:
        """Note that the caller sends a statement."""
        self.sent_at, self._sender = spot(), weakref.ref(_sender())
        self.request = requests.current.get()
        self.is_handling = sys.exc_info()[0] is not None


# Of the connections over sockets, by number; no two servers of a process use the same.
_noted: weakref.WeakValueDictionary[int, Attribution] = weakref.WeakValueDictionary()
# The event loops of asyncpg's connections, by their protocol, of psycopg's async pools, and of
# aiomysql's and asyncmy's connections.
homes: weakref.WeakKeyDictionary[Any, Home] = weakref.WeakKeyDictionary()
# The event loops in which a driver was used, with the thread of each.
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, int] = weakref.WeakKeyDictionary()
# Who opens a connection now, and the request for which.
_opening: dict[object, tuple[Spot, requests.Request | None]] = {}
# The package of the pool that connects now, if its code has no frames of Python's.
of_pool: ContextVar[str] = ContextVar("understudy_of_pool", default="")
_psqlpy = Attribution()
_psqlpy_senders: weakref.WeakSet[Sender] = weakref.WeakSet()


def register(pid: int, attribution: Attribution) -> None:
    """Have the client of a connection note who it is.

    Args:
        pid: the number of the connection, which the driver knows too.
        attribution: the record to fill.
    """
    _noted[pid] = attribution


def settle(protocol: Any, opened_by: CallSite) -> None:
    """Record that a connection, or a pool, belongs to the running event loop."""
    if (loop := asyncio._get_running_loop()) is not None:
        homes[protocol] = Home(loop, *opened_by)


def begin_test() -> None:
    """Forget the psqlpy calls of the last test."""
    global _psqlpy
    _psqlpy = Attribution()
    _psqlpy_senders.clear()


def note_psqlpy_call() -> None:
    """Note that the caller uses psqlpy."""
    _psqlpy_senders.add(_sender())
    _psqlpy.note_statement()


def latest_psqlpy_call() -> Attribution | None:
    """Return the latest call of psqlpy; None if several tasks or threads use it."""
    senders = list(_psqlpy_senders)
    if len(senders) > 1:
        senders = [sender for sender in senders if not _is_done(sender)]
    return _psqlpy if len(senders) == 1 else None


def _is_done(sender: Sender) -> bool:
    if isinstance(sender, asyncio.Task):
        return sender.done()
    return not sender.is_alive()


def opening() -> tuple[Spot, requests.Request | None]:
    """Return who opens a connection now, and for which request, as far as that is certain."""
    found = list(_opening.values())
    if len(found) == 1:
        return found[0]
    if not found:  # by psqlpy, or in a thread of a pool
        return NOWHERE, requests.only_running()
    senders = {id(request): request for _, request in found}
    return NOWHERE, found[0][1] if len(senders) == 1 else None


def loops() -> list[asyncio.AbstractEventLoop]:
    """Return the open event loops in which a driver was used."""
    return [loop for loop in list(_loops) if not loop.is_closed()]


def loops_of_this_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """Find the event loops in which this thread has used a driver."""
    for loop, thread in list(_loops.items()):
        if thread == threading.get_ident() and not loop.is_closed():
            yield loop


def note_calls(owner: Any, name: str, note: Callable[..., None]) -> None:
    """Make a method of a driver call `note` first, if this version of the driver has it."""
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        note(self, *args)
        return original(self, *args, **options)

    @functools.wraps(original)
    async def method_async(self: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        note(self, *args)
        return await original(self, *args, **options)

    # Starlette, for one, awaits only what `iscoroutinefunction` says is one.
    setattr(owner, name, method_async if inspect.iscoroutinefunction(original) else method)


def note_openings(owner: Any, name: str, opened: Callable[..., object]) -> None:
    """Make a function of a driver note who opens a connection.

    Args:
        owner: its module or class.
        name: its name; this version of the driver need not have it.
        opened: called with what it has returned, and with its positional arguments.
    """
    original = getattr(owner, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def connect(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with connecting():
            new = original(*args, **options)
        opened(new, *args)
        return new

    @functools.wraps(original)
    async def connect_async(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with connecting():
            new = await original(*args, **options)
        opened(new, *args)
        return new

    setattr(owner, name, connect_async if inspect.iscoroutinefunction(original) else connect)


@contextmanager
def connecting() -> Iterator[None]:
    """Note who opens a connection: its number is not known yet."""
    key = object()
    _opening[key] = call_site().spot or NOWHERE, requests.current.get()
    try:
        yield
    finally:
        del _opening[key]


def note_statement(pid: int) -> None:
    """Note that the caller sends a statement on a connection, by its number."""
    noted = _noted.get(pid)
    if noted is not None:
        noted.note_statement()


def note_opening(pid: int) -> CallSite | None:
    """Note who has opened a connection, by its number; None if it is of no server here."""
    _sender()  # notes the event loop
    noted = _noted.get(pid)
    if noted is None:
        return None
    noted.opened_by = call_site()
    return noted.opened_by


def is_of_server(pid: int) -> bool:
    """Return whether a connection, by its number, is of a server in this process."""
    return pid in _noted


def note_return(pid: int) -> None:
    """Note that a connection was given back to its pool, by its number."""
    noted = _noted.get(pid)
    if noted is not None:
        noted.returns += 1


def _sender() -> Sender:
    loop = asyncio._get_running_loop()
    if loop is not None:
        _loops[loop] = threading.get_ident()
        if (task := asyncio.current_task(loop)) is not None:
            return task
    return threading.current_thread()


def call_site() -> CallSite:
    """Return the user's instruction that this thread is in, and the pool it came through."""
    pool = of_pool.get()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        root = module.partition(".")[0]
        if root in _POOLS or module == "asyncpg.pool":
            pool = root
        elif module in _FIXTURE_MODULES and not pool:
            pool = FIXTURE
        elif module in LOOPS:
            break
        elif is_users(module) and root not in sys.stdlib_module_names:
            return CallSite((frame.f_code, frame.f_lasti), pool)
        frame = frame.f_back
    return CallSite(of_task.get(), pool)
