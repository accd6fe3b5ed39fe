"""Scripted exceptions as the errors that a server sends."""

from __future__ import annotations

from understudy.mysql.error_fields import MysqlErrorFields
from understudy.script import database_errors


def fields_of(error: object) -> MysqlErrorFields | None:
    """Return the error that a server sends for a scripted exception; None if no server sends it."""
    made = database_errors.fields_of(error)
    if isinstance(made, MysqlErrorFields):
        return made
    args = getattr(error, "args", ())
    if made is None and isinstance(args, tuple) and len(args) == 2 and isinstance(args[0], int):
        return MysqlErrorFields("HY000", str(args[1]), code=args[0])
    return None
