"""A pytest plugin for the runs of `understudy mutate`, which alone load it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from understudy import rerun
from understudy.mutate import equivalence, operators
from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.mutation_run import MutationRun, Tools
from understudy.mutate.selection import Selection
from understudy.plugin import databases
from understudy.project import pytest_config, pytest_process
from understudy.project.changed_lines import changed_lines
from understudy.rerun.reruns import Reruns


def pytest_configure(config: pytest.Config) -> None:
    """Run the mutants when the tests are over."""
    wanted = pytest_process.requested()

    def judge(mutants: Sequence[Mutant]) -> Mapping[Mutant, Judgement]:
        return equivalence.judge(mutants, databases.shared(config))

    def begin(reruns: Reruns) -> None:
        root = Path.cwd()
        revision = wanted["revision"]
        selection = Selection(
            root,
            pytest_config.read(config.rootpath) or pytest_config.PytestConfig(),
            [Path(path) for path in wanted["paths"]],
            None if revision is None else changed_lines(root, revision),
        )
        tools = Tools(operators.mutants, judge, pytest_process.answer)
        MutationRun(reruns, selection, tools, Path(wanted["claims"]), wanted["seconds"]).run()

    rerun.of(config).after.append(begin)
