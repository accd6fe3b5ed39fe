"""The simple query: one text, several statements, and their results in a row (manual, 53.2.2)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from understudy.fake_postgres.protocol import backend_messages, frontend_messages
from understudy.fake_postgres.protocol.backend import Backend, Work, aside, outcome, run, settle
from understudy.fake_postgres.protocol.builtin_commands import run_builtin
from understudy.fake_postgres.protocol.copy import copy
from understudy.fake_postgres.protocol.prepared_statements import (
    delivered,
    formats,
    is_select,
    no_parameter,
    plan,
    prepare_one,
)
from understudy.fake_postgres.protocol.statements import Portal, Result
from understudy.pg import sql


def query(backend: Backend, body: bytes) -> Work:
    """Run the statements of a simple query, one after the other; an error ends it."""
    text = frontend_messages.query(body)
    backend.statements.pop("", None)
    backend.portals.unnamed = None
    parts = yield from aside(len(text), partial(sql.split, text))
    backend.transactions.implicit = len(parts) > 1
    if not parts:
        backend.send(backend_messages.EMPTY_QUERY)
    for part in parts:
        yield from _run(backend, part)
    if backend.forwarded and (pending := settle(backend, commit=True)) is not None:
        yield pending
    backend.ready()


def _run(backend: Backend, part: sql.Piece) -> Work:
    prepared = yield from prepare_one(backend, "", part)
    if prepared.parameters:
        raise no_parameter(part)
    portal = Portal("", prepared, (), plan(backend, prepared, (), formats(backend, prepared)))
    columns = portal.plan.fields
    described = columns is not None and is_select(prepared)
    if columns is not None and described:  # which happens before it is run
        backend.send(backend_messages.row_description(columns, portal.plan.formats))
    result = yield from _result(backend, portal)
    if result is None:
        return
    if columns is not None and not described:
        backend.send(backend_messages.row_description(columns, portal.plan.formats))
    yield from delivered(backend, portal, result)


def _result(backend: Backend, portal: Portal) -> Generator[Any, Any, Result | None]:
    """Run a statement; return its result, or None if it was already sent."""
    if portal.prepared.command is not None:
        return (yield from run_builtin(backend, portal))
    statement = portal.prepared.statement
    assert statement is not None
    backend.transactions.queried = True
    if statement.copy:
        yield from copy(backend, portal, statement)
        return None
    return (yield from outcome(backend, run(backend, portal)))
