"""The time per test of the reference backend's integration tests and of its unit tests on fakes.

The tests do not correspond one to one. The unit tests of the same DAOs, of the DAL, of the
migrations and of the routes are the closest counterparts. The times are those that pytest reports
for a test, and include the start of the server.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import mean, median

from benchmarks.databases import seconds_of_tests
from benchmarks.rounds import Round, interleaved
from understudy.cli import demo_backend

# The two names of each comparison: integration tests, unit tests.
PAIRS = {
    "mean": ("mean, integration tests", "mean, unit tests"),
    "median": ("median, integration tests", "median, unit tests"),
}
# All integration tests, with and without the coverage of SQL.
PLAIN, COVERED = "without", "with the coverage of SQL"
_COUNTERPARTS = (
    "assignment_dao",
    "permission_dao",
    "role_dao",
    "scope_dao",
    "user_dao",
    "user_changes_dao",
    "user_errors_dao",
    "connection_dal",
    "migrate_config",
    "access_router",
    "audit_router",
    "users_router",
)
_COMMON = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov")


def measure(rounds: int) -> tuple[int, int, list[Round]]:
    """Return the number of tests on each side, and the seconds per test for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        demo_backend.copy_to(folder)
        unit_files = [f"tests/test_{name}.py" for name in _COUNTERPARTS]
        found: list[Round] = []
        for _ in range(rounds):
            integration = _times(folder, "tests/integration")
            unit = _times(folder, *unit_files)
            found.append(
                {
                    name: average(times)
                    for average, pair in ((mean, PAIRS["mean"]), (median, PAIRS["median"]))
                    for name, times in zip(pair, (integration, unit), strict=True)
                }
            )
        return len(integration), len(unit), found


def measure_coverage(rounds: int) -> list[Round]:
    """Return the seconds of all integration tests for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        demo_backend.copy_to(folder)
        candidates = {
            PLAIN: lambda: sum(_times(folder, "tests/integration")),
            COVERED: lambda: sum(_times(folder, "tests/integration", "--understudy-sql-cov")),
        }
        return interleaved(rounds, candidates)


def _times(folder: Path, *arguments: str) -> list[float]:
    by_name = seconds_of_tests(folder, *_COMMON, *arguments)
    return [seconds for times in by_name.values() for seconds in times]
