"""Which SQL mutants a trial notices: it runs with each, and shows something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from understudy.mutate.judge import Judge
from understudy.mutate.mutants import Mutant, Telling
from understudy.mutate.statements import Ran, Statement, sent
from understudy.script.boundary import Change, Event, Replace
from understudy.write import fingerprint
from understudy.write.collaborators import ServiceTarget
from understudy.write.lab import Lab
from understudy.write.trials import Observation, Target, Trial


class Mutation:
    """The mutants of the statements that some trials send.

    Args:
        lab: runs the trials.
        judge: makes the mutants.
    """

    def __init__(self, lab: Lab, judge: Judge) -> None:
        self._lab = lab
        self._judge = judge

    def mutants(
        self, observed: Sequence[Observation], target: Target
    ) -> Mapping[Mutant, Sequence[int]]:
        """Return the mutants that PostgreSQL accepts, with the positions that send the original.

        Args:
            observed: what trials have sent.
            target: what they call.
        """
        statements = self._statements(observed, target)
        senders = {one.sql: [int(sender.name) for sender in one.senders] for one in statements}
        return {
            mutant: sorted(senders[mutant.statement])
            for mutant in self._judge.accepted(self._judge.mutants(statements))
        }

    def notices(
        self, trial: Trial, pattern: object, mutant: Mutant, fields: Set[str] | None = None
    ) -> bool:
        """Return whether a trial shows something else with a mutant.

        Args:
            trial: the trial.
            pattern: what it shows each time without, see `fingerprint.stable`.
            mutant: the mutant.
            fields: those of the answer that count; None for all.
        """
        shown = self.shown(trial, mutant, fields)
        return shown is not None and not fingerprint.fits(pattern, shown)

    def shown(self, trial: Trial, mutant: Mutant, fields: Set[str] | None = None) -> object | None:
        """Return what a trial shows with a mutant; None if it does not send the original."""

        def change(event: Event) -> Change | None:
            is_it = event.kind == "statement" and event.call.statement == mutant.statement
            return Replace(mutant.sql) if is_it else None

        seen = self._lab.observe(trial, change=change)
        return fingerprint.shown(seen, fields) if self._lab.has_fired else None

    def told(self, trial: Trial, mutant: Mutant) -> Observation | None:
        """Return what a trial does, if it does something else with a mutant."""
        seen = self._lab.observe(trial)
        is_told = not seen.problem and self.notices(trial, fingerprint.shown(seen), mutant)
        return seen if is_told else None

    def telling(
        self, observed: Sequence[Observation], alive: Sequence[Mutant]
    ) -> Mapping[Mutant, Telling]:
        """Return the rows that tell a mutant from its original, if found."""
        return self._judge.rows(self._statements(observed), alive) if alive else {}

    def _statements(
        self, observed: Sequence[Observation], target: Target | None = None
    ) -> list[Statement]:
        """Return the statements that were sent; their senders are positions.

        For a route, those of its own module: what its dependencies send is for other tests.
        """
        ran = [Ran(str(at), 0.0, one.events) for at, one in enumerate(observed)]
        is_route = target is not None and target.layer == "router"
        return sent(
            ran,
            lambda path: is_route and target is not None and str(path) != target.file,
        )


def noticing_swaps(shown: Sequence[Set[object]]) -> Set[int]:
    """Return the positions of the trials that notice swapped columns of a result first."""
    found: dict[Mutant, int] = {}
    for at, items in enumerate(shown):
        for item in items:
            if isinstance(item, Mutant) and item.swaps_columns:
                found.setdefault(item, at)
    return {*found.values()}


def has_call(observation: Observation, mutant: Mutant, parameters: Sequence[Any] | None) -> bool:
    """Return whether a trial sends the original of a mutant with these parameters."""
    return any(
        event.call.statement == mutant.statement
        and (event.call.parameters or ()) == (parameters or ())
        for event in observation.events
        if event.kind == "statement"
    )


def has_mutants(target: Target) -> bool:
    """Return whether a target sends SQL of its own, and not only through what it works with."""
    return target.layer != "router" and not isinstance(target, ServiceTarget)


def sends_own_sql(target: Target, observation: Observation) -> bool:
    """Return whether a call sends SQL by the code of its own module."""
    return any(
        event.call.origin.code.co_filename == target.file
        for event in observation.events
        if event.kind == "statement"
    )
