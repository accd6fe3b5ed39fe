"""Values that a partition accepts, derived from its printed bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from understudy.pg.sql_spelling import text_of
from understudy.rows.table_facts import Bound

_VALUE = re.compile(r"'(?:[^']|'')*'|[\w.+-]+")
_OPEN = ("MINVALUE", "MAXVALUE", "NULL")


def values_for(bounds: Sequence[Bound]) -> dict[str, str]:
    """Return values for the keys of a partition and of its ancestors.

    The key of a hash partition, of a DEFAULT partition and a key that is an expression are left
    out.
    """
    found: dict[str, str] = {}
    for bound in bounds:
        # A range includes its lower bound, and excludes its upper one.
        inside = re.search(r" (?:IN|FROM) \((.*?)\)(?: TO \((.*)\))?$", bound.text)
        if inside is None:
            continue
        lower, upper = (_VALUE.findall(part or "") for part in inside.groups())
        if " IN " in bound.text:
            lower = [value for value in lower if value not in _OPEN][:1]
        for place, (column, value) in enumerate(zip(bound.columns, lower, strict=False)):
            chosen = _below(upper[place]) if value == "MINVALUE" else _plain(value)
            if column and chosen is not None:
                found[column] = chosen
    return found


def _plain(value: str) -> str:
    text = text_of(value)
    return value if text is None else text


def _below(value: str) -> str | None:
    """Return a smaller value if this is a number or begins with a date."""
    if value in _OPEN:
        return None
    text = _plain(value)
    try:
        return str(Decimal(text) - 1)
    except InvalidOperation:
        pass
    try:
        return str(date.fromisoformat(text[:10]) - timedelta(days=1))
    except ValueError:
        return None
