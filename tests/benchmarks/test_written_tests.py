"""The table of what `understudy write` writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.written_tests import Figures, flakes, row, shuffled, table

WRITTEN: dict[str, Any] = {
    "path": "app/users.py",
    "files": [{"tests": [{"suspicion": ""}, {"suspicion": "it deletes every row"}]}],
    "left_out": [],
    "mutants": {"killed": 5, "killable": 6},
    "seconds": 59.6,
}
REFUSED = Figures({"path": "app/none.py", "files": [], "end": "Error: no such module"})
ITEMS = [{"item": "errors", "state": "not ok"}, {"item": "layer", "state": "ok"}]


def test_a_row_for_each_module() -> None:
    review = {"tests": 2, "covered": 97.6, "items": ITEMS}
    written = Figures(WRITTEN, review, unclean=["mypy"], cpu=37.7)

    assert table([row(written), row(REFUSED)]) == (
        "| module | tests | xfail | left out | covered | mutants | CPU | seconds | checks |\n"
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: |\n"
        "| app/users.py | 2 | 1 | 0 | 98% | 5 of 6 | 38 | 60 | mypy, review: errors |\n"
        "| app/none.py | Error: no such module |  |  |  |  |  |  |  |"
    )


def test_each_failure_of_a_shuffled_run_is_shown() -> None:
    found = Figures(WRITTEN, {"tests": 2, "covered": 100.0}, failed=["test_a: assert 1 == 2"])

    assert [*flakes([found, REFUSED], 100)] == [
        "app/users.py: 2 tests, 100 times, shuffled: 1 failed",
        "  test_a: assert 1 == 2",
    ]


def test_the_tests_of_a_copy_run_as_often_as_wanted(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text("def test_one(): pass\ndef test_two(): assert 0\n")

    assert shuffled(tmp_path, ["test_some.py"], 3) == ["test_two: assert 0"] * 3
