"""Load a schema into a MySQL database: SQL files, Alembic's migrations, a function."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.embedded.errors import SchemaError
from understudy.embedded.schema import read_text, schema_files
from understudy.embedded.schema_alembic import AlembicSource
from understudy.embedded.schema_copy import CopiedSource
from understudy.embedded.schema_sources import FilesSource, Source
from understudy.mysql.sql import pieces, script_statements
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.script.excerpt import line_and_column

_LINES = 12  # of a statement that is shown
_TABLES = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
# What may follow the DEFINER of a trigger, a view, a routine or an event.
_AFTER_DEFINER = frozenset(
    ["TRIGGER", "SQL", "VIEW", "AGGREGATE", "FUNCTION", "PROCEDURE", "EVENT", "PACKAGE"]
)
_HINTS = {
    1273: "MariaDB does not know all collations of MySQL 8. Use a MySQL 8 (UNDERSTUDY_MYSQL_URL or "
    "UNDERSTUDY_MYSQL_BINARIES), or replace utf8mb4_0900_ai_ci by utf8mb4_unicode_520_ci.",
    1227: "The user of mysql_url may not do that. Use a user with more rights, or Understudy's own "
    "server: leave mysql_url out.",
}
_POSTGRES = re.compile(r"\b(SERIAL PRIMARY|TIMESTAMPTZ|BIGSERIAL|JSONB|EXTENSION)\b|::", re.I)


def load_schema(address: Address, sources: Sequence[Source], root: Path) -> None:
    """Load sources, in order.

    Args:
        address: of an empty database.
        sources: as `schema_sources` returns them.
        root: the folder of the project.

    Raises:
        SchemaError: a source is missing, or MySQL refuses it; the message says where.
        MysqlUnavailable: the server does not answer.
    """
    for source in sources:
        if isinstance(source, CopiedSource):
            raise SchemaError(
                "real_mysql cannot copy the schema of a PostgreSQL database.\n"
                'Name MySQL\'s: mysql_schema = ["schema.sql"] in [tool.understudy].'
            )
        if isinstance(source, FilesSource):
            for file in schema_files(source.patterns, root):
                _load_file(address, file, root)
        elif isinstance(source, AlembicSource):
            output = source.upgrade(address.url)
            with Admin(address) as admin:
                if admin.rows(_TABLES) == ((0,),):
                    raise source.created_nothing(output)
        else:
            source.load(address.url)


def _load_file(address: Address, file: Path, root: Path) -> None:
    """Run a file on a connection of its own: a SET ends with it."""
    shown, text = read_text(file, root)
    database = ""
    with Admin(address, server_settings=True) as admin, admin.connection.cursor() as cursor:
        for statement in script_statements(text):
            words = [piece.text.upper() for piece in pieces(statement.text)[:6]]
            named = _database(words, statement.text)
            if named is not None:
                if database not in ("", named):
                    line, _ = line_and_column(text, statement.start)
                    raise SchemaError(
                        f"The schema file {shown} is of two databases, {database} and {named} "
                        f"(line {line}), and the database of the tests is one.\n"
                        "Dump each database into a file of its own."
                    )
                database = named
            elif not _is_left_out(words):
                _execute(cursor, statement.text, (shown, text, statement.start))
        cursor.execute("COMMIT")


def _database(words: Sequence[str], text: str) -> str | None:
    """Return the database that USE, CREATE DATABASE or DROP DATABASE names, else None."""
    is_use = words[:1] == ["USE"]
    if not is_use and (words[:1] not in (["CREATE"], ["DROP"]) or words[1:2] not in _DATABASE):
        return None
    names = [piece.text for piece in pieces(text) if piece.text.upper() not in _NO_NAMES]
    return names[0].strip("`") if names else ""


_DATABASE = (["DATABASE"], ["SCHEMA"])
_NO_NAMES = {"USE", "CREATE", "DROP", "DATABASE", "SCHEMA", "IF", "NOT", "EXISTS", "OR", "REPLACE"}


def _is_left_out(words: Sequence[str]) -> bool:
    """Return whether a statement is about the server: a dump of a replica sets its position."""
    return words[:1] == ["SET"] and any("GTID_PURGED" in word for word in words)


def _without_definer(statement: str) -> str:
    """Leave out the DEFINER of a CREATE, a user of another server: the one that loads is it."""
    found = pieces(statement)
    words = [piece.word for piece in found]
    if words[:1] != ["CREATE"]:
        return statement
    after = next((at for at, word in enumerate(words) if word in _AFTER_DEFINER), 0)
    start = words.index("DEFINER") if "DEFINER" in words[:after] else after
    if words[start + 1 : start + 2] != ["="]:
        return statement
    return statement[: found[start].start] + statement[found[after - 1].end :]


def _execute(cursor: Any, statement: str, place: tuple[str, str, int]) -> None:
    import pymysql

    try:
        cursor.execute(_without_definer(statement))
        while cursor.nextset():
            pass
    except (pymysql.MySQLError, OSError) as error:
        shown, text, start = place
        line, _ = line_and_column(text, start + len(statement) - len(statement.lstrip()))
        code, said = (*error.args, "")[:2]
        lines = statement.strip().splitlines()[:_LINES]
        hint = _HINTS.get(code, "")
        if not hint and _POSTGRES.search(statement):
            hint = "If `schema` is PostgreSQL's, name MySQL's schema in mysql_schema."
        raise SchemaError(
            "\n".join(
                [
                    f"MySQL refused the schema file {shown}, line {line}: {said} ({code})",
                    *(f"  {part}" for part in lines),
                    *([hint] if hint else []),
                ]
            )
        ) from error
