"""COPY: its columns, which way its data goes, and the result of a scripted one."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Any, Literal

from understudy.engine.copied_rows import Columns, CopiedRows, listed_columns
from understudy.fake_postgres import type_inference
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg import copy_data, sql
from understudy.pg.codec_registry import Values
from understudy.pg.codecs.codec import Unencodable
from understudy.pg.copy_options import options_in
from understudy.pg.copy_rows import SIGNATURE, BrokenData
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.types import Types
from understudy.script import expectations
from understudy.script.answers import Rows, Value, values_in_order, values_of
from understudy.script.calls import Call
from understudy.script.failures import NotSupported
from understudy.script.rules import Rule

_VALUES = Values(Types({}))


def direction(statement: str) -> Literal["in", "out"] | None:
    """Say which way the data of a COPY goes; None for any other statement."""
    words = [token.upper() for token in sql.tokens(statement)]
    if words[:1] != ["COPY"]:
        return None
    if "STDIN" in words:
        return "in"
    return "out" if "STDOUT" in words else None


# Columns -----------------------------------------------------------------------------------------


def copy_of(query: str) -> str | None:
    """Return the COPY FROM for which a driver asks the types of the columns with a query.

    asyncpg and psqlpy do, for `copy_records_to_table`, and quote every name.
    """
    tokens = sql.tokens(query)
    if tokens[:1] != ("SELECT",) or "FROM" not in tokens:
        return None
    at = tokens.index("FROM")
    names, table, end = tokens[1:at], tokens[at + 1 : -2], tokens[-2:]
    if end not in (("LIMIT", "1"), ("WHERE", "false")) or not table:
        return None
    if any(token[0] not in '",*.' for token in (*names, *table)):
        return None
    listed = "" if names == ("*",) else f"({', '.join(name for name in names if name != ',')})"
    return f"COPY {''.join(table)}{listed} FROM STDIN (FORMAT binary)"


def scripted_columns(copy: str, rules: Sequence[Rule]) -> Sequence[tuple[str, str]] | None:
    """Return the columns of a COPY FROM without a schema, with the types of its rules' rows.

    None if neither the COPY nor a rule tells how many they are.
    """
    rows = [
        row for rule in rules for row in rule.parameters.expected if isinstance(row, list | tuple)
    ]
    names = [name.strip('"') for name in listed_columns(copy)]
    if not names:
        if not rows:
            return None
        names = [f"column {number}" for number in range(1, len(rows[0]) + 1)]
    rows = [row for row in rows if len(row) == len(names)]
    return [
        (name, type_inference.common(row[place] for row in rows))
        for place, name in enumerate(names)
    ]


def columns_unknown(copy: str, place: str) -> str:
    """Return the failure of a COPY whose columns a driver asks for and nobody knows."""
    return (
        "a driver asks for the columns of this table before it copies rows into it\n"
        f"  sql: {sql.one_line(copy)}\n  at:  {place}\n"
        "Configure the schema, which tells them; or give the rule rows: "
        'on("COPY ... FROM STDIN ...", (1, "Ana")).'
    )


def not_sent(copy: str, place: str, told: Sequence[tuple[str, str]]) -> str:
    """Return the hint about a COPY whose rows a driver has not sent."""
    types = ", ".join(f"{name} {type_name}" for name, type_name in told)
    return (
        "Without a schema, Understudy guesses the types of the columns of a COPY. A driver has "
        "asked for them\nand has sent no rows:\n"
        f"  sql:     {sql.one_line(copy)}\n  at:      {place}\n  guessed: {types}\n"
        'If the driver refused a value ("expected str, got int"), the guess was wrong. '
        "Configure the schema\n(`schema` in [tool.understudy]), or give the rule rows of the right "
        'types: on("COPY ...", (1, "Ana")).'
    )


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
    outcome: Rows | Value,
    call: Call,
    way: Literal["in", "out"],
    columns: Columns,
    values: Values,
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
        return Result([data], tag or f"COPY {_count(data)}")
    number = len(outcome.rows[0]) if outcome.rows else len(columns or ())
    sent = _rows(outcome, call, columns, values)
    return Result(sent, tag or f"COPY {len(outcome.rows)}", columns=number)


def _rows(answer: Rows, call: Call, columns: Columns, values: Values) -> list[bytes]:
    """Return rows as COPY TO sends them."""
    options = options_in(call.statement)
    if options.format == "binary":
        return _binary(answer, call, columns, values)
    if not _is_encoding(options.encoding):
        raise _refused(call, f"the encoding {options.encoding} is unknown to Python")
    names = list(answer.columns or answer.rows[0]) if answer.rows else []
    texts = [list(map(text_of, values_of(row))) for row in answer.rows]
    head = [copy_data.line(names, names, options, is_header=True)] if options.header else []
    return head + [copy_data.line(row, names, options) for row in texts]


def _binary(answer: Rows, call: Call, columns: Columns, values: Values) -> list[bytes]:
    known = [(name, kind) for name, kind in columns or () if kind is not None]
    if answer.rows and (not known or len(known) != len(columns or ())):
        raise _refused(
            call, "the format is binary, and the types of its columns are unknown without a schema"
        )
    names = [name for name, _ in known]
    found: list[list[bytes | None]] = []
    for row in answer.rows:
        given = values_of(row)
        if isinstance(row, dict) and set(row) == set(names):
            given = values_in_order(row, names)
        if len(given) != len(names):
            raise _refused(call, f"a row has {len(given)} values for {len(names)} columns")
        sent: list[bytes | None] = []
        for (name, kind), value in zip(known, given, strict=True):
            try:
                sent.append(None if value is None else values.codec(kind).send(value))
            except Unencodable as error:
                raise _refused(call, f"column {name}: {error}") from None
        found.append(sent)
    return copy_data.binary(found)


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


def text_of(value: Any) -> str | None:
    """Return the text that PostgreSQL has for a value, as it would be sent to a client."""
    type_name = type_inference.type_of(value)
    return None if type_name is None else _VALUES.codec(type_name).output(value)


def _count(data: bytes) -> int:
    if not data.startswith(SIGNATURE):
        return copy_data.count_text_rows(data)
    try:
        return copy_data.count_binary_rows(data)
    except BrokenData as error:
        raise ServerError(ErrorFields("22P04", str(error))) from None
