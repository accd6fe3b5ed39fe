"""A pytest plugin for the runs of `understudy mutate`, which alone load it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from understudy import rerun
from understudy.embedded.errors import PostgresError
from understudy.mutate import equivalence, operators
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.mutation_run import MutationRun, Tools
from understudy.mutate.selection import Selection
from understudy.plugin import databases
from understudy.project import pytest_config, pytest_process
from understudy.project.changed_lines import changed_lines


def pytest_configure(config: pytest.Config) -> None:
    """Run the mutants when the tests are over."""
    wanted, started = pytest_process.requested(), time.monotonic()

    def judge(mutants: Sequence[Mutant]) -> Mapping[Mutant, Judgement]:
        try:
            found = databases.shared(config)
        except PostgresError as error:  # without a schema, or without a PostgreSQL
            unknown = Judgement("unknown", str(error).partition("\n")[0])
            return dict.fromkeys(mutants, unknown)
        return equivalence.judge(mutants, found)

    def begin() -> None:
        root = Path.cwd()
        revision = wanted["revision"]
        selection = Selection(
            root,
            pytest_config.read(config.rootpath) or pytest_config.PytestConfig(),
            [Path(path) for path in wanted["paths"]],
            None if revision is None else changed_lines(root, revision),
        )
        tools = Tools(operators.mutants, judge, pytest_process.answer)
        claims, seconds = Path(wanted["claims"]), wanted["seconds"]
        recorded_in = time.monotonic() - started
        MutationRun(reruns, selection, tools, claims, seconds, recorded_in).run()

    reruns = rerun.of(config)
    reruns.after.append(begin)
