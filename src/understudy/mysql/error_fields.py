"""The fields of an error as MySQL reports it."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.mysql.packets import Err
from understudy.pg.errors import ErrorFields, ServerError

UNKNOWN = 1105  # ER_UNKNOWN_ERROR


@dataclass(frozen=True, slots=True)
class MysqlErrorFields(ErrorFields):
    """The fields of MySQL's ERR packet: a code, a SQLSTATE and a text.

    Attributes:
        code: the number of the error: 1062.
    """

    code: int = UNKNOWN


def server_error(code: int, sqlstate: str, message: str) -> ServerError:
    """Return an error that is sent to the client as MySQL sends it."""
    return ServerError(MysqlErrorFields(sqlstate, message, code=code))


def err_of(error: ServerError) -> Err:
    """Return the ERR packet of an error; one without MySQL's code has the general one."""
    fields = error.fields
    code = fields.code if isinstance(fields, MysqlErrorFields) else UNKNOWN
    return Err(code, fields.sqlstate, fields.message)
