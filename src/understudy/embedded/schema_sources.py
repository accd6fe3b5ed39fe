"""Where a schema comes from: SQL files, Alembic's migrations, a function, another database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from understudy.embedded.schema import load_schema, schema_files
from understudy.embedded.schema_alembic import AlembicSource
from understudy.embedded.schema_copy import CopiedSource
from understudy.embedded.schema_function import FunctionSource

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FUNCTION = re.compile(f"{_DOTTED}:{_DOTTED}")
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")


class Source(Protocol):
    """One place a schema comes from.

    Attributes:
        loader: what brings the schema into a database, and how: part of its fingerprint.
        is_covered: whether `content` is all that the schema is made of, so that a database made of
            the same content may be used in its place.
    """

    loader: str
    is_covered: bool

    def check(self) -> None:
        """Find mistakes that show without a server.

        Raises:
            SchemaError: there is one.
        """
        ...

    def load(self, dsn: str) -> list[Path]:
        """Bring the schema into the database that the DSN names, and return the files used.

        Raises:
            SchemaError: it cannot be brought there; the message says why.
            PostgresUnavailable: the database cannot be reached.
            MissingExtra: a package is not installed.
        """
        ...

    def content(self) -> list[bytes]:
        """What the schema is made of: while none of it changes, neither does the schema.

        Raises:
            SchemaError: it cannot be read.
        """
        ...


class FilesSource:
    """SQL files, by patterns."""

    loader = "sql files"
    is_covered = True

    def __init__(self, patterns: Sequence[str], root: Path) -> None:
        self._patterns = patterns
        self._root = root

    def check(self) -> None:
        """Find a pattern that matches nothing."""
        schema_files(self._patterns, self._root)

    def load(self, dsn: str) -> list[Path]:
        """Run the files."""
        return load_schema(dsn, self._patterns, self._root)

    def content(self) -> list[bytes]:
        """The files' bytes, in the order in which they run, with one kind of line end."""
        return [
            file.read_bytes().replace(b"\r\n", b"\n")
            for file in schema_files(self._patterns, self._root)
        ]


def schema_sources(patterns: Sequence[str], root: Path) -> list[Source]:
    """The sources that the setting `schema` names, in the order in which they are loaded.

    Args:
        patterns: each one is "alembic", "module:function", the URL of a database, or a glob.
        root: the folder of the project.
    """
    found: list[Source] = []
    for kind, group in itertools.groupby(patterns, _kind):
        items = list(group)
        if kind == "files":
            found.append(FilesSource(items, root))
        elif kind == "alembic":
            found.append(AlembicSource(root))
        elif kind == "function":
            found.extend(FunctionSource(item, root) for item in items)
        else:
            found.extend(CopiedSource(item) for item in items)
    # An empty list is a mistake that the files' loader knows the words for.
    return found or [FilesSource(patterns, root)]


def _kind(pattern: str) -> str:
    if pattern == "alembic":
        return "alembic"
    if _URL.match(pattern):
        return "database"
    return "function" if _FUNCTION.fullmatch(pattern) else "files"
