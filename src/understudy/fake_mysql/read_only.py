"""Refusals on a connection to a server that has become read-only."""

from __future__ import annotations

from understudy.fake_mysql.protocol.connection import Connection
from understudy.mysql.effects import Effect, effect_of, locks_for_writing
from understudy.mysql.error_fields import server_error


def refuse_writing(statement: str, connection: Connection) -> None:
    """Refuse a statement that writes, as a server with --read-only does.

    What a stored program writes is unknown. The server refuses SELECT ... FOR UPDATE, too.

    Args:
        statement: the statement.
        connection: the connection that has sent it.

    Raises:
        ServerError: it writes.
    """
    refused = (Effect.WRITES, Effect.DEFINES)
    if effect_of(statement) not in refused and not locks_for_writing(statement):
        return
    text = "server is running with the --read-only option so it cannot execute this statement"
    raise server_error(1290, "HY000", f"The {connection.product} {text}")
