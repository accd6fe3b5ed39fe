"""The PostgreSQL of a run: one for all workers, started when the first test needs it.

The controller of pytest-xdist starts it, or the only process of a run without workers. Each process
makes its own copies of the template.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

from understudy.embedded import Clones, EmbeddedServer, Place, PostgresError, TestDatabases
from understudy.embedded.binaries import find_installation
from understudy.embedded.environment import URL_VARIABLE
from understudy.embedded.errors import PostgresUnavailable
from understudy.plugin import xdist_workers
from understudy.plugin.binaries import wanted
from understudy.plugin.options import read_settings

_RUN: pytest.StashKey[_Run] = pytest.StashKey()
_making_runs = threading.Lock()


@dataclass
class _Run:
    """The run's PostgreSQL, as this process knows it.

    Attributes:
        lock: held to start or stop something: two workers may ask at the same time.
        databases: those with the schema, or the error that prevented them.
        bare: the server for tests without a schema.
        is_over: whether it is too late to start anything.
        killed: how many servers ended during the run, and were replaced.
    """

    lock: threading.RLock = field(default_factory=threading.RLock)
    databases: Clones | PostgresError | None = None
    bare: EmbeddedServer | None = None
    is_over: bool = False
    killed: int = 0


def shared(config: pytest.Config) -> Clones:
    """Return the databases with the configured schema, starting the server on the first call.

    An embedded server that was killed is started again.

    Raises:
        PostgresError: there is no server. A failed start is not retried: later calls raise the
            same error.
    """
    run = _run(config)
    with run.lock:
        known = run.databases
        if isinstance(known, Clones) and known.place.is_embedded and not known.is_reachable():
            known.stop()
            run.databases = None
            run.killed += 1
        if run.databases is None:
            run.databases = _obtained(config, run)
    if isinstance(run.databases, PostgresError):
        raise run.databases.with_traceback(None)
    return run.databases


@contextmanager
def clone(config: pytest.Config) -> Iterator[str]:
    """Make a clone that no test uses, and drop it at the end; yield its URL.

    Raises:
        PostgresError: there is no server, or it refuses.
    """
    clones = shared(config)
    name, _ = clones.new()
    try:
        yield clones.place.socket_dsn(name)
    finally:
        clones.drop(name)


def bare(config: pytest.Config) -> str:
    """Return the URL of a database without the schema, starting a server if there is none.

    Raises:
        PostgresError: the server cannot be started.
    """
    url = read_settings(config).postgres_url or os.environ.get(URL_VARIABLE)
    if url:
        return url
    answer = ask_controller(config, "bare")
    if answer is not None:
        return str(answer["url"])
    run = _run(config)
    with run.lock:
        if run.bare is not None and not run.bare.is_running:
            run.bare.stop()
            run.bare = None
        if run.bare is None:
            _refuse_if_over(run)
            installation = find_installation(wanted(read_settings(config)))
            run.bare = EmbeddedServer(installation).start()
        return run.bare.socket_dsn()


def answer(config: pytest.Config, question: str) -> Mapping[str, Any]:
    """On the controller of pytest-xdist, answer a worker's question in plain values."""
    try:
        return {"url": bare(config)} if question == "bare" else asdict(shared(config).place)
    except PostgresError as error:
        return {"error": str(error)}


def stop(config: pytest.Config) -> list[str]:
    """Stop what this process started, and return the problems."""
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


def killed(config: pytest.Config) -> int:
    """Return how many embedded servers ended during the run, and were replaced."""
    run = config.stash.get(_RUN, None)
    return 0 if run is None else run.killed


class Replaced:
    """One database at a time: a new one replaces the last."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._databases: Clones | None = None
        self._name: str | None = None

    def new(self) -> str:
        """Drop the last database and return the URL of a new one.

        Raises:
            PostgresError: there is no server, or it refuses.
        """
        databases = shared(self._config)
        name, self._name = self._name, None
        if name is not None and databases is self._databases:
            databases.drop(name)
        self._databases = databases
        self._name, _ = databases.new()
        return databases.place.socket_dsn(self._name)


def _run(config: pytest.Config) -> _Run:
    with _making_runs:
        known = config.stash.get(_RUN, None)
        if known is None:
            known = config.stash[_RUN] = _Run()
            config.add_cleanup(lambda: _stop_late(config))
    return known


def _obtained(config: pytest.Config, run: _Run) -> Clones | PostgresError:
    try:
        place = ask_controller(config, "place")
        if place is not None:
            return Clones(Place(**place))
        _refuse_if_over(run)
        settings = read_settings(config)
        return TestDatabases(
            settings.schema,
            settings.root,
            postgres_url=settings.postgres_url,
            wanted=wanted(settings),
            rebuild=bool(config.getoption("understudy_rebuild")),
            environment={**settings.fake_postgres_env, **settings.real_postgres_env},
        ).start()
    except PostgresError as error:
        return error


def ask_controller(config: pytest.Config, question: str) -> Mapping[str, Any] | None:
    """Return the controller's answer, or None if this process has to start the server itself.

    Raises:
        PostgresError: the controller is gone, or could not start the server.
    """
    try:
        told = xdist_workers.ask(config, question)
    except (EOFError, OSError) as error:
        raise PostgresUnavailable(
            "No PostgreSQL is available: the pytest process that starts it has ended."
        ) from error
    if told is not None and "error" in told:
        raise PostgresError(told["error"])
    return told


def _refuse_if_over(run: _Run) -> None:
    if run.is_over:
        raise PostgresUnavailable(
            "No PostgreSQL is available any more: the run is over."
            "\nUse it in a test or in a fixture, not in code that runs after them."
        )


def _stop_late(config: pytest.Config) -> None:
    """Stop what still runs because another plugin interrupted the end of the run."""
    for problem in stop(config):
        raise PostgresError(problem)
