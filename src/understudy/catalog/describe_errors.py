"""What PostgreSQL's errors say of a statement, and the errors for when they say nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.catalog.description import Refusal
from understudy.catalog.errors import DescribeFailed

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

# SQLSTATE classes that are about the server or other connections, not about the statement.
NO_VERDICT = ("08", "40", "53", "57", "58")
NOTHING_LEARNED = "This says nothing about the statement, so nothing was learned of it."
_SHOWN = 200  # characters of a statement in a message


def cannot_ask(error: Exception) -> DescribeFailed:
    """Return the error for a connection that cannot be opened or used."""
    return DescribeFailed(
        "PostgreSQL could not be asked about a statement: no connection: "
        + " ".join(str(error).split())
    )


def no_verdict(statement: str, refusal: Refusal) -> DescribeFailed:
    """Return the error for a server that was busy, full or shutting down."""
    return DescribeFailed(
        "PostgreSQL could not look at this statement:\n"
        f"  {shortened(statement)}\n{refusal.message} (SQLSTATE {refusal.sqlstate})\n"
        f"{NOTHING_LEARNED}\n"
        "Ask again once the server has recovered."
    )


def shortened(statement: str) -> str:
    """Return a statement on one line, cut after 200 characters."""
    line = " ".join(statement[: 4 * _SHOWN].split())
    if len(line) <= _SHOWN and len(statement) <= 4 * _SHOWN:
        return line.encode(errors="backslashreplace").decode()
    return line[:_SHOWN].encode(errors="backslashreplace").decode() + " …"


def refusal_of(result: PGresult) -> Refusal:
    """Return the error in a result."""
    from psycopg.pq import DiagnosticField as Part

    def part(name: Part) -> str | None:
        value = result.error_field(name)
        return None if value is None else value.decode(errors="replace")

    position = part(Part.STATEMENT_POSITION)
    return Refusal(
        sqlstate=part(Part.SQLSTATE) or "XX000",
        message=part(Part.MESSAGE_PRIMARY) or " ".join(result.get_error_message().split()),
        detail=part(Part.MESSAGE_DETAIL),
        hint=part(Part.MESSAGE_HINT),
        position=int(position) if position else None,
    )
