"""Cursors in SQL: DECLARE, FETCH, MOVE and CLOSE."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.backend import Backend, outcome, taken
from understudy.fake_postgres.protocol.prepared_statements import plan
from understudy.fake_postgres.protocol.statements import Portal, Prepared, Result
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.serving.waits import Pending


def declare(backend: Backend, command: c.Declare, portal: Portal) -> Generator[Pending, Any, None]:
    """Open a cursor. Its query runs with the first FETCH, or now for a cursor WITH HOLD.

    Raises:
        ServerError: no transaction block is open, or the name is taken.
    """
    if not command.hold and not backend.in_transaction:
        raise errors.needs_block("DECLARE CURSOR")
    prepared = portal.prepared
    statement = prepared.statement
    assert statement is not None
    backend.transactions.queried = True
    inner = Prepared("", command.sql, statement, None, prepared.parameters)
    form = BINARY if command.binary else TEXT
    cursor = Portal(
        command.name,
        inner,
        portal.values,
        plan(backend, inner, (), (form,)),
        hold=command.hold,
        # Without SCROLL or NO SCROLL, PostgreSQL decides by the plan. Here such a cursor never
        # scrolls backward, since portable code cannot rely on it.
        scroll=command.scroll is True,
    )
    backend.portals.add(cursor)
    if command.hold:
        yield from _run(backend, cursor)


def fetch(backend: Backend, command: c.Fetch, portal: Portal) -> Generator[Pending, Any, Result]:
    """Move a cursor; return the rows that it passes.

    Raises:
        ServerError: the cursor does not exist, or cannot scroll backward.
    """
    cursor = backend.portals.cursor(command.name)
    result = yield from _run(backend, cursor)
    yield from taken(backend, result, _needed(cursor.position, command.direction, command.count))
    rows = result.rows
    found = _moved(cursor, rows, command.direction, command.count)
    if result.error is not None and cursor.position > len(rows):
        raise result.error
    verb = "MOVE" if command.move else "FETCH"
    return Result(() if command.move else found, f"{verb} {len(found)}")


def _needed(position: int, direction: c.Direction, count: int | None) -> int | None:
    """Return how many rows have to be there before a cursor moves; None for all."""
    if count is None:
        return None if direction == "forward" else position
    if direction == "absolute":
        return count if count >= 0 else None
    return max(position - count if direction == "backward" else position + count, position)


def close(backend: Backend, command: c.Close, portal: Portal) -> Result:
    """Close a cursor, or all.

    Raises:
        ServerError: the cursor does not exist.
    """
    if command.name is None:
        backend.portals.close_all()
        return Result(tag="CLOSE CURSOR ALL")
    backend.portals.cursor(command.name)
    backend.portals.close(command.name)
    return Result(tag="CLOSE CURSOR")


def _run(backend: Backend, cursor: Portal) -> Generator[Pending, Any, Result]:
    """Return the result of a cursor's query, which runs once."""
    if cursor.result is None:
        statement = cursor.prepared.statement
        if statement is None or cursor.plan.fields is None:  # a portal of Bind that is not a query
            raise errors.cannot_be_run(cursor.name)
        answer = backend.responder.execute(statement, cursor.values, backend.connection)
        cursor.result = yield from outcome(backend, answer)
    return cursor.result


def _moved(
    cursor: Portal, rows: Sequence[Any], direction: c.Direction, count: int | None
) -> Sequence[Any]:
    """Move a cursor; return the rows that it passed.

    Its position is a row from 1, or 0 before the first, or one more than the last.
    """
    if direction == "absolute":
        assert count is not None
        return _at(cursor, rows, count if count >= 0 else len(rows) + 1 + count)
    if direction == "relative":
        assert count is not None
        return _at(cursor, rows, cursor.position + count)
    if count is not None and count < 0:
        direction, count = ("backward" if direction == "forward" else "forward"), -count
    if count == 0:
        return _at(cursor, rows, cursor.position)
    if direction == "forward":
        start = cursor.position
        end = len(rows) + 1 if count is None else min(start + count, len(rows) + 1)
        cursor.position = end
        return rows[start : min(end, len(rows))]
    _check_scrolls(cursor)
    start = min(cursor.position - 1, len(rows))
    end = 0 if count is None else max(cursor.position - count, 0)
    cursor.position = end
    return rows[max(end - 1, 0) : start][::-1] if start > 0 else ()


def _at(cursor: Portal, rows: Sequence[Any], position: int) -> Sequence[Any]:
    """Move a cursor to one row; return that row."""
    position = min(max(position, 0), len(rows) + 1)
    if position < cursor.position:
        _check_scrolls(cursor)
    cursor.position = position
    return rows[position - 1 : position] if position else ()


def _check_scrolls(cursor: Portal) -> None:
    if not cursor.scroll:
        raise errors.error(
            "55000",
            "cursor can only scan forward",
            hint="Declare it with SCROLL option to enable backward scan.",
        )
