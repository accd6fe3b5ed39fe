"""What a value is compared as, if that is another one, without an error."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from understudy.catalog.description import Comparison
from understudy.mysql_catalog.column_types import DATES, NUMBERS, TEXTS, read_type
from understudy.mysql_catalog.stored_values import number_in, refusal


def taken_for(type_name: str, value: Any, values: Sequence[Any] = ()) -> str | None:
    """Return what a text is compared as; None if as it is, or if that is not certain.

    Args:
        type_name: the type of the column, as `information_schema` prints it.
        value: what it is compared with.
        values: all of the list after IN: a number in it makes numbers of the others.
    """
    if not isinstance(value, str):
        return None
    kind = read_type(type_name)
    if kind.name in NUMBERS or (kind.name in TEXTS and any(map(_is_number, values))):
        found = number_in(value)
        if found is None:
            return "the number 0"
        return None if found[1] else f"the number {found[0]}"
    if kind.name in DATES or kind.name == "time":
        return None if refusal("", kind.name, value) is None else f"no {kind.name}"
    return None


def is_number_for_text(comparison: Comparison, value: Any) -> bool:
    """Return whether a column of texts is compared with a number, which many texts may equal."""
    return read_type(comparison.type).name not in NUMBERS and not isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)
