"""Fixtures that fail in every test are replaced in the written file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.write.kept import kept
from understudy.write.failing_fixtures import FailingFixture, why_needed
from understudy.write.test_file import merged
from understudy.write.written_test import PLAIN

TABLES = FailingFixture("tables", "tests/conftest.py:3", "OSError: no server")
STYLE = replace(PLAIN, replaced={"tables": TABLES.source})


def test_a_file_has_the_fixture_once() -> None:
    trial = replace(kept([7, 7, 7]), assertions=("assert result == 7",))

    first = merged("", "app.jobs", "dao", [trial], (), STYLE)
    again = merged(first.text, "app.jobs", "dao", [trial], (), STYLE)

    assert (
        "\n\n@pytest.fixture(autouse=True)\n"
        "def tables() -> None:\n"
        '    """Replace the fixture of conftest.py, which fails, and which these tests do not '
        'need."""\n\n\n' in first.text
    )
    assert "\nimport pytest\n" in first.text
    assert again.text == first.text


@pytest.mark.parametrize(
    ("existing", "reason"),
    [
        ("", ""),
        (f"import pytest\n{TABLES.source}", ""),
        (
            "def test_mine(): ...\n",
            "the fixture tables fails, and the tests in tests/test_jobs.py use it; make it pass, "
            "or rename that file",
        ),
    ],
)
def test_tests_of_a_user_keep_their_fixtures(existing: str, reason: str) -> None:
    assert why_needed(existing, "tests/test_jobs.py", STYLE.replaced) == reason
