"""Databases for tests: a template with the schema, and clones of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from understudy.embedded import stale_databases
from understudy.embedded.clones import Clones, Place
from understudy.embedded.driver import check_url
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.schema_sources import schema_sources
from understudy.embedded.server import EmbeddedServer
from understudy.embedded.templates import provide_template


class TestDatabases(Clones):
    """A server, a template database with the schema, and clones of it.

    The server is the embedded one, or a running one, named by `postgres_url` or else by the
    environment variable UNDERSTUDY_POSTGRES_URL. On a running server, the names of the databases
    are unique to this run, and the databases are dropped at its end. Only a template made of SQL
    files stays, for the next run with the same files.
    """

    __test__ = False  # the class name looks like a test to pytest

    def __init__(
        self,
        patterns: Sequence[str],
        root: Path,
        *,
        postgres_url: str | None = None,
        rebuild: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare; `start()` or a `with` block starts the server.

        Args:
            patterns: The sources of the schema, in order: SQL files as in `load_schema`,
                "alembic", "alembic:path/to/alembic.ini", "module:function", or the URL of a
                database to copy it from.
            root: The folder that the patterns are relative to.
            postgres_url: A PostgreSQL to use instead of the embedded one. Its user needs CREATEDB.
            rebuild: Load the schema even if an earlier run has left a template of it.
            environment: Variables for the code of the project that loads the schema, in which
                {dsn}, {host} and so on stand for parts of the database's URL.
        """
        super().__init__()
        self._patterns = patterns
        self._root = root
        self._url = postgres_url or os.environ.get(URL_VARIABLE)
        self._rebuild = rebuild
        self._environment = environment
        self._server: EmbeddedServer | None = None

    def start(self) -> Self:
        """Start the server, load the schema, and return this object.

        Raises:
            SchemaError: The schema cannot be loaded; nothing of it is left behind.
            PostgresUnavailable: PostgreSQL cannot be found, started or reached.
            DatabaseError: The server refuses to create a database.
        """
        if self._place is not None:
            return self
        # Report mistakes in the patterns before starting a server.
        sources = schema_sources(self._patterns, self._root, self._environment)
        for source in sources:
            source.check()
        try:
            place = self._connect()
            self._begin(place)
            template = provide_template(self._admin, place, sources, rebuild=self._rebuild)
            if self._server is not None:
                self._server.admit_roles()
            self._place = replace(place, template=template)
        except BaseException:
            self.stop()
            raise
        return self

    def leave(self) -> None:
        """Stop like `stop()`, but leave the databases that were kept, and their server.

        The next start of a server, or the next run on the same one, removes them.
        """
        try:
            if self._server is not None and stale_databases.kept(self._running, self.place.run):
                self._server.leave()
        finally:
            self.stop()

    def stop(self) -> None:
        """Drop every database that was not kept, and stop the embedded server.

        Idempotent. In a fork of the process that called `start`, this does nothing.
        """
        if self._is_forked:
            return
        try:
            if self._place is not None and not self._place.is_embedded:
                self._stop_pool()
                stale_databases.drop_all(self._admin, self._place.run)
        finally:
            super().stop()
            if self._server is not None:
                self._server.stop()
                self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _connect(self) -> Place:
        run = f"{stale_databases.PREFIX}{secrets.token_hex(4)}"
        if self._url:
            return Place(check_url(self._url), run)
        self._server = EmbeddedServer().start()
        return Place(
            self._server.dsn(),
            run,
            is_embedded=True,
            token=self._server.token,
            socket_url=self._server.socket_dsn(),
        )
