"""Failures of the test, as the client gets them: as errors of the server."""

from __future__ import annotations

from understudy.catalog.errors import StatementRefused
from understudy.mysql import error_fields
from understudy.mysql.error_fields import UNKNOWN
from understudy.pg.errors import ServerError
from understudy.script.failures import Failure


def server_error(failure: Failure) -> ServerError:
    """Return the error that a client gets for a failure: MySQL's own, else all of its text."""
    refusal = failure.refusal if isinstance(failure, StatementRefused) else None
    if refusal is None:
        failure.sent = f"{type(failure).__name__}: {failure}"
        return error_fields.server_error(UNKNOWN, "HY000", failure.sent)
    failure.sent = refusal.message
    return error_fields.server_error(refusal.code or UNKNOWN, refusal.sqlstate, refusal.message)
