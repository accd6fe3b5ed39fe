"""Statements that grow with the rows: `--understudy-n-plus-one`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from understudy.plugin import servers, xdist_workers

if TYPE_CHECKING:
    from understudy.rows.table_facts import Schema
    from understudy.script.origin import Origin

_RUN: pytest.StashKey[NPlusOne] = pytest.StashKey()
_OUTPUT = "understudy_n_plus_one"


def begin(config: pytest.Config) -> None:
    """Look for growth when the tests of this run are over, if that is asked for."""
    if config.getoption("understudy_n_plus_one"):
        known = config.stash[_RUN] = NPlusOne(config)
        config.pluginmanager.register(known, "understudy-n-plus-one")


def end(config: pytest.Config) -> list[str]:
    """Return what grows, of all processes of the run; a worker sends it to the controller."""
    run = config.stash.get(_RUN, None)
    return [] if run is None else run.end()


class NPlusOne:
    """The search of one run."""

    def __init__(self, config: pytest.Config) -> None:
        from understudy import rerun

        self._config = config
        self._read: Schema | None = None
        # By the place of a statement in the source: its report, and whether it grows.
        self.reports: dict[str, str] = {}
        self.constant: list[str] = []
        self.unknown: dict[str, str] = {}
        rerun.of(config).after.append(self._look)

    def _look(self) -> None:
        server = servers.rollback_server_of(self._config)
        if server is None:
            return
        from understudy import rerun
        from understudy.growth.detector import Detector
        from understudy.script.budgets import short

        detector = Detector(rerun.of(self._config), server, self._schema)
        try:
            detector.run()
        finally:  # also what was found before Ctrl-C
            self.reports = {_key(place): found.text for place, found in detector.found.items()}
            self.constant = [_key(place) for place in detector.constant]
            self.unknown = {
                _key(place): f"{repeat.site.origin.place}\n    {short(repeat.events[0])}"
                for place, repeat in detector.unknown.items()
            }

    def _schema(self) -> Schema:
        from understudy.embedded.driver import connect
        from understudy.rows.schema_reader import read_schema

        server = servers.rollback_server_of(self._config)
        assert server is not None, "looked up before"
        if self._read is None:
            with connect(server.socket_dsn) as connection:
                self._read = read_schema(connection)
        return self._read

    def end(self) -> list[str]:
        """Join what the processes of the run have found, and return the reports."""
        own = {"reports": self.reports, "constant": self.constant, "unknown": self.unknown}
        if xdist_workers.send(self._config, _OUTPUT, lambda: own):
            return []
        for part in xdist_workers.results(self._config, _OUTPUT):
            self._add(part)
        self.unknown = {
            place: text
            for place, text in self.unknown.items()
            if place not in self.reports and place not in self.constant
        }
        return list(self.reports.values())

    def _add(self, part: dict[str, Any]) -> None:
        self.reports |= part["reports"]
        self.constant = list({*self.constant, *part["constant"]})
        self.unknown |= part["unknown"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what grows with the rows."""
        terminalreporter.section("understudy: N+1", sep="-")
        for text in self.reports.values():
            terminalreporter.line(text)
            terminalreporter.line("")
        if not (self.reports or self.constant or self.unknown):
            terminalreporter.line(
                "no test sends a statement repeatedly after one with as many rows"
            )
            return
        from understudy.script.formatting import counted

        looked_at = len(self.reports) + len(self.constant)
        what = counted(looked_at, "repeated statement")
        line = f"{what} tried with more rows, {len(self.reports)} of them N+1"
        if self.unknown:
            line += f"; {len(self.unknown)} could not be tried (-v lists them)"
        terminalreporter.line(line)
        if terminalreporter.verbosity > 0:
            for text in self.unknown.values():
                terminalreporter.line(f"  {text}")


def _key(place: tuple[str, Origin]) -> str:
    """Return the same text for a place in every process."""
    return "\n".join([place[0], place[1].place])
