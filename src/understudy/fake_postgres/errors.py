"""How a client is told of a failure of the test, and of a refusal of PostgreSQL's."""

from __future__ import annotations

from understudy.catalog.description import Refusal
from understudy.catalog.errors import StatementRefused
from understudy.pg import sql
from understudy.pg.errors import ErrorFields, ServerError
from understudy.script.failures import Failure

INTERNAL_ERROR = "XX000"


def told(failure: Failure, statement: str = "") -> ServerError:
    """Return the error that a client gets for a failure: PostgreSQL's own, else all of its text."""
    if isinstance(failure, StatementRefused) and failure.refusal is not None:
        return told_of(failure.refusal, statement)
    return ServerError(ErrorFields(INTERNAL_ERROR, f"{type(failure).__name__}: {failure}"))


def told_of(refusal: Refusal, statement: str) -> ServerError:
    """Return PostgreSQL's error for a statement as it was sent."""
    fields = ErrorFields(
        refusal.sqlstate, refusal.message, detail=refusal.detail, hint=refusal.hint
    )
    position = refusal.position
    return ServerError(fields, None if position is None else _sent_position(statement, position))


def _sent_position(statement: str, position: int) -> int:
    """Return where a character of the tidied statement stands in the one that was sent.

    Tidying takes white space away, and nothing else.
    """
    before = len("".join(sql.tidy(statement)[: position - 1].split()))
    for index, character in enumerate(statement):
        if not character.isspace():
            if not before:
                return index + 1
            before -= 1
    return len(statement) + 1
