"""The first rows of an answer, for those that watch the boundary."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from understudy.fake_postgres.protocol.statements import Portal, Result
from understudy.script import boundary
from understudy.script.boundary import Answer


def first_rows(portal: Portal, result: Result) -> Answer | None:
    """Return the first rows of a result; None if its statement returns none, or is a COPY."""
    plan, statement = portal.plan, portal.prepared.statement
    if plan.fields is None or (statement is not None and statement.copy is not None):
        return None
    columns = [field.name for field in plan.fields]
    types = [field.oid for field in plan.fields]
    if result.raw is not None:
        formats = plan.formats or (0,) * len(columns)
        return Answer(columns, types, formats, list(_raw_rows(result.raw)))
    return Answer(columns, types, None, [list(row) for row in result.rows[: boundary.kept_rows]])


def _raw_rows(raw: bytes) -> Iterator[list[bytes | None]]:
    """Yield the first rows among the messages of a server (PostgreSQL manual, 53.7)."""
    start, found = 0, 0
    while start < len(raw) and found < boundary.kept_rows:
        (length,) = struct.unpack_from("!I", raw, start + 1)
        if raw[start : start + 1] == b"D":
            found += 1
            yield list(row_values(raw, start + 5))
        start += 1 + length


def row_values(raw: bytes, position: int) -> Iterator[bytes | None]:
    """Yield the values of a DataRow whose body begins at a position."""
    (count,) = struct.unpack_from("!H", raw, position)
    position += 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", raw, position)
        position += 4
        yield None if length < 0 else raw[position : position + length]
        position += max(0, length)
