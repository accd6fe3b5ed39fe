"""The databases of a run: a template with the schema, and copies of it."""

from __future__ import annotations

import itertools
import os
import re
import secrets
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from understudy.embedded.schema_sources import schema_sources
from understudy.mysql.sql import quoted
from understudy.mysql_server.address import Address, read_url
from understudy.mysql_server.admin import LONGEST_WAIT, Admin, require_pymysql
from understudy.mysql_server.copies import copy_database, create_database
from understudy.mysql_server.errors import MysqlDatabaseError, MysqlUnavailable
from understudy.mysql_server.installations import URL_VARIABLE, refuse_old
from understudy.mysql_server.schema import load_schema
from understudy.mysql_server.server import MysqlServer

PREFIX = "understudy_"
_OF_A_RUN = re.compile(PREFIX + "[0-9a-f]{8}_")
_ALL = r"SHOW DATABASES LIKE 'understudy\_%%'"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class MysqlPlace:
    """Where the databases of a run are, as plain values that can be sent to other processes.

    Attributes:
        url: of the server, with the password.
        run: the prefix of the names of the run's databases.
        version: what the server says of its version.
    """

    url: str
    run: str
    version: str

    @property
    def address(self) -> Address:
        """The address of the server, without a database."""
        return read_url(self.url)

    @property
    def template(self) -> str:
        """The name of the database with the schema, which nothing changes."""
        return f"{self.run}_template"

    @property
    def is_gone(self) -> bool:
        """Whether nothing listens at the server's Unix socket; False where it has none."""
        if not self.address.socket:
            return False  # MySQL blocks a host that connects by TCP and does not log in
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.address.socket) != 0

    def new_database(self) -> Address:
        """Create a database with the schema, and return its address.

        Raises:
            MysqlUnavailable: the server does not answer.
            MysqlDatabaseError: MySQL refuses.
        """
        # The name contains the process id, because each process counts for itself.
        name = f"{self.run}_{os.getpid()}_{next(_numbers)}"
        with Admin(self.address) as admin:
            copy_database(admin, self.template, name)
        return self.address.with_database(name)

    def drop(self, name: str) -> None:
        """Drop a database that `new_database` has created."""
        with Admin(self.address) as admin:
            admin.rows(f"DROP DATABASE IF EXISTS {quoted(name)}")


class MysqlDatabases:
    """A server, and a template database with the schema on it.

    The server is one of this process, or a running one, named by `mysql_url` or else by the
    environment variable UNDERSTUDY_MYSQL_URL. On a running server, the names of the databases are
    unique to this run, and they are dropped at its end. Those of a run that was killed are dropped
    by the next run.

    Args:
        patterns: The sources of the schema, as for `schema_sources`; none for an empty database.
        root: The folder that the patterns are relative to.
        mysql_url: A MySQL to use instead of an own one.
        environment: Variables for the code of the project that loads the schema.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        root: Path,
        *,
        mysql_url: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._patterns = patterns
        self._root = root
        self._url = mysql_url or os.environ.get(URL_VARIABLE)
        self._environment = environment
        self._server: MysqlServer | None = None
        self._admin: Admin | None = None
        self._place: MysqlPlace | None = None
        self._owner = os.getpid()

    @property
    def place(self) -> MysqlPlace:
        """Where the databases are.

        Raises:
            MysqlUnavailable: it was not started.
        """
        if self._place is None:
            raise MysqlUnavailable("MysqlDatabases is not running: call start().")
        return self._place

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._server is None or self._server.is_running

    def start(self) -> Self:
        """Start the server, load the schema, and return this object.

        Raises:
            SchemaError: The schema cannot be loaded; nothing of it is left behind.
            MissingExtra: A package or the server is not installed.
            MysqlUnavailable: The server cannot be found, started, reached or used.
            MysqlDatabaseError: The server refuses to create a database.
        """
        if self._place is not None:
            return self
        patterns = self._patterns
        sources = schema_sources(patterns, self._root, self._environment) if patterns else []
        for source in sources:
            source.check()
        require_pymysql()
        try:
            self._place = self._begin()
            template = self._place.address.with_database(self._place.template)
            create_database(self._running, template.database)
            if self._server is not None:
                template = replace(template, socket="")  # any driver of the project can use it
            load_schema(template, sources, self._root)
        except BaseException:
            self.stop()
            raise
        return self

    def _begin(self) -> MysqlPlace:
        if self._url:
            address = read_url(self._url).with_database("")
        else:
            self._server = MysqlServer().start()
            address = self._server.address
        self._owner = os.getpid()
        self._admin = Admin(address)
        [(version,)] = self._admin.rows("SELECT VERSION()")
        _refuse_unusable(version, address)
        run = f"{PREFIX}{secrets.token_hex(4)}"
        # The server releases the lock when this process dies, and not while a run is idle.
        self._admin.rows(f"SET wait_timeout = {LONGEST_WAIT}")
        self._admin.rows("SELECT GET_LOCK(%s, 0)", run)
        if self._server is None:
            _drop_stale(self._admin)
        return MysqlPlace(address.url, run, version)

    @property
    def _running(self) -> Admin:
        assert self._admin is not None
        return self._admin

    def stop(self) -> None:
        """Drop the databases of the run, and stop an own server.

        Idempotent. In a fork of the process that called `start`, this does nothing.
        """
        if os.getpid() != self._owner:
            return
        place, self._place = self._place, None
        admin, self._admin = self._admin, None
        try:
            if admin is not None:
                if self._server is None and place is not None:
                    _drop_all(admin, place.run)
                admin.close()
        finally:
            if self._server is not None:
                self._server.stop()
                self._server = None


def _refuse_unusable(version: str, address: Address) -> None:
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    refuse_old(numbers, "MariaDB" in version, f"The server at {address.shown} ({version})")


def _drop_stale(admin: Admin) -> None:
    """Drop the databases of runs whose process has died."""
    for (name,) in admin.rows(_ALL):
        found = _OF_A_RUN.match(name)
        if found and admin.rows("SELECT IS_FREE_LOCK(%s)", found[0][:-1]) == ((1,),):
            # Another run may be dropping it, or it belongs to another user.
            with suppress(MysqlDatabaseError):
                admin.rows(f"DROP DATABASE IF EXISTS {quoted(name)}")


def _drop_all(admin: Admin, run: str) -> None:
    for (name,) in admin.rows(_ALL):
        if name.startswith(f"{run}_"):
            admin.rows(f"DROP DATABASE IF EXISTS {quoted(name)}")
