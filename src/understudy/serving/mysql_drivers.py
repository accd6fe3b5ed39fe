"""How the MySQL drivers note their callers: which of their functions send something."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from understudy.serving import pool_renewal
from understudy.serving.attribution import (
    CallSite,
    call_site,
    homes,
    is_of_server,
    note_calls,
    note_opening,
    note_openings,
    note_return,
    note_statement,
    of_pool,
    settle,
)

# What mysql.connector's connection in C sends has no function in common.
_COMMANDS = (
    "cmd_query", "cmd_stmt_prepare", "cmd_stmt_execute", "cmd_init_db", "cmd_change_user",
    "cmd_reset_connection",
)  # fmt: skip


def wrap_aiomysql(aiomysql: Any) -> None:
    """Wrap aiomysql's connection and its pool."""
    owner = aiomysql.connection.Connection
    _wrap(owner, "_connect", ("_execute_command",))
    _bind_to_loops(owner, "_connect", "aiomysql")
    _wrap_pool(aiomysql.pool.Pool, "aiomysql", "_fill_free_pool", "release")


def wrap_asyncmy(asyncmy: Any) -> None:
    """Wrap asyncmy's connection and its pool."""
    owner = asyncmy.connection.Connection
    _wrap(owner, "connect", ("_execute_command",))
    _bind_to_loops(owner, "connect", "asyncmy")
    _wrap_pool(asyncmy.pool.Pool, "asyncmy", "fill_free_pool", "release")


def wrap_pymysql(pymysql: Any) -> None:
    """Wrap PyMySQL's connection."""
    _wrap(pymysql.connections.Connection, "connect", ("_execute_command",))


def wrap_mysqlclient(mysqldb: Any) -> None:
    """Wrap mysqlclient's connection: only what it does in Python."""
    _wrap(mysqldb.connections.Connection, "__init__", ("query",))


def wrap_connector(connector: Any) -> None:
    """Wrap the connections of mysql.connector, in Python and in C, and its pool."""
    _wrap(connector.connection.MySQLConnection, "_open_connection", ("_send_cmd",))
    if (in_c := getattr(connector, "CMySQLConnection", None)) is not None:
        _wrap(in_c, "_open_connection", _COMMANDS)
    from mysql.connector import pooling

    _wrap_pool(pooling.MySQLConnectionPool, "mysql", "add_connection", "_queue_connection")


def wrap_connector_aio(aio: Any) -> None:
    """Wrap the async connection of mysql.connector, and its pool."""
    _wrap(aio.connection.MySQLConnection, "connect", ("_send_cmd",))
    _wrap_pool(aio.pooling.MySQLConnectionPool, "mysql", "add_connection", "_queue_connection")


def _wrap(owner: Any, connect: str, commands: tuple[str, ...]) -> None:
    def opened(_new: Any, connection: Any, *_arguments: Any) -> None:
        number = number_of(connection)
        if note_opening(number) is not None:  # a server elsewhere may give the same numbers
            pool_renewal.note_opened(connection, number)

    def note(connection: Any, *_arguments: Any) -> None:
        note_statement(number_of(connection))

    note_openings(owner, connect, opened)
    for name in commands:
        note_calls(owner, name, note)


def _bind_to_loops(owner: Any, connect: str, driver: str) -> None:
    """Refuse the use of a connection in another event loop than the one it was opened in."""

    def opened(_new: Any, connection: Any, *_arguments: Any) -> None:
        if is_of_server(number_of(connection)):
            site = call_site()
            settle(connection, site if site.pool else CallSite(site.spot, f"{driver}.connect"))

    def check(connection: Any, _command: Any, sent: Any = None, *_others: Any) -> None:
        __tracebackhide__ = True
        if (home := homes.get(connection)) is not None:
            home.check(sent.decode(errors="replace") if isinstance(sent, bytes) else sent)

    note_openings(owner, connect, opened)
    note_calls(owner, "_execute_command", check)


def number_of(connection: Any) -> int:
    """Return the number that the server has given a connection of a driver.

    Returns:
        0 before it has, and for a connection of another driver.
    """
    if hasattr(connection, "connection_id"):  # mysql.connector
        return int(connection.connection_id or 0)
    if hasattr(connection, "server_thread_id"):  # in a tuple
        return int(connection.server_thread_id[0] or 0)
    return int(connection.thread_id()) if hasattr(connection, "thread_id") else 0


def _wrap_pool(owner: Any, package: str, fill: str, release: str) -> None:
    """Note which connections are a pool's, and which were given back to it."""

    def note(_pool: Any, connection: Any, *_arguments: Any) -> None:
        note_return(number_of(connection))

    note_calls(owner, release, note)
    original = getattr(owner, fill)

    @functools.wraps(original)
    def connect(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with _in_pool(package):
            return original(*args, **options)

    @functools.wraps(original)
    async def connect_async(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        with _in_pool(package):
            return await original(*args, **options)

    setattr(owner, fill, connect_async if inspect.iscoroutinefunction(original) else connect)


@contextmanager
def _in_pool(package: str) -> Iterator[None]:
    token = of_pool.set(package)
    try:
        yield
    finally:
        of_pool.reset(token)
