"""What a value is compared as, if a column makes another one of it without an error."""

from __future__ import annotations

from typing import Any

from understudy.mysql_catalog.column_types import DATES, NUMBERS, read_type
from understudy.mysql_catalog.stored_values import number_in, refusal


def taken_for(type_name: str, value: Any) -> str | None:
    """Return what a text is compared as; None if as it is, or if that is not certain.

    Args:
        type_name: the type of the column, as `information_schema` prints it.
        value: what it is compared with.
    """
    if not isinstance(value, str):
        return None
    kind = read_type(type_name)
    if kind.name in NUMBERS:
        found = number_in(value)
        if found is None:
            return "the number 0"
        return None if found[1] else f"the number {found[0]}"
    if kind.name in DATES or kind.name == "time":
        return None if refusal("", kind.name, value) is None else f"no {kind.name}"
    return None
