"""What the explorations of a module's targets share: what runs trials, and what was reached."""

from __future__ import annotations

from dataclasses import dataclass, field

from understudy.rows.table_facts import Schema
from understudy.write import suspicions
from understudy.write.kills import Mutation
from understudy.write.lab import Lab
from understudy.write.outcomes import Outcome, is_of_project, outcome, refused_rows
from understudy.write.row_checks import RowChecks
from understudy.write.trials import Arc, Observation, Target, Trial


@dataclass(eq=False)
class Explorer:
    """Tries the targets of a module.

    Attributes:
        lab: runs trials.
        schema: the schema of the project's database; None without one.
        branches: the arcs of the module's branches.
        lines: its lines that can run.
        mutation: runs trials with mutants of their SQL; None without a database.
        checks: tells which rows the tables take; None without a database.
        reached: the arcs that any trial has taken.
        problems: why the first trial of a target was no test, by its name.
    """

    lab: Lab
    schema: Schema | None
    branches: frozenset[Arc]
    lines: frozenset[int]
    mutation: Mutation | None
    checks: RowChecks | None = None
    reached: set[Arc] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)

    def open_arcs(self, target: Target) -> frozenset[Arc]:
        """Return the arcs of a target's branches that no trial has taken."""
        first, last = target.lines
        own = {arc for arc in self.branches if first <= arc[0] <= last}
        # To enter an `except` is no branch: its lines tell.
        own |= {(line, line) for line in self.lines if first < line <= last}
        return frozenset(own - self.reached)

    def shown(self, trial: Trial, observation: Observation) -> set[object]:
        """Return what a trial shows: arcs, lines, a kind of outcome."""
        found = self.arcs_of(observation) | refused_rows(trial, observation)
        # That an error of the database is passed on needs no test; what a DAO makes of it does.
        is_route = trial.target.layer == "router"
        is_told = is_route or (trial.target.layer == "dao" and is_of_project(observation.raised))
        passes_on = trial.purpose == "fault" and not is_told and not found - self.reached
        is_success = observation.raised is None
        if trial.purpose == "fault" and is_success and suspicions.swallowed(observation):
            # It has the outcome of a success, and looks like a bug: one test for each handler.
            return {*found, Outcome(("answer", "although the database refused"))}
        return found if passes_on else {*found, outcome(observation, is_route=is_route)}

    def arcs_of(self, observation: Observation) -> set[object]:
        """Return the arcs and lines that a trial has taken."""
        return {*(observation.arcs & self.branches), *self._run_lines(observation)}

    def note_reached(self, observation: Observation) -> None:
        """Note the arcs and lines that a trial has taken."""
        self.reached |= observation.arcs | self._run_lines(observation)

    def _run_lines(self, observation: Observation) -> set[Arc]:
        """Return the lines that ran, each as an arc to itself."""
        return {(line, line) for arc in observation.arcs for line in arc if line in self.lines}
