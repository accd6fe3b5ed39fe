"""Load a schema from SQL files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from understudy.embedded.errors import SchemaError
from understudy.embedded.psql_script import Source, read_script
from understudy.embedded.script_runner import ScriptRunner
from understudy.script.excerpt import line_and_column


def load_schema(dsn: str, patterns: Sequence[str], root: Path) -> list[Path]:
    """Run SQL files in a database.

    Each file runs on a connection of its own: a `SET` ends with its file. What stands outside of
    BEGIN and COMMIT is one transaction, unless a statement in it runs in none. Commands of psql,
    rows for COPY, and databases and roles that do not exist are treated as `psql_script`,
    `one_database` and `roles` say.

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
    opener = _Opener(root)
    sources = [opener.source(file) for file in files]
    for source in sources:
        _run(dsn, source, opener)
    return [*files, *opener.opened]


def load_text(dsn: str, text: str, shown: str) -> None:
    """Run an SQL text like a file, which messages call `shown`.

    Raises:
        SchemaError: PostgreSQL refuses it.
        PostgresUnavailable: The database cannot be reached.
        MissingExtra: psycopg is not installed.
    """
    _run(dsn, Source(shown, text), _Opener(Path.cwd()))


def read_files(patterns: Sequence[str], root: Path) -> list[bytes]:
    """Return the content of the files, and of those that they include, with normalized line ends.

    Raises:
        SchemaError: as `load_schema`, as far as no server is needed.
    """
    contents = []
    for file in schema_files(patterns, root):
        content = file.read_bytes().replace(b"\r\n", b"\n")
        contents.append(content)
        if b"\\i" in content or b"\\copy" in content:
            opener = _Opener(root)
            read_script(opener.source(file), opener)
            contents += [opened.read_bytes().replace(b"\r\n", b"\n") for opened in opener.opened]
    return contents


class _Opener:
    """Opens the files that psql's commands name, and remembers them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.opened: list[Path] = []

    def __call__(self, name: str, folder: Path | None) -> Source:
        # psql looks in the folder that it was started in.
        path = (folder or self._root) / name
        self.opened.append(path)
        return self.source(path)

    def source(self, path: Path) -> Source:
        """Return a file as a source."""
        return Source(*read_text(path, self._root), path.parent)


def _run(dsn: str, source: Source, opener: _Opener) -> None:
    steps = read_script(source, opener)
    with ScriptRunner(dsn) as runner:
        runner.run(steps)


def schema_files(patterns: Sequence[str], root: Path) -> list[Path]:
    """Return the files that the patterns match, in the order in which they run.

    Raises:
        SchemaError: The list is empty, or a pattern matches nothing.
    """
    if not patterns:
        raise SchemaError(
            "No schema to load: the list of patterns is empty.\n"
            "Name the files, in order, in pyproject.toml:\n"
            '[tool.understudy]\nschema = ["db/migrations/*.sql"]'
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


def read_text(file: Path, root: Path) -> tuple[str, str]:
    """Return the name of a file as messages show it, and its text.

    Raises:
        SchemaError: The file cannot be read, or is not SQL in UTF-8.
    """
    shown = str(file.relative_to(root) if file.is_relative_to(root) else file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SchemaError(
            f"Cannot read the schema file {shown}: {error.strerror or str(error)}"
        ) from error
    if content.startswith((b"PGDMP", b"\x1f\x8b")):
        program = "gunzip --keep" if content[0] == 0x1F else "pg_restore --file=schema.sql"
        raise SchemaError(
            f"The schema file {shown} is a compressed file or an archive of pg_dump, not SQL.\n"
            f"Make SQL of it, and name that file: {program} {shown}"
        )
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
    return shown, text


def _not_utf8(shown: str, line: int, reason: str) -> SchemaError:
    return SchemaError(
        f"The schema file {shown} is not UTF-8: line {line}: {reason}\n"
        f"Convert it, for example: iconv -f LATIN1 -t UTF-8 {shown}"
    )
