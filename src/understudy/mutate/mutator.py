"""Run a project's tests with mutants of its SQL, in child processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from understudy.embedded.watcher import watched_folder
from understudy.mutate.errors import MutationError
from understudy.mutate.report import title
from understudy.mutate.results import Collector, Results
from understudy.project import pytest_process, suite_run
from understudy.project.pytest_process import Child
from understudy.script.formatting import counted

PLUGIN = "understudy.plugin.mutation"
_PAUSE = 0.1  # seconds between two looks at the processes
# Seconds after the limit of time in which a process may finish its last test and its fixtures.
_GRACE = 60.0


@dataclass(frozen=True)
class Wanted:
    """What is to be mutated, and how.

    Attributes:
        root: the project's folder.
        catalog: its catalog, of which the runs get copies; None without a schema.
        paths: the files and folders whose statements are mutated, absolute; none for all.
        revision: a revision of git, if only statements on lines changed since are mutated.
        seconds: the time for the mutants; None for no limit.
        workers: the number of processes.
        arguments: arguments for pytest.
        environment: the environment variables of the tests; those of this process if None.
    """

    root: Path
    catalog: Path | None = None
    paths: Sequence[Path] = ()
    revision: str | None = None
    seconds: float | None = None
    workers: int = 1
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] | None = None


Say = Callable[[str], None]


def mutate(wanted: Wanted, say: Say) -> Results:
    """Record what the tests send, and run them with mutants.

    Ctrl-C and SIGTERM end it with the results so far.

    Args:
        wanted: what is to be mutated.
        say: is called with a line about each step.

    Raises:
        MutationError: the tests cannot be run, or none of them passes.
    """
    started = time.monotonic()
    collector = Collector()
    results = collector.results
    with watched_folder("understudy-mutate-") as scratch, ExitStack() as stack:
        children: list[Child] = []
        try:
            say("all tests, to record what they send")
            claims = scratch / "claims"
            claims.mkdir()
            for number in range(wanted.workers):
                folder = scratch / str(number)
                folder.mkdir()
                children.append(stack.enter_context(_started(wanted, folder, claims)))
            _follow(children, collector, wanted, say)
        except KeyboardInterrupt:
            pytest_process.stop(children)
            results.is_interrupted = True
            results.end = "Interrupted: these are the results so far."
        for child in children:
            _collect(child, collector, say)
        _check(children, collector)
    results.count_swaps_once()
    results.seconds = time.monotonic() - started
    if not results.statements and not results.is_interrupted:
        _refuse(results, wanted)
    return results


def _refuse(results: Results, wanted: Wanted) -> None:
    """Raise if there is nothing to mutate because of the tests, and not of what is wanted."""
    if results.failed and len(results.failed) == results.tests:
        name, error = next(iter(results.failed.items()))
        raise MutationError(
            "No test passes without a mutant, so none can notice one. The first failure:\n"
            f"  {name}\n  {error}"
        )
    if wanted.paths or wanted.revision is not None:
        return
    raise MutationError(
        "No test that passes sends a statement of your code to fake_postgres, real_postgres, "
        "fake_mysql or real_mysql, so there is nothing to mutate. Statements on a FakeConnection "
        "are not: no driver sends them."
    )


def _started(wanted: Wanted, scratch: Path, claims: Path) -> AbstractContextManager[Child]:
    """Start a process with a folder of its own."""
    return pytest_process.started(
        [
            *wanted.arguments,
            *suite_run.arguments(wanted.root, scratch, wanted.catalog, wanted.arguments),
        ],
        wanted.root,
        plugin=PLUGIN,
        request={
            "paths": [str(path) for path in wanted.paths],
            "revision": wanted.revision,
            "seconds": wanted.seconds,
            "claims": str(claims),
        },
        environment={**suite_run.environment(), **(wanted.environment or {})},
    )


def _follow(children: Sequence[Child], collector: Collector, wanted: Wanted, say: Say) -> None:
    """Collect the answers until all processes have ended, or their time is up."""
    ends: float | None = None
    while any(child.exit_code is None for child in children):
        for child in children:
            _collect(child, collector, say)
        if ends is None and wanted.seconds is not None and collector.is_recorded:
            ends = time.monotonic() + wanted.seconds + _GRACE
        if ends is not None and time.monotonic() > ends:
            pytest_process.stop(children)
        time.sleep(_PAUSE)


def _collect(child: Child, collector: Collector, say: Say) -> None:
    was_recorded = collector.is_recorded
    for answer in child.new_answers():
        done = collector.add(answer)
        if done is not None and done.results:
            say(f"{title(done)}: {done.killed} of {done.killable} killed")
    if collector.is_recorded and not was_recorded:
        found = counted(len(collector.results.statements), "statement")
        say(f"{counted(collector.results.tests, 'test')} sent {found}; now with mutants")


def _check(children: Sequence[Child], collector: Collector) -> None:
    """Raise if nothing was recorded, and note if a process has ended early."""
    results = collector.results
    for child in children:
        how = suite_run.ending(child.exit_code or 0, child.output())
        if results.end:
            return  # they were interrupted
        if not collector.is_recorded or not results.tests:
            raise MutationError(how)
        if child.exit_code not in (0, 1):
            results.has_crashed = True
            results.end = f"These are the results so far, for {how}"
