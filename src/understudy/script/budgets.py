"""How many statements a piece of code may send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from understudy.script import expectations
from understudy.script.boundary import Boundary, Event
from understudy.script.failures import ScriptError, TooManyStatements
from understudy.script.formatting import typed
from understudy.script.origin import Origin

_MOST = 10  # groups of statements
_LONGEST = 100  # characters of a statement
REMEDY = (
    "ask once for all of them: `WHERE ... = ANY($1)`, with SQLAlchemy `selectinload`, with "
    "Tortoise `prefetch_related`"
)


def sent(events: Iterable[Event]) -> list[Event]:
    """Return the statements among events: no transaction control, and nothing of the drivers'."""
    return [event for event in events if event.kind == "statement" and not event.is_drivers]


def check_limit(number: object) -> int:
    """Return a number of statements.

    Raises:
        ScriptError: it is not a whole number, or is negative.
    """
    if type(number) is not int or number < 0:
        raise ScriptError(f"at_most() takes a whole number from 0, got {typed(number)}")
    return number


@contextmanager
def at_most(number: int, boundary: Boundary) -> Iterator[None]:
    """Fail if more statements reach a server than a number.

    If the code raises an exception, that is not hidden by this failure.

    Raises:
        TooManyStatements: more were sent.
    """
    __tracebackhide__ = True
    events = boundary.events
    before = len(events)
    yield
    text = excess(sent(events[before:]), number, f"at_most({number})")
    if text is not None:
        raise expectations.record_failure(TooManyStatements(text))


def excess(statements: Sequence[Event], most: int, limit: str) -> str | None:
    """Return the report on too many statements, by shape and place; None if they are not too many.

    Args:
        statements: what was sent.
        most: how many may be sent.
        limit: where that was said.
    """
    count = len(statements)
    if count <= most:
        return None
    groups: dict[tuple[str, Origin], list[Event]] = {}
    for event in statements:
        groups.setdefault((event.id.statement, event.call.origin), []).append(event)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group[0].begun))
    what = "1 statement was sent" if count == 1 else f"{count} statements were sent"
    lines = [f"{what}, {limit} allows {most}"]
    for group in ordered[:_MOST]:
        lines += [f"  {len(group)} x {short(group[0])}", f"      at: {group[0].call.origin.place}"]
    if len(ordered) > _MOST:
        lines.append(f"  and {len(ordered) - _MOST} more")
    if len(ordered[0]) > 1:
        place = ordered[0][0].call.origin
        lines.append(f"If {place} is in a loop over rows, {REMEDY}.")
    return "\n".join(lines)


def short(event: Event) -> str:
    """Return the beginning of a statement, on one line."""
    statement = event.call.sql
    return statement if len(statement) <= _LONGEST else f"{statement[:_LONGEST]} ..."
