"""What else a collaborator may answer: none, nothing, or the same object with another state."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any

from understudy.write import fingerprint

_MOST = 6


def other_answers(value: object) -> list[object]:
    """Return answers that code may treat otherwise than one, the plainest first."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [0, 1] if value else [1]
    if isinstance(value, list):
        return [[]]
    return [None, *list(_changed(value))[:_MOST]]


def _changed(value: Any) -> Iterator[object]:
    """Yield copies of an object that differ in one field: a flag or an enum."""
    if hasattr(value, "_sa_instance_state"):
        return  # a copy would be another row
    fields = fingerprint.fields_of(value) or {}
    for name, part in fields.items():
        others: list[object] = []
        if isinstance(part, bool):
            others = [not part]
        elif isinstance(part, Enum):
            others = [one for one in type(part) if one is not part]
        for other in others:
            copy = _with(value, name, other)
            if copy is not None:
                yield copy


def _with(value: Any, name: str, part: object) -> object | None:
    """Return a copy of an object with another field, or None if its class refuses that."""
    try:
        if hasattr(value, "model_dump"):
            changed: object = type(value).model_validate(value.model_dump() | {name: part})
        else:
            changed = dataclasses.replace(value, **{name: part})
    except (TypeError, ValueError):
        return None
    return changed
