"""Prepare, bind and describe statements, and send their results."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from functools import partial
from typing import Any, NoReturn, TypeAlias

from understudy.fake_postgres.protocol import (
    backend_messages,
    commands,
    errors,
    run_time_parameters,
)
from understudy.fake_postgres.protocol.answers import first_rows
from understudy.fake_postgres.protocol.backend import LONG, Backend, Work, aside, taken
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.statements import (
    Field,
    Plan,
    Portal,
    Prepared,
    Result,
    Sent,
    Statement,
)
from understudy.pg import sql
from understudy.pg.codecs.codec import BINARY, TEXT, Decoder, Encoder, Unencodable
from understudy.pg.errors import ServerError, TrailingBytes
from understudy.serving.waits import ConnectionDropped, Pending

TEXT_OID = 25
_VOID_OID = 2278
_COUNTED = frozenset(["SELECT", "UPDATE", "DELETE", "MERGE", "FETCH", "MOVE", "COPY"])
_AS_SELECT = frozenset(["VALUES", "TABLE", "WITH"])


Preparing: TypeAlias = Generator[Pending, Any, Prepared]


def prepare(backend: Backend, name: str, text: str, declared: tuple[int, ...]) -> Preparing:
    """Prepare the one statement in `text`.

    Args:
        backend: the connection.
        name: its name, "" for the unnamed statement.
        text: the SQL.
        declared: the parameter types that the client declared.

    Raises:
        ServerError: it is several statements or is refused, or the transaction is aborted.
    """
    parts = yield from aside(len(text), partial(sql.split, text))
    if not parts:
        return Prepared(name, text, None, None)
    if len(parts) > 1:
        raise errors.error("42601", "cannot insert multiple commands into a prepared statement")
    return (yield from prepare_one(backend, name, parts[0], declared))


def prepare_one(
    backend: Backend, name: str, part: sql.Piece, declared: tuple[int, ...] = ()
) -> Preparing:
    """Prepare one statement of several.

    Raises:
        ServerError: it is refused, or the transaction is aborted.
    """
    command = yield from aside(len(part.text), partial(read, part.text))
    check_not_aborted(backend, command)
    if command is None or _is_left(backend, command):
        statement = yield from _asked(backend, part.text, declared, part.start)
        return Prepared(name, part.text, statement, None, statement.parameters)
    if isinstance(command, commands.Declare):
        start = part.start + part.text.rindex(command.sql)
        statement = yield from _asked(backend, command.sql, declared, start)
        return Prepared(name, part.text, statement, command, statement.parameters)
    if isinstance(command, commands.SelectNotify):
        numbers = [argument for argument in command.arguments if isinstance(argument, int)]
        return Prepared(name, part.text, None, command, (TEXT_OID,) * max(numbers, default=0))
    return Prepared(name, part.text, None, command)


def _is_left(backend: Backend, command: commands.Command) -> bool:
    return backend.forwarder is not None and isinstance(command, backend.forwarder.commands)


def _asked(
    backend: Backend, text: str, declared: tuple[int, ...], start: int
) -> Generator[Pending, Any, Statement]:
    """Ask the responder; adjust the position in its error to the whole SQL."""
    try:
        asked = partial(backend.responder.prepare, text, declared, backend.connection)
        answer: Any = yield from aside(len(text), asked)
        while isinstance(answer, Pending):
            backend.forwarded = True
            answer = yield answer
        assert isinstance(answer, Statement)
        return answer
    except ServerError as error:
        if error.position is not None:
            error.position += start
        raise


def check_not_aborted(backend: Backend, command: commands.Command | None) -> None:
    """Raise PostgreSQL's error in an aborted transaction, unless `command` may end it."""
    current = backend.connection.current
    if current is not None and current.aborted and not (command is not None and command.ends):
        raise errors.error(
            "25P02",
            "current transaction is aborted, commands ignored until end of transaction block",
        )


def fields(backend: Backend, prepared: Prepared) -> tuple[Field, ...] | None:
    """Return the columns of a statement's result, or None if it returns no rows."""
    command = prepared.command
    match command:
        case None:
            statement = prepared.statement
            return None if statement is None or statement.copy else statement.fields
        case commands.Show():
            found = run_time_parameters.find(command.name)
            return (Field(command.name if found is None else found.name, TEXT_OID),)
        case commands.SelectNotify():
            return (Field(command.column, _VOID_OID, 4),)
        case commands.Fetch() if not command.move:
            cursor = backend.portals.get(command.name)
            return None if cursor is None else cursor.plan.fields
        case commands.Execute():
            other = backend.statements.get(command.name)
            inner = None if other is None or other.command is not None else other.statement
            return None if inner is None else inner.fields
        case _:
            return None


def plan(
    backend: Backend, prepared: Prepared, given: tuple[int, ...] = (), wanted: tuple[int, ...] = ()
) -> Plan:
    """Choose the decoders of the parameters and the encoders of the columns.

    Args:
        backend: the connection.
        prepared: the statement.
        given: the formats of a Bind for the parameters.
        wanted: the formats of a Bind for the columns.

    Raises:
        ServerError: the number of formats does not match the columns.
    """
    described = fields(backend, prepared)
    columns = described or ()
    formats = _each(wanted, len(columns))
    if formats is None:
        raise errors.error(
            "08P01",
            f"bind message has {len(wanted)} result formats but query has {len(columns)} columns",
        )
    responder = backend.responder
    decoders = tuple(
        decoder(backend, prepared, oid, form)
        for oid, form in zip(
            prepared.parameters, _each(given, len(prepared.parameters)) or (), strict=True
        )
    )
    if isinstance(prepared.command, commands.SelectNotify):
        return Plan(decoders, (_nothing,), described, formats)
    encoders = tuple(
        responder.encoder(field.oid, form) if form in (TEXT, BINARY) else _refusing(form)
        for field, form in zip(columns, formats, strict=True)
    )
    return Plan(decoders, encoders, described, formats)


def decoder(backend: Backend, prepared: Prepared, oid: int, form: int) -> Decoder:
    """Return the decoder of a parameter; a forwarded statement's parameters are not decoded."""
    statement = prepared.statement
    if statement is not None and statement.forward is not None:
        return lambda data: Sent(data, form)
    return backend.responder.decoder(oid, form)


def _each(formats: tuple[int, ...], count: int) -> tuple[int, ...] | None:
    """Return `count` formats; None if their number does not match."""
    if len(formats) <= 1:
        return (formats or (TEXT,)) * count
    # Without columns, the client's formats are ignored.
    return formats if len(formats) == count else None if count else ()


def formats(backend: Backend, prepared: Prepared) -> tuple[int, ...]:
    """Return the formats of a result for which the client asked none."""
    if isinstance(prepared.command, commands.Fetch):
        cursor = backend.portals.get(prepared.command.name)
        return () if cursor is None else cursor.plan.formats
    return ()


def _nothing(value: object) -> bytes:
    return b""


def _refusing(form: int) -> Encoder:
    def refuse(value: object) -> NoReturn:
        raise errors.unknown_format(form)

    return refuse


def is_select(prepared: Prepared) -> bool:
    """Return whether PostgreSQL sends the rows of a statement while it runs."""
    if prepared.command is not None:
        return isinstance(prepared.command, commands.SelectNotify)
    return prepared.statement is not None and prepared.statement.command == "SELECT"


def delivered(backend: Backend, portal: Portal, result: Result, limit: int = 0) -> Work:
    """Send a result as `deliver` does, without keeping other connections waiting."""
    yield from taken(backend, result, portal.position + limit if limit else None)
    messages = None
    if result.is_long:
        messages = yield from aside(LONG, partial(_messages, portal, result, limit))
    deliver(backend, portal, result, limit, messages)


def _messages(portal: Portal, result: Result, limit: int) -> list[bytes]:
    """Return the rows of a result from the portal's position, each as a message."""
    start = portal.position
    rows: Sequence[Any] = () if portal.plan.fields is None else result.rows
    if limit:
        rows = rows[start : start + limit]
    elif start:
        rows = rows[start:]
    encoders = portal.plan.encoders
    try:
        return [backend_messages.data_row(row, encoders) for row in rows]
    except Unencodable as unfit:
        text = f"the answer cannot be sent: {unfit}\n  sql: {sql.one_line(portal.prepared.sql)}"
        raise errors.unsupported(text) from None


def deliver(
    backend: Backend,
    portal: Portal,
    result: Result,
    limit: int = 0,
    messages: list[bytes] | None = None,
) -> None:
    """Send the rows of a result from the portal's position, and the end of the statement.

    Args:
        backend: the connection.
        portal: the portal.
        result: its result.
        limit: the most rows to send, 0 for all.
        messages: the messages of these rows, if they were made already.

    Raises:
        ConnectionDropped: the connection is lost after the last row.
        ServerError: an error comes after the last row.
    """
    statement = portal.prepared.statement
    if result.changed and not portal.position:
        backend.settings.note(result.changed)
        backend.touched = True
    if result.raw is not None:
        backend.out.append(result.raw)
        portal.result = None if result.suspended else Result()
        backend.connection.note_completed(result.tag or "", partial(first_rows, portal, result))
        return
    rows = _messages(portal, result, limit) if messages is None else messages
    start = portal.position
    backend.out += rows
    send = backend.out.append
    portal.position = start + len(rows)
    if limit and len(rows) == limit:
        send(backend_messages.PORTAL_SUSPENDED)
        backend.connection.note_completed("", partial(first_rows, portal, result))
        return
    if result.error is not None:
        raise result.error
    if result.dropped:
        raise ConnectionDropped
    known = result.tag if not start else None  # it would count rows sent before
    done = known or tag(statement, len(rows))
    send(backend_messages.command_complete(done))
    backend.connection.note_completed(done, partial(first_rows, portal, result))


def tag(statement: Statement | None, count: int) -> str:
    """Return the command tag of a statement with `count` rows."""
    command = "SELECT" if statement is None else statement.command
    command = "SELECT" if command in _AS_SELECT else command
    if command == "INSERT":
        return f"INSERT 0 {count}"
    return f"{command} {count}" if command in _COUNTED else command


def no_parameter(part: sql.Piece) -> ServerError:
    """Refuse a parameter in a simple query, which has no values."""
    found = re.search(r"\$(\d+)", part.text)
    error = errors.error("42P02", f"there is no parameter ${found[1] if found else '1'}")
    error.position = part.start + found.start() + 1 if found else None
    return error


def bound(portal: str, plan: Plan, values: Sequence[bytes | None], *, texts: bool) -> list[object]:
    """Decode the values of a Bind.

    Args:
        portal: the name of the portal.
        plan: its decoders.
        values: the bytes; None is NULL.
        texts: whether the first format is text, which an error then mentions.

    Raises:
        ServerError: a value is invalid for its type.
    """
    taken: list[object] = []
    try:
        for decode, data in zip(plan.decoders, values, strict=True):
            taken.append(None if data is None else decode(data))
    except TrailingBytes:
        number = len(taken) + 1
        raise errors.in_parameter(
            errors.error("22P03", f"incorrect binary data format in bind parameter {number}"),
            portal,
            number,
        ) from None
    except ServerError as error:
        if error.context is None:
            errors.in_parameter(error, portal, len(taken) + 1, with_value=texts)
        raise
    return taken
