"""Scripted exceptions as the errors that a server sends."""

from __future__ import annotations

from understudy.mysql.error_fields import MysqlErrorFields
from understudy.script import database_errors
from understudy.script.mysql_errors import fields_of_driver


def fields_of(error: object) -> MysqlErrorFields | None:
    """Return the error that a server sends for a scripted exception; None if no server sends it.

    Args:
        error: an exception of `db_error` or of a driver of MySQL.
    """
    made = database_errors.fields_of(error)
    if made is not None:
        return made if isinstance(made, MysqlErrorFields) else None
    return fields_of_driver(error) if isinstance(error, BaseException) else None
