"""What xdist's workers take, and in which order: what takes longest begins first.

Left to itself, xdist begins with the files of the most tests. The longest have few, so they came
last, and one worker ran them while the others had nothing left to do.
"""

from __future__ import annotations

import re
from typing import Any

from xdist.scheduler import LoadFileScheduling

# Beginnings of names, the longest first: `pytest --durations=100` shows what belongs here.
LONGEST = (
    "tests/write/test_backend.py",
    "tests/test_benchmarks.py",
    "tests/write/test_shop.py",
    "tests/sweep/",
    "tests/write/test_command.py",
    "tests/seed_contract/test_commands.py",
    "tests/test_reference_backend.py",
    "tests/cli/test_wheel.py",
    "tests/plugin/test_catalog.py",
    "tests/benchmarks/",
    "tests/rerun/",
    "tests/record/",
    "tests/adopt/",
    "tests/mutate/test_command.py",
    "tests/init/test_layouts.py",
    "tests/cli/",
    "tests/plugin/test_workers.py",
    "tests/plugin/test_real_postgres.py",
    "tests/conformance/parameters/test_matrix.py",
    "tests/conformance/drivers/test_scenarios.py",
    "tests/run_report/test_page_in_chromium.py",
    "tests/test_documentation.py",
    "tests/seed_contract/",
    "tests/embedded/",
    "tests/plugin/",
)
# Files of which each parameter has its own costly fixture, and is a unit of its own.
BY_PARAMETER = {
    "tests/test_documentation.py": re.compile(r"\[(?P<unit>[^:\]]+)"),  # the document of a block
    "tests/init/test_layouts.py": re.compile(r"\[(?P<unit>[^\]]+)"),
    "tests/write/test_backend.py": re.compile(r"\[(?P<unit>[^\]]+)"),
}


def unit_of(nodeid: str) -> str:
    """Return the unit that a test is in: the tests of one unit run in one worker."""
    file = nodeid.partition("::")[0]
    pattern = BY_PARAMETER.get(file)
    found = pattern.search(nodeid) if pattern else None
    return f"{file}[{found['unit']}]" if found else file


def rank(unit: str) -> int:
    """Return how early a unit begins: 0 is the first."""
    ranks = (number for number, name in enumerate(LONGEST) if unit.startswith(name))
    return next(ranks, len(LONGEST))


class LongestFirst(LoadFileScheduling):
    """A file for each worker, but the longest first and some in parts."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        # It takes the first unit that is left.
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)
