"""Databases for tests: one template with the schema in it, and as many copies as are wanted."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from understudy.postgres import messages
from understudy.postgres.admin import Admin
from understudy.postgres.driver import check_url, with_database, without_password
from understudy.postgres.errors import PostgresUnavailable
from understudy.postgres.server import EmbeddedServer
from understudy.postgres.sources import schema_sources


class TestDatabases:
    """A server, a template database with the schema loaded, and copies of it.

    The server is the embedded one, or one that runs already, named by `postgres_url` or by the
    environment variable UNDERSTUDY_POSTGRES_URL (the argument wins). There the databases have names
    of this run alone, and are dropped at the end.
    """

    # pytest collects classes by this beginning of a name.
    __test__ = False

    def __init__(
        self, patterns: Sequence[str], root: Path, *, postgres_url: str | None = None
    ) -> None:
        """Prepare; `start()` or a `with` block does the work.

        Args:
            patterns: Where the schema comes from, in order: SQL files as `load_schema` takes them,
                "alembic", "module:function", or the URL of a database to copy it from.
            root: The folder the patterns are relative to.
            postgres_url: A PostgreSQL to use instead of the embedded one. Its user needs CREATEDB.
        """
        self._patterns = patterns
        self._root = root
        self._url = postgres_url or os.environ.get(messages.URL_VARIABLE)
        self._run = f"understudy_{secrets.token_hex(4)}"
        self._numbers = itertools.count(1)
        self._owner = os.getpid()
        self._server: EmbeddedServer | None = None
        self._admin: Admin | None = None
        self._names: dict[str, None] = {}
        self.files: list[Path] = []

    @property
    def template(self) -> str:
        """The name of the template database. Nobody can connect to it."""
        return f"{self._run}_template"

    def start(self) -> Self:
        """Start the server, load the schema, and return this object.

        Raises:
            SchemaError: The schema cannot be loaded. Nothing of it stays behind.
            PostgresUnavailable: There is no PostgreSQL to work on.
            DatabaseError: The server lets us create no database.
        """
        if self._admin is not None:
            return self
        # Mistakes in the patterns show before a server is started for them.
        for source in schema_sources(self._patterns, self._root):
            source.check()
        self._owner = os.getpid()
        try:
            self._connect()
            self._load()
        except BaseException:
            self.stop()
            raise
        return self

    def new(self) -> tuple[str, str]:
        """Create a database with the schema in it and nothing else.

        Returns:
            Its name and its URL.

        Raises:
            PostgresUnavailable: `start()` was not called.
            DatabaseError: PostgreSQL refuses.
        """
        name = f"{self._run}_{next(self._numbers)}"
        self._names[name] = None
        self._running.clone(self.template, name)
        return name, self._dsn(name)

    def drop(self, name: str) -> None:
        """Drop a database that `new` created. Who is connected to it is disconnected.

        Raises:
            PostgresUnavailable: `start()` was not called.
            DatabaseError: PostgreSQL refuses.
        """
        self._running.drop(name)
        self._names.pop(name, None)

    def stop(self) -> None:
        """Drop every database and stop the server, if it is ours. Doing so twice is no error.

        In a process forked from the one that called `start` this does nothing.
        """
        if os.getpid() != self._owner:
            return
        try:
            if self._admin is not None and self._server is None:
                for name in list(self._names):
                    self._admin.drop(name, missing_ok=True)
                    del self._names[name]
        finally:
            if self._admin is not None:
                self._admin.close()
                self._admin = None
            if self._server is not None:
                self._server.stop()
                self._server = None
            self._names.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _running(self) -> Admin:
        if self._admin is None:
            raise PostgresUnavailable(messages.not_started("TestDatabases"))
        return self._admin

    def _connect(self) -> None:
        if self._url:
            shown = without_password(check_url(self._url))
            self._admin = Admin(lambda: self._url or "", shown)
        else:
            self._server = EmbeddedServer().start()
            self._admin = self._server.admin

    def _load(self) -> None:
        admin = self._running
        self._names[self.template] = None
        admin.create(self.template)
        self.files = [
            file
            for source in schema_sources(self._patterns, self._root)
            for file in source.load(self._dsn(self.template))
        ]
        admin.seal(self.template)

    def _dsn(self, name: str) -> str:
        if self._server is not None:
            return self._server.dsn(name)
        return with_database(self._url or "", name)
