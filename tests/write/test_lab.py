"""What a run of a trial tells, on a stand-in of the runner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.write.kept import target
from understudy import WrongEventLoop
from understudy.write import lab as labs
from understudy.write.lab import Lab
from understudy.write.trials import Target, Trial


def problem(of: Target, **seen: Any) -> str:
    """Return why the run of a trial that shows something is no test."""

    def run(item: object, change: object, seconds: float) -> Any:
        playing = lab._playing
        assert playing is not None
        playing.has_begun = True
        for name, value in seen.items():
            setattr(playing.observation, name, value)
        return SimpleNamespace(
            passed=True, error="", is_timeout=False, events=[], leaks=(), has_fired=False
        )

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
