"""Find the trials of a target that are worth a test."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from understudy.mutate.mutants import Mutant
from understudy.rows.table_facts import Schema
from understudy.script.formatting import shortened
from understudy.script.origin import DRIVERS
from understudy.write import (
    choice,
    fingerprint,
    lab,
    lifespan,
    proposals,
    router_trials,
    service_trials,
    suspicions,
    web_assertions,
)
from understudy.write.accidents import accident, of_guess
from understudy.write.arguments import CannotPropose
from understudy.write.kills import Mutation
from understudy.write.lab import Lab
from understudy.write.suspicions import suspect
from understudy.write.trials import Arc, Kept, Observation, Target, Trial

_MOST_TRIALS = 60
_MOST_USELESS = 12  # trials in a row that show nothing new
# _RERUN: a rerun stops coverage's tracer, which then does not see the rest of its callers.
_ENOUGH_ROWS = 4  # in a test; more make it long
_MOST_EXTRA = 8  # trials beside the chosen ones that are asked to notice mutants
_MOST_ASKED = 3  # candidates to which a row is added that may tell a mutant
_OVERTIME = 10.0  # seconds for trials that are chosen already
_FOR_TRIALS = 0.6  # of the time of a target; the rest is for mutants
_LONGEST = 80  # characters of what a test shows


@dataclass(frozen=True)
class _Outcome:
    """What kind of outcome a trial has: how it ends, and which tables it changes."""

    ended: tuple[Any, ...]
    tables: tuple[tuple[str, ...], ...]


@dataclass(eq=False)
class _Candidate:
    """A trial that may be written, and what it shows: arcs, a kind of outcome, mutants."""

    trial: Trial
    first: Observation
    shows: set[object]
    observed: list[Observation] = field(default_factory=list)
    pattern: Any = None


class Explorer:
    """Tries the targets of a module.

    Args:
        lab: runs trials.
        schema: the schema of the project's database; None without one.
        branches: the arcs of the module's branches.
        lines: its lines that can run.
        mutation: runs trials with mutants of their SQL; None without a database.

    Attributes:
        reached: the arcs that any trial has taken.
        problems: why the first trial of a target was no test, by its name.
    """

    def __init__(
        self,
        lab: Lab,
        schema: Schema | None,
        branches: frozenset[Arc],
        lines: frozenset[int],
        mutation: Mutation | None,
    ) -> None:
        self._lab = lab
        self._schema = schema
        self._branches = branches
        self._lines = lines
        self._mutation = mutation
        self.reached: set[Arc] = set()
        self.problems: dict[str, str] = {}

    def explore(self, target: Target, ends: float) -> list[Kept]:
        """Return the trials of a target that are written, the first ones first.

        Args:
            target: the target.
            ends: when to stop trying, by `time.monotonic`.
        """
        begun = time.monotonic()
        target = self._with_app(target)
        tried = self._tried(target, begun + (ends - begun) * _FOR_TRIALS)
        if reason := lifespan.unstarted(target, [one.first for one in tried]):
            self.problems[target.name] = reason
            return []
        # Of two that show the same, the one with more rows will notice more wrong SQL.
        richest = sorted(tried, key=_preference)
        chosen = [richest[at] for at in choice.cover([one.shows for one in richest])]
        others = [one for one in tried if one not in chosen][:_MOST_EXTRA]
        candidates = [
            one
            for one in chosen
            if time.monotonic() < ends + _OVERTIME and self._is_repeatable(one)
        ]
        number = len(candidates)
        candidates += [
            one for one in others if time.monotonic() < ends and self._is_repeatable(one)
        ]
        if self._mutation is not None and _has_own_sql(target, candidates):
            self._run_mutants(self._mutation, candidates, number, ends)
        # In the order in which they were proposed: the ordinary case comes first.
        candidates.sort(key=lambda one: tried.index(one) if one in tried else len(tried))
        candidates = [candidates[at] for at in choice.cover([one.shows for one in candidates])]
        alone = choice.only([one.shows for one in candidates])
        swaps = _noticing_swaps(candidates)
        return [
            without_database(
                Kept(one.trial, one.observed, tuple(sorted(map(_words, shows))), one in swaps)
            )
            for one, shows in zip(candidates, alone, strict=True)
        ]

    def _with_app(self, target: Target) -> Target:
        """Return a target, or the one that is called while the app runs, if it needs that."""
        if not isinstance(target, lifespan.AmbientTarget):
            return target
        trial = next(self._without_refusal(target, []), None)
        if trial is None:
            return target
        in_app = self._lab.observe(replace(trial, target=target.in_app))
        if target.is_certain and not in_app.problem:
            return target.in_app
        alone = self._lab.observe(trial)
        return target.in_app if lifespan.needs_app(alone, in_app) else target

    def open_arcs(self, target: Target) -> frozenset[Arc]:
        """Return the arcs of a target's branches that no trial has taken."""
        first, last = target.lines
        own = {arc for arc in self._branches if first <= arc[0] <= last}
        # To enter an `except` is no branch: its lines tell.
        own |= {(line, line) for line in self._lines if first < line <= last}
        return frozenset(own - self.reached)

    def _tried(
        self, target: Target, ends: float
    ) -> list[_Candidate]:  # pragma: no cover - see `_RERUN`
        """Run what is proposed until nothing new is shown."""
        seen: list[tuple[Trial, Observation]] = []
        found: list[_Candidate] = []
        covered: set[object] = set()
        useless = 0
        for trial in self._without_refusal(target, seen):
            if time.monotonic() > ends or len(found) >= _MOST_TRIALS:
                break
            observation = self._lab.observe(trial)
            seen.append((trial, observation))
            if observation.problem:
                self.problems.setdefault(target.name, observation.problem)
                continue
            if trial.purpose == "probe":
                continue
            if unknown := of_guess(trial, observation):
                self.problems.setdefault(target.name, unknown)
                continue
            shows = self._shown(trial, observation)
            self.reached |= observation.arcs | self._run_lines(observation)
            found.append(_Candidate(trial, observation, shows))
            useless = 0 if shows - covered else useless + 1
            covered |= shows
            if useless > _MOST_USELESS and not self.open_arcs(target):
                break
        return found

    def _without_refusal(
        self, target: Target, seen: list[tuple[Trial, Observation]]
    ) -> Iterator[Trial]:
        try:
            yield from self._proposed(target, seen)
        except CannotPropose as error:
            self.problems.setdefault(target.name, str(error))

    def _proposed(self, target: Target, seen: list[tuple[Trial, Observation]]) -> Iterator[Trial]:
        of_layer: Any = {"router": router_trials, "service": service_trials}.get(
            target.layer, proposals
        )
        yield from of_layer.trials(target, self._schema, seen, lambda: self.open_arcs(target))

    def _shown(self, trial: Trial, observation: Observation) -> set[object]:
        found: set[object] = set(observation.arcs & self._branches)
        found |= self._run_lines(observation)
        # That an error of the database is passed on needs no test; what a DAO makes of it does.
        is_route = trial.target.layer == "router"
        is_told = is_route or (trial.target.layer == "dao" and _is_of_project(observation.raised))
        passes_on = trial.purpose == "fault" and not is_told and not found - self.reached
        is_success = observation.raised is None
        if trial.purpose == "fault" and is_success and suspicions.swallowed(observation):
            # It has the outcome of a success, and looks like a bug: one test for each handler.
            return {*found, _Outcome(("answer", "although the database refused"), ())}
        return found if passes_on else {*found, _outcome(observation, is_route=is_route)}

    def _run_lines(self, observation: Observation) -> set[Arc]:
        """Return the lines that ran, each as an arc to itself."""
        return {(line, line) for arc in observation.arcs for line in arc if line in self._lines}

    def _is_repeatable(self, candidate: _Candidate) -> bool:
        """Observe a trial twice more, with all shifted that a test must not depend on."""
        again = [
            self._lab.observe(candidate.trial, is_shifted=True),
            self._lab.observe(candidate.trial),
        ]
        if any(run.problem for run in again):
            return False
        candidate.observed = [candidate.first, *again]
        candidate.pattern = fingerprint.stable(candidate.observed)
        is_route = candidate.trial.target.layer == "router"
        return len({_outcome(run, is_route=is_route) for run in candidate.observed}) == 1

    def _run_mutants(
        self, mutation: Mutation, candidates: list[_Candidate], number: int, ends: float
    ) -> None:  # pragma: no cover - see `_RERUN`
        """Add the mutants that each candidate notices to what it shows.

        Args:
            mutation: runs them.
            candidates: some may be added, with rows that tell a mutant from its original.
            number: how many of them are chosen already; these are asked first.
            ends: when to stop, by `time.monotonic`.
        """
        observed = [one.observed[0] for one in candidates]
        mutants = mutation.mutants(observed)
        gc.freeze()  # the trials that are kept, and what making mutants has imported
        alive: list[Mutant] = []
        for mutant, senders in mutants.items():
            if time.monotonic() > ends:
                return
            for at in sorted(senders, key=lambda at: (at >= number, at)):
                one = candidates[at]
                # A rule answers instead of the wrong SQL, and an expected failure tells nothing.
                if one.trial.purpose == "fault" or _looks_wrong(one):
                    continue
                if mutation.notices(one.trial, one.pattern, mutant):
                    one.shows.add(mutant)
                    break
            else:
                alive.append(mutant)
        for mutant, line in mutation.telling(observed, alive).items():
            if mutant in alive and time.monotonic() < ends:
                asked = mutants[mutant][:_MOST_ASKED]
                found = self._with_row(
                    mutation, [candidates[at] for at in asked], line, mutant, alive
                )
                if found is not None:
                    candidates.append(found)

    def _with_row(
        self,
        mutation: Mutation,
        candidates: Sequence[_Candidate],
        line: str,
        wanted: Mutant,
        alive: list[Mutant],
    ) -> _Candidate | None:  # pragma: no cover - see `_RERUN`
        """Return a candidate with one more row that notices a mutant.

        Args:
            mutation: runs mutants.
            candidates: those to which the row may be added.
            line: inserts the row.
            wanted: the mutant.
            alive: the mutants that nothing notices; those that are noticed now leave it.
        """
        for one in candidates:
            trial = replace(
                one.trial, script=(*line.splitlines(), *one.trial.script), purpose="telling row"
            )
            better = _Candidate(trial, self._lab.observe(trial), set())
            # Most rows make no difference, which one run tells.
            if better.first.problem or not mutation.notices(
                trial, fingerprint.shown(better.first), wanted
            ):
                continue
            if not self._is_repeatable(better):
                continue
            noticed = {
                mutant
                for mutant in alive
                if mutant.statement == wanted.statement
                and mutation.notices(trial, better.pattern, mutant)
            }
            if noticed:
                alive[:] = [mutant for mutant in alive if mutant not in noticed]
                better.shows = {*one.shows, *noticed}
                return better
        return None


def _noticing_swaps(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates that notice swapped columns of a result, one for each swap."""
    found: dict[Mutant, _Candidate] = {}
    for one in candidates:
        for shown in one.shows:
            if isinstance(shown, Mutant) and shown.operator == "columns-swapped":
                found.setdefault(shown, one)
    return list(found.values())


def _has_own_sql(target: Target, candidates: Sequence[_Candidate]) -> bool:
    """Return whether wrong SQL is a target's own: that of a DAO is not for the tests of a route."""
    if target.layer != "router":
        return True
    return any(
        event.call.origin.code.co_filename == target.file
        for one in candidates
        for event in one.first.events
        if event.kind == "statement"
    )


def _preference(candidate: _Candidate) -> tuple[bool, int]:
    """Return where a candidate stands among those that show the same."""
    rows = len(candidate.trial.rows)
    if accident(candidate.first.raised, candidate.trial.target.file):
        return True, rows  # a mistake is clearest with the fewest
    return False, -min(rows, _ENOUGH_ROWS)


def _looks_wrong(candidate: _Candidate) -> bool:
    return suspect(Kept(candidate.trial, candidate.observed)) is not None


def _outcome(observation: Observation, *, is_route: bool) -> _Outcome:
    raised, answer = observation.raised, observation.answer
    kind: object
    if raised is not None:
        status = getattr(raised, "status_code", None) or getattr(raised, "sqlstate", None)
        kind = "what its block raises" if lab.is_of_trial(raised) else type(raised).__qualname__
        ended: tuple[Any, ...] = ("raised", kind, status)
    else:
        is_empty = hasattr(answer, "__len__") and not len(answer)
        kind = answer if isinstance(answer, bool) else None
        if is_route:
            kind = web_assertions.outcome(answer)
        elif isinstance(answer, Exception):
            kind = getattr(answer, "status_code", None)
        ended = ("answer", type(answer).__qualname__, is_empty, kind)
    changes = observation.changes
    if changes is None:
        return _Outcome(ended, ())
    kinds = (changes.inserted, changes.updated, changes.deleted)
    return _Outcome(ended, tuple(tuple(sorted(kind)) for kind in kinds))


def without_database(kept: Kept) -> Kept:
    """Return a kept trial without the database, if its call sends nothing to it."""
    trial = kept.trial
    is_used = "real_postgres" in trial.target.call or bool(
        trial.rows or trial.script or trial.target.openings
    )
    if is_used or trial.target.layer == "router" or any(one.events for one in kept.observed):
        return kept
    fixtures = tuple(pair for pair in trial.target.fixtures if pair[0] != "real_postgres")
    return replace(
        kept,
        trial=replace(
            trial,
            target=replace(trial.target, fixtures=fixtures),
            scenario=trial.scenario.removeprefix("without_rows"),
        ),
        observed=[replace(one, changes=None) for one in kept.observed],
    )


def _is_of_project(error: BaseException | None) -> bool:
    """Return whether code has made an exception of its own, and not passed on a driver's."""
    top = type(error).__module__.partition(".")[0]
    return error is not None and top not in (*DRIVERS, "sqlalchemy", "builtins", "asyncio")


def _words(shown: object) -> str:
    """Return what a test shows, in words."""
    if isinstance(shown, Mutant):
        return shortened(shown.sentence, _LONGEST)
    if isinstance(shown, _Outcome):
        kind, name, *_ = shown.ended
        return f"it raises {name}" if kind == "raised" else f"it returns {name}"
    assert isinstance(shown, tuple)
    first, last = shown
    return f"line {first}" if first == last else f"line {first} -> {last}"
