"""The servers of `fake_postgres` and `real_postgres`, SQLite's file, and the app's environment.

One server of each serves the whole run, because an app reads the address of its database once.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

import pytest

from understudy.plugin import client_variables, phases, shared_address
from understudy.plugin.environment_text import filled_in, sqlite_filled_in
from understudy.plugin.options import read_settings
from understudy.plugin.settings import Settings

if TYPE_CHECKING:
    from understudy.fake_mysql.server import Server as MysqlServer
    from understudy.fake_postgres.server import Server
    from understudy.real_mysql.server import RealMysqlServer
    from understudy.real_postgres.observation import Observer
    from understudy.real_postgres.rollback_server import RollbackServer
    from understudy.real_sqlite.database import SqliteDatabase
    from understudy.rerun.interruption import Interruption
    from understudy.script.boundary import Boundary, Event
    from understudy.serving.server import Server as AnyServer

_SERVER: pytest.StashKey[Server] = pytest.StashKey()
_INTERRUPTION: pytest.StashKey[Interruption] = pytest.StashKey()
_OBSERVER: pytest.StashKey[Observer] = pytest.StashKey()
_ROLLBACK_SERVER: pytest.StashKey[RollbackServer] = pytest.StashKey()
_SQLITE: pytest.StashKey[SqliteDatabase] = pytest.StashKey()
_FAKE_MYSQL: pytest.StashKey[MysqlServer] = pytest.StashKey()
_REAL_MYSQL: pytest.StashKey[RealMysqlServer] = pytest.StashKey()


class Traced(Protocol):
    """A database whose events are kept, by its name."""

    @property
    def name(self) -> str:
        """Its name in messages."""

    @property
    def boundary(self) -> Boundary:
        """What passes between the app and it."""


def server(config: pytest.Config) -> Server:
    """Return the server of `fake_postgres` of this run, created on first use."""
    known = config.stash.get(_SERVER, None)
    if known is None:
        from understudy.fake_postgres.server import Server

        # The password of real_postgres, which answers here while a script is recorded.
        real = rollback_server_of(config)
        known = config.stash[_SERVER] = Server(password=None if real is None else real.password)
        phases.tell()
        config.add_cleanup(known.stop)
    return known


def rollback_server(config: pytest.Config) -> RollbackServer:
    """Return the server of `real_postgres` of this run, created on first use."""
    known = config.stash.get(_ROLLBACK_SERVER, None)
    if known is None:
        from understudy.plugin.databases import Replaced
        from understudy.real_postgres.rollback_server import RollbackServer
        from understudy.rerun.interruption import is_debugged

        # The password of fake_postgres, because both may be behind one address.
        password = config.stash[_SERVER].password if _SERVER in config.stash else None
        role = _login_role(read_settings(config))
        known = RollbackServer(Replaced(config).new, role, password)
        config.stash[_ROLLBACK_SERVER] = known
        phases.tell()
        interruption(config).limits = known.scheduler.limits
        known.interrupt = interruption(config).interrupt
        known.is_debugged = is_debugged
        if (observer := config.stash.get(_OBSERVER, None)) is not None:
            known.observe(observer)
        config.add_cleanup(known.stop)
    return known


def rollback_server_of(config: pytest.Config) -> RollbackServer | None:
    """Return the server of `real_postgres` of this run, or None if nothing has used it."""
    return config.stash.get(_ROLLBACK_SERVER, None)


def sqlite(config: pytest.Config) -> SqliteDatabase:
    """Return the database of `real_sqlite` of this run, created on first use."""
    known = config.stash.get(_SQLITE, None)
    if known is None:
        from understudy.catalog.levels import Levels
        from understudy.real_sqlite import checks, schema
        from understudy.real_sqlite.database import SqliteDatabase

        given = read_settings(config)
        settings = replace(given, schema=given.sqlite_schema or given.schema)
        names = ("statements", "parameters", "answers", "errors")
        levels: dict[str, Any] = {name: settings.level(f"check_{name}") for name in names}
        checks.configured = Levels(**levels)
        known = config.stash[_SQLITE] = SqliteDatabase(
            lambda template: schema.load(
                template, settings.schema, settings.root, settings.real_sqlite_env
            )
        )
        phases.tell()
        known.start()
        config.add_cleanup(known.stop)
    return known


def fake_mysql(config: pytest.Config) -> MysqlServer:
    """Return the server of `fake_mysql` of this run, created on first use."""
    known = config.stash.get(_FAKE_MYSQL, None)
    if known is None:
        from understudy.fake_mysql.server import Server as MysqlServer

        real = config.stash.get(_REAL_MYSQL, None)
        known = config.stash[_FAKE_MYSQL] = MysqlServer(
            password=None if real is None else real.password
        )
        phases.tell()
        config.add_cleanup(known.stop)
    return known


def real_mysql(config: pytest.Config) -> RealMysqlServer:
    """Return the server of `real_mysql` of this run, created on first use."""
    known = config.stash.get(_REAL_MYSQL, None)
    if known is None:
        from understudy.plugin import mysql_databases
        from understudy.real_mysql.server import RealMysqlServer

        place = partial(mysql_databases.shared, config)
        # The password of fake_mysql, because both may be behind one address.
        password = config.stash[_FAKE_MYSQL].password if _FAKE_MYSQL in config.stash else None
        is_delete = read_settings(config).isolation == "delete"
        server = RealMysqlServer(place, "delete" if is_delete else "rollback", password)
        known = config.stash[_REAL_MYSQL] = server
        phases.tell()
        config.add_cleanup(known.stop)
    return known


def traced(config: pytest.Config) -> list[Traced]:
    """Return the databases of this run that keep events."""
    sqlite_database = config.stash.get(_SQLITE, None)
    return [*made(config), *([] if sqlite_database is None else [sqlite_database])]


def boundaries(config: pytest.Config) -> list[Boundary]:
    """Return what has passed the servers of PostgreSQL of this run."""
    return [server.boundary for server in made_postgres(config)]


def observe(config: pytest.Config, observer: Observer) -> None:
    """Have an observer decide what `real_postgres` asks beside the statements of this run."""
    config.stash[_OBSERVER] = observer
    if (known := rollback_server_of(config)) is not None:
        known.observe(observer)


def made(config: pytest.Config) -> list[AnyServer[Any]]:
    """Return the servers that this run has used."""
    mysql = (config.stash.get(_FAKE_MYSQL, None), config.stash.get(_REAL_MYSQL, None))
    return [*made_postgres(config), *(server for server in mysql if server is not None)]


def made_postgres(config: pytest.Config) -> list[Server]:
    """Return the servers of PostgreSQL that this run has used."""
    known = (config.stash.get(_SERVER, None), config.stash.get(_ROLLBACK_SERVER, None))
    return [server for server in known if server is not None]


def events(config: pytest.Config) -> list[tuple[Event, str]]:
    """Return what the test has asked so far, without what drivers ask, each with its server."""
    return [
        (event, server.name)
        for server in traced(config)
        for event in server.boundary.events
        if not event.is_drivers
    ]


def interruption(config: pytest.Config) -> Interruption:
    """Return what interrupts the tests of this run."""
    known = config.stash.get(_INTERRUPTION, None)
    if known is None:
        from understudy.rerun.interruption import Interruption

        known = config.stash[_INTERRUPTION] = Interruption()
    return known


def _login_role(settings: Settings) -> str:
    """Return the role with which Understudy logs in to the real server, without asking it."""
    from understudy.embedded.environment import URL_VARIABLE

    url = settings.postgres_url or os.environ.get(URL_VARIABLE)
    if not url:
        return "postgres"  # of the embedded server
    return unquote(urlsplit(url).username or "") or getpass.getuser()


def set_environment(config: pytest.Config, settings: Settings) -> None:
    """Point the app at the servers, for the whole run.

    The variables are set before the first conftest.py loads, because many apps read their settings
    on import. A server accepts no connection before a test uses its fixture. PG* variables that
    would turn the app away from the servers are set aside.
    """
    kept = {*settings.fake_postgres_env, *settings.real_postgres_env}
    stack = ExitStack()
    stack.enter_context(client_variables.set_aside(kept))
    config.add_cleanup(stack.close)
    variables: dict[str, str] = {}
    found: dict[str, Callable[[pytest.Config], AnyServer[Any]]] = {
        "fake_postgres_env": server,
        "real_postgres_env": rollback_server,
        "fake_mysql_env": fake_mysql,
        "real_mysql_env": real_mysql,
    }
    for key, known in found.items():
        if texts := getattr(settings, key):
            place = known(config)
            variables |= {name: filled_in(text, place) for name, text in texts.items()}
    if settings.real_sqlite_env:
        from understudy.embedded.errors import PostgresError

        try:
            file = sqlite(config)
        except PostgresError as error:
            raise pytest.UsageError(str(error)) from None
        texts = settings.real_sqlite_env
        variables |= {name: sqlite_filled_in(text, file) for name, text in texts.items()}
    if settings.fake_postgres_env and settings.real_postgres_env:
        from understudy.fake_postgres import location

        both = server(config), rollback_server(config)
        variables |= shared_address.share(config, settings, *both, location.locate)
    if settings.fake_mysql_env and settings.real_mysql_env:
        from understudy.fake_mysql import location as mysql_location

        of_mysql = fake_mysql(config), real_mysql(config)
        variables |= shared_address.share(config, settings, *of_mysql, mysql_location.locate)
    _set(config, variables)


def explain_refused(config: pytest.Config, report: pytest.TestReport) -> None:
    """Tell why a server refused a connection that came before the fixtures that start it."""
    for known in made(config):
        if known.is_started:
            continue
        # psqlpy does not name the port.
        signs = (str(known.port), "error connecting to server: Connection refused")
        if not any(sign in report.longreprtext for sign in signs):
            continue
        report.sections.append(
            (
                "understudy",
                f"Nothing listens on port {known.port} yet: {known.name} starts with its first "
                f"fixture.\nLet the fixture that connects request `{known.name}_server`, which "
                "lives as long as the run.",
            )
        )


def _set(config: pytest.Config, variables: Mapping[str, str]) -> None:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    config.add_cleanup(restore)
