"""COPY: which way its data goes, and the result of a scripted one."""

from __future__ import annotations

from typing import Any, Literal

from understudy.fake_postgres.protocol.statements import Result
from understudy.pg import copy_data, sql
from understudy.pg.errors import ErrorFields, ServerError
from understudy.script.answers import Rows, Value, values_of
from understudy.script.calls import Call

_ESCAPED = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def direction(statement: str) -> Literal["in", "out"] | None:
    """Say which way the data of a COPY goes; None for any other statement."""
    words = [token.upper() for token in sql.tokens(statement)]
    if words[:1] != ["COPY"]:
        return None
    if "STDIN" in words:
        return "in"
    return "out" if "STDOUT" in words else None


def result(outcome: Rows | Value, call: Call, way: Literal["in", "out"]) -> Result:
    """Return the result of a COPY.

    The client gets the scripted bytes or, for scripted rows, lines in COPY's text format. For data
    from the client the tag has the number of its rows, unless the script has a tag.

    Raises:
        ServerError: the data is not in COPY's binary format, though it begins like that.
    """
    tag = outcome.tag if isinstance(outcome, Rows) else None
    if way == "in":
        assert isinstance(call.parameters, list), "a real driver sends no names"
        data = call.parameters[0]
        return Result((), tag or f"COPY {_count(data)}")
    if isinstance(outcome, Value):
        data = outcome.value if isinstance(outcome.value, bytes) else str(outcome.value).encode()
        return Result([data], tag or f"COPY {_count(data)}")
    lines = ["\t".join(map(_text, values_of(row))) + "\n" for row in outcome.rows]
    columns = len(outcome.rows[0]) if outcome.rows else 0
    return Result([line.encode() for line in lines], tag, columns=columns)


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return "".join(_ESCAPED.get(character, character) for character in str(value))


def _count(data: bytes) -> int:
    if not data.startswith(copy_data.SIGNATURE):
        return copy_data.count_text_rows(data)
    try:
        return copy_data.count_binary_rows(data)
    except copy_data.BrokenData as error:
        raise ServerError(ErrorFields("22P04", str(error))) from None
