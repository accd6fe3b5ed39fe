"""What a trial shows, so that it is worth a test."""

from __future__ import annotations

from collections import Counter
from threading import Thread
from typing import Any, get_type_hints

import asyncpg
import pytest

from tests.write.kept import target
from understudy.mutate.mutants import Mutant
from understudy.write.exploration import Exploration
from understudy.write.explorer import Explorer
from understudy.write.lifespan import ambient
from understudy.write.spelling import evaluated
from understudy.write.trials import Argument, Kept, Layer, Observation, Trial


class JobsUnavailable(Exception):
    """What a DAO makes of an error of the database."""


@pytest.mark.parametrize(
    ("layer", "error", "is_shown"),
    [
        ("dao", JobsUnavailable(), True),
        ("dao", asyncpg.ConnectionDoesNotExistError(), False),
        ("dao", OSError(), False),
        ("service", JobsUnavailable(), False),
    ],
)
def test_what_a_dao_makes_of_a_fault_is_shown(
    layer: Layer, error: Exception, is_shown: bool
) -> None:
    nothing: Any = None
    explorer = Explorer(nothing, None, frozenset(), frozenset(), None)
    trial = Trial(target(layer=layer), purpose="fault")

    assert bool(explorer.shown(trial, Observation(raised=error))) == is_shown


class DirectLab:
    """Calls the function of a trial, without pytest.

    Attributes:
        changing: whether a trial does something else each time.
    """

    def __init__(self, *, changing: bool = False) -> None:
        self._runs = 0
        self._changing = changing

    def observe(
        self, trial: Trial, *, is_shifted: bool = False, is_later: bool = False
    ) -> Observation:
        """Run a trial."""
        self._runs += 1
        if self._changing and self._runs % 2:
            return Observation(problem="it did not end within 3 s")
        if ("async_client", "AsyncClient") in trial.target.fixtures:
            return Observation(answer=1)
        try:
            given = {name: evaluated(one) for name, one in trial.arguments.items()}
            return Observation(answer=trial.target.function(**given))
        except Exception as error:  # noqa: BLE001 - it is what is observed
            return Observation(raised=error)


class NegativesNotice:
    """One mutant, which trials with negative numbers notice."""

    mutant = Mutant("SELECT 1", "SELECT 2", "number", 7, 8, "2 for 1")

    def mutants(self, observed: list[Observation], _target: object) -> dict[Mutant, range]:
        """Return the mutant, whose statement all trials send."""
        return {self.mutant: range(len(observed))}

    def notices(self, trial: Trial, _pattern: object, _mutant: Mutant) -> bool:
        """Return whether the number is negative."""
        return evaluated(trial.arguments["number"]) < 0

    def telling(self, *_: object) -> dict[Mutant, str]:
        """Return no rows."""
        return {}


def explored(
    function: Any, lab: DirectLab | None = None, mutation: Any = None, **fields: Any
) -> tuple[Any, list[Kept]]:
    """Return the explorer of a function, and what it keeps."""
    arguments = tuple(
        Argument(name, hint) for name, hint in get_type_hints(function).items() if name != "return"
    )
    of = ambient(target(function, arguments=arguments, openings=(), **fields), is_certain=True)
    explorer = Explorer(lab or DirectLab(), None, frozenset(), frozenset(), mutation)  # type: ignore[arg-type] # all it asks
    exploration = Exploration(explorer, of)
    for steps in (exploration.trials(), exploration.mutants()):
        list(steps)
    return explorer, exploration.kept()


def halved(number: int) -> float | None:
    """Return several kinds of answers."""
    if number < 0:
        raise ValueError(number)
    return number / 2 if number else None


def test_one_test_is_kept_for_each_kind_of_outcome() -> None:
    _, found = explored(halved, is_async=False)

    assert [(one.trial.arguments["number"].text, one.shows) for one in found] == [
        ("11", ("it returns float",)),
        ("0", ("it returns NoneType",)),
        ("-1", ("it raises ValueError",)),
    ]
    assert all(one.trial.target.fixtures == () for one in found)


def test_what_does_not_happen_again_is_not_kept() -> None:
    explorer, found = explored(halved, DirectLab(changing=True), is_async=False)

    assert found == []
    assert explorer.problems == {"JobDAO.find": "it did not end within 3 s"}


def test_what_ends_in_another_way_each_time_is_not_kept() -> None:
    calls: list[int] = []

    def flips(number: int) -> int | None:
        """Return another kind of answer at each call."""
        calls.append(number)
        return number if len(calls) % 2 else None

    explorer, _ = explored(flips, is_async=False)

    reason = "it ends in another way each time, with the same arguments and rows"
    assert explorer.problems == {"JobDAO.find": reason}


def test_a_trial_that_no_test_needs_runs_once() -> None:
    calls: list[int] = []

    def same(number: int) -> int:
        """Return one kind of answer."""
        calls.append(number)
        return number

    explored(same, is_async=False)

    runs = Counter(calls)
    assert runs.pop(11) == 3
    assert set(runs.values()) == {1}


def test_a_trial_that_alone_notices_a_mutant_is_kept() -> None:
    calls: list[int] = []

    def same(number: int) -> int:
        """Return one kind of answer."""
        calls.append(number)
        return number

    _, (one,) = explored(same, mutation=NegativesNotice(), is_async=False)

    found = evaluated(one.trial.arguments["number"])
    assert (found < 0, calls.count(found)) == (True, 3)


def test_a_function_without_values_is_a_problem() -> None:
    def watch(worker: Thread) -> None:
        """Take what cannot be written."""

    explorer, found = explored(watch, is_async=False)

    assert found == []
    assert "no value for its parameter worker can be written" in explorer.problems["JobDAO.find"]


def test_a_function_that_needs_the_running_app_is_called_while_it_runs() -> None:
    def count() -> int:
        """Use what only the app opens."""
        raise AssertionError("the pool is not running")

    _, (one, *_) = explored(count)

    assert ("async_client", "AsyncClient") in one.trial.target.fixtures
