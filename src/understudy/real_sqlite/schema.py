"""Load a schema into an SQLite database: SQL files, Alembic's migrations, a function."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from understudy.embedded.errors import SchemaError
from understudy.embedded.schema import read_text, schema_files
from understudy.embedded.schema_copy import CopiedSource
from understudy.embedded.schema_sources import FilesSource, schema_sources
from understudy.real_sqlite.statements import split
from understudy.script.excerpt import line_and_column


def load(
    template: sqlite3.Connection,
    patterns: Sequence[str],
    root: Path,
    environment: Mapping[str, str],
) -> None:
    """Load the sources that a setting names, in order.

    Args:
        template: an empty database.
        patterns: as for `schema_sources`; none for an empty database.
        root: the folder of the project.
        environment: variables for the project's own code, such as {"DATABASE_URL": "{dsn}"}.

    Raises:
        SchemaError: a source is missing, or SQLite refuses it; the message says where.
    """
    for source in schema_sources(patterns, root, environment) if patterns else ():
        source.check()
        if isinstance(source, CopiedSource):
            raise SchemaError(
                "real_sqlite cannot copy the schema of a PostgreSQL database.\n"
                'Name SQLite\'s: sqlite_schema = ["schema.sql"] in [tool.understudy].'
            )
        if isinstance(source, FilesSource):
            _load_files(template, source.patterns, root)
            continue
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            file = Path(folder).resolve() / "template.db"
            with closing(sqlite3.connect(file)) as target:
                template.backup(target)
            source.load(f"sqlite:///{file.as_posix()}")
            with closing(sqlite3.connect(file)) as loaded:
                loaded.backup(template)


def _load_files(template: sqlite3.Connection, patterns: Sequence[str], root: Path) -> None:
    for file in schema_files(patterns, root):
        shown, text = read_text(file, root)
        for offset, statement in split(text):
            try:
                template.execute(statement)
            except sqlite3.Error as error:
                begins = offset + len(statement) - len(statement.lstrip())
                line, _ = line_and_column(text, begins)
                raise SchemaError(
                    f"SQLite refused the schema file {shown}, line {line}: {error}\n"
                    + "\n".join(f"  {part}" for part in statement.strip().splitlines()[:12])
                    + _hint(statement)
                ) from error
        if template.in_transaction:
            template.execute("COMMIT")


def _hint(statement: str) -> str:
    words = statement.upper()
    is_postgres = any(word in words for word in (" SERIAL", "NOW()", "::", "EXTENSION", " ENUM"))
    return "\nIf `schema` is PostgreSQL's, name SQLite's schema in sqlite_schema." * is_postgres
