"""The sources of a schema: SQL files, Alembic's migrations, a function, another database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from understudy.embedded.schema import load_schema, read_files, schema_files
from understudy.embedded.schema_alembic import KEY as ALEMBIC
from understudy.embedded.schema_alembic import AlembicSource
from understudy.embedded.schema_copy import CopiedSource
from understudy.embedded.schema_function import FunctionSource

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_FUNCTION = re.compile(f"{_DOTTED}:{_DOTTED}")
_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://")


class Source(Protocol):
    """A source of a schema.

    Attributes:
        loader: how the schema is loaded; part of its fingerprint.
        is_covered: whether `content` is everything that the schema depends on, so that a database
            made of the same content can be reused.
    """

    loader: str
    is_covered: bool

    def check(self) -> None:
        """Report mistakes that can be detected without a server.

        Raises:
            SchemaError: there is a mistake.
        """

    def load(self, dsn: str) -> list[Path]:
        """Load the schema into a database, and return the files that were used.

        Raises:
            SchemaError: the schema cannot be loaded; the message says why.
            PostgresUnavailable: the database cannot be reached.
            MissingExtra: a package is not installed.
        """

    def texts(self) -> list[bytes]:
        """Return the files that may create extensions, without asking a server.

        Raises:
            SchemaError: a file cannot be read.
        """

    def content(self) -> list[bytes]:
        """Return the content of the source: while it is the same, so is the schema.

        Raises:
            SchemaError: the source cannot be read.
        """

    def models(self) -> str | None:
        """Return what makes the tables from the models of an ORM, or None if nothing does.

        Raises:
            SchemaError: the source cannot be read.
        """


class FilesSource:
    """SQL files, by patterns.

    Attributes:
        patterns: as `schema_files` takes them.
    """

    loader = "sql files"
    is_covered = True

    def __init__(self, patterns: Sequence[str], root: Path) -> None:
        self.patterns = patterns
        self._root = root

    def check(self) -> None:
        """Report a pattern that matches nothing."""
        schema_files(self.patterns, self._root)

    def load(self, dsn: str) -> list[Path]:
        """Run the files."""
        return load_schema(dsn, self.patterns, self._root)

    def texts(self) -> list[bytes]:
        """Return the files."""
        return self.content()

    def content(self) -> list[bytes]:
        """Return the bytes of the files and of those that they include, in order."""
        return read_files(self.patterns, self._root)

    def models(self) -> None:
        """Return None: SQL is not made from models here."""


def schema_sources(
    patterns: Sequence[str], root: Path, environment: Mapping[str, str] | None = None
) -> list[Source]:
    """Return the sources that the setting `schema` names, in order.

    Args:
        patterns: "alembic", "alembic:path/to/alembic.ini", "module:function", URLs of databases,
            and globs.
        root: the folder of the project.
        environment: variables for the project's own code, such as {"DATABASE_URL": "{dsn}"}.
    """
    found: list[Source] = []
    for kind, group in itertools.groupby(patterns, _kind):
        items = list(group)
        if kind == "files":
            found.append(FilesSource(items, root))
        elif kind == ALEMBIC:
            found.extend(AlembicSource(root, item, environment) for item in items)
        elif kind == "function":
            found.extend(FunctionSource(item, root, environment) for item in items)
        else:
            found.extend(CopiedSource(item) for item in items)
    # FilesSource reports an empty list.
    return found or [FilesSource(patterns, root)]


def _kind(pattern: str) -> str:
    if pattern == ALEMBIC or pattern.startswith(f"{ALEMBIC}:"):
        return ALEMBIC
    if _URL.match(pattern):
        return "database"
    return "function" if _FUNCTION.fullmatch(pattern) else "files"
