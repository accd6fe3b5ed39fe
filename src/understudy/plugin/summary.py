"""The section at the end of a run: the calls, and how far those on fakes were checked."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from understudy.plugin import catalog_hooks as checked
from understudy.plugin import isolation, report, servers, xdist_workers
from understudy.plugin.settings import Settings

_MODULE = "understudy.script.call_counts"
# The names of the tallies, and of the fixtures whose calls have a line of their own.
_TALLIES = ("FAKES", "REAL", "SQLITE", "FAKE_MYSQL", "REAL_MYSQL")
_NAMES = {
    "REAL": "real_postgres",
    "SQLITE": "real_sqlite",
    "FAKE_MYSQL": "fake_mysql",
    "REAL_MYSQL": "real_mysql",
}
_Figures = Mapping[str, tuple[int, set[str]]]
_DATABASES = "understudy.plugin.databases"
_OUTPUT = "understudy"
_problems: pytest.StashKey[list[str]] = pytest.StashKey()


def begin(config: pytest.Config) -> None:
    """Count from zero for this run, and restore the counts when it is over.

    A run inside a run (pytester) shares the process and so the counts.
    """
    before = _exchange({name: (0, set()) for name in _TALLIES})

    def restore() -> None:
        _exchange(before)

    config.add_cleanup(restore)


@contextmanager
def unchanged() -> Iterator[None]:
    """Restore the counts at the end."""
    before = _exchange({name: (0, set()) for name in _TALLIES})
    try:
        yield
    finally:
        _exchange(before)


def end(config: pytest.Config, settings: Settings, known: Sequence[str] = ()) -> list[str]:
    """End the run, and return its problems: `known` and those of the end itself.

    A worker of pytest-xdist sends them and its counts to the controller instead.
    """
    found = [*known]
    found += checked.end(config, settings)
    found += [problem] if (problem := isolation.end(config, settings)) else []
    if (server := servers.rollback_server_of(config)) is not None:
        server.wait_for_rollback()  # it needs the database
    databases: Any = sys.modules.get(_DATABASES)
    found += [] if databases is None else databases.stop(config)
    if xdist_workers.send(config, _OUTPUT, lambda: {**_own_figures(), "problems": found}):
        return []
    workers = xdist_workers.results(config, _OUTPUT)
    found += [text for part in workers for text in part["problems"]]
    config.stash[_problems] = list(dict.fromkeys(found))
    return config.stash[_problems]


def write(reporter: pytest.TerminalReporter, config: pytest.Config, settings: Settings) -> None:
    """Write the section, unless it is empty."""
    problems = config.stash.get(_problems, [])
    found = lines(config, settings, verbose=reporter.verbosity > 0)
    if not (found or problems):
        return
    reporter.section("understudy", sep="-")
    for line in found:
        reporter.line(line)
    for problem in problems:
        reporter.line(f"ERROR: {problem}", red=True)


def lines(config: pytest.Config, settings: Settings, *, verbose: bool) -> list[str]:
    """Return the lines of the section, without the problems."""
    calls, statements = figures(config)
    others = {name: figures(config, name) for name in _NAMES}
    isolated = isolation.summary(config, verbose=verbose)
    found = []
    if calls:
        checks = checked.summary(config, settings, verbose=verbose)
        without = not checks and not settings.schema
        found += [report.calls_on_fakes(calls, len(statements), without), *checks]
    for name, (number, different) in others.items():
        if number:
            found.append(report.calls_on_real(_NAMES[name], number, len(different)))
        if number and name == "FAKE_MYSQL":
            found += checked.mysql_summary(config, settings, verbose=verbose)
    databases: Any = sys.modules.get(_DATABASES)
    is_used = calls or others["REAL"][0] or isolated or config.stash.get(_problems, [])
    if databases is not None and is_used and (times := databases.killed(config)):
        found.append(report.killed_servers(times))
    if settings.schema and (calls or any(number for number, _ in others.values())):
        found += _models(settings)
    return found + isolated


def add_problem(config: pytest.Config, problem: str) -> None:
    """Show a problem of the end of the run in the section."""
    config.stash[_problems] = [*config.stash.get(_problems, []), problem]


def _models(settings: Settings) -> list[str]:
    """Return the line that the schema was made from the models, if it was."""
    if all(name.endswith(".sql") for name in settings.schema):
        return []  # without the import
    from understudy.embedded.errors import PostgresError
    from understudy.embedded.schema_sources import schema_sources

    try:
        sources = schema_sources(settings.schema, settings.root)
        made = [model for source in sources if (model := source.models())]
    except PostgresError:
        return []  # already reported
    return [report.schema_from_models(made[0])] if made else []


def figures(config: pytest.Config, name: str = "FAKES") -> tuple[int, set[str]]:
    """Return the number of calls of one tally in this run, workers included, and the statements."""
    workers = xdist_workers.results(config, _OUTPUT)
    parts = [part[name] for part in (_own_figures(), *workers)]
    statements = {statement for part in parts for statement in part["statements"]}
    return sum(part["calls"] for part in parts), statements


def _own_figures() -> dict[str, Any]:
    module = sys.modules.get(_MODULE)
    if module is None:
        return {name: {"calls": 0, "statements": []} for name in _TALLIES}
    from understudy.pg import sql  # imported already, as the counts are

    found = {}
    for name in _TALLIES:
        tally = getattr(module, name)
        # All layouts of a statement count as tally.
        statements = {sql.spelled(statement) for statement in tally.statements}
        found[name] = {"calls": tally.calls, "statements": sorted(statements)}
    return found


def _exchange(figures: _Figures) -> _Figures:
    """Set the tallies and return their earlier values; do nothing if they were not imported."""
    module: Any = sys.modules.get(_MODULE)
    if module is None:
        return {name: (0, set()) for name in _TALLIES}
    before = {}
    for name, (calls, statements) in figures.items():
        tally = getattr(module, name)
        before[name] = tally.calls, tally.statements
        tally.calls, tally.statements = calls, statements
    return before
