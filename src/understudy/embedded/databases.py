"""Databases for tests: one template with the schema in it, and as many copies as are wanted."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from understudy.embedded import stale_databases
from understudy.embedded.clones import Clones, Place
from understudy.embedded.driver import check_url
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.schema_sources import schema_sources
from understudy.embedded.server import EmbeddedServer
from understudy.embedded.templates import provide_template


class TestDatabases(Clones):
    """A server, a template database with the schema loaded, and copies of it.

    The server is the embedded one, or one that runs already, named by `postgres_url` or by the
    environment variable UNDERSTUDY_POSTGRES_URL (the argument wins). There the databases have names
    of this run alone, and are dropped at the end; only a template that was made of SQL files stays,
    for the next run with the same files.
    """

    # pytest collects classes by this beginning of a name.
    __test__ = False

    def __init__(
        self,
        patterns: Sequence[str],
        root: Path,
        *,
        postgres_url: str | None = None,
        rebuild: bool = False,
    ) -> None:
        """Prepare; `start()` or a `with` block does the work.

        Args:
            patterns: Where the schema comes from, in order: SQL files as `load_schema` takes them,
                "alembic", "module:function", or the URL of a database to copy it from.
            root: The folder the patterns are relative to.
            postgres_url: A PostgreSQL to use instead of the embedded one. Its user needs CREATEDB.
            rebuild: Load the schema even where an earlier run has left a template of it.
        """
        super().__init__()
        self._patterns = patterns
        self._root = root
        self._url = postgres_url or os.environ.get(URL_VARIABLE)
        self._rebuild = rebuild
        self._server: EmbeddedServer | None = None

    @property
    def template(self) -> str:
        """The name of the template database. Nobody can connect to it.

        Raises:
            PostgresUnavailable: `start()` was not called.
        """
        return self.place.template

    def start(self) -> Self:
        """Start the server, load the schema, and return this object.

        Raises:
            SchemaError: The schema cannot be loaded. Nothing of it stays behind.
            PostgresUnavailable: There is no PostgreSQL to work on.
            DatabaseError: The server lets us create no database.
        """
        if self._place is not None:
            return self
        # Mistakes in the patterns show before a server is started for them.
        sources = schema_sources(self._patterns, self._root)
        for source in sources:
            source.check()
        try:
            place = self._connect()
            self._begin(place)
            template = provide_template(self._admin, place, sources, rebuild=self._rebuild)
            self._place = replace(place, template=template)
        except BaseException:
            self.stop()
            raise
        return self

    def kept(self) -> list[str]:
        """The names of the databases that some process of the run has kept.

        Raises:
            PostgresUnavailable: `start()` was not called, or the server is gone.
        """
        return stale_databases.kept(self._running, self.place.run)

    def leave(self) -> None:
        """As `stop()`, but leave the databases that were kept, and their server.

        The next start of a server, or the next run on the same one, removes them.
        """
        try:
            if self._server is not None and self.kept():
                self._server.leave()
        finally:
            self.stop()

    def stop(self) -> None:
        """Drop every database that was not kept, and stop the server, if it is ours.

        Doing so twice is no error. In a process forked from the one that called `start` this does
        nothing.
        """
        if self._is_forked:
            return
        try:
            if self._place is not None and not self._place.is_embedded:
                self._stop_stock()
                stale_databases.drop_all(self._admin, self._place.run)
        finally:
            super().stop()
            if self._server is not None:
                self._server.stop()
                self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _connect(self) -> Place:
        run = f"{stale_databases.PREFIX}{secrets.token_hex(4)}"
        if self._url:
            return Place(check_url(self._url), run)
        self._server = EmbeddedServer().start()
        return Place(self._server.dsn(), run, is_embedded=True)
