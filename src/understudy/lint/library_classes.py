"""Which methods of well-known async classes are sync, and which are awaited.

Methods that return something to await or to enter, such as `begin()`, are in neither set: what a
mock of them returns depends on how it is used. A test compares the table with the libraries.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

_STATEMENTS = frozenset({"execute", "scalar", "scalars", "commit", "rollback", "run_sync"})


class Methods(NamedTuple):
    """The methods of a class."""

    sync: frozenset[str]
    awaited: frozenset[str]


_SESSION = Methods(
    frozenset(
        {"add", "add_all", "expire", "expire_all", "expunge", "expunge_all", "in_transaction"}
        | {"in_nested_transaction", "is_modified", "get_bind", "get_transaction"}
    ),
    _STATEMENTS | {"flush", "refresh", "merge", "delete", "get", "stream", "close"},
)
_FETCHES = frozenset({"execute", "executemany", "fetch", "fetchrow", "fetchval"})
_MYSQL_CONNECTION = Methods(
    frozenset({"close", "cursor", "affected_rows", "insert_id", "get_autocommit", "thread_id"}),
    frozenset({"begin", "commit", "rollback", "ping", "autocommit", "select_db", "ensure_closed"}),
)
_MYSQL_CURSOR = Methods(
    frozenset({"mogrify"}), frozenset({"execute", "executemany", "callproc", "nextset", "close"})
)
_MYSQL_POOL = Methods(frozenset({"close", "terminate"}), frozenset({"wait_closed", "clear"}))
LIBRARY_CLASSES = {
    ("sqlalchemy", "AsyncSession"): _SESSION,
    ("sqlmodel", "AsyncSession"): Methods(
        _SESSION.sync, (_SESSION.awaited - {"execute"}) | {"exec"}
    ),
    ("sqlalchemy", "AsyncConnection"): Methods(
        frozenset({"in_transaction", "in_nested_transaction", "get_transaction"}),
        _STATEMENTS | {"close", "exec_driver_sql"},
    ),
    ("sqlalchemy", "Result"): Methods(
        frozenset(
            {"all", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none"}
            | {"scalars", "mappings", "unique", "fetchall", "fetchone", "fetchmany", "tuples"}
        ),
        frozenset(),
    ),
    ("asyncpg", "Connection"): Methods(
        frozenset({"is_closed", "is_in_transaction", "terminate", "get_server_version"}),
        _FETCHES | {"close", "prepare", "add_listener"},
    ),
    ("asyncpg", "Pool"): Methods(
        frozenset({"is_closing", "get_size", "get_idle_size", "terminate"}),
        _FETCHES | {"close", "release"},
    ),
    ("psycopg", "AsyncConnection"): Methods(
        frozenset({"cursor", "fileno", "add_notify_handler"}),
        frozenset({"execute", "commit", "rollback", "close"}),
    ),
    ("psycopg", "AsyncCursor"): Methods(
        frozenset({"nextset", "results"}),
        frozenset({"execute", "executemany", "fetchone", "fetchall", "fetchmany", "close"}),
    ),
    # The fetches of aiomysql return futures: awaited, and no coroutines.
    ("aiomysql", "Connection"): _MYSQL_CONNECTION,
    ("aiomysql", "Cursor"): _MYSQL_CURSOR,
    ("aiomysql", "DictCursor"): _MYSQL_CURSOR,
    ("aiomysql", "Pool"): _MYSQL_POOL,
    ("asyncmy", "Connection"): _MYSQL_CONNECTION,
    ("asyncmy", "Cursor"): Methods(
        _MYSQL_CURSOR.sync, _MYSQL_CURSOR.awaited | {"fetchone", "fetchmany", "fetchall"}
    ),
    ("asyncmy", "Pool"): _MYSQL_POOL,
    ("httpx", "Response"): Methods(
        frozenset({"json", "raise_for_status", "read"}), frozenset({"aread", "aclose"})
    ),
    ("httpx", "AsyncClient"): Methods(
        frozenset({"build_request"}),
        frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send"}),
    ),
    ("fastapi", "Request"): Methods(
        frozenset({"url_for"}), frozenset({"body", "json", "is_disconnected"})
    ),
    ("fastapi", "WebSocket"): Methods(
        frozenset({"url_for"}),
        frozenset({"accept", "close", "receive_json", "receive_text", "send_json", "send_text"}),
    ),
}
for _name in ("Request", "WebSocket"):
    LIBRARY_CLASSES["starlette", _name] = LIBRARY_CLASSES["fastapi", _name]


def kind_of(dotted: str, method: str) -> Literal["sync", "async"] | None:
    """Return whether a library's method is sync or awaited, or None if it is not in the table."""
    methods = LIBRARY_CLASSES.get((dotted.partition(".")[0], dotted.rpartition(".")[2]))
    if methods is None:
        return None
    if method in methods.sync:
        return "sync"
    return "async" if method in methods.awaited else None
