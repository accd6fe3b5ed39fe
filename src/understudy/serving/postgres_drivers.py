"""How the PostgreSQL drivers note their callers: which of their functions send something."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from understudy.serving import pool_renewal
from understudy.serving.attribution import (
    call_site,
    homes,
    note_calls,
    note_opening,
    note_openings,
    note_psqlpy_call,
    note_statement,
    settle,
)
from understudy.serving.event_loops import Home, pool_home

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


def wrap_asyncpg(asyncpg: Any) -> None:
    """Wrap asyncpg's protocol, its pool, and what opens a connection."""

    def note(protocol: Any, *arguments: Any) -> None:
        __tracebackhide__ = True
        if (home := homes.get(protocol)) is not None:
            home.check(*arguments[:1])
        note_statement(protocol.get_server_pid())

    def note_acquire(pool: Any, *_arguments: Any) -> None:
        __tracebackhide__ = True
        if (home := pool_home(pool, homes)) is not None:
            home.check()

    def opened(new: Any, *_arguments: Any) -> None:
        pool_renewal.note_opened(new, number := new.get_server_pid())
        if (opened_by := note_opening(number)) is not None:
            settle(new._protocol, opened_by)

    note_openings(asyncpg.connect_utils, "_connect", opened)
    for name in _ASYNCPG:
        note_calls(asyncpg.protocol.Protocol, name, note)
    for name in ("_acquire", "_initialize"):
        note_calls(asyncpg.pool.Pool, name, note_acquire)
    note_calls(asyncpg.connection.Connection, "close", _explain_close)


def wrap_psycopg(psycopg: Any) -> None:
    """Wrap psycopg's connections, and what opens one."""

    def opened(new: Any, *_arguments: Any) -> None:
        if new:  # a CancelRequest returns no connection
            pool_renewal.note_opened(new, new.pgconn.backend_pid)
            note_opening(new.pgconn.backend_pid)

    for name in ("wait_conn", "wait_conn_async"):
        note_openings(psycopg.waiting, name, opened)
    for owner in (psycopg.Connection, psycopg.AsyncConnection):
        note_calls(owner, "wait", _note_psycopg)


def _note_psycopg(connection: Any, *_arguments: Any) -> None:
    note_statement(connection.pgconn.backend_pid)


def wrap_psycopg2(psycopg2: Any) -> None:
    """Wrap what opens a connection of psycopg2."""

    def opened(new: Any, *_arguments: Any) -> None:
        pool_renewal.note_opened(new, new.get_backend_pid())

    note_openings(psycopg2, "_connect", opened)


def wrap_psycopg_pool(psycopg_pool: Any) -> None:
    """Refuse or explain a wait for an async pool whose workers are in a loop that does not run."""
    owner = psycopg_pool.AsyncConnectionPool
    getconn = owner.getconn

    def note_open(pool: Any, *_arguments: Any) -> None:
        if isinstance(pool, psycopg_pool.AsyncNullConnectionPool):
            return  # it connects in the loop of its caller
        if (loop := asyncio._get_running_loop()) is not None:
            homes[pool] = Home(loop, call_site().spot, "psycopg_pool")

    @functools.wraps(getconn)
    async def take(pool: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        home = homes.get(pool)
        if home is None:
            return await getconn(pool, *arguments, **options)
        home.take(is_idle=bool(getattr(pool, "_pool", True)))
        try:
            return await getconn(pool, *arguments, **options)
        except BaseException:
            home.give_back()
            raise

    def note_return(pool: Any, *_arguments: Any) -> None:
        if (home := homes.get(pool)) is not None:
            home.give_back()

    note_calls(owner, "_start_workers", note_open)
    note_calls(owner, "putconn", note_return)
    owner.getconn = take


def _explain_close(connection: Any, *_arguments: Any) -> None:
    protocol = connection._protocol  # None once it is closed
    home = None if protocol is None else homes.get(protocol)
    if home is not None and home.is_elsewhere:
        home.explain()


def wrap_psqlpy(psqlpy: Any) -> None:
    """Wrap psqlpy's connections and transactions."""

    def note(_connection: Any, *_arguments: Any) -> None:
        note_psqlpy_call()

    for class_name, methods in _PSQLPY.items():
        for name in methods:
            note_calls(getattr(psqlpy, class_name), name, note)
