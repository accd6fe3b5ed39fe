"""A statement that is replaced by another one at the boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.statements import Portal, Result, Statement
from understudy.serving.chain import chain
from understudy.serving.waits import Pending


def replace_statement(
    portal: Portal, other: Statement | Pending, forward: Callable[[], Pending]
) -> Result | Pending:
    """Forward another statement with the values of a portal.

    The driver keeps what it knows of its own statement, so the columns have to be alike.

    Args:
        portal: the portal.
        other: the other statement, or what prepares it.
        forward: forwards the portal.
    """
    own = portal.prepared.statement
    assert own is not None, "a statement, and no command of the session"
    columns = [field.oid for field in own.fields or ()]

    def proceed(prepared: Statement) -> Pending:
        if [field.oid for field in prepared.fields or ()] != columns or own.copy != prepared.copy:
            raise errors.error("0A000", "cached plan must not change result type")
        portal.prepared = replace(portal.prepared, statement=prepared)
        return forward()

    return chain(other, proceed) if isinstance(other, Pending) else proceed(other)
