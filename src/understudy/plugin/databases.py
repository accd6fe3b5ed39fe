"""The PostgreSQL of a run: one for all its workers, started when the first test needs it.

What starts it is the process that the run ends with: the controller of pytest-xdist where there is
one, which the workers ask. Each process makes its copies of the template by itself.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import clones, messages, workers
from understudy.plugin.options import read_settings
from understudy.plugin.outcomes import one_message
from understudy.plugin.rows import RowsOfTest
from understudy.postgres import Clones, EmbeddedServer, Place, PostgresError, TestDatabases
from understudy.postgres.errors import PostgresUnavailable
from understudy.postgres.messages import URL_VARIABLE

if TYPE_CHECKING:
    from understudy.rows import Row

_RUN: pytest.StashKey[_Run] = pytest.StashKey()
_making_runs = threading.Lock()


@dataclass
class _Run:
    """What this process has of the run's PostgreSQL.

    Attributes:
        lock: Held by whoever starts or stops something: two workers may ask at the same moment.
        databases: Those with the schema, or why there are none.
        bare: The server of those who need no schema.
        is_over: Whether it is too late to start anything.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    databases: Clones | PostgresError | None = None
    bare: EmbeddedServer | None = None
    is_over: bool = False


@dataclass(frozen=True)
class RealPostgres:
    """A database on a real PostgreSQL.

    ``dsn`` is a URL that asyncpg, psycopg and psqlpy all take.
    """

    dsn: str
    _rows: RowsOfTest = field(repr=False)

    def insert(self, table: str, /, **values: object) -> Row:
        """Insert a row with these values, and make up what else it cannot do without.

        A parent is the row that was inserted last, else one that is there, else a new one. Returns
        the row as the database has it: ``row["email"]`` or ``row.email``.

        :raises understudy.rows.RowsError: there is no such table or column, or no such row.
        """
        __tracebackhide__ = True
        return self._rows.insert(table, values)


def shared(config: pytest.Config) -> Clones:
    """Return the databases with the configured schema, starting the server where there is none yet.

    :raises PostgresError: it cannot be had; tried once, and said again to everyone who asks.
    """
    run = _run(config)
    with run.lock:
        if run.databases is None:
            run.databases = _obtained(config, run)
    if isinstance(run.databases, PostgresError):
        raise run.databases.with_traceback(None)
    return run.databases


def bare(config: pytest.Config) -> str:
    """Return the URL of a database without the schema, starting a server where there is none.

    :raises PostgresError: it cannot be had.
    """
    url = read_settings(config).postgres_url or os.environ.get(URL_VARIABLE)
    if url:
        return url
    answer = _ask(config, "bare")
    if answer is not None:
        return str(answer["url"])
    run = _run(config)
    with run.lock:
        if run.bare is None:
            _refuse_if_over(run)
            run.bare = EmbeddedServer().start()
        return run.bare.dsn()


def answer(config: pytest.Config, question: str) -> Mapping[str, Any]:
    """On the controller of pytest-xdist: what a worker wants to know, in plain values."""
    try:
        return {"url": bare(config)} if question == "bare" else asdict(shared(config).place)
    except PostgresError as error:
        return {"error": str(error)}


def stop(config: pytest.Config) -> list[str]:
    """Stop what was started in this process, and return what went wrong with that."""
    run = config.stash.get(_RUN, None)
    if run is None:
        return []
    problems = []
    keeps = config.getoption("understudy_keep_databases")
    with run.lock:
        run.is_over = True
        for started in (run.databases, run.bare):
            if isinstance(started, Clones | EmbeddedServer):
                try:
                    if keeps and isinstance(started, TestDatabases):
                        started.leave()
                    else:
                        started.stop()
                except PostgresError as error:
                    problems.append(str(error))
        run.databases = run.bare = None
    return problems


@contextmanager
def own_database(request: pytest.FixtureRequest) -> Iterator[RealPostgres]:
    """A database that is dropped at the end of a test; a PostgresError fails the test."""
    config = request.config
    with one_message(PostgresError):
        databases = shared(config)
        name, dsn = databases.new()
        if (more := clones.wanted(config) - 1) > 0:
            databases.expect(more)
    clones.hold(request.node, databases, name, dsn)
    rows = RowsOfTest(request, dsn)
    try:
        yield RealPostgres(dsn, rows)
    finally:
        rows.close()
        if clones.release(request.node):
            with one_message(PostgresError):
                databases.drop(name)


def _run(config: pytest.Config) -> _Run:
    with _making_runs:
        known = config.stash.get(_RUN, None)
        if known is None:
            known = config.stash[_RUN] = _Run()
            config.add_cleanup(lambda: _stop_late(config))
    return known


def _obtained(config: pytest.Config, run: _Run) -> Clones | PostgresError:
    try:
        place = _ask(config, "place")
        if place is not None:
            return Clones(Place(**place))
        _refuse_if_over(run)
        settings = read_settings(config)
        return TestDatabases(
            settings.schema,
            settings.root,
            postgres_url=settings.postgres_url,
            rebuild=bool(config.getoption("understudy_rebuild")),
        ).start()
    except PostgresError as error:
        return error


def _ask(config: pytest.Config, question: str) -> Mapping[str, Any] | None:
    """What the controller says; None where this process has to see to it by itself.

    :raises PostgresError: it says that it cannot be had.
    """
    try:
        told = workers.ask(config, question)
    except (EOFError, OSError) as error:
        raise PostgresUnavailable(messages.controller_gone()) from error
    if told is not None and "error" in told:
        raise PostgresError(told["error"])
    return told


def _refuse_if_over(run: _Run) -> None:
    if run.is_over:
        raise PostgresUnavailable(messages.run_is_over())


def _stop_late(config: pytest.Config) -> None:
    """Stop what is still running where another plugin kept the run from ending as it should."""
    for problem in stop(config):
        raise PostgresError(problem)
