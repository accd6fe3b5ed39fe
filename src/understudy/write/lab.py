"""Runs trials: the source of a trial becomes the body of a test that the project's pytest runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from understudy.rerun import Reruns, Run
from understudy.rerun.reruns import Changing
from understudy.script import requests
from understudy.script.failures import WrongEventLoop
from understudy.write import rendering
from understudy.write.guard import SECONDS, Guard
from understudy.write.line_arcs import LineArcs
from understudy.write.shifts import later, other_values, shift
from understudy.write.trials import Observation, Target, Trial

FILE = "test_understudy_trials.py"
_SOURCE = "<trial>"  # the file that a traceback names for the source of a trial
LIMITED = (
    "the app answers 429, as it limits the number of requests: turn that off in the settings that "
    "the tests run with"
)
_LOOPS = (
    "the project keeps a pool or an engine, so all tests must share one event loop: set "
    'asyncio_default_fixture_loop_scope = "session" and asyncio_default_test_loop_scope = '
    '"session" in [tool.pytest.ini_options], for which pytest-asyncio 0.26 is needed, or close it '
    "at the end of each test in conftest.py"
)
# In a fixture: the app's lifespan has used it.
_OTHER_LOOP = re.compile(r"\bWrongEventLoop\b|\bEvent loop is closed\b")


@dataclass(eq=False)
class _Playing:
    """The trial that the test plays in this run, and what it has shown so far."""

    trial: Trial
    is_shifted: bool
    is_traced: bool
    observation: Observation
    has_begun: bool = False
    first: int = 0
    last: int = 0
    refused: list[str] = field(default_factory=list)


class Lab:
    """Runs trials in a session of the project's pytest.

    Args:
        reruns: runs the test that plays a trial.
        arcs: traces the module.
        guard: refuses what reaches beyond the database.

    Attributes:
        answer: what the call of the trial has returned; set by its source.
        has_fired: whether the change of the last run was made.
        items: the test that plays the trials of targets with the same fixtures, by its name.
        broken: why the fixtures of such a test fail, by its name.
    """

    def __init__(self, reruns: Reruns, arcs: LineArcs, guard: Guard) -> None:
        self._reruns = reruns
        self._arcs = arcs
        self._guard = guard
        self._playing: _Playing | None = None
        self._compiled: dict[str, Callable[..., Any]] = {}
        self.answer: Any = None
        self.has_fired = False
        self.items: dict[str, pytest.Item] = {}
        self.broken: dict[str, str] = {}

    # The tests that play ---------------------------------------------------------------------

    def tests(self, targets: Sequence[Target], mark: Callable[[Any], Any]) -> dict[str, Any]:
        """Return a test function for each combination of fixtures that the targets take.

        Args:
            targets: the targets.
            mark: marks an async test for the plugin that runs it.
        """
        found: dict[str, Any] = {}
        for target in (variant for one in targets for variant in one.variants):
            name = test_name(target)
            if name in found:
                continue
            fixtures = _fixtures(target)
            given = ", ".join(f"{fixture}={fixture}" for fixture in fixtures)
            is_async = rendering.is_async(target)
            play = "await lab.play_async" if is_async else "lab.play"
            source = (
                f"{'async ' if is_async else ''}def {name}({', '.join(fixtures)}):\n"
                f"    {play}({given})\n"
            )
            namespace: dict[str, Any] = {"lab": self}
            exec(compile(source, _SOURCE, "exec"), namespace)
            function = namespace[name]
            found[name] = mark(function) if is_async else function
        return found

    def play(self, **fixtures: Any) -> None:  # untraced
        """Run the trial in a test that is not async."""
        if self._playing is not None:
            self._function(self._playing.trial)(self, **fixtures)

    async def play_async(self, **fixtures: Any) -> None:  # untraced
        """Run the trial in an async test."""
        if self._playing is not None:
            await self._function(self._playing.trial)(self, **fixtures)

    def _function(self, trial: Trial) -> Callable[..., Any]:  # untraced
        # What is arranged comes before `lab.acting`, so that only the call is observed.
        act = [
            f"with lab.acting({'real_postgres' if trial.target.has_database else None}):",
            *(f"    {line}" for line in rendering.act(trial, "lab.answer")),
            *(f"    {line}" for line in trial.target.after),
        ]
        lines = sorted(rendering.imports(trial))
        lines += [line for setup in trial.setups for line in setup.lines]
        lines += rendering.body(trial, act)
        names = ", ".join(["lab", *_fixtures(trial.target)])
        prefix = "async " if rendering.is_async(trial.target) else ""
        source = f"{prefix}def trial({names}):\n{indent(chr(10).join(lines), '    ')}\n"
        function = self._compiled.get(source)
        if function is None:
            namespace: dict[str, Any] = {}
            # It is the source that is written as a test.
            exec(compile(source, _SOURCE, "exec"), namespace)
            function = self._compiled[source] = namespace["trial"]
        return function

    @contextmanager
    def acting(self, real_postgres: Any) -> Iterator[None]:  # untraced
        """Observe the call of a trial; what it raises is kept and goes no further."""
        playing = self._playing
        assert playing is not None
        seen = playing.observation
        if real_postgres is not None and playing.is_shifted:
            shift(real_postgres)
        watched = nullcontext() if real_postgres is None else real_postgres.changes()
        with watched as changes:
            playing.has_begun = True
            playing.first = requests.now()
            try:
                with (
                    self._guard.acting() as playing.refused,
                    self._arcs.traced(is_on=playing.is_traced) as traced,
                ):
                    yield
            except Exception as error:  # noqa: BLE001 - it is what is observed
                seen.raised = error
            finally:
                playing.last = requests.now()
                seen.arcs = frozenset(traced)
        seen.answer, self.answer = self.answer, None
        seen.changes = changes

    # Runs ------------------------------------------------------------------------------------

    def observe(
        self,
        trial: Trial,
        *,
        is_shifted: bool = False,
        is_later: bool = False,
        change: Changing | None = None,
    ) -> Observation:
        """Run a trial.

        Args:
            trial: the trial.
            is_shifted: whether sequences, the physical order of rows and generated values are
                others.
            is_later: whether the code takes today for another day.
            change: changes calls to the database on their way, see `rerun`.
        """
        name = test_name(trial.target)
        if name in self.broken or name not in self.items:
            why = self.broken.get(name, "pytest did not run it")
            return Observation(problem=f"its fixtures cannot be set up: {why}")
        playing = self._playing = _Playing(trial, is_shifted, change is None, Observation())
        try:
            with (
                other_values(self.items[name]) if is_shifted else nullcontext(),
                later(trial.target.function.__module__, Path.cwd()) if is_later else nullcontext(),
            ):
                item = self.items[name]
                # Wrong SQL that makes no end has been noticed, as `mutate` judges it.
                seconds = SECONDS if change is None else self._reruns.limit(item)
                run = self._reruns.run(item, change, seconds=seconds)
        finally:
            self._playing = None
        self.has_fired = run.has_fired
        seen = playing.observation
        seen.events = [
            event
            for event in run.events
            if playing.first < event.begun < playing.last and event.is_codes
        ]
        seen.leaks = run.leaks
        seen.problem = _problem(run, playing)
        return seen


def _is_limited(answer: Any, target: Target) -> bool:
    """Whether an app refuses a request because there were too many, which its route never says."""
    said = getattr(target, "operation", {}).get("responses", {})
    is_response = target.layer == "router" and getattr(answer, "status_code", 0) == 429
    return is_response and "429" not in said


def is_of_trial(error: BaseException) -> bool:
    """Return whether the trial itself raised an exception, in a block, and not the code."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_filename == _SOURCE


def _problem(run: Run, playing: _Playing) -> str:
    """Return why a run is no test, or ""."""
    if playing.refused:
        return playing.refused[0]
    if run.is_timeout:
        return f"it did not end within {SECONDS:g} s"
    if isinstance(playing.observation.raised, WrongEventLoop):
        return _LOOPS
    if _is_limited(playing.observation.answer, playing.trial.target):
        return LIMITED
    if not run.passed and _OTHER_LOOP.search(run.error):
        return _LOOPS
    if not playing.has_begun:
        return f"it cannot be arranged: {run.error}"
    return "" if run.passed else run.error


def test_name(target: Target) -> str:
    """Return the name of the test that plays a target's trials."""
    kind = "async" if rendering.is_async(target) else "sync"
    return "_".join(["test", kind, *_fixtures(target)])


def _fixtures(target: Target) -> list[str]:
    """Return the fixtures of the test that plays a target's trials.

    A trial of a route may override dependencies of the app, which its own tests need not do.
    """
    names = [name for name, _ in target.fixtures]
    return names if target.layer != "router" or "app" in names else ["app", *names]


def text(fixtures: Iterable[str] = ()) -> str:
    """Return the scratch test file: the plugin that the run loads gives it its tests.

    Args:
        fixtures: the sources of the fixtures that it replaces.
    """
    return "\n\n".join(
        (
            '"""Plays trials; it is never kept."""\n\n'
            "import pytest\n\n"
            "from understudy.write import session\n",
            *fixtures,
            "globals().update(session.current().tests())\n",
        )
    )
