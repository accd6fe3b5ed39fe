"""What of an observation is compared, and what may vary."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import create_engine, text

from understudy.write import fingerprint
from understudy.write.fingerprint import VARIES, Unordered
from understudy.write.trials import Observation


class _Model(BaseModel):
    id: int
    name: str


@dataclass
class _Data:
    id: int
    tags: list[str]


class _Error(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__("no")
        self.status_code = status_code


class _Opaque:
    pass


class _Expired:
    __mapper__ = object()

    def __init__(self) -> None:
        self._sa_instance_state = object()
        self.id = 7

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("it would have to be loaded")


_Point = namedtuple("_Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        (None, None),
        (Decimal("1.50"), Decimal("1.50")),
        (UUID(int=1), UUID(int=1)),
        (datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
        ([1, (2, 3)], [1, [2, 3]]),
        ({3, 1}, [1, 3]),
        ({"a": [1]}, {"": "", "a": [1]}),
        (_Model(id=1, name="Ana"), {"": "_Model", "id": 1, "name": "Ana"}),
        (_Data(1, ["x"]), {"": "_Data", "id": 1, "tags": ["x"]}),
        (_Point(1, 2), {"": "_Point", "x": 1, "y": 2}),
        (_Error(404), ["_Error", ["no"], {"": "", "status_code": 404}]),
        (_Opaque(), "_Opaque"),
    ],
)
def test_a_value_becomes_plain(value: Any, expected: Any) -> None:
    assert fingerprint.plain(value) == expected


def test_a_response_is_its_status_and_its_body() -> None:
    response = httpx.Response(200, json={"id": 1}, headers={"x-request-id": "7"})

    assert fingerprint.plain(response) == {
        "": "Response",
        "status_code": 200,
        "body": {"": "", "id": 1},
    }


def test_a_value_that_contains_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)

    assert "list" in repr(fingerprint.plain(value))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1, 1),
        (1, 2, VARIES),
        (1, True, VARIES),
        ({"": "", "id": 1, "name": "Ana"}, {"": "", "id": 2, "name": "Ana"}, None),
        ([1, 2], [2, 1], Unordered((1, 2))),
        ([1, 2], [1], VARIES),
        ([1, 2], [1, 3], [1, VARIES]),
        ([], [], []),
        (
            [{"id": 1, "at": 5}, {"id": 2, "at": 6}],
            [{"id": 2, "at": 8}, {"id": 1, "at": 7}],
            Unordered(({"id": 1, "at": VARIES}, {"id": 2, "at": VARIES})),
        ),
        (
            [{"id": 1, "at": 5}, {"id": 2, "at": 6}],
            [{"id": 1, "at": 7}, {"id": 3, "at": 8}],
            [{"id": 1, "at": VARIES}, {"id": VARIES, "at": VARIES}],
        ),
    ],
)
def test_what_two_runs_have_in_common(one: Any, other: Any, expected: Any) -> None:
    if expected is None:
        expected = {"": "", "id": VARIES, "name": "Ana"}

    assert fingerprint.common(one, other) == expected


def test_the_stable_part_of_three_runs() -> None:
    runs = [Observation(answer={"id": number, "name": "Ana"}) for number in (1, 1001, 1)]

    assert fingerprint.stable(runs)["answer"] == {"": "", "id": VARIES, "name": "Ana"}


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_PLAIN, _PLAIN)
def test_two_values_fit_what_they_have_in_common(one: Any, other: Any) -> None:
    pattern = fingerprint.common(fingerprint.plain(one), fingerprint.plain(other))

    assert fingerprint.fits(pattern, fingerprint.plain(one))
    assert fingerprint.fits(pattern, fingerprint.plain(other))


@given(_PLAIN, _PLAIN)
def test_a_value_fits_itself_and_no_other(one: Any, other: Any) -> None:
    one, other = fingerprint.plain(one), fingerprint.plain(other)

    assert fingerprint.fits(one, one)
    assert one == other or not fingerprint.fits(one, other)


def test_an_array_of_numpy_is_a_list() -> None:
    class Array:
        def tolist(self) -> list[int]:
            return [1, 2]

    assert fingerprint.plain({"vector": Array()}) == {"": "", "vector": [1, 2]}


def test_an_expired_object_of_sqlalchemy_is_what_is_loaded() -> None:
    assert fingerprint.plain(_Expired()) == {"": "_Expired", "id": 7}


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        (Unordered((1, 2)), [2, 1], True),
        (Unordered((VARIES, 1)), [1, 5], True),
        (Unordered((1, 2)), [1, 1], False),
        (Unordered((1, 2)), [1], False),
        (Unordered((1,)), 1, False),
    ],
)
def test_a_list_of_any_order_fits_each_item_once(
    pattern: Unordered, value: Any, expected: bool
) -> None:
    assert fingerprint.fits(pattern, value) is expected


def test_a_list_of_any_order_has_one_in_common_with_another_run() -> None:
    assert fingerprint.common(Unordered((1, 2)), [2, 1]) == Unordered((1, 2))
    assert fingerprint.common(Unordered((1, 2)), [1]) is VARIES


def test_a_model_of_pydantic_1_and_its_error() -> None:
    from pydantic.v1 import BaseModel, ValidationError

    class Old(BaseModel):
        id: int

    with pytest.raises(ValidationError) as raised:
        Old()

    assert fingerprint.plain(Old(id=1))["id"] == 1
    assert fingerprint.plain(raised.value)[1][-1] == Old.__qualname__


def test_a_row_of_sqlalchemy_has_the_names_of_its_columns() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        row = connection.execute(text("SELECT 1 AS id, 'Ana' AS name")).one()
    engine.dispose()  # its pool keeps the connection, of which Python 3.13 warns

    assert fingerprint.plain(row) == {"": "Row", "id": 1, "name": "Ana"}
