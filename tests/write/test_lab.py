"""What a run of a trial tells, on a stand-in of the runner."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.write.kept import target
from understudy import WrongEventLoop
from understudy.rerun.runs import Run
from understudy.write import lab as labs
from understudy.write.lab import Lab
from understudy.write.trials import Target, Trial


def problem(
    of: Target,
    ended: Run | None = None,
    *,
    has_begun: bool = True,
    refused: Sequence[str] = (),
    **seen: Any,
) -> str:
    """Return why the run of a trial that shows something is no test."""

    def run(item: object, change: object, seconds: float) -> Run:
        playing = lab._playing
        assert playing is not None
        playing.has_begun = has_begun
        playing.refused = [*refused]
        for name, value in seen.items():
            setattr(playing.observation, name, value)
        return ended or Run()

    trial = Trial(of)
    nothing: Any = None
    lab = Lab(SimpleNamespace(run=run), nothing, nothing)  # type: ignore[arg-type] # all it asks
    lab.items[labs.test_name(trial.target)] = nothing
    return lab.observe(trial).problem


def test_a_pool_of_another_event_loop_is_a_problem_of_the_setup() -> None:
    """It is no behavior of the code, which would have one loop."""
    error = WrongEventLoop("a connection is used in another loop")

    assert 'asyncio_default_test_loop_scope = "session"' in problem(target(), raised=error)


def test_a_request_that_is_one_too_many_says_nothing_of_the_route() -> None:
    limited = SimpleNamespace(status_code=429)

    assert "limits the number of requests" in problem(target(layer="router"), answer=limited)
    assert problem(target(), answer=limited) == ""


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ({"refused": ["it sends to 1.1.1.1:53"]}, "it sends to 1.1.1.1:53"),
        ({"ended": Run(is_timeout=True)}, f"it did not end within {labs.SECONDS:g} s"),
        (
            {"ended": Run(passed=False, error="KeyError: 'a'"), "has_begun": False},
            "it cannot be arranged: KeyError: 'a'",
        ),
        ({"ended": Run(passed=False, error="KeyError: 'a'")}, "KeyError: 'a'"),
        ({}, ""),
    ],
)
def test_a_run_that_is_no_test_says_why(run: dict[str, Any], expected: str) -> None:
    assert problem(target(), **run) == expected


def test_a_trial_whose_fixtures_fail_is_not_run() -> None:
    nothing: Any = None
    lab = Lab(nothing, nothing, nothing)
    lab.broken[labs.test_name(target())] = "fixture 'pool' not found"

    assert [lab.observe(Trial(one)).problem for one in (target(), target(layer="router"))] == [
        "its fixtures cannot be set up: fixture 'pool' not found",
        "its fixtures cannot be set up: pytest did not run it",
    ]
