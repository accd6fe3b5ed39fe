"""Failures of the test, as the client gets them: as errors of the server."""

from __future__ import annotations

from understudy.catalog.description import Refusal
from understudy.catalog.errors import StatementRefused
from understudy.pg import sql
from understudy.pg.errors import ErrorFields, ServerError
from understudy.script.failures import Failure

INTERNAL_ERROR = "XX000"


def server_error(failure: Failure, statement: str = "") -> ServerError:
    """Return the error that a client gets for a failure: PostgreSQL's own, else all of its text."""
    refusal = failure.refusal if isinstance(failure, StatementRefused) else None
    if refusal is None:
        failure.sent = f"{type(failure).__name__}: {failure}"
        return ServerError(ErrorFields(INTERNAL_ERROR, failure.sent))
    failure.sent = refusal.message
    position = refusal.position
    return refused(refusal, None if position is None else _sent_position(statement, position))


def refused(refusal: Refusal, position: int | None) -> ServerError:
    """Return PostgreSQL's refusal as an error, at a position in the statement as sent."""
    fields = ErrorFields(
        refusal.sqlstate, refusal.message, detail=refusal.detail, hint=refusal.hint
    )
    return ServerError(fields, position)


def _sent_position(statement: str, position: int) -> int:
    """Return the position, in the statement as sent, of a character of the tidied statement.

    Tidying removes white space only.
    """
    before = len("".join(sql.tidy(statement)[: position - 1].split()))
    for index, character in enumerate(statement):
        if not character.isspace():
            if not before:
                return index + 1
            before -= 1
    return len(statement) + 1
