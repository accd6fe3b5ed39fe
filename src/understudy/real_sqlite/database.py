"""The database of the tests: a file, filled from a template before each test.

`sqlite3.connect` is replaced while a run lasts. Connections to this file are followed, all others
are left alone. aiosqlite and SQLAlchemy connect with it, too.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sqlite3
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from understudy.embedded.cache_folders import data_bases, unusable
from understudy.embedded.errors import MissingExtra
from understudy.embedded.workspace import Workspace, sweep
from understudy.real_sqlite import sender
from understudy.real_sqlite.connections import observed_connection
from understudy.real_sqlite.session import Session
from understudy.real_sqlite.shared_state import NAME, SharedState
from understudy.script.boundary import Boundary
from understudy.script.script import Script

_FACTORY = 5  # the place of the argument


class SqliteDatabase:
    """The database of one process.

    Args:
        load: loads the schema into an empty database, for the template.

    Raises:
        MissingExtra: psutil is not installed.
        UnusableFolder: the folder of UNDERSTUDY_DATA_DIR cannot be written.

    Attributes:
        path: its file; it stays the same for the whole run.
        shared: the script and the record of the running test.
    """

    name = NAME

    def __init__(self, load: Callable[[sqlite3.Connection], None]) -> None:
        self._load = load
        self._connect = sqlite3.connect
        self._template: sqlite3.Connection | None = None
        self._is_filled = False
        self._workspace = _workspace()
        self.path = self._workspace.path.resolve() / "test.db"
        self.shared = SharedState(lambda: self.template)
        self._sessions: weakref.WeakSet[Session] = weakref.WeakSet()

    @property
    def boundary(self) -> Boundary:
        """What passes between the apps and the database."""
        return self.shared.boundary

    @property
    def dsn(self) -> str:
        """Its URL for SQLAlchemy."""
        return f"sqlite:///{self.path.as_posix()}"

    @property
    def uri(self) -> str:
        """Its URI for sqlite3's `uri=True`."""
        return self.path.as_uri()

    @property
    def template(self) -> sqlite3.Connection:
        """An empty database with the schema, in memory.

        Raises:
            SchemaError: the schema cannot be loaded.
        """
        if self._template is None:
            template = self._connect(":memory:", isolation_level=None, check_same_thread=False)
            try:
                self._load(template)
            except BaseException:
                template.close()
                raise
            self._template = template
        return self._template

    # The run -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow connections from now on."""
        sender.watch()
        self._replace(self._connect, self._connected)

    def stop(self) -> None:
        """Follow no new connections, and remove the file."""
        self._replace(self._connected, self._connect)
        if self._template is not None:
            self._template.close()
        self._workspace.remove()

    def begin_test(self) -> Script:
        """Fill the file again, and return the script of the test."""
        self._fill()
        return self.shared.begin_test()

    def own_connection(self) -> sqlite3.Connection:
        """Return a new connection that nobody follows."""
        return self._connect(self.path, timeout=0.2, isolation_level=None)

    # The file ------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Make the file a copy of the template."""
        template = self.template
        is_stale = False
        try:
            self._copy(template)
        except sqlite3.OperationalError:  # an open transaction of an earlier test holds a lock
            is_stale = True
            for file in self.path.parent.glob(f"{self.path.name}*"):
                file.unlink()
            self._copy(template)
        with self.shared.lock:
            for session in self._sessions:
                session.begin_test(is_stale=is_stale)
        self._is_filled = True

    def _copy(self, template: sqlite3.Connection) -> None:
        target = self._connect(self.path, timeout=0)

        def refuse_to_wait(status: int, _remaining: int, _total: int) -> None:
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise sqlite3.OperationalError("database is locked")

        try:
            with suppress(sqlite3.OperationalError):  # a pool of an app in WAL mode keeps it
                target.execute("PRAGMA journal_mode = DELETE")
            template.backup(target, progress=refuse_to_wait, sleep=0)
        finally:
            target.close()

    # Connections ---------------------------------------------------------------------------------

    @functools.cached_property
    def _connected(self) -> Callable[..., Any]:
        """What replaces `sqlite3.connect`."""

        @functools.wraps(self._connect)
        def connect(*arguments: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            address = arguments[0] if arguments else options.get("database")
            if not self._is_own(address):
                return self._connect(*arguments, **options)
            if not self._is_filled:
                self._fill()
            if len(arguments) > _FACTORY:
                factory = observed_connection(arguments[_FACTORY], self.shared, self._sessions)
                arguments = (*arguments[:_FACTORY], factory, *arguments[_FACTORY + 1 :])
            else:
                factory = options.get("factory", sqlite3.Connection)
                options["factory"] = observed_connection(factory, self.shared, self._sessions)
            return self._connect(*arguments, **options)

        return connect

    def _is_own(self, address: object) -> bool:
        if not isinstance(address, str | bytes | os.PathLike):
            return False
        text = os.fsdecode(address)
        if text.startswith("file:"):
            text = unquote(urlsplit(text).path)
            if os.name == "nt":
                text = text.lstrip("/")
        return Path(text).name == self.path.name and Path(text).resolve() == self.path

    def _replace(self, old: object, new: object) -> None:
        """Replace a function in sqlite3 and in every module that has imported it by its name."""
        for module in list(sys.modules.values()):
            names = getattr(module, "__dict__", {})
            if isinstance(names, dict) and names.get("connect") is old:
                names["connect"] = new


def _workspace() -> Workspace:
    """Return a new folder, in memory if possible: there a commit waits for no disk."""
    if importlib.util.find_spec("psutil") is None:
        raise MissingExtra(
            "real_sqlite needs the package psutil, which is not installed.\n"
            'Run: pip install "understudy[sqlite]"'
        )
    base = data_bases()[0]
    try:
        base.mkdir(parents=True, exist_ok=True)
        sweep(base)
        return Workspace(base)
    except OSError as error:
        raise unusable("live data", base, error) from error
