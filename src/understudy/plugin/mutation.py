"""A pytest plugin for the runs of `understudy mutate`, which alone load it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from understudy import rerun
from understudy.embedded.errors import PostgresError
from understudy.mutate.judge import Judge
from understudy.mutate.mutation_run import MutationRun
from understudy.mutate.mysql_judge import MysqlJudge
from understudy.mutate.selection import Selection
from understudy.plugin import databases, mysql_databases
from understudy.plugin.options import read_settings
from understudy.project import pytest_config, pytest_process
from understudy.project.changed_lines import changed_lines


def pytest_configure(config: pytest.Config) -> None:
    """Run the mutants when the tests are over."""
    wanted, started = pytest_process.requested(), time.monotonic()

    def begin() -> None:
        root = Path.cwd()
        revision = wanted["revision"]
        selection = Selection(
            root,
            pytest_config.read(config.rootpath) or pytest_config.PytestConfig(),
            [Path(path) for path in wanted["paths"]],
            None if revision is None else changed_lines(root, revision),
        )
        recorded_in = time.monotonic() - started
        with _judge(config) as judge:
            MutationRun(
                reruns,
                selection,
                judge,
                pytest_process.answer,
                Path(wanted["claims"]),
                wanted["seconds"],
                recorded_in,
            ).run()

    reruns = rerun.of(config)
    reruns.after.append(begin)


@contextmanager
def _judge(config: pytest.Config) -> Iterator[Judge | MysqlJudge]:
    """Give a judge with a database of its own, if the project has a schema."""
    if read_settings(config).mysql_schema:
        try:
            place = mysql_databases.shared(config)
        except PostgresError as error:
            yield Judge(None, str(error).partition("\n")[0])
        else:
            yield MysqlJudge(place.address.with_database(place.template))
        return
    with ExitStack() as stack:
        try:
            judge = Judge(stack.enter_context(databases.clone(config)))
        except PostgresError as error:
            judge = Judge(None, str(error).partition("\n")[0])
        yield judge
