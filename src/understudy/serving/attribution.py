"""Which line of the user's code opened a connection, and which sent its latest statement.

A statement in memory has its caller on the stack. Over a socket there are only bytes, but the
client lives in the same process. So the drivers' functions are wrapped: they note their caller,
from the stack of their own thread, before they send. No thread reads the frames or awaitables of
another thread's tasks, which crashes CPython 3.12 if such a task happens to run.

asyncpg and psycopg know the number of their connection. psqlpy does not, so its latest call counts
only while a single task or thread of the test uses it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from understudy.script import requests
from understudy.script.origin import LOOPS, NOWHERE, Spot, is_users, of_task, spot
from understudy.serving.driver_imports import ImportWatch
from understudy.serving.event_loops import Home, pool_home

# They keep connections open for others. psqlpy has no connection outside a pool.
# Django has a persistent connection for each thread.
_POOLS = frozenset({"psycopg_pool", "sqlalchemy", "tortoise", "databases", "django"})
# The pool of connections that the fixture itself makes for a test, and closes.
FIXTURE = "fake_postgres"
_FIXTURE_MODULE = "understudy.fake_postgres.connectors"

_ASYNCPG = (
    "bind", "bind_execute", "bind_execute_many", "copy_in", "copy_out", "execute", "prepare",
    "query",
)  # fmt: skip
_PSQLPY = {
    "Connection": ("execute", "execute_batch", "execute_many", "fetch", "fetch_row", "fetch_val"),
    "Transaction": (
        "begin", "commit", "rollback", "__aenter__", "__aexit__",
        "execute", "execute_batch", "execute_many", "fetch", "fetch_row", "fetch_val",
    ),
}  # fmt: skip

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
    """

    def __init__(self) -> None:
        self.opened_by: CallSite | None = None
        self.sent_at: Spot | None = None
        self.request: requests.Request | None = None
        self.is_handling = False
        self.is_on_stack = False
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
# The event loops of asyncpg's connections, by their protocol, and of psycopg's async pools.
_homes: weakref.WeakKeyDictionary[Any, Home] = weakref.WeakKeyDictionary()
# The event loops in which a driver was used, with the thread of each.
_loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, int] = weakref.WeakKeyDictionary()
# The modules of the drivers that were wrapped: a driver may be imported again.
_wrapped: dict[str, Any] = {}
# Who opens a connection now, and the request for which.
_opening: dict[object, tuple[Spot, requests.Request | None]] = {}
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
    """Record that an asyncpg connection, or a pool, belongs to the running event loop."""
    if (loop := asyncio._get_running_loop()) is not None:
        _homes[protocol] = Home(loop, *opened_by)


def begin_test() -> None:
    """Forget the psqlpy calls of the last test, and wrap the drivers imported since."""
    global _psqlpy
    _psqlpy = Attribution()
    _psqlpy_senders.clear()
    wrap_drivers()


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


def wrap_drivers() -> None:
    """Make every driver note its callers: those that are imported, and those that will be."""
    for name in _WRAPS:
        module = sys.modules.get(name)
        # While it is being imported, it lacks what comes last.
        if module is not None and not _is_importing(module):
            _wrap(name, module)
    _imports.install()


def _wrap(name: str, module: ModuleType) -> None:
    if module is not _wrapped.get(name):
        _wrapped[name] = module
        _WRAPS[name](module)


def _is_importing(module: Any) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False))


def _wrap_asyncpg(asyncpg: Any) -> None:
    def note(protocol: Any, *arguments: Any) -> None:
        __tracebackhide__ = True
        if (home := _homes.get(protocol)) is not None:
            home.check(*arguments[:1])
        _note_statement(protocol.get_server_pid())

    def note_acquire(pool: Any, *_arguments: Any) -> None:
        __tracebackhide__ = True
        if (home := pool_home(pool, _homes)) is not None:
            home.check()

    _note_openings(asyncpg.connect_utils, "_connect", lambda new: new.get_server_pid())
    for name in _ASYNCPG:
        _note_calls(asyncpg.protocol.Protocol, name, note)
    for name in ("_acquire", "_initialize"):
        _note_calls(asyncpg.pool.Pool, name, note_acquire)
    _note_calls(asyncpg.connection.Connection, "close", _explain_close)


def _wrap_psycopg(psycopg: Any) -> None:
    for name in ("wait_conn", "wait_conn_async"):  # a CancelRequest returns no connection
        _note_openings(psycopg.waiting, name, lambda new: new.pgconn.backend_pid if new else 0)
    for owner in (psycopg.Connection, psycopg.AsyncConnection):
        _note_calls(owner, "wait", _note_psycopg)


def _note_psycopg(connection: Any, *_arguments: Any) -> None:
    _note_statement(connection.pgconn.backend_pid)


def _wrap_psycopg_pool(psycopg_pool: Any) -> None:
    """Refuse or explain a wait for an async pool whose workers are in a loop that does not run."""
    owner = psycopg_pool.AsyncConnectionPool
    getconn = owner.getconn

    def note_open(pool: Any, *_arguments: Any) -> None:
        if isinstance(pool, psycopg_pool.AsyncNullConnectionPool):
            return  # it connects in the loop of its caller
        if (loop := asyncio._get_running_loop()) is not None:
            _homes[pool] = Home(loop, call_site().spot, "psycopg_pool")

    @functools.wraps(getconn)
    async def take(pool: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        home = _homes.get(pool)
        if home is None:
            return await getconn(pool, *arguments, **options)
        home.take(is_idle=bool(getattr(pool, "_pool", True)))
        try:
            return await getconn(pool, *arguments, **options)
        except BaseException:
            home.give_back()
            raise

    def note_return(pool: Any, *_arguments: Any) -> None:
        if (home := _homes.get(pool)) is not None:
            home.give_back()

    _note_calls(owner, "_start_workers", note_open)
    _note_calls(owner, "putconn", note_return)
    owner.getconn = take


def _explain_close(connection: Any, *_arguments: Any) -> None:
    protocol = connection._protocol  # None once it is closed
    home = None if protocol is None else _homes.get(protocol)
    if home is not None and home.is_elsewhere:
        home.explain()


def _wrap_psqlpy(psqlpy: Any) -> None:
    def note(_connection: Any, *_arguments: Any) -> None:
        _psqlpy_senders.add(_sender())
        _psqlpy.note_statement()

    for class_name, methods in _PSQLPY.items():
        for name in methods:
            _note_calls(getattr(psqlpy, class_name), name, note)


def _wrap_sqlalchemy(package: Any) -> None:
    """Note who leaves a context manager: it flushes, commits and closes in a task of its own."""
    found = (*vars(package.engine).values(), *vars(package.session).values())
    for owner in {each for each in found if inspect.isclass(each)}:
        if "__aexit__" in vars(owner):
            _note_leaving(owner)


def _note_leaving(owner: Any) -> None:
    original = owner.__aexit__

    @functools.wraps(original)
    async def leave(self: Any, *args: Any) -> Any:
        __tracebackhide__ = True
        token = of_task.set(spot())
        try:
            return await original(self, *args)
        finally:
            of_task.reset(token)

    owner.__aexit__ = leave


_WRAPS: Mapping[str, Callable[[Any], None]] = {
    "asyncpg": _wrap_asyncpg,
    "psycopg": _wrap_psycopg,
    "psycopg_pool": _wrap_psycopg_pool,
    "psqlpy": _wrap_psqlpy,
    "sqlalchemy.ext.asyncio": _wrap_sqlalchemy,
}
_imports = ImportWatch(_WRAPS, _wrap)


def _note_calls(owner: Any, name: str, note: Callable[..., None]) -> None:
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


def _note_openings(module: Any, name: str, pid_of: Callable[[Any], int]) -> None:
    """Make a function of a driver note who opened the connection that it returns."""
    original = getattr(module, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def connect(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with _connecting():
            new = original(*args, **options)
        _note_opening(new, pid_of(new))
        return new

    @functools.wraps(original)
    async def connect_async(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with _connecting():
            new = await original(*args, **options)
        _note_opening(new, pid_of(new))
        return new

    setattr(module, name, connect_async if inspect.iscoroutinefunction(original) else connect)


@contextmanager
def _connecting() -> Iterator[None]:
    """Note who opens a connection: its number is not known yet."""
    key = object()
    _opening[key] = call_site().spot or NOWHERE, requests.current.get()
    try:
        yield
    finally:
        del _opening[key]


def _note_statement(pid: int) -> None:
    noted = _noted.get(pid)
    if noted is not None:
        noted.note_statement()


def _note_opening(new: Any, pid: int) -> None:
    _sender()  # notes the event loop
    noted = _noted.get(pid)
    if noted is not None:
        noted.opened_by = call_site()
        if (protocol := getattr(new, "_protocol", None)) is not None:
            settle(protocol, noted.opened_by)


def _sender() -> Sender:
    loop = asyncio._get_running_loop()
    if loop is not None:
        _loops[loop] = threading.get_ident()
        if (task := asyncio.current_task(loop)) is not None:
            return task
    return threading.current_thread()


def call_site() -> CallSite:
    """Return the user's instruction that this thread is in, and the pool it came through."""
    pool = ""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module: str = frame.f_globals.get("__name__", "")
        root = module.partition(".")[0]
        if root in _POOLS or module == "asyncpg.pool":
            pool = root
        elif module == _FIXTURE_MODULE and not pool:
            pool = FIXTURE
        elif module in LOOPS:
            break
        elif is_users(module) and root not in sys.stdlib_module_names:
            return CallSite((frame.f_code, frame.f_lasti), pool)
        frame = frame.f_back
    return CallSite(of_task.get(), pool)
