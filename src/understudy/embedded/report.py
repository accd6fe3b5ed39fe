"""The report of a statement of the schema that PostgreSQL refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from understudy.embedded.cache_folders import full
from understudy.embedded.environment import CLUSTER_NAME
from understudy.embedded.extensions import missing_extension
from understudy.embedded.psql_script import Statement
from understudy.pg.sqlstates import condition
from understudy.script.excerpt import line_and_column, line_with_caret

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

_DUMP = re.compile(r"^-- PostgreSQL database (?:cluster )?dump", re.MULTILINE)


def is_dump(text: str) -> bool:
    """Return whether pg_dump or pg_dumpall wrote a text."""
    return _DUMP.search(text, 0, 10_000) is not None


def refused(
    connection: psycopg.Connection[tuple[Any, ...]],
    result: PGresult,
    statement: Statement,
    offset: int,
) -> str:
    """Return the report of a statement that PostgreSQL refused.

    Args:
        connection: the connection, which has read the whole answer.
        result: the error.
        statement: the statement.
        offset: the place of the error in the statement's source.
    """
    from psycopg.pq import DiagnosticField as Field

    def field(name: Field) -> str:
        return (result.error_field(name) or b"").decode()

    message, sqlstate = field(Field.MESSAGE_PRIMARY), field(Field.SQLSTATE)
    text = statement.source.text
    line, column = line_and_column(text, offset)
    fields = {
        "DETAIL": field(Field.MESSAGE_DETAIL),
        "HINT": field(Field.MESSAGE_HINT),
        "QUERY": field(Field.INTERNAL_QUERY),
        "CONTEXT": field(Field.CONTEXT),
    }
    named = condition(sqlstate)
    lines = [
        f"PostgreSQL refused the schema file {statement.source.shown}, line {line}, column "
        f"{column}",
        *(f"  {line}" for line in line_with_caret(text, offset)),
        f"ERROR {sqlstate or 'none'} ({'unknown condition' if named == sqlstate else named}): "
        + (message or " ".join(result.get_error_message().split())),
        *(f"{name}: {value}" for name, value in fields.items() if value),
        _hint(connection, message, sqlstate, statement),
    ]
    return "\n".join(filter(None, lines))


def _hint(
    connection: psycopg.Connection[tuple[Any, ...]],
    message: str,
    sqlstate: str,
    statement: Statement,
) -> str:
    if extension := missing_extension(f"{message}\n{statement.text}"):
        return _without_extension(connection, extension)
    if "tablespace" in f"{message} {statement.text[:200]}".lower():
        return "Tests need no tablespaces: dump the schema with pg_dump --no-tablespaces."
    if "security label provider" in message:
        return "Dump the schema without security labels: pg_dump --no-security-labels."
    if sqlstate == "42501" and (is_dump(statement.source.text) or "role" in message):
        return "Dump the schema without owners: pg_dump --no-owner --no-privileges."
    if sqlstate == "53100":
        return full(message)
    if sqlstate == "25001":
        return "Such a statement runs in no transaction: move it out of BEGIN ... COMMIT."
    return ""


def _without_extension(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> str:
    connection.rollback()
    rows = connection.execute("SELECT name FROM pg_available_extensions ORDER BY name").fetchall()
    [(cluster, version)] = connection.execute(
        "SELECT current_setting('cluster_name'), current_setting('server_version')"
    ).fetchall()
    kind = "The embedded PostgreSQL" if cluster == CLUSTER_NAME else "This PostgreSQL"
    names = [row[0] for row in rows]
    if name in names:
        return f"{kind} {version} cannot load the extension {name!r}: a library is missing."
    return (
        f"{kind} {version} does not have the extension {name!r}. It has: "
        f"{', '.join(names) or 'none'}."
    )
