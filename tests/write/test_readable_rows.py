"""Generated values are written as short ones, which differ in the same way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.write.kept import row, target
from tests.write.test_planted import column
from understudy.rows.table_facts import Schema, Table
from understudy.write.readable_rows import readable
from understudy.write.rendering import row_line
from understudy.write.spelling import spelled
from understudy.write.trials import Trial

_COLUMNS = (
    column("id", "int8"),
    column("parent_id", "int8"),
    column("title", "text"),
    column("year", "int4"),
    column("token", "uuid"),
    column("done", "bool"),
    column("status", "text", is_enum=True),
    column("begins", "date"),
)
JOBS = Table(1, "public", "jobs", "r", 0, columns=_COLUMNS, uniques={"jobs_pkey": ("id",)})
SCHEMA = Schema({1: JOBS}, {"jobs": 1}, {})


def _readable(
    *telling: dict[str, Any], own: dict[str, Any] | None = None, **given: Any
) -> list[str]:
    """Return the telling rows of a trial with its own row and arguments."""
    owned = (row("jobs", **own),) if own else ()
    arguments = {name: spelled(value) for name, value in given.items()}
    trial = Trial(target(), (*owned, *(row("jobs", **one) for one in telling)), arguments)
    lines = [row_line(one) for one in readable(trial, len(owned), SCHEMA).rows[len(owned) :]]
    return [line.removeprefix('real_postgres.insert("jobs", ').removesuffix(")") for line in lines]


@pytest.mark.parametrize(
    ("telling", "written"),
    [
        ([{"id": 6919}, {"id": 2176}], ["id=102", "id=101"]),
        ([{"id": 6919}, {"id": 5, "parent_id": 6919}], ["id=101", "id=5, parent_id=101"]),
        ([{"year": 7845}, {"year": 0}, {"year": 3680}], ["year=12", "year=0", "year=11"]),
        ([{"year": -30000}, {"year": -1}], ["year=-2", "year=-1"]),
        ([{"title": "zq 4711"}, {"title": "ab 12"}], ['title="title e"', 'title="title d"']),
        ([{"title": "zq 4711"}, {"title": "zq 4711"}], ['title="title d"'] * 2),
        (
            [{"token": "8c6b1f3e-6d3c-4b6e-9d55-0d4c4f1a2b3c", "begins": "2043-07-09"}],
            ["token=UUID(int=104), begins=date(2026, 1, 4)"],
        ),
        ([{"done": True, "status": "done", "title": ""}], ['done=True, status="done", title=""']),
    ],
)
def test_generated_values_become_short(telling: list[dict[str, Any]], written: list[str]) -> None:
    """Equal ones stay equal, larger ones larger; what can be read already stays."""
    assert _readable(*telling) == written


@pytest.mark.parametrize(
    ("telling", "given", "written"),
    [
        ({"year": 2021}, {"year": 2020}, "year=2021"),
        ({"year": 2020}, {"year": 2020}, "year=2020"),
        ({"year": 7845}, {"year": 2020}, "year=2021"),
        ({"year": 1500}, {"year": 2020}, "year=11"),
        ({"title": "xopen"}, {"status": "OPEN"}, 'title="xopen"'),
    ],
)
def test_what_is_near_to_an_argument_stays_there(
    telling: dict[str, Any], given: dict[str, Any], written: str
) -> None:
    """Such a value tells a condition; others only have to stay on the same side of it."""
    assert _readable(telling, **given) == [written]


def test_no_value_of_the_own_rows_is_taken() -> None:
    own = {"id": 101, "title": "title d"}

    assert _readable({"id": 7777, "title": "zq 4711"}, own=own) == ['id=102, title="title e"']


def test_numbers_without_room_between_stay() -> None:
    assert _readable({"id": 2021}, own={"id": 2022}, year=2020) == ["id=2021"]
    assert _readable({"id": 9999}, own={"id": 2022}) == ["id=2023"]
