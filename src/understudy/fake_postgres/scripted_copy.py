"""COPY: which way its data goes, and the result of a scripted one."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any, Literal

from understudy.engine.copied_rows import Columns, CopiedRows
from understudy.fake_postgres import type_inference
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg import copy_data, sql
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import Unencodable
from understudy.pg.copy_options import options_in
from understudy.pg.copy_rows import SIGNATURE, BrokenData
from understudy.pg.errors import ErrorFields, ServerError
from understudy.script import expectations
from understudy.script.answers import Row, Rows, Value, values_in_order
from understudy.script.calls import Call
from understudy.script.failures import NotSupported


def direction(statement: str) -> Literal["in", "out"] | None:
    """Say which way the data of a COPY goes; None for any other statement."""
    words = [token.upper() for token in sql.tokens(statement)]
    if words[:1] != ["COPY"]:
        return None
    if "STDIN" in words:
        return "in"
    return "out" if "STDOUT" in words else None


# Data --------------------------------------------------------------------------------------------


def read(rows: CopiedRows, call: Call) -> None:
    """Read the rows of a call.

    Raises:
        ServerError: PostgreSQL refuses one. The call has them as they were sent.
    """
    try:
        len(rows)
    except ServerError:
        call.parameters = rows.as_sent()
        call.fail()
        raise


def result(
    outcome: Rows | Value, call: Call, way: Literal["in", "out"], columns: Columns, values: Values
) -> Result:
    """Return the result of a COPY.

    The client gets the scripted bytes, or the scripted rows in the format of the COPY. For rows
    from the client the tag has their number, unless the script has a tag.

    Args:
        outcome: what the script answers.
        call: of the COPY.
        way: of the data.
        columns: of the COPY, as far as they are known.
        values: the codecs of the types.
    """
    tag = outcome.tag if isinstance(outcome, Rows) else None
    if way == "in":
        assert call.parameters is not None
        return Result((), tag or f"COPY {len(call.parameters)}")
    if isinstance(outcome, Value):
        data = outcome.value if isinstance(outcome.value, bytes) else str(outcome.value).encode()
        options = options_in(call.statement)
        sent, number = copy_data.messages(data, options), copy_data.width(data, options)
        return Result(sent, tag or f"COPY {_count(data)}", columns=number)
    number = len(outcome.rows[0]) if outcome.rows else len(columns or ())
    sent = _rows(outcome, call, columns, values)
    return Result(sent, tag or f"COPY {len(outcome.rows)}", columns=number)


def _rows(answer: Rows, call: Call, columns: Columns, values: Values) -> list[bytes]:
    """Return rows as COPY TO sends them."""
    options = options_in(call.statement)
    is_binary = options.format == "binary"
    if not is_binary and not _is_encoding(options.encoding):
        raise _refused(call, f"the encoding {options.encoding} is unknown to Python")
    known = [(name, kind) for name, kind in columns or () if kind is not None]
    if is_binary and not known:
        known = _guessed(answer)
    rows = [_typed_row(answer, row, known, call) for row in answer.rows]
    try:
        if is_binary:
            sent = [[_binary(value, kind, values) for value, kind in row] for row in rows]
            return copy_data.binary(sent)
        texts = [[text_of(value, kind, values) for value, kind in row] for row in rows]
    except Unencodable as error:
        raise _refused(call, str(error)) from None
    names = _names(answer, known)
    head = [copy_data.line(names, names, options, is_header=True)] if options.header else []
    return head + [copy_data.line(row, names, options) for row in texts]


def _names(answer: Rows, known: Sequence[tuple[str, str]]) -> list[str]:
    """Return the columns of scripted rows, in the order of the COPY."""
    told = [name for name, _ in known]
    if not answer.rows:
        return told
    first = answer.rows[0]
    if isinstance(first, tuple):
        return list(answer.columns or told or map(str, range(len(first))))
    if set(first) <= set(told):
        return [name for name in told if name in first]
    return list(first)


def _guessed(answer: Rows) -> list[tuple[str, str]]:
    """Return the columns of rows without a schema, with the types of their Python values."""
    names = _names(answer, ())
    rows = [values_in_order(row, names) for row in answer.rows]
    return [
        (name, type_inference.common(row[place] for row in rows if place < len(row)))
        for place, name in enumerate(names)
    ]


def _typed_row(
    answer: Rows, row: Row, known: Sequence[tuple[str, str]], call: Call
) -> list[tuple[Any, str | None]]:
    """Return the values of a row, each with its type if that is known."""
    names = _names(answer, known)
    given = values_in_order(row, names)
    if len(given) != len(names):
        raise _refused(call, f"a row has {len(given)} values for {len(names)} columns")
    kinds = dict(known)
    unknown = [name for name in names if name not in kinds] if known else []
    if unknown:
        raise _refused(call, f"it has no column {', '.join(map(repr, unknown))}")
    return [(value, kinds.get(name)) for name, value in zip(names, given, strict=True)]


def _binary(value: Any, kind: str | None, values: Values) -> bytes | None:
    assert kind is not None
    return None if value is None else values.codec(kind).send(value)


def _refused(call: Call, problem: str) -> NotSupported:
    failure = NotSupported(
        f"the rows of this COPY cannot be sent: {problem}\n"
        f"  sql: {sql.one_line(call.statement)}\n"
        "Script its bytes: value(b'PGCOPY...')."
    )
    expectations.record_failure(failure)
    return failure


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def text_of(value: Any, kind: str | None, values: Values) -> str | None:
    """Return the text that PostgreSQL has for a value of a type, or of its Python type."""
    name = kind or type_inference.type_of(value)
    return None if value is None or name is None else values.codec(name).output(value)


def _count(data: bytes) -> int:
    if not data.startswith(SIGNATURE):
        return copy_data.count_text_rows(data)
    try:
        return copy_data.count_binary_rows(data)
    except BrokenData as error:
        raise ServerError(ErrorFields("22P04", str(error))) from None
