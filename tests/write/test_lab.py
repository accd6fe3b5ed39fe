"""What a run of a trial tells, on a stand-in of the runner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.write.kept import target
from understudy import WrongEventLoop
from understudy.write import lab as labs
from understudy.write.lab import Lab
from understudy.write.trials import Trial


def test_a_pool_of_another_event_loop_is_a_problem_of_the_setup() -> None:
    """It is no behavior of the code, which would have one loop."""

    def run(item: object, change: object, seconds: float) -> Any:
        playing = lab._playing
        assert playing is not None
        playing.has_begun = True
        playing.observation.raised = WrongEventLoop("a connection is used in another loop")
        return SimpleNamespace(
            passed=True, error="", is_timeout=False, events=[], leaks=(), has_fired=False
        )

    trial = Trial(target())
    nothing: Any = None
    lab = Lab(SimpleNamespace(run=run), nothing, nothing)  # type: ignore[arg-type] # all it asks
    lab.items[labs.test_name(trial.target)] = nothing

    assert 'asyncio_default_test_loop_scope = "session"' in lab.observe(trial).problem
