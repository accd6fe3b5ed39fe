"""The extended query: Parse, Bind, Describe, Execute and Close (manual, 53.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from understudy.fake_postgres.protocol import backend_messages, errors, frontend_messages
from understudy.fake_postgres.protocol.backend import LONG, Backend, Work, aside, outcome, run
from understudy.fake_postgres.protocol.builtin_commands import run_builtin
from understudy.fake_postgres.protocol.copy import copy
from understudy.fake_postgres.protocol.frontend_messages import Formats
from understudy.fake_postgres.protocol.prepared_statements import (
    bound,
    check_not_aborted,
    deliver,
    delivered,
    fields,
    plan,
    prepare,
)
from understudy.fake_postgres.protocol.responder import Forwarder
from understudy.fake_postgres.protocol.statements import Plan, Portal, Prepared, Result
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.serving.waits import Pending


def parse(backend: Backend, body: bytes) -> Work:
    """Prepare a statement."""
    name, text, declared = frontend_messages.parse(body)
    if not name:
        backend.statements.pop("", None)
    prepared = yield from prepare(backend, name, text, declared)
    if name in backend.statements:
        raise errors.statement_exists(name)
    backend.statements[name] = prepared
    backend.send(backend_messages.PARSE_COMPLETE)


def bind(backend: Backend, body: bytes) -> Work | None:
    """Make a portal of a statement and values; return the remaining work if it takes long."""
    name, statement, formats, values, results = frontend_messages.bind(body)
    prepared = _statement(backend, statement)
    given = len(values)
    if len(formats) > 1 and len(formats) != given:
        raise errors.error(
            "08P01", f"bind message has {len(formats)} parameter formats but {given} parameters"
        )
    if given != len(prepared.parameters):
        raise errors.error(
            "08P01",
            (
                f"bind message supplies {given} parameters, "
                f'but prepared statement "{statement}" requires {len(prepared.parameters)}'
            ),
        )
    if backend.connection.current is not None:
        check_not_aborted(backend, prepared.command)
    if name:
        backend.portals.check_free(name)
        backend.touched = True
    how = prepared.plans.get((formats, results)) or _plan(backend, prepared, name, formats, results)
    texts = not formats or formats[0] == TEXT
    if len(body) >= LONG:
        decode = partial(bound, name, how, values, texts=texts)
        return _bind_aside(backend, Portal(name, prepared, (), how, is_long=True), decode)
    _add_portal(backend, Portal(name, prepared, bound(name, how, values, texts=texts), how))
    return None


def _bind_aside(backend: Backend, portal: Portal, decode: Callable[[], list[object]]) -> Work:
    portal.values = yield from aside(LONG, decode)
    _add_portal(backend, portal)


def _add_portal(backend: Backend, portal: Portal) -> None:
    if portal.name:
        backend.portals.add(portal)
        if backend.forwarder is not None:
            backend.forwarder.bound(portal, backend.connection)
    else:
        backend.portals.unnamed = portal
    backend.out.append(backend_messages.BIND_COMPLETE)


def _plan(
    backend: Backend, prepared: Prepared, portal: str, formats: Formats, results: Formats
) -> Plan:
    for number, code in enumerate(formats, 1):
        if code not in (TEXT, BINARY):
            raise errors.in_parameter(errors.unknown_format(code), portal, number)
    made = plan(backend, prepared, formats, results)
    if prepared.command is None:  # the columns of FETCH and EXECUTE can change
        prepared.plans[formats, results] = made
    return made


def describe(backend: Backend, body: bytes) -> Work | None:
    """Send the parameters and columns of a statement, or the columns of a portal."""
    kind, name = frontend_messages.named(body)
    if kind == "P" and name and backend.forwarder and backend.portals.get(name) is None:
        return _describe_elsewhere(backend, backend.forwarder, name)
    if kind == "S":
        prepared = _statement(backend, name)
        columns = fields(backend, prepared)
        formats = (TEXT,) * len(columns or ())
        if columns is not None:
            check_not_aborted(backend, None)
        backend.send(backend_messages.parameter_description(prepared.parameters))
    elif kind == "P":
        portal = backend.portals.find(name)
        columns = portal.plan.fields
        formats = portal.plan.formats
        if columns is not None:
            check_not_aborted(backend, None)
    else:
        raise errors.unknown_subtype("DESCRIBE", kind)
    backend.send(backend_messages.columns(columns, formats))
    return None


def _describe_elsewhere(backend: Backend, forwarder: Forwarder, name: str) -> Work:
    """Send the columns of a cursor on the server that statements are forwarded to."""
    backend.forwarded = True
    columns = yield forwarder.describe_cursor(name, backend.connection)
    backend.send(backend_messages.row_description(columns, (TEXT,) * len(columns)))


def execute(backend: Backend, body: bytes) -> Work | None:
    """Run or continue a portal; return the remaining work if it has to wait."""
    name, limit = frontend_messages.execute(body)
    portals = backend.portals
    portal = portals.find(name) if name else portals.unnamed or portals.find(name)
    prepared = portal.prepared
    statement = prepared.statement
    if statement is None and prepared.command is None:
        backend.send(backend_messages.EMPTY_QUERY)
        return None
    if backend.connection.current is not None:
        check_not_aborted(backend, prepared.command)
    elif backend.executed:
        backend.transactions.implicit = True
    backend.executed = True
    if portal.result is not None:
        if portal.plan.fields is None:
            raise errors.cannot_be_run(name)
        return _continue(backend, portal, portal.result, limit)
    if prepared.command is not None:
        return finish(backend, portal, limit, run_builtin(backend, portal))
    assert statement is not None
    backend.transactions.queried = True
    if statement.copy:
        return copy(backend, portal, statement)
    if portal.is_long and statement.forward is None:
        asked = Pending(0.0, partial(run, backend, portal, limit), in_thread=True)
        return finish(backend, portal, limit, outcome(backend, asked))
    result = run(backend, portal, limit)
    if isinstance(result, Result) and not result.is_long and result.source is None:
        portal.result = result
        deliver(backend, portal, result, limit)
        return None
    return finish(backend, portal, limit, outcome(backend, result))


def _continue(backend: Backend, portal: Portal, result: Result, limit: int) -> Work | None:
    if result.is_long or result.source is not None:
        return delivered(backend, portal, result, limit)
    deliver(backend, portal, result, limit)
    return None


def finish(
    backend: Backend, portal: Portal, limit: int, work: Generator[Pending, Any, Result]
) -> Work:
    """Send the result of a portal when it is there."""
    portal.result = yield from work
    yield from delivered(backend, portal, portal.result, limit)


def close(backend: Backend, body: bytes) -> None:
    """Forget a statement or a portal, if it exists."""
    kind, name = frontend_messages.named(body)
    if kind == "S":
        backend.statements.pop(name, None)
    elif kind == "P":
        portal = backend.portals.get(name) if name else backend.portals.unnamed
        if portal is not None and backend.forwarder is not None:
            backend.forwarder.closed(portal, backend.connection)
        backend.portals.close(name)
    else:
        raise errors.unknown_subtype("CLOSE", kind)
    backend.send(backend_messages.CLOSE_COMPLETE)


def _statement(backend: Backend, name: str) -> Prepared:
    found = backend.statements.get(name)
    if found is None:
        raise errors.no_statement(name)
    return found
