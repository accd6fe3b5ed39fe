"""Behaviour that looks like a bug: a test asserts what should be, and is expected to fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from understudy.script.formatting import python_literal, shortened
from understudy.write import web_assertions
from understudy.write.accidents import accident
from understudy.write.spelling import spelled
from understudy.write.trials import Kept, Observation

# The reason, the lines that assert what should be, and the imports that they need. Without a line,
# a call that returned should raise, and one that raised should return.
Suspected = tuple[str, tuple[str, ...], tuple[str, ...]]

_VIOLATIONS = "23"  # of constraints: to catch one and return something else is a way to ask
_SERVER_ERROR = 500
# Errors of a statement's text: syntax, a column, table, function or type that is not there.
_WRONG_SQL = {"42601", "42703", "42P01", "42883", "42702", "42804", "42P08", "42P18", "42704"}


def suspect(kept: Kept) -> Suspected | None:
    """Return why the behaviour of a trial looks like a bug; None if it does not."""
    seen = kept.observed[0]
    name = kept.trial.target.name
    is_fault = kept.trial.purpose == "fault"
    if kept.trial.target.layer == "router":
        reason = web_assertions.suspicion(seen, is_fault=is_fault)
        if not reason:
            return None
        if seen.raised is not None or _status(seen.answer) >= _SERVER_ERROR:
            return reason, (f"assert response.status_code < {_SERVER_ERROR}",), ()
        return reason, *web_assertions.lines(kept)  # the rules about requests fail the test
    mistake = accident(seen.raised, kept.trial.target.file)
    if mistake:
        return f"{name} raises {shortened(' '.join(mistake.split()), 120)}", (), ()
    refused = None if is_fault else _wrong_sql(seen)
    if refused:
        return f"{name} sends SQL that PostgreSQL refuses: {shortened(refused, 100)}", (), ()
    if is_fault:
        failed = swallowed(seen)
        if failed and seen.raised is None:
            return f"{name} succeeds although the database refused {failed}", (), ()
        return None
    if _status(seen.raised) >= _SERVER_ERROR and not kept.trial.inside:
        reason = f"{name} raises a {_status(seen.raised)} for what is no fault of the server"
        return reason, (f"assert raised.value.status_code < {_SERVER_ERROR}",), ()
    return _kept_despite_error(name, seen) or _whole_table(kept, seen)


def _status(value: Any) -> int:
    status = getattr(value, "status_code", None)
    return status if isinstance(status, int) else 0


def _wrong_sql(seen: Observation) -> str:
    """Return what PostgreSQL says of a statement that it never accepts; "" if there is none."""
    for event in seen.events:
        if event.error is not None and event.error.sqlstate in _WRONG_SQL:
            return event.error.message
    return ""


def swallowed(seen: Observation) -> str:
    """Return the statement that failed and was not sent again; "" if there is none."""
    for number, event in enumerate(seen.events):
        failed = event.is_lost or (
            event.error is not None and not event.error.sqlstate.startswith(_VIOLATIONS)
        )
        later = seen.events[number + 1 :]
        again = {(other.id.kind, other.id.statement) for other in later if other.tag}
        if failed and (event.id.kind, event.id.statement) not in again:
            statement = " ".join(event.call.statement.split()[:3])
            return f"its {statement}" if event.kind == "statement" else f"its {event.kind.upper()}"
    return ""


def _kept_despite_error(name: str, seen: Observation) -> Suspected | None:
    """Suspect a write that stays although the call has raised."""
    if seen.raised is None or not seen.changes or not _has_committed(seen):
        return None
    tables = sorted({*seen.changes.inserted, *seen.changes.updated, *seen.changes.deleted})
    reason = f"{name} raises {type(seen.raised).__name__} and keeps what it wrote to "
    return f"{reason}{', '.join(tables)}", ("assert not changes",), ()


def _has_committed(seen: Observation) -> bool:
    return any(
        event.tag is not None
        and (event.kind == "commit" or (event.kind == "statement" and not event.call.transaction))
        for event in seen.events
    )


def _whole_table(kept: Kept, seen: Observation) -> Suspected | None:
    """Suspect a write that changes every row of a table, though an argument is the key of one."""
    if seen.raised is not None or not seen.changes:
        return None
    for kind, found in (("updates", seen.changes.updated), ("deletes", seen.changes.deleted)):
        for table, rows in found.items():
            inserted = [row for row in kept.trial.rows if row.table == table]
            keys = [*_keys(rows)]
            if len(inserted) < 2 or len(rows) < len(inserted) or len(keys) < 2:
                continue
            given = {value.text for value in kept.trial.arguments.values()}
            meant = [key for key in keys if spelled(next(iter(key.values()))).text in given]
            if len(meant) != 1:
                continue
            name, value = next(iter(meant[0].items()))
            text = spelled(value)
            row = f"changes.{kind[:-1]}d[{python_literal(table)}]"
            reason = f"{kept.trial.target.name} {kind} every row of {table}, not only that with "
            line = f"assert [row[{python_literal(name)}] for row in {row}] == [{text.text}]"
            return f"{reason}{name} {text.text}", (line,), text.imports
    return None


def _keys(rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the first column of each row, which `changes` gives the primary key."""
    for row in rows:
        name = next(iter(row))
        yield {name: row[name]}
