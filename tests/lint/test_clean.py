"""This project's tests and the reference backend's are clean under the default rules."""

from __future__ import annotations

import json

from tests.backend_copy import ROOT
from tests.cli.conftest import understudy


def test_nothing_is_found_in_this_projects_tests() -> None:
    done = understudy(
        *("lint", "--no-cache", "--format", "json", "tests", "examples/backend/tests"), cwd=ROOT
    )

    document = json.loads(done.stdout)
    assert (document["findings"], document["problems"]) == ([], [])
    assert document["files"] > 150
    assert done.returncode == 0
