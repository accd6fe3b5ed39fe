"""The simple query: one text, several statements, and their results in a row (manual, 53.2.2)."""

from __future__ import annotations

from understudy.script import sql
from understudy.wire import incoming, outgoing
from understudy.wire.backend import Backend, Work, outcome
from understudy.wire.carrying_out import carry_out
from understudy.wire.copying import copy
from understudy.wire.portals import Portal
from understudy.wire.statements import deliver, formats, no_parameter, plan, prepare_one


def query(backend: Backend, body: bytes) -> Work:
    """Run the statements of a simple query, one after the other; an error ends it."""
    text = incoming.query(body)
    backend.statements.pop("", None)
    backend.portals.unnamed = None
    parts = sql.split(text)
    backend.transactions.implicit = len(parts) > 1
    if not parts:
        backend.send(outgoing.EMPTY_QUERY)
    for part in parts:
        yield from _run(backend, part)
    backend.ready()


def _run(backend: Backend, part: sql.Piece) -> Work:
    prepared = prepare_one(backend, "", part)
    if prepared.parameters:
        raise no_parameter(part)
    statement = prepared.statement
    portal = Portal("", prepared, (), plan(backend, prepared, (), formats(backend, prepared)))
    if prepared.command is not None:
        result = yield from carry_out(backend, portal)
    else:
        assert statement is not None
        backend.transactions.queried = True
        if statement.copy:
            yield from copy(backend, portal, statement)
            return
        answer = backend.responder.execute(statement, (), backend.connection)
        result = yield from outcome(answer)
    columns = portal.plan.fields
    if columns is not None:
        backend.send(outgoing.row_description(columns, portal.plan.formats))
    deliver(backend, portal, result)
