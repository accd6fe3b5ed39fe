"""The shapes of the lines of a catalog file, which people merge and edit.

A text where a list belongs would be taken for a list of its characters, and a misspelled key would
be ignored. Both are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Shape = Callable[[Any], bool]


def _is(*kinds: type) -> Shape:
    # A bool is an int, but JSON's true is no number.
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _list(shape: Shape) -> Shape:
    return lambda value: isinstance(value, list) and all(map(shape, value))


def _row(*shapes: Shape) -> Shape:
    """Return the shape of a list with exactly these items."""
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(shapes)
        and all(shape(item) for shape, item in zip(shapes, value, strict=True))
    )


def _table(shapes: Mapping[str, Shape], *required: str) -> Shape:
    return lambda value: isinstance(value, dict) and _problem(value, shapes, required) is None


_TEXT, _NUMBER, _BOOL = _is(str), _is(int), _is(bool)
_NULL_TEXT, _NULL_NUMBER = _is(str, type(None)), _is(int, type(None))
_TEXTS = _list(_TEXT)
_REFUSED = _table(
    {
        "sqlstate": _TEXT,
        "message": _TEXT,
        "detail": _NULL_TEXT,
        "hint": _NULL_TEXT,
        "position": _NULL_NUMBER,
        "code": _NULL_NUMBER,
    },
    "sqlstate",
    "message",
)


def _nullability(value: Any) -> bool:
    return value in ("not null", "nullable", "unknown")


_ASKED = {"sql": _TEXT, "declared": _TEXTS, "search_path": _NULL_TEXT, "after": _TEXTS}
TYPE: Mapping[str, Shape] = {
    "type": _TEXT,
    "kind": _TEXT,
    "labels": _TEXTS,
    "base": _NULL_TEXT,
    "fields": _list(_row(_TEXT, _TEXT)),
    "not_null": _BOOL,
}
CONSTRAINT: Mapping[str, Shape] = {
    "constraint": _TEXT,
    "table": _TEXT,
    "kind": _TEXT,
    "columns": _TEXTS,
    "references": _NULL_TEXT,
    "owner": _TEXT,
}
DEFAULT: Mapping[str, Shape] = {"default": _TEXT, "value": _TEXT, "role": _TEXT}
REFUSED: Mapping[str, Shape] = {**_ASKED, "refused": _REFUSED}
PARSED: Mapping[str, Shape] = {**_ASKED, "parsed": _TEXT}
DESCRIBED: Mapping[str, Shape] = {
    **_ASKED,
    "command": _TEXT,
    "parameters": _TEXTS,
    "columns": _list(_row(_TEXT, _TEXT, _NULL_TEXT, _nullability)),
    "tables": _TEXTS,
    "touches": _TEXTS,
    "runs_code": _BOOL,
    "rows": _row(_NUMBER, _NULL_NUMBER, _NULL_NUMBER),
    "fails": _REFUSED,
    "assigned": _list(_row(_TEXT, _NULL_NUMBER, _BOOL, _NULL_TEXT)),
    "checks": _list(_row(_TEXT, _TEXT, _TEXT, _list(_row(_TEXT, _TEXT, _NULL_NUMBER, _NULL_TEXT)))),
    "compared": _list(_row(_TEXT, _NUMBER, _TEXT)),
}
ANSWER: Mapping[str, Shape] = {
    "answered": _TEXT,
    "given": _list(_NULL_TEXT),
    "declared": _TEXTS,
    "refused": _REFUSED,
    "rows": _list(_list(_NULL_TEXT)),
}


def check(line: Mapping[str, Any], shapes: Mapping[str, Shape]) -> None:
    """Check the values that a line has; the caller reads those that it needs.

    Raises:
        ValueError: A key is not known, or a value has another shape.
    """
    problem = _problem(line, shapes, ())
    if problem is not None:
        raise ValueError(problem)


def _problem(
    line: Mapping[str, Any], shapes: Mapping[str, Shape], required: tuple[str, ...]
) -> str | None:
    for name in required:
        if name not in line:
            return f"it has no {name!r}"
    for name, value in line.items():
        shape = shapes.get(name)
        if shape is None:
            return f"it has {name!r}, which is not known"
        if not shape(value):
            return f"its {name!r} has an unexpected value"
    return None
