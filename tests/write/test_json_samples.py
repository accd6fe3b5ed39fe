"""Values that a JSON schema accepts."""

from __future__ import annotations

import pytest

from understudy.write.json_samples import Samples, Schema


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"allOf": [{"type": "integer", "minimum": 5}]}, 5),
        ({"type": "array", "items": {"const": 7}, "minItems": 3}, [7, 7, 7]),
        ({"type": "string", "pattern": "(?P<open", "minLength": 1}, "text"),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"const": "a"}]}, [1, "a"]),
    ],
)
def test_the_first_value_of_a_schema(schema: Schema, value: object) -> None:
    """Also of a schema in a schema, of a list that must be long, and of a pattern that is none."""
    assert Samples({}).valid(schema)[0] == value
