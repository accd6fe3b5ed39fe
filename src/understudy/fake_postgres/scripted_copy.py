"""COPY: which way its data goes, and what of it is scripted."""

from __future__ import annotations

import struct
from typing import Any, Literal

from understudy.fake_postgres.protocol.responder import Result
from understudy.pg import sql
from understudy.script.answers import Rows, Value
from understudy.script.calls import Call

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def direction(statement: str) -> Literal["in", "out"] | None:
    """Say which way the data of a COPY goes; None of any other statement."""
    words = [token.upper() for token in sql.tokens(statement)]
    if words[:1] != ["COPY"]:
        return None
    if "STDIN" in words:
        return "in"
    return "out" if "STDOUT" in words else None


def result(outcome: Rows | Value, call: Call, way: Literal["in", "out"]) -> Result:
    """Return what a COPY comes to.

    To the client go the scripted bytes or, of scripted rows, lines in COPY's text format. From the
    client comes the number of rows, which is the tag unless the script has one.
    """
    tag = outcome.tag if isinstance(outcome, Rows) else None
    if way == "in":
        assert isinstance(call.parameters, list), "what came over the wire has no names"
        data = call.parameters[0]
        return Result((), tag or f"COPY {rows_in(data)}")
    if isinstance(outcome, Value):
        data = outcome.value if isinstance(outcome.value, bytes) else str(outcome.value).encode()
        return Result([data], tag or f"COPY {rows_in(data)}")
    lines = ["\t".join(map(_text, row.values())) + "\n" for row in outcome.rows]
    columns = len(outcome.rows[0]) if outcome.rows else 0
    return Result([line.encode() for line in lines], tag, columns=columns)


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return "".join(_ESCAPED.get(each, each) for each in str(value))


def rows_in(data: bytes) -> int:
    """Count the rows of COPY data, in text or in binary form."""
    if not data.startswith(_SIGNATURE):
        lines = data.splitlines()
        return len(lines) - (lines[-1:] == [b"\\."])
    count, at = 0, len(_SIGNATURE) + 4
    (extension,) = struct.unpack_from("!i", data, at)
    at += 4 + extension
    while at + 2 <= len(data):
        (fields,) = struct.unpack_from("!h", data, at)
        at += 2
        if fields < 0:
            break
        for _ in range(fields):
            (size,) = struct.unpack_from("!i", data, at)
            at += 4 + max(size, 0)
        count += 1
    return count
