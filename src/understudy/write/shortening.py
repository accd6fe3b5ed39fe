"""Shortens the tests of a function: their rows, and what they assert beside one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set

from understudy.mutate.mutants import Mutant
from understudy.rows.table_facts import Schema
from understudy.write import brief_answers, comparisons, fingerprint
from understudy.write.candidates import Candidate
from understudy.write.kills import Mutation
from understudy.write.lab import Lab
from understudy.write.outcomes import Outcome
from understudy.write.readings import Reading
from understudy.write.shorter_trials import Shortener, is_long, named, tells, used_columns
from understudy.write.trials import Observation

_Attempts = Callable[[Shortener, Reading, Schema], Iterator[bool]]


class Shortening:
    """Shortens tests one after the other; all of them together show what they showed before.

    Args:
        tests: the tests, which are changed.
        schema: the schema of the database.
        lab: runs trials.
        mutation: runs them with mutants.
        arcs_of: returns the jumps that an observation shows.
        is_repeatable: returns whether a test shows the same each time.
    """

    def __init__(
        self,
        tests: Sequence[Candidate],
        schema: Schema,
        lab: Lab,
        mutation: Mutation | None,
        arcs_of: Callable[[Observation], Set[object]],
        is_repeatable: Callable[[Candidate], bool],
    ) -> None:
        self._tests = tests
        self._schema = schema
        self._lab = lab
        self._mutation = mutation
        self._arcs_of = arcs_of
        self._is_repeatable = is_repeatable
        self._counts = Counter(item for one in tests for item in one.shows)
        # What the statements of each test do, and what its rows tell of their conditions.
        self._readings = [comparisons.read(one.first.events, schema) for one in tests]
        self._told = [self._tells(at) for at in range(len(tests))]

    def steps(self) -> Iterator[bool]:  # untraced
        """Shorten the tests, first each by much; yield after each attempt."""
        whole = brief_answers.whole(self._tests)
        for at, one in enumerate(self._tests):
            if one.trial.target.layer == "dao" and one not in whole:
                yield from self._choose_fields(one)
                for other in whole if one.fields is not None else ():
                    other.is_whole = True
            yield from self._shorten(at, Shortener.coarsely)
        for at in range(len(self._tests)):
            yield from self._shorten(at, Shortener.finely)

    def _needed(self, one: Candidate) -> set[object]:
        """Return what only this test shows."""
        return {item for item in one.shows if self._counts[item] == 1}

    def _choose_fields(self, one: Candidate) -> Iterator[bool]:  # untraced
        """Choose the fields of the answer that a test asserts."""
        if brief_answers.enough(one.trial, one.pattern, self._schema, []) is None:
            return
        needed = self._needed(one)
        told = []
        for mutant in needed:
            if isinstance(mutant, Mutant) and self._mutation is not None:
                told.append(self._mutation.shown(one.trial, mutant))
                yield True
        told = [shown for shown in told if shown is not None]
        one.fields = brief_answers.enough(one.trial, one.pattern, self._schema, told)
        if one.fields is not None:
            self._lose(one, {item for item in one.shows - needed if isinstance(item, Mutant)})

    def _shorten(self, at: int, attempts: _Attempts) -> Iterator[bool]:  # untraced
        """Leave out rows and columns of a test, and note what it shows no longer."""
        one = self._tests[at]
        if not is_long(one.trial):
            return
        needed = self._needed(one)
        is_fault = one.trial.purpose == "fault"  # its rows tell of no condition
        shortener = Shortener(
            one.trial,
            one.first,
            needed,
            self._lab,
            self._mutation,
            self._arcs_of,
            None if is_fault else self._told_beside(at),
            one.fields,
        )
        yield from attempts(shortener, self._readings[at], self._schema)
        trial = named(shortener.trial)
        better = Candidate(trial, self._lab.observe(trial), set(), fields=one.fields)
        if trial is one.trial or not self._is_repeatable(better):
            return
        if shortener.holds(trial, fingerprint.stable(better.observed, one.fields)):
            others = {item for item in one.shows - needed if not isinstance(item, Outcome)}
            one.trial, one.first = trial, better.first
            one.observed, one.pattern = better.observed, better.pattern
            self._told[at] = self._tells(at)
            self._lose(one, others - self._arcs_of(better.first))

    def _told_beside(self, at: int) -> set[object]:
        """Return what the rows of the other tests tell."""
        others = (told for place, told in enumerate(self._told) if place != at)
        return set().union(*others)

    def _tells(self, at: int) -> Set[object]:
        if self._tests[at].trial.purpose == "fault":
            return frozenset()
        rows, used = self._tests[at].trial.rows, used_columns(self._readings[at])
        return tells(rows, self._schema, used)

    def _lose(self, one: Candidate, lost: Set[object]) -> None:
        """Note what a test shows no longer, as others do."""
        self._counts.subtract(lost)
        one.shows = one.shows - lost
