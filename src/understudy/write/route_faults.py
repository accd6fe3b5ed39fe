"""The faults of the database in a request: its first statement and its COMMIT fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.pg.writes import is_write
from understudy.script.boundary import Event
from understudy.script.formatting import python_literal
from understudy.write.statement_faults import FaultTrial

_WIDE = 50  # characters of a statement that is matched whole


def route_faults(events: Sequence[Event]) -> Iterator[FaultTrial]:
    """Yield the faults that are worth a test of a route.

    Args:
        events: the calls to the database of a request that succeeds.
    """
    own = [event for event in events if not event.is_drivers]
    statements = [event for event in own if event.kind == "statement"]
    if statements:
        line = f"real_postgres.on({_pattern(statements[0].call.statement)}).drops()"
        yield FaultTrial((line,), (), "when_the_connection_is_lost", "if the connection is lost")
    writes = any(is_write(event.call.statement) for event in statements)
    if writes and any(event.kind == "commit" for event in own):
        yield FaultTrial(
            ('real_postgres.on("COMMIT").raises(db_error("40001"))',),
            ("from understudy import db_error",),
            "when_the_commit_fails",
            "if another transaction is in the way of the COMMIT",
        )


def _pattern(statement: str) -> str:
    """Return the pattern of a statement for `real_postgres.on`."""
    words = " ".join(statement.split())
    start = " ".join(words.split()[:4])
    return python_literal(words if len(words) <= _WIDE else f"{start} ...")
