"""Outcomes of the steps of a scenario, as plain values that can be compared."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, NamedTuple

import asyncpg
import psqlpy
import psycopg
import sqlalchemy.exc

# Where an error was raised: in PostgreSQL's source, and in a function of the schema. A server made
# of Python has neither (docs/conformance.md).
_PLACES = ("server_source_filename", "server_source_line", "server_source_function", "context")
_DIAGNOSTICS = (
    *("severity", "severity_nonlocalized", "sqlstate", "message_primary", "message_detail"),
    *("message_hint", "statement_position", "internal_position", "internal_query"),
    *("schema_name", "table_name", "column_name", "datatype_name", "constraint_name"),
)
# Any other exception is a mistake in the scenario.
_EXPECTED: tuple[type[BaseException], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    psycopg.Error,
    psqlpy.exceptions.Error,
    sqlalchemy.exc.SQLAlchemyError,
    TimeoutError,
    asyncio.CancelledError,
    OSError,
)


class Raised(NamedTuple):
    """An exception, as far as code can tell one from another."""

    kind: str
    text: str
    facts: tuple[tuple[str, Any], ...] = ()
    cause: Any = None


async def outcome(step: Awaitable[Any]) -> Any:
    """Return what `step` comes to: its value, or the exception that it raised."""
    try:
        return await step
    except _EXPECTED as error:
        return raised(error)


def raised(error: BaseException) -> Raised:
    """Return an exception as plain values, with its cause."""
    cause = error.__cause__
    return Raised(
        f"{type(error).__module__}.{type(error).__qualname__}",
        _text(str(error)),
        tuple(_facts(error)),
        None if cause is None else raised(cause),
    )


def _facts(error: BaseException) -> list[tuple[str, Any]]:
    if isinstance(error, asyncpg.PostgresError):
        facts = [(name, value) for name, value in error.as_dict().items() if name not in _PLACES]
        return sorted(facts)
    if isinstance(error, psycopg.Error):
        diagnostics = [(name, getattr(error.diag, name)) for name in _DIAGNOSTICS]
        return [("sqlstate", error.sqlstate), *diagnostics]
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return [
            ("invalidated", error.connection_invalidated),
            ("statement", error.statement),
            ("sqlstate", getattr(error.orig, "sqlstate", None)),
        ]
    return []


def _text(text: str) -> str:
    """A message without what no two runs have in common, and without places."""
    # It may have several lines; what SQLAlchemy adds comes after it.
    behind = r"(?=\n\[SQL: |\n\(Background |\Z)"
    text = re.sub(rf"\nCONTEXT: .*?{behind}", "", text, flags=re.DOTALL)
    text = re.sub(r'(socket |path )"[^"]*/(\.s\.PGSQL)\.\d+', r'\1".../\2', text)
    text = re.sub(r"(127\.0\.0\.1:|port )\d+", r"\1...", text)
    text = re.sub(r"<(\w*Mock) id='\d+'>", r"<\1>", text)
    return re.sub(r"\b0x[0-9a-f]{4,}(\.\.\.)?", "0x...", text)


def shown(value: object, indent: str = "") -> str:
    """Return a value as text, on lines of its own for each item, so that a difference is seen.

    As text, for which 1, 1.0 and True are three things, and NaN is like NaN.
    """
    if isinstance(value, list | tuple) and value:
        inner = [f"{indent}  {shown(item, indent + '  ')}" for item in value]
        return f"{type(value).__name__}\n" + "\n".join(inner)
    return repr(value)
