"""The reference backend's integration suite, and its unit tests of the same subjects on fakes.

There is no twin that makes every test twice. The unit tests of the same DAOs, of the DAL, of the
migrations and of the routes come nearest; so what is compared is the time of one test, as pytest
reports it, the start of the server included.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import mean, median

from benchmarks.databases import seconds_of_tests
from benchmarks.rounds import Round
from understudy.cli import reference_backend

INTEGRATION = "integration tests, a test"
TWIN = "their twins on fakes, a test"
INTEGRATION_MEDIAN = "integration tests, the median test"
TWIN_MEDIAN = "their twins on fakes, the median test"
PAIRS = ((INTEGRATION, TWIN), (INTEGRATION_MEDIAN, TWIN_MEDIAN))
_ALIKE = (
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
    """Return how many tests each side has, and the seconds of one of each for each round."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "backend"
        reference_backend.copy_to(folder)
        twins = [f"tests/test_{each}.py" for each in _ALIKE]
        found: list[Round] = []
        for _ in range(rounds):
            real = _all(folder, "tests/integration")
            fake = _all(folder, *twins)
            found.append(
                {
                    INTEGRATION: mean(real),
                    TWIN: mean(fake),
                    INTEGRATION_MEDIAN: median(real),
                    TWIN_MEDIAN: median(fake),
                }
            )
        return len(real), len(fake), found


def _all(folder: Path, *arguments: str) -> list[float]:
    by_name = seconds_of_tests(folder, *_COMMON, *arguments)
    return [each for times in by_name.values() for each in times]
