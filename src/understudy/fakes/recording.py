"""The calls on fakes as events, for those that watch the boundary."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from understudy.fakes.record import FakeRecord, RowOfEqualNames
from understudy.fakes.result_shapes import rows_in
from understudy.pg.errors import ErrorFields
from understudy.script import boundary, requests
from understudy.script.answers import UNNAMED_COLUMN, Rows
from understudy.script.boundary import MOST_ROWS, Answer, Event, Kind
from understudy.script.calls import Call
from understudy.script.database_errors import fields_of

_KINDS: dict[str, Kind] = {
    "BEGIN": "begin",
    "COMMIT": "commit",
    "ROLLBACK": "rollback",
    "SAVEPOINT": "savepoint",
    "RELEASE SAVEPOINT": "release",
    "ROLLBACK TO SAVEPOINT": "rollback to",
}


def control_kind(statement: str) -> Kind:
    """Return what a statement of transaction control, as a fake writes it, does."""
    return _KINDS.get(statement) or _KINDS[statement.rpartition(" ")[0]]


async def recorded(kind: Kind, call: Call, answer: Coroutine[Any, Any, Any]) -> Any:
    """Answer a call, and record it as an event."""
    event = boundary.FAKES.begin(kind, call, requests.current.get())
    try:
        returned = await answer
    except (asyncio.CancelledError, GeneratorExit):
        raise  # it was never answered
    except BaseException as error:
        fields = fields_of(error)
        if fields is None:
            fields = ErrorFields("", f"{type(error).__name__}: {error}")
        event.ended, event.error = requests.now(), fields
        boundary.tell_ended(event)
        raise
    event.ended, event.tag = requests.now(), ""
    _note_rows(event, returned)
    boundary.tell_ended(event)
    return returned


def _note_rows(event: Event, returned: Any) -> None:
    """Note what a method of the fake returns, if these are rows."""
    if isinstance(returned, Rows):  # of execute_many
        event.tag = returned.tag or ""
        return
    if event.call.method == "fetch_val":
        event.answer = Answer([UNNAMED_COLUMN], (), None, [[returned]], 1)
        return
    found = rows_in(returned) if isinstance(returned, FakeRecord | Mapping | list) else None
    if found is None:
        return
    pairs = [_pairs(row) for row in found.rows[:MOST_ROWS]]
    columns = [name for name, _ in pairs[0]] if pairs else []
    rows = [[value for _, value in row] for row in pairs]
    count = len(found.rows)
    if isinstance(returned, FakeRecord) and event.call.rule is not None:
        count = returned.rowcount  # of plain attributes, it is 1 for any rows
    event.answer = Answer(columns, (), None, rows, count)


def _pairs(row: Any) -> list[tuple[str, Any]]:
    return row.pairs if isinstance(row, RowOfEqualNames) else list(row.items())
