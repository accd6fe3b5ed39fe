"""COPY: which way its data goes, and the result of a scripted one."""

from __future__ import annotations

import codecs
from typing import Any, Literal

from understudy.fake_postgres import type_inference
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg import copy_data, sql
from understudy.pg.codec_registry import Values
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import Types
from understudy.script import expectations
from understudy.script.answers import Rows, Value, values_of
from understudy.script.calls import Call
from understudy.script.failures import NotSupported

_VALUES = Values(Types({}))


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

    The client gets the scripted bytes or, for scripted rows, lines in COPY's text
    or csv format. For data
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
    columns = len(outcome.rows[0]) if outcome.rows else 0
    return Result(_rows(outcome, call), tag or f"COPY {len(outcome.rows)}", columns=columns)


def _rows(answer: Rows, call: Call) -> list[bytes]:
    """Return rows as COPY TO sends them."""
    options = copy_data.options_in(call.statement)
    problem = ""
    if options.format == "binary":
        problem = "the format is binary, and the types of its columns are unknown"
    elif not _is_encoding(options.encoding):
        problem = f"the encoding {options.encoding} is unknown to Python"
    if problem:
        raise expectations.record_failure(
            NotSupported(
                f"the rows of this COPY cannot be sent: {problem}\n"
                f"  sql: {sql.one_line(call.statement)}\n"
                "Script its bytes: value(b'PGCOPY...')."
            )
        )
    names = list(answer.columns or answer.rows[0]) if answer.rows else []
    texts = [list(map(_text, values_of(row))) for row in answer.rows]
    head = [copy_data.line(names, names, options, is_header=True)] if options.header else []
    return head + [copy_data.line(row, names, options) for row in texts]


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _text(value: Any) -> str | None:
    """Return the text that PostgreSQL has for a value, as it would be sent to a client."""
    type_name = type_inference.type_of(value)
    return None if type_name is None else _VALUES.codec(type_name).output(value)


def _count(data: bytes) -> int:
    if not data.startswith(copy_data.SIGNATURE):
        return copy_data.count_text_rows(data)
    try:
        return copy_data.count_binary_rows(data)
    except copy_data.BrokenData as error:
        raise ServerError(ErrorFields("22P04", str(error))) from None
