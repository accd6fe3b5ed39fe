"""FakeRecord: a result with its data and its row count."""

from __future__ import annotations

from typing import Any

import pytest

from understudy import FakeRecord


@pytest.mark.parametrize("data", [[{"id": 1}, {"id": 2}], {"id": 1}, 3, "text", [], None])
def test_result_is_the_very_data(data: Any) -> None:
    assert FakeRecord(data).result() is data


def test_a_given_row_count_wins() -> None:
    assert FakeRecord([{"id": 1}], 7).rowcount == 7
    assert FakeRecord(3, rowcount=0).rowcount == 0


@pytest.mark.parametrize("number", [0, 3])
def test_a_number_is_its_own_row_count(number: int) -> None:
    assert FakeRecord(number).rowcount == number


@pytest.mark.parametrize("data", [[{"id": 1}, {"id": 2}], {"id": 1}, [], None])
def test_other_data_counts_as_one_row(data: Any) -> None:
    assert FakeRecord(data).rowcount == 1
