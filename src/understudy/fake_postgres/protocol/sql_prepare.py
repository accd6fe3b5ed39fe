"""Prepared statements in SQL: PREPARE, EXECUTE and DEALLOCATE."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.backend import Backend, outcome, run, taken
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.prepared_statements import decoder, prepare_one, tag
from understudy.fake_postgres.protocol.statements import Portal, Prepared, Result
from understudy.fake_postgres.protocol.tokens import number
from understudy.pg.codecs.codec import TEXT
from understudy.pg.sql import Piece
from understudy.pg.sql_spelling import text_of
from understudy.serving.waits import Pending

# The most common types of PREPARE; others are inferred.
_OIDS = {
    "BOOL": 16, "BOOLEAN": 16, "BYTEA": 17, "BIGINT": 20, "INT8": 20, "SMALLINT": 21, "INT2": 21,
    "INT": 23, "INTEGER": 23, "INT4": 23, "TEXT": 25, "JSON": 114, "REAL": 700, "FLOAT4": 700,
    "DOUBLE PRECISION": 701, "FLOAT8": 701, "VARCHAR": 1043, "DATE": 1082, "TIMESTAMP": 1114,
    "TIMESTAMPTZ": 1184, "NUMERIC": 1700, "UUID": 2950, "JSONB": 3802,
}  # fmt: skip


def prepare(backend: Backend, command: c.Prepare, portal: Portal) -> Generator[Pending, Any, None]:
    """Prepare a statement under a name; Parse knows it by the same.

    Raises:
        ServerError: it is refused, or the name is taken.
    """
    start = portal.prepared.sql.rindex(command.sql)
    if read(command.sql) is not None:
        refused = errors.error(
            "42601", f'syntax error at or near "{command.sql.split(None, 1)[0]}"'
        )
        refused.position = start + 1
        raise refused
    declared = tuple(_OIDS.get(name.upper(), 0) for name in command.types)
    prepared = yield from prepare_one(backend, command.name, Piece(command.sql, start), declared)
    if command.name in backend.statements:
        raise errors.statement_exists(command.name)
    backend.statements[command.name] = prepared


def execute(
    backend: Backend, command: c.Execute, portal: Portal
) -> Generator[Pending, Any, Result]:
    """Execute a prepared statement with literals.

    Raises:
        ServerError: the statement is unknown, or its parameters do not match.
    """
    prepared = backend.statements.get(command.name)
    if prepared is None:
        raise errors.no_statement(command.name)
    statement = prepared.statement
    if statement is None or prepared.command is not None:
        raise errors.unsupported(f'fake_postgres cannot EXECUTE "{command.name}": it is no query')
    types = prepared.parameters
    if len(command.arguments) != len(types):
        raise errors.error(
            "42601",
            f'wrong number of parameters for prepared statement "{command.name}"',
            detail=f"Expected {len(types)} parameters but got {len(command.arguments)}.",
        )
    values = [
        _value(backend, prepared, oid, argument)
        for oid, argument in zip(types, command.arguments, strict=True)
    ]
    backend.transactions.queried = True
    inner = Portal("", prepared, values, portal.plan)
    result = yield from outcome(backend, run(backend, inner))
    if result.raw is not None:
        return result
    yield from taken(backend, result, None)
    done = result.tag or tag(statement, len(result.rows))
    return Result(result.rows, done, result.dropped, result.error)


def deallocate(backend: Backend, command: c.Deallocate, portal: Portal) -> Result:
    """Forget a prepared statement, or all.

    Raises:
        ServerError: the statement is unknown.
    """
    if command.name is None:
        backend.statements.clear()
        return Result(tag="DEALLOCATE ALL")
    if command.name not in backend.statements:
        raise errors.no_statement(command.name)
    del backend.statements[command.name]
    return Result(tag="DEALLOCATE")


def _value(backend: Backend, prepared: Prepared, oid: int, argument: tuple[str, ...]) -> object:
    """Read an argument: a literal, with or without a cast, which is ignored."""
    if "::" in argument:
        argument = argument[: argument.index("::")]
    written = "".join(argument)
    if written.upper() == "NULL":
        return None
    is_bare = written.upper() in ("TRUE", "FALSE") or number(written.lstrip("+-"))
    text = written if is_bare else text_of(written)
    if text is None:
        raise errors.unsupported(
            f"fake_postgres reads only literals as arguments of EXECUTE, not {written}"
        )
    return decoder(backend, prepared, oid, TEXT)(text.encode())
