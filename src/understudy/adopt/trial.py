"""Run the tests of a project before and after the rewrite, in a copy of the project."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.adopt.plan import Plan
from understudy.init import InitError
from understudy.init.project_copy import Copy, copied
from understudy.project import pytest_process, suite_run

Say = Callable[[str], None]


@dataclass(frozen=True)
class Suite:
    """A run of the whole suite.

    Attributes:
        tests: how each test ended, by its node id, as `outcomes.py` reports it.
        seconds: the time of the run, from the start of pytest to its end.
        ended: how pytest ended if it did not run the tests; empty if it did.
    """

    tests: Mapping[str, Mapping[str, Any]]
    seconds: float
    ended: str = ""

    def count(self, outcome: str) -> int:
        """Return how many tests ended in this way."""
        return sum(test["outcome"] == outcome for test in self.tests.values())

    @property
    def failing(self) -> dict[str, Mapping[str, Any]]:
        """The tests that failed, in the body or in a fixture."""
        return {
            name: test
            for name, test in self.tests.items()
            if test["outcome"] in ("failed", "error")
        }


@dataclass(frozen=True)
class Trial:
    """What the two runs showed.

    Attributes:
        plan: the plan that was tried last.
        before: the suite as it is.
        after: the suite after the rewrite.
        refused: for each source of the schema that could not be loaded, what the database said.
    """

    plan: Plan
    before: Suite
    after: Suite
    refused: Sequence[tuple[str, str]]

    @property
    def different(self) -> dict[str, Mapping[str, Any]]:
        """The tests that passed before, or had no server, and fail after, with their failure."""
        known = ("passed", "error") if self.plan.needs_server else ("passed",)
        before = self.before.tests
        return {
            name: test
            for name, test in self.after.failing.items()
            if not before or (name in before and before[name]["outcome"] in known)
        }


def try_out(plans: Sequence[Plan], timeout: float, say: Say) -> Trial:
    """Run the suite before and after. The second run tries the plans until a schema loads.

    Args:
        plans: the plans, the likeliest first.
        timeout: the seconds that each run may take.
        say: is called with a line about each step.

    Raises:
        InitError: The project cannot be copied, or its tests do not run as they are.
    """
    root = plans[0].root
    # Tests may read files of the repository that are above the project.
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    with copied(root, timeout, top) as copy:
        say("Running the tests as they are, in a copy of the project ...")
        before = _run(copy)
        if before.ended and not before.count("passed") and not plans[0].needs_server:
            raise InitError(
                f"The tests do not run as they are: {before.ended}\n"
                "Nothing was written. To rewrite without running them: understudy adopt --no-run"
            )
    refused: list[tuple[str, str]] = []
    for plan in plans:
        with copied(root, timeout, top) as copy:
            _apply(plan, copy)
            schema = plan.schema
            if schema is not None:
                say(f"Loading the schema from {schema.what} ({schema.place}) ...")
                problem = _schema_problem(plan, copy)
                if problem is not None:
                    refused.append((f"{schema.what} ({schema.place})", problem))
                    continue
            say(f"Running them on {plan.database.name} ...")
            return Trial(plan, before, _run(copy), refused)
    described = "\n".join(f"{what} cannot be loaded:\n{problem}" for what, problem in refused)
    raise InitError(f"No source of the schema can be loaded. Nothing was written.\n{described}")


def _apply(plan: Plan, copy: Copy) -> None:
    for change in plan.changes:
        copy.write(change.path.relative_to(plan.root), change.after)


def _schema_problem(plan: Plan, copy: Copy) -> str | None:
    """Return why the schema cannot be loaded, or None if it can."""
    assert plan.schema is not None, "it is asked for"
    base = str(copy.root / plan.findings.base)
    request = {"path": [str(copy.root), base], plan.database.schema: plan.schema.setting}
    said = copy.ask(Path(), request)
    for answer in said.of("schema"):
        error: str | None = answer["error"]
        return error
    return said.why_it_ended()


def _run(copy: Copy) -> Suite:
    with tempfile.TemporaryDirectory(prefix="understudy-adopt-") as scratch:
        arguments = suite_run.arguments(copy.root, Path(scratch), None)
        started = time.monotonic()
        ended = pytest_process.run(
            arguments,
            copy.root,
            plugin="understudy.adopt.outcomes",
            environment={**copy.environment(), "PYTHONDONTWRITEBYTECODE": "1"},
            timeout=copy.timeout,
            patience=5.0,
        )
        seconds = time.monotonic() - started
    tests: dict[str, dict[str, Any]] = {}
    for answer in ended.answers:
        known = tests.get(answer["name"])
        if known is None or known["outcome"] == "passed":
            tests[answer["name"]] = answer
    how = ""
    if ended.timed_out:
        how = f"not within {copy.timeout:g} s:\n{suite_run.tail(ended.output)}"
    elif ended.exit_code not in (0, 1) or not tests:
        how = suite_run.ending(ended.exit_code, ended.output)
    return Suite(tests, seconds, how)
