"""Refusals on a connection to a server that has become read-only."""

from __future__ import annotations

from understudy.fake_mysql.protocol.connection import Connection
from understudy.mysql import sql
from understudy.mysql.error_fields import server_error

_READING = frozenset(
    {"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "SET"}
    | {"USE", "DO", "HELP", "HANDLER", "CHECKSUM", "ANALYZE", "BEGIN", "START", "COMMIT"}
    | {"ROLLBACK", "SAVEPOINT", "RELEASE", "CALL", "KILL", "PREPARE", "EXECUTE"}
    | {"DEALLOCATE"}
)


def refuse_writing(statement: str, connection: Connection) -> None:
    """Refuse a statement that writes, as a server with --read-only does.

    What a stored program writes is unknown.

    Args:
        statement: the statement.
        connection: the connection that has sent it.

    Raises:
        ServerError: it writes.
    """
    command = sql.command_of(statement)
    if not command or command in _READING:
        return
    text = "server is running with the --read-only option so it cannot execute this statement"
    raise server_error(1290, "HY000", f"The {connection.product} {text}")
