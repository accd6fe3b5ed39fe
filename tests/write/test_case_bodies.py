"""What the bodies of several responses have in common, and the variables for what differs."""

from __future__ import annotations

from typing import Any

import pytest

from understudy.write.case_bodies import SharedBody, shared


def body(field: str, message: str, status: int = 422) -> dict[str, Any]:
    return {"error": {"status": status, "details": [{"field": field, "message": message}]}}


def test_a_variable_has_the_name_of_its_key() -> None:
    assert shared(
        [body("name", "too short"), body("note", "too long")], {"response"}
    ) == SharedBody(
        '{"error": {"status": 422, "details": [{"field": field, "message": message}]}}',
        (("field", "str"), ("message", "str")),
        (('"name"', '"note"'), ('"too short"', '"too long"')),
    )


def test_values_of_several_types_are_objects() -> None:
    found = shared([{"field": "a", "limit": 1}, {"field": "a", "limit": None}], ())

    assert found == SharedBody(
        '{"field": "a", "limit": limit}', (("limit", "object"),), (("1", "None"),)
    )


@pytest.mark.parametrize(
    "bodies",
    [
        pytest.param([{"a": 1}, {"b": 1}], id="no key is the same"),
        pytest.param([["x"], ["y"]], id="no key gives a name"),
        pytest.param([{"response": 1}, {"response": 2}], id="the test has another of the name"),
        pytest.param([{"class": 1}, {"class": 2}], id="a keyword"),
        pytest.param([{"type": 1}, {"type": 2}], id="a builtin"),
        pytest.param(
            [{"a": {"no": 1}, "b": {"no": 1}}, {"a": {"no": 2}, "b": {"no": 2}}], id="two"
        ),
        pytest.param([dict.fromkeys("abcd", 1), dict.fromkeys("abcd", 2)], id="too many"),
    ],
)
def test_bodies_with_too_little_in_common_stay_as_they_are(bodies: list[Any]) -> None:
    assert shared(bodies, {"response"}) is None
