"""An event as lines for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.pg import sql
from understudy.run_report.records import TestEvent
from understudy.script.formatting import shortened

_LONGEST = 200  # characters of a statement
_VALUE = 60  # characters of a value
_ROWS = 2


def event_lines(event: TestEvent, statement: str = "", request: str = "") -> list[str]:
    """Return what was asked on one line, and what came of it on the next.

    Args:
        event: a call at the boundary.
        statement: its statement; "" for anything else.
        request: the request that it belongs to, such as "GET /users"; "" for none.
    """
    number = "" if event.connection is None else f"#{event.connection} "
    asked = sql.one_line(statement) if statement else event.text or event.type
    place = f"{event.place} in {event.function}" if event.function else event.place
    given = f"parameters {_row(event.parameters)}" if event.parameters else ""
    facts = [given, outcome(event), request, place and f"at {place}"]
    return [number + shortened(asked, _LONGEST), f"   {'; '.join(filter(None, facts))}"]


def outcome(event: TestEvent) -> str:
    """Return with what a call was answered."""
    if event.error is not None:
        return f"ERROR {event.error.sqlstate}: {event.error.message}".replace(" :", ":")
    if event.seconds is None:
        return "not answered"
    if event.tag is None:
        return "the connection was lost"
    rows = [_row(row) for row in (event.rows or ())[:_ROWS]]
    if len(rows) < (event.count or 0) and rows:
        rows.append("...")
    return " ".join([event.tag, *rows]).strip()


def _row(values: Sequence[str | None]) -> str:
    shown = ("NULL" if value is None else shortened(value, _VALUE) for value in values)
    return f"({', '.join(shown)})"
