"""The summary of an exception is a line that says what went wrong."""

from __future__ import annotations

import pytest

from understudy.rerun.runs import summary


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        ("ValueError: no\n  more of it", "ValueError: no"),
        (
            "Failed: The app did not start: its lifespan raised\nValueError: no\n\napp/main.py:3",
            "Failed: The app did not start: its lifespan raised ValueError: no",
        ),
        ("AssertionError:\n  1 is not 2\n", "AssertionError: 1 is not 2"),
        ("AssertionError:", "AssertionError:"),
        ("", ""),
    ],
)
def test_a_line_that_announces_the_next_one_gets_it(shown: str, line: str) -> None:
    assert summary(shown) == line
