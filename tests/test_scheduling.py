"""What xdist's workers take first, and together."""

from __future__ import annotations

import pytest

from tests.backend_copy import ROOT
from tests.scheduling import BY_PARAMETER, LONGEST, rank, unit_of


def test_the_files_that_are_listed_exist() -> None:
    assert [name for name in (*LONGEST, *BY_PARAMETER) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(
    ("nodeid", "unit"),
    [
        ("tests/script/test_rules.py::test_it[a:b]", "tests/script/test_rules.py"),
        ("tests/lint/test_it.py::Group::test_it", "tests/lint/test_it.py"),
        ("tests/init/test_layouts.py::test_it[flat]", "tests/init/test_layouts.py[flat]"),
        (
            "tests/test_documentation.py::test_block[docs/init.md:37 python]",
            "tests/test_documentation.py[docs/init.md]",
        ),
        ("tests/test_documentation.py::test_links", "tests/test_documentation.py"),
    ],
)
def test_a_unit_is_a_file_or_a_parameter_of_it(nodeid: str, unit: str) -> None:
    assert unit_of(nodeid) == unit


def test_what_is_listed_comes_first_and_the_rest_in_no_order() -> None:
    units = ["tests/a.py", "tests/plugin/test_app.py", f"{LONGEST[0]}[x]", "tests/b.py"]

    assert sorted(units, key=rank) == [units[2], units[1], units[0], units[3]]
