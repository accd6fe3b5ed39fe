from __future__ import annotations

import copy
import pickle

import pytest

from understudy.rows import Row

ANA = {"id": 1, "name": "Ana", "items": []}


def test_a_row_is_read_by_name_and_by_attribute() -> None:
    row = Row("users", ANA)

    assert (row.name, row["name"], dict(row), len(row)) == ("Ana", "Ana", ANA, 3)
    assert row == ANA
    assert row["items"] == []
    assert list(row.items()) == list(ANA.items())
    assert repr(row) == "<row of users: id=1, name='Ana', items=[]>"


def test_a_row_cannot_be_changed() -> None:
    row = Row("users", ANA)

    with pytest.raises(TypeError):
        row["name"] = "Bia"  # type: ignore[index] # that is the point
    with pytest.raises(AttributeError):
        row.name = "Bia"


def test_a_column_that_a_row_does_not_have() -> None:
    with pytest.raises(AttributeError) as raised:
        _ = Row("users", ANA).nam

    assert str(raised.value) == "The row of users has no column 'nam'. Did you mean 'name'?"
    with pytest.raises(KeyError):
        Row("users", ANA)["nam"]


def test_a_row_is_copied() -> None:
    row = Row("users", ANA)

    assert copy.copy(row) == copy.deepcopy(row) == pickle.loads(pickle.dumps(row)) == ANA
