"""Find the trials of a target that are worth a test."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from understudy.mutate.mutants import Mutant
from understudy.write import (
    brief_answers,
    choice,
    comparisons,
    fingerprint,
    lifespan,
    proposals,
    router_trials,
    service_trials,
)
from understudy.write.accidents import of_guess
from understudy.write.arguments import CannotPropose
from understudy.write.candidates import (
    Candidate,
    looks_wrong,
    of_each_statement,
    preference,
    statements,
)
from understudy.write.explorer import Explorer
from understudy.write.kills import Mutation, has_call, noticing_swaps, sends_own_sql
from understudy.write.outcomes import outcome, words
from understudy.write.readable_rows import readable
from understudy.write.shortening import Shortening
from understudy.write.telling_rows import with_telling_rows
from understudy.write.trials import Kept, Observation, Target, Trial
from understudy.write.written_test import without_database

_MOST_TRIALS = 60
_MOST_USELESS = 12  # trials in a row that show nothing new
_MOST_ASKED = 3  # candidates to which a row is added that may tell a mutant


class Exploration:
    """The trials of one target. They are made in steps, between which others may work.

    Args:
        explorer: what the targets share.
        target: the target.
    """

    def __init__(self, explorer: Explorer, target: Target) -> None:
        self.target = target
        self._explorer = explorer
        self._lab = explorer.lab
        self._tried: list[Candidate] = []
        self._candidates: list[Candidate] = []
        self._knows_all = False  # that the candidates show

    def trials(self) -> Iterator[bool]:  # untraced
        """Run what is proposed until nothing new is shown; yield after each trial."""
        target = self.target = self._with_app(self.target)
        seen: list[tuple[Trial, Observation]] = []
        covered: set[object] = set()
        useless = 0
        problems = self._explorer.problems
        for trial in self._proposed(target, seen):
            if len(self._tried) >= _MOST_TRIALS:
                break
            observation = self._lab.observe(trial)
            seen.append((trial, observation))
            is_probe = trial.purpose == "probe"
            problem = observation.problem or ("" if is_probe else of_guess(trial, observation))
            if problem:
                problems.setdefault(target.name, problem)
            elif not is_probe:
                shows = self._explorer.shown(trial, observation)
                self._explorer.note_reached(observation)
                self._tried.append(Candidate(trial, observation, shows))
                new = shows | {(sent, trial.purpose) for sent in statements(observation)}
                useless = 0 if new - covered else useless + 1
                covered |= new
                if useless > _MOST_USELESS and not self._explorer.open_arcs(target):
                    break
            yield True

    def mutants(self) -> Iterator[bool]:  # untraced
        """Repeat the trials that show most, and run them with mutants of their SQL.

        Yields:
            After each step, whether all trials that are needed were repeated.
        """
        if reason := lifespan.unstarted(self.target, [one.first for one in self._tried]):
            self._explorer.problems[self.target.name] = reason
            return
        # A later trial may have shown that an earlier one was none.
        self._tried = [one for one in self._tried if not one.first.problem]
        # Of two that show the same, the one with more rows will notice more wrong SQL.
        richest = sorted(self._tried, key=preference)
        chosen = [richest[at] for at in choice.cover([one.shows for one in richest])]
        for one in chosen:
            if self._is_repeatable(one):
                self._candidates.append(one)
            yield False
        others = of_each_statement([one for one in self._tried if one not in chosen])
        mutation = self._explorer.mutation
        if mutation is not None and _has_own_sql(self.target, self._candidates):
            yield from self._run_mutants(mutation, others)
        else:
            self._knows_all = True  # no wrong SQL can need a row that is left out
        while True:
            others = [one for one in others if one.is_repeatable is None]
            # Those that are written instead, because they came first or the chosen one varies.
            new = [one for one in self._covering(others) if one in others]
            if not new:
                self._knows_all = True
                return
            for one in new:
                yield True
                if self._is_repeatable(one):
                    self._candidates.append(one)

    def shortening(self) -> Iterator[bool]:  # untraced
        """Shorten tests that are too long, if all wrong SQL was tried; yield after each attempt."""
        explorer = self._explorer
        tests = self._candidates = self._covering([])
        if self._knows_all and explorer.schema is not None:
            yield from Shortening(
                tests,
                explorer.schema,
                self._lab,
                explorer.mutation,
                explorer.arcs_of,
                self._is_repeatable,
            ).steps()

    def kept(self) -> list[Kept]:
        """Return the trials that are written, the first ones first."""
        candidates = self._covering([])
        alone = choice.only([one.shows for one in candidates])
        swaps = noticing_swaps([one.shows for one in candidates])
        return [
            without_database(
                Kept(
                    one.trial,
                    one.observed,
                    tuple(sorted(map(words, shows))),
                    one.is_whole or at in swaps,
                    one.fields,
                )
            )
            for at, (one, shows) in enumerate(zip(candidates, alone, strict=True))
        ]

    def _covering(self, others: Sequence[Candidate]) -> list[Candidate]:
        """Return the few of the candidates and of others that show all that any of them shows."""
        # In the order in which they were proposed: the ordinary case comes first.
        order = {id(one): number for number, one in enumerate(self._tried)}
        found = sorted([*self._candidates, *others], key=lambda one: order.get(id(one), len(order)))
        return [found[at] for at in choice.cover([one.shows for one in found])]

    def _with_app(self, target: Target) -> Target:
        """Return a target, or the one that is called while the app runs, if it needs that."""
        if not isinstance(target, lifespan.AmbientTarget):
            return target
        trial = next(self._proposed(target, []), None)
        if trial is None:
            return target
        in_app = self._lab.observe(replace(trial, target=target.in_app))
        if target.is_certain and not in_app.problem:
            return target.in_app
        alone = self._lab.observe(trial)
        return target.in_app if lifespan.needs_app(alone, in_app) else target

    def _proposed(self, target: Target, seen: list[tuple[Trial, Observation]]) -> Iterator[Trial]:
        explorer = self._explorer
        of_layer: Any = {"router": router_trials, "service": service_trials}.get(
            target.layer, proposals
        )
        try:
            yield from of_layer.trials(
                target,
                explorer.schema,
                seen,
                lambda: explorer.open_arcs(target),
                explorer.checks,
            )
        except CannotPropose as error:
            explorer.problems.setdefault(target.name, str(error))

    def _is_repeatable(self, candidate: Candidate) -> bool:
        """Return whether a trial shows the same each time, which is tried once."""
        if candidate.is_repeatable is None:
            candidate.is_repeatable = self._repeat(candidate)
        return candidate.is_repeatable

    def _repeat(self, candidate: Candidate) -> bool:
        """Observe a trial twice more, with all shifted that a test must not depend on."""
        again = [
            self._lab.observe(candidate.trial, is_shifted=True),
            self._lab.observe(candidate.trial),
        ]
        name = candidate.trial.target.name
        if problems := [run.problem for run in again if run.problem]:
            self._explorer.problems[name] = problems[0]
            return False
        candidate.observed = [candidate.first, *again]
        candidate.pattern = fingerprint.stable(candidate.observed)
        is_route = candidate.trial.target.layer == "router"
        outcomes = {outcome(run, is_route=is_route) for run in candidate.observed}
        is_same = len(outcomes) == 1
        if is_same and fingerprint.has_dates(candidate.pattern):
            run = self._lab.observe(candidate.trial, is_later=True)
            # Another outcome tells nothing of the values: a token may not be valid yet.
            if not run.problem and outcome(run, is_route=is_route) in outcomes:
                candidate.observed.append(run)
                candidate.pattern = fingerprint.stable(candidate.observed)
        if not is_same:
            reason = "it ends in another way each time, with the same arguments and rows"
            self._explorer.problems.setdefault(name, reason)
        return is_same

    def _run_mutants(
        self, mutation: Mutation, others: Sequence[Candidate]
    ) -> Iterator[bool]:  # untraced
        """Add the mutants that each candidate notices to what it shows; yield after each mutant.

        Candidates are added with rows that tell a mutant from its original.

        Args:
            mutation: runs them.
            others: are asked if no candidate notices a mutant, and become candidates if they do.
        """
        candidates = [*self._candidates, *others]
        observed = [one.first for one in candidates]
        mutants = mutation.mutants(observed, self.target)
        gc.freeze()  # the trials that are kept, and what making mutants has imported
        alive: list[Mutant] = []
        noticed: set[str] = set()  # swapped columns, in any statement of the function
        for mutant, senders in mutants.items():
            if mutant.sentence in noticed:
                continue
            yield True
            asked = [candidates[at] for at in senders]
            if mutant.swaps_columns:
                asked.sort(key=brief_answers.richness, reverse=True)
                alive = [one for one in alive if one.sentence != mutant.sentence]
            if not any(self._notices(mutation, one, mutant) for one in asked):
                alive.append(mutant)
            elif mutant.swaps_columns:
                noticed.add(mutant.sentence)
        for mutant, telling in mutation.telling(observed, alive).items():
            yield True
            if mutant in alive:
                asked = [candidates[at] for at in mutants[mutant]]
                asked.sort(key=lambda one: not has_call(one.first, mutant, telling.call))
                del asked[_MOST_ASKED:]
                found = self._with_rows(mutation, asked, telling.lines, mutant, alive)
                if found is not None:
                    self._candidates.append(found)

    def _notices(self, mutation: Mutation, one: Candidate, mutant: Mutant) -> bool:  # untraced
        """Return whether a candidate notices a mutant, which it shows then."""
        # A rule answers instead of the wrong SQL, and an expected failure tells nothing.
        if one.trial.purpose == "fault":
            return False
        if one.is_repeatable is None:
            seen = fingerprint.shown(one.first)  # one run tells of most that they notice nothing
            if not mutation.notices(one.trial, seen, mutant):
                return False
        if not self._is_repeatable(one) or looks_wrong(one):
            return False
        if not mutation.notices(one.trial, one.pattern, mutant):
            return False
        one.shows.add(mutant)
        if one not in self._candidates:
            self._candidates.append(one)
        return True

    def _with_rows(
        self,
        mutation: Mutation,
        candidates: Sequence[Candidate],
        lines: str,
        wanted: Mutant,
        alive: list[Mutant],
    ) -> Candidate | None:  # untraced
        """Return a candidate with more rows that notices a mutant.

        Args:
            mutation: runs mutants.
            candidates: those to which the rows may be added.
            lines: insert the rows.
            wanted: the mutant.
            alive: the mutants that nothing notices; those that are noticed now leave it.
        """
        schema = self._explorer.schema
        assert schema is not None, "there is a database"
        for one in candidates:
            reading = comparisons.read(one.first.events, schema)
            found = with_telling_rows(one.trial, lines, reading, schema)
            # Most rows make no difference, which one run tells.
            if mutation.told(found, wanted) is None:
                continue
            for trial in (readable(found, len(one.trial.rows), schema), found):
                first = mutation.told(trial, wanted)
                if first is None or not self._is_repeatable(
                    better := Candidate(trial, first, set())
                ):
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


# What is done with each target, one after the other.
PHASES = (
    ("trying", Exploration.trials),
    ("choosing tests of", Exploration.mutants),
    ("shortening tests of", Exploration.shortening),
)


def _has_own_sql(target: Target, candidates: Sequence[Candidate]) -> bool:
    """Return whether wrong SQL is a target's own: that of a DAO is not for the tests of a route."""
    if target.layer != "router":
        return True
    return any(sends_own_sql(target, one.first) for one in candidates)
