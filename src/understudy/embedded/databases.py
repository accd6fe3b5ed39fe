"""Databases for tests: a template with the schema, and clones of it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from understudy.embedded import stale_databases
from understudy.embedded.binaries import (
    Installation,
    Wanted,
    find_installation,
    matching,
    no_extensions,
)
from understudy.embedded.clones import Clones, Place
from understudy.embedded.driver import check_url, require_psycopg, without_password
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.errors import PostgresUnavailable, SchemaError
from understudy.embedded.extensions import missing_extension, with_extensions
from understudy.embedded.schema_sources import Source, schema_sources
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
        wanted: Wanted = Wanted(),  # noqa: B008 # it is frozen
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
            wanted: The PostgreSQL to start. The extensions that the schema creates are added.
            rebuild: Load the schema even if an earlier run has left a template of it.
            environment: Variables for the code of the project that loads the schema, in which
                {dsn}, {host} and so on stand for parts of the database's URL.
        """
        super().__init__()
        self._patterns = patterns
        self._root = root
        self._url = postgres_url or os.environ.get(URL_VARIABLE)
        self._wanted = wanted
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
        require_psycopg()
        if self._url:
            place = Place(check_url(self._url), self._new_run())
            self._start_on(place, sources)
            return self
        texts = (text for source in sources for text in source.texts())
        wanted = with_extensions(self._wanted, texts)
        tried: set[Path] = set()
        found: Installation | None = find_installation(wanted)
        while found is not None:
            tried.add(found.prefix)
            found = self._start_embedded(found, sources, wanted, tried)
        return self

    def _start_embedded(
        self,
        installation: Installation,
        sources: Sequence[Source],
        wanted: Wanted,
        tried: Collection[Path],
    ) -> Installation | None:
        """Start a server and load the schema, or return what to try next for an extension."""
        self._server = EmbeddedServer(installation)
        try:
            self._server.start()
            place = Place(
                self._server.dsn(),
                self._new_run(),
                is_embedded=True,
                token=self._server.token,
                socket_url=self._server.socket_dsn(),
            )
            self._start_on(place, sources)
        except SchemaError as error:
            name = missing_extension(str(error))
            if name is None:
                raise
            wanted = replace(wanted, extensions=wanted.extensions | {name})
            found = None if wanted.folder else matching(wanted, frozenset(tried))
            if found is None:
                raise SchemaError(f"{error}\n{no_extensions(wanted)}") from error
            return found
        return None

    def _start_on(self, place: Place, sources: Sequence[Source]) -> None:
        try:
            self._begin(place)
            self._check_version(place)
            template = provide_template(self._admin, place, sources, rebuild=self._rebuild)
            if self._server is not None:
                self._server.admit_roles()
            self._place = replace(place, template=template)
        except BaseException:
            self.stop()
            raise

    def _check_version(self, place: Place) -> None:
        [(number,)] = self._admin.rows("SELECT current_setting('server_version_num')::int / 10000")
        if self._wanted.major not in (None, number):
            raise PostgresUnavailable(
                f'postgres_version is "{self._wanted.major}", but the server at '
                f"{without_password(place.url)} is PostgreSQL {number}.\n"
                "Change one of them, or remove postgres_version."
            )

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

    @staticmethod
    def _new_run() -> str:
        return f"{stale_databases.PREFIX}{secrets.token_hex(4)}"
