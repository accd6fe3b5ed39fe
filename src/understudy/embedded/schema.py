"""Load a schema from SQL files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.catalog.result_waiter import ResultWaiter
from understudy.embedded.driver import connect
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.errors import SchemaError
from understudy.embedded.server import CLUSTER_NAME
from understudy.pg import sql
from understudy.pg.sqlstates import condition
from understudy.script.excerpt import line_and_column, line_with_caret

if TYPE_CHECKING:
    import psycopg
    from psycopg.pq.abc import PGresult

_EXTENSION = re.compile(r'extension "([^"]+)" is not available')
_COPY = re.compile(r"^[ \t]*COPY\b[^;]*\bFROM\s+STDIN\b", re.IGNORECASE | re.MULTILINE)


def load_schema(dsn: str, patterns: Sequence[str], root: Path) -> list[Path]:
    """Run SQL files in a database.

    Each file is sent as a whole, on a connection of its own: a `SET` ends with its file, and a file
    without BEGIN is one transaction.

    Args:
        dsn: The URL of the database. The caller cleans up after a failure.
        patterns: Globs relative to `root`, like "db/migrations/*.sql"; `**` is allowed. The files
            of a pattern run in natural order: 2_users.sql before 10_roles.sql. A file that several
            patterns match runs once, at its first place.
        root: The folder of the project.

    Returns:
        The files, in the order in which they ran.

    Raises:
        SchemaError: The list is empty, a pattern matches nothing, a file cannot be read or is not
            UTF-8, or PostgreSQL refuses it. The message says where and why.
        PostgresUnavailable: The database cannot be reached.
        MissingExtra: psycopg is not installed.
    """
    files = schema_files(patterns, root)
    texts = [_read(file, root) for file in files]
    for file, text in zip(files, texts, strict=True):
        load_text(dsn, text, _shown(file, root))
    return files


def load_text(dsn: str, text: str, shown: str) -> None:
    """Run an SQL text like a file, which messages call `shown`.

    Raises:
        SchemaError: PostgreSQL refuses it.
        PostgresUnavailable: The database cannot be reached.
        MissingExtra: psycopg is not installed.
    """
    from psycopg.pq import ExecStatus, TransactionStatus

    completed = 0
    with closing(connect(dsn)) as connection:
        connection.pgconn.send_query(text.encode())
        with ResultWaiter(connection.pgconn) as waiter:
            while (result := waiter.next_result()) is not None:
                if result.status == ExecStatus.FATAL_ERROR:
                    raise SchemaError(_refusal(connection, result, text, shown, completed))
                if result.status == ExecStatus.COPY_IN:
                    copy = _COPY.search(text)
                    where = f"{shown}:{line_and_column(text, copy.start())[0]}" if copy else shown
                    raise SchemaError(
                        f"The schema file {where} contains COPY ... FROM stdin, whose rows only "
                        "psql can send.\n"
                        "Write the rows as INSERT statements (pg_dump --inserts)."
                    )
                completed += 1
        if connection.pgconn.transaction_status != TransactionStatus.IDLE:
            raise SchemaError(
                f"The schema file {shown} begins a transaction and does not end it: nothing of it "
                "would be kept.\n"
                "Add COMMIT at its end, or remove BEGIN."
            )


def schema_files(patterns: Sequence[str], root: Path) -> list[Path]:
    """Return the files that the patterns match, in the order in which they run.

    Raises:
        SchemaError: The list is empty, or a pattern matches nothing.
    """
    if not patterns:
        raise SchemaError(
            "No schema to load: the list of patterns is empty.\n"
            "Name the files, in order, in pyproject.toml:\n"
            '[tool.understudy] schema = ["db/migrations/*.sql"]'
        )
    files: dict[Path, None] = {}
    for pattern in patterns:
        try:
            found = [path for path in _glob(pattern, root) if path.is_file()]
        except (ValueError, NotImplementedError) as error:
            raise SchemaError(
                f"The schema pattern {pattern!r} is not a file pattern: {error}\n"
                'Write it like "db/migrations/*.sql".'
            ) from error
        if not found:
            hint = f'\nIt is a folder. Did you mean "{pattern.rstrip("/")}/*.sql"?'
            raise SchemaError(
                f"The schema pattern {pattern!r} matches no file in {root}"
                + hint * (root / pattern).is_dir()
            )
        files |= dict.fromkeys(sorted(found, key=_natural))
    return list(files)


def _glob(pattern: str, root: Path) -> list[Path]:
    path = Path(pattern)
    if path.is_absolute():
        return list(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
    return list(root.glob(pattern))


def _natural(path: Path) -> tuple[list[list[str | int]], str]:
    """Return a sort key by the numbers in a name, and then by the name (1 and 01)."""
    # re.split alternates text and numbers, so that keys are comparable.
    parts = [re.split(r"([0-9]+)", part) for part in path.parts]
    numbers: list[list[str | int]] = [
        [int(piece) if place % 2 else piece for place, piece in enumerate(part)] for part in parts
    ]
    return numbers, str(path)


def _read(file: Path, root: Path) -> str:
    shown = _shown(file, root)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SchemaError(
            f"Cannot read the schema file {shown}: {error.strerror or str(error)}"
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"byte 0x{content[error.start]:02x}: {error.reason}"
        raise _not_utf8(shown, line, reason) from error
    if "\0" in text:
        # The protocol would end the text there and ignore the rest of the file.
        line, _ = line_and_column(text, text.index("\0"))
        raise _not_utf8(shown, line, "it contains a NUL, as UTF-16 does")
    return text


def _not_utf8(shown: str, line: int, reason: str) -> SchemaError:
    return SchemaError(
        f"The schema file {shown} is not UTF-8: line {line}: {reason}\n"
        f"Convert it, for example: iconv -f LATIN1 -t UTF-8 {shown}"
    )


def _shown(file: Path, root: Path) -> str:
    return str(file.relative_to(root) if file.is_relative_to(root) else file)


def _refusal(
    connection: psycopg.Connection[tuple[Any, ...]],
    result: PGresult,
    text: str,
    shown: str,
    completed: int,
) -> str:
    from psycopg.pq import DiagnosticField as Field

    def field(name: Field) -> str:
        return (result.error_field(name) or b"").decode()

    message, sqlstate = field(Field.MESSAGE_PRIMARY), field(Field.SQLSTATE)
    where, excerpt, offset = shown, list[str](), None
    if position := field(Field.STATEMENT_POSITION):
        offset = int(position) - 1
    elif completed < len(starts := sql.starts(text)):
        offset = starts[completed]
    if offset is not None:
        line, column = line_and_column(text, offset)
        where = f"{shown}, line {line}, column {column}"
        excerpt = line_with_caret(text, offset)
    fields = {
        "DETAIL": field(Field.MESSAGE_DETAIL),
        "HINT": field(Field.MESSAGE_HINT),
        "QUERY": field(Field.INTERNAL_QUERY),
        "CONTEXT": field(Field.CONTEXT),
    }
    named = condition(sqlstate)
    lines = [
        f"PostgreSQL refused the schema file {where}",
        *(f"  {line}" for line in excerpt),
        f"ERROR {sqlstate or 'none'} ({'unknown condition' if named == sqlstate else named}): "
        + (message or " ".join(result.get_error_message().split())),
        *(f"{name}: {value}" for name, value in fields.items() if value),
        _hint(connection, message, excerpt),
    ]
    return "\n".join(filter(None, lines))


def _hint(
    connection: psycopg.Connection[tuple[Any, ...]], message: str, excerpt: Sequence[str]
) -> str:
    if excerpt and excerpt[0].lstrip().startswith("\\"):
        return (
            "A line that begins with a backslash is a psql command, which PostgreSQL does not "
            "know: remove it."
        )
    if extension := _EXTENSION.search(message):
        return _missing_extension(connection, extension[1])
    return ""


def _missing_extension(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> str:
    # Consume the rest of the answer before sending a query.
    with ResultWaiter(connection.pgconn) as waiter:
        while waiter.next_result() is not None:
            pass
    connection.rollback()
    rows = connection.execute("SELECT name FROM pg_available_extensions ORDER BY name").fetchall()
    [(cluster, version)] = connection.execute(
        "SELECT current_setting('cluster_name'), current_setting('server_version')"
    ).fetchall()
    kind = "The embedded PostgreSQL" if cluster == CLUSTER_NAME else "This PostgreSQL"
    return (
        f"{kind} {version} does not have the extension {name!r}. "
        f"It has: {', '.join(row[0] for row in rows) or 'none'}.\n"
        f"To use a PostgreSQL that has it, set {URL_VARIABLE}."
    )
