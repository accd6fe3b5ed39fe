"""The table of what `understudy write` writes."""

from __future__ import annotations

from benchmarks.written_tests import table


def test_a_row_for_each_module() -> None:
    tests = [{"suspicion": ""}, {"suspicion": "it deletes every row"}]
    written = {
        "path": "app/users.py",
        "files": [{"tests": tests}],
        "left_out": [],
        "not_reached": [{"line": 35, "to": 37}],
        "mutants": {"killed": 5, "killable": 6},
        "seconds": 59.6,
    }
    refused = {"path": "app/none.py", "files": [], "end": "Error: no such module"}

    assert table([written, refused]) == (
        "| module | tests | xfail | left out | open branches | mutants | seconds |\n"
        "| --- | --: | --: | --: | --: | --: | --: |\n"
        "| app/users.py | 2 | 1 | 0 | 1 | 5 of 6 | 60 |\n"
        "| app/none.py | Error: no such module |  |  |  |  |  |"
    )
