"""The arguments that are proposed for a function, and the errors that its block raises."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest

from tests.write.kept import target
from understudy.write import proposals
from understudy.write.arguments import CannotPropose
from understudy.write.spelling import evaluated
from understudy.write.trials import Argument, Observation, Trial


def proposed(function: Callable[..., Any], *, enters: str = "") -> list[Trial]:
    """Return the trials of a function, each run before the next is proposed."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    arguments = tuple(
        Argument(one.name, one.annotation, one.default is one.empty, one.kind == one.KEYWORD_ONLY)
        for one in parameters
    )
    of = target(function, arguments=arguments, openings=(), enters=enters)
    lines, first = inspect.getsourcelines(function)
    arcs = frozenset((line, line + 1) for line in range(first, first + len(lines)))
    seen: list[tuple[Trial, Observation]] = []
    for trial in proposals.trials(of, None, seen, lambda: arcs):
        given = {name: evaluated(one) for name, one in trial.arguments.items()}
        seen.append((trial, Observation(answer=function(**given))))
    return [trial for trial, _ in seen]


def shown(trials: list[Trial]) -> dict[str, dict[str, str]]:
    """Return the arguments of each trial by its scenario."""
    return {
        trial.scenario: {name: one.text for name, one in trial.arguments.items()}
        for trial in trials
    }


def priced(kind: str, amount: int) -> int:
    """Compare two parameters with constants."""
    if kind == "gift" and amount == 500:
        return 1
    return 2


def test_two_constants_of_the_source_are_tried_together() -> None:
    found = shown(proposed(priced))

    assert found["with_kind_gift"] == {"kind": '"gift"', "amount": "11"}
    assert found["with_kind_gift_and_amount_500"] == {"kind": '"gift"', "amount": "500"}


def filtered(kind: str | None = None, state: int = 3, *, limit: int = 20) -> object:
    """Take two filters and a page."""
    return kind, state, limit


def test_each_optional_argument_is_given_alone() -> None:
    found = shown(proposed(filtered))

    assert found["with_kind"] == {"kind": '"kind a"'}
    assert found["with_state"] == {"state": "11"}
    assert "with_limit" not in found


def optional(name: str, worker: Thread | None = None, size: int = 3, *, last: int = 0) -> str:
    """Take an argument that cannot be written."""
    return f"{name}{worker}{size}{last}"


def test_an_optional_argument_that_cannot_be_written_is_left_out() -> None:
    """Those after it are then passed by name or not at all."""
    trials = proposed(optional)

    assert all("worker" not in trial.arguments for trial in trials)
    assert {trial.arguments["name"].text for trial in trials} >= {'"Ana"', '""'}


def required(worker: Thread) -> None:
    """Take only what cannot be written."""


def test_a_required_argument_that_cannot_be_written_is_a_reason() -> None:
    with pytest.raises(CannotPropose) as raised:
        proposed(required)

    assert str(raised.value) == (
        "no value for its parameter worker can be written: no value of Thread can be written for "
        "worker"
    )


@contextmanager
def opened() -> Iterator[int]:
    """Tell an error of its block apart."""
    try:
        yield 1
    except KeyError:
        return


def test_the_block_of_a_context_manager_raises_what_the_manager_tells_apart() -> None:
    inside = [trial.inside for trial in proposed(opened, enters="with") if trial.inside]

    assert inside[:2] == [('raise KeyError("a")',), ('raise ValueError("a")',)]


def found(id_: Any) -> object:
    """Take an id whose type nothing says."""
    return id_


def test_an_id_whose_name_ends_in_an_underscore_is_a_number() -> None:
    assert proposed(found)[0].arguments["id_"].text == "101"
