"""The section at the end of a run: what was asked, and how far the fakes' part was checked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from understudy.plugin import catalog_hooks as checked
from understudy.plugin import report
from understudy.plugin.settings import Settings

_TALLY = "understudy.script.call_counts"
_LANES = ("FAKES", "REAL")  # what the tallies there are called
_Figures = Mapping[str, tuple[int, set[str]]]
_DATABASES = "understudy.plugin.databases"
_OUTPUT = "understudy"
_problems: pytest.StashKey[list[str]] = pytest.StashKey()
_workers: pytest.StashKey[list[Mapping[str, Any]]] = pytest.StashKey()


def begin(config: pytest.Config) -> None:
    """Count from zero for this run, and go on from where we were when it is over.

    A run inside a run, as pytester makes, shares the process and so the tally.
    """
    before = _exchange({lane: (0, set()) for lane in _LANES})

    def go_on() -> None:
        _exchange(before)

    config.add_cleanup(go_on)


def end(config: pytest.Config, settings: Settings, known: Sequence[str] = ()) -> list[str]:
    """End what this run has begun, and return what went wrong: `known`, and what did with that.

    On a worker of pytest-xdist: send these, and the figures, to the controller.
    """
    found = [*known]
    found += [problem] if (problem := checked.end(config, settings)) else []
    databases: Any = sys.modules.get(_DATABASES)
    found += [] if databases is None else databases.stop(config)
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_OUTPUT] = {**_own_figures(), "problems": found}
        return []
    found += [each for part in config.stash.get(_workers, []) for each in part["problems"]]
    config.stash[_problems] = list(dict.fromkeys(found))
    return config.stash[_problems]


def take_over(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """On the controller: keep the figures that a worker sent; one that crashed sent none."""
    if _OUTPUT in output:
        config.stash.setdefault(_workers, []).append(output[_OUTPUT])


def write(reporter: pytest.TerminalReporter, config: pytest.Config, settings: Settings) -> None:
    """Write the section, where there is anything to say."""
    calls, statements = figures(config)
    real_calls, real_statements = figures(config, "REAL")
    problems = config.stash.get(_problems, [])
    if not calls and not real_calls and not problems:
        return
    reporter.section("understudy", sep="-")
    if calls:
        lines = checked.summary(config, settings, verbose=reporter.verbosity > 0)
        without = not lines and not settings.schema
        reporter.line(report.calls_on_fakes(calls, len(statements), without))
        for line in lines:
            reporter.line(line)
    if real_calls:
        reporter.line(report.calls_on_real_postgres(real_calls, len(real_statements)))
    for problem in problems:
        reporter.line(f"ERROR: {problem}", red=True)


def figures(config: pytest.Config, lane: str = "FAKES") -> tuple[int, set[str]]:
    """The number of calls on a lane in this run, workers included, and their statements."""
    parts = [part[lane] for part in (_own_figures(), *config.stash.get(_workers, []))]
    statements = {statement for part in parts for statement in part["statements"]}
    return sum(part["calls"] for part in parts), statements


def _own_figures() -> dict[str, Any]:
    tally = sys.modules.get(_TALLY)
    if tally is None:
        return {lane: {"calls": 0, "statements": []} for lane in _LANES}
    from understudy.pg import sql  # there already, since the tally is

    found = {}
    for lane in _LANES:
        one = getattr(tally, lane)
        # Two layouts of one statement are one statement.
        statements = {sql.spell(sql.tokens(statement)) for statement in one.statements}
        found[lane] = {"calls": one.calls, "statements": sorted(statements)}
    return found


def _exchange(figures: _Figures) -> _Figures:
    """Set the tallies, and return what they were; nothing where no test has imported them."""
    tally: Any = sys.modules.get(_TALLY)
    if tally is None:
        return {lane: (0, set()) for lane in _LANES}
    before = {}
    for lane, (calls, statements) in figures.items():
        one = getattr(tally, lane)
        before[lane] = one.calls, one.statements
        one.calls, one.statements = calls, statements
    return before
