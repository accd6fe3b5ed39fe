"""Bind, Execute and Sync in one piece, of a statement that was run before.

This is what asyncpg and psqlpy send for nearly every call of a test, psycopg with a Describe of the
portal in the middle, and the message loop costs more than all that it comes to. So the shape of
such a piece is kept: everything in it except the values. What has a known shape needs no reading
but theirs, and rows that were sent before are sent again as they are. Whatever is unusual goes the
long way (extended.py), which does the same, and from which shapes are learned.
"""

from __future__ import annotations

import datetime
import decimal
import struct
import uuid
from dataclasses import dataclass, field
from typing import Any

from understudy.fake_postgres.protocol import backend_messages, frontend_messages
from understudy.fake_postgres.protocol.backend import Backend
from understudy.fake_postgres.protocol.frames import BadLength, Frames, UnknownKind
from understudy.fake_postgres.protocol.portals import Plan, Portal, Prepared
from understudy.fake_postgres.protocol.prepared_statements import deliver
from understudy.fake_postgres.protocol.responder import Result
from understudy.pg.codecs.codec import Decoder
from understudy.pg.errors import ServerError, TrailingBytes

_length = struct.Struct("!i").unpack_from
_count = struct.Struct("!H").unpack_from
_BIND = b"B"[0]
_KINDS = [*b"BES"]
_KINDS_WITH_DESCRIBE = [*b"BDES"]
_UNNAMED_PORTAL = b"P\0"
# No more than these are kept, and of none that is longer: a client may send anything.
_MOST_SHAPES = 256
_LONGEST = 4096
# Of rows that are sent as they were: values that nobody can change meanwhile.
_MOST_ROWS = 64
_FIXED = frozenset({
    type(None), bool, int, float, str, bytes, decimal.Decimal, uuid.UUID,
    datetime.date, datetime.time, datetime.datetime, datetime.timedelta,
})  # fmt: skip


@dataclass(slots=True)
class Ending:
    """What is behind the values: the formats of the columns, the Execute, and the Sync.

    Attributes:
        plan: how rows are written.
        limit: the most rows to send, 0 for all.
        size: how much of it belongs to the Bind.
        opening: what is sent in front of the rows.
        result: the result that was sent last; `sent`: the bytes; `position`: of the portal then.
    """

    plan: Plan
    limit: int
    size: int
    opening: bytes
    result: Result | None = None
    sent: bytes = b""
    position: int = 0


@dataclass(slots=True)
class Shape:
    """What is in front of the values: the statement, their formats, and their number.

    Attributes:
        prepared: the statement.
        decoders: one for each value.
        endings: by their bytes.
    """

    prepared: Prepared
    decoders: tuple[Decoder, ...]
    endings: dict[bytes, Ending] = field(default_factory=dict)


Shapes = dict[bytes, Shape]


def read(backend: Backend, data: bytes) -> tuple[Shape, Ending, list[Any]] | None:
    """Read a piece of a known shape: the shape, and the values.

    Returns:
        None where it has to go the long way.
    """
    values: list[Any] = []
    try:
        start = _values(data)
        shape = backend.shapes.get(data[5:start])
        if shape is None or backend.statements.get(shape.prepared.name) is not shape.prepared:
            return None
        for decode in shape.decoders:
            (length,) = _length(data, start)
            start += 4
            if length >= 0:
                values.append(decode(data[start : start + length]))
                start += length
            elif length == -1:
                values.append(None)
            else:
                return None
    except (ServerError, TrailingBytes, struct.error):
        return None  # the long way says what is wrong with it
    ending = shape.endings.get(data[start:])
    if ending is None or _length(data, 1)[0] != start + ending.size - 1:
        return None
    current = backend.connection.current
    return None if current is not None and current.aborted else (shape, ending, values)


def _values(data: bytes) -> int:
    """Return where the values begin; any number where this is no Bind to the unnamed portal."""
    end = data.find(0, 6)
    return end + 5 + 2 * int(_count(data, end + 1)[0])


def learn(backend: Backend, data: bytes) -> None:
    """Keep the shape of a piece that has gone the long way, where it is one for `read`."""
    if len(data) > _LONGEST or data[0] != _BIND or data[5] != 0:
        return
    frames = Frames()
    frames.add(data)
    try:
        messages = list(frames)
    except (BadLength, UnknownKind):
        return
    kinds = [kind for kind, _ in messages]
    described = kinds == _KINDS_WITH_DESCRIBE and messages[1][1] == _UNNAMED_PORTAL
    if not (described or kinds == _KINDS) or not frames.is_empty:
        return
    bind, execute = messages[0][1], messages[-2][1]
    try:
        _, name, given, values, wanted = frontend_messages.bind(bind)
        portal, limit = frontend_messages.execute(execute)
    except ServerError:
        return
    prepared = backend.statements.get(name)
    plan = None if prepared is None else prepared.plans.get((given, wanted))
    statement = None if prepared is None else prepared.statement
    if prepared is None or plan is None or statement is None:
        return
    if statement.copy or statement.forward is not None:
        return
    if portal or len(values) != len(plan.decoders):
        return
    start = _values(data)
    shape = backend.shapes.get(data[5:start])
    if shape is None or shape.prepared is not prepared:
        if len(backend.shapes) >= _MOST_SHAPES:
            backend.shapes.clear()
        shape = backend.shapes[data[5:start]] = Shape(prepared, plan.decoders)
    behind = start + sum(4 + len(value or b"") for value in values)
    if len(shape.endings) < _MOST_SHAPES:
        opening = backend_messages.BIND_COMPLETE
        if described:
            opening += backend_messages.columns(plan.fields, plan.formats)
        shape.endings[data[behind:]] = Ending(plan, limit, len(bind) + 5 - behind, opening)


def send(backend: Backend, shape: Shape, ending: Ending, values: list[Any], result: Result) -> None:
    """Send what a piece of a known shape has come to, without the answer to its Sync.

    Raises:
        ServerError: a value cannot be sent.
        ConnectionDropped: the connection is lost behind the last row.
    """
    out = backend.out
    if result is ending.result:
        out.append(ending.sent)
        if backend.connection.current is not None:  # outside of a transaction, Sync drops it
            backend.portals.unnamed = Portal(
                "", shape.prepared, values, ending.plan, result, ending.position
            )
        return
    before = len(out)
    out.append(ending.opening)
    portal = Portal("", shape.prepared, values, ending.plan, result)
    backend.portals.unnamed = portal
    deliver(backend, portal, result, ending.limit)
    if len(result.rows) <= _MOST_ROWS and all(
        type(value) in _FIXED for row in result.rows for value in row
    ):
        ending.result, ending.sent = result, b"".join(out[before:])
        ending.position = portal.position
