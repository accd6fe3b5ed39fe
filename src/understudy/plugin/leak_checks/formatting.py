"""Lists as the warnings show them."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 5  # items of a list


def listed(items: Sequence[str]) -> list[str]:
    """Return the first items, each on an indented line, and the number of the others."""
    more = [f"  and {len(items) - _MOST} more"] if len(items) > _MOST else []
    return [*(f"  {item}" for item in items[:_MOST]), *more]
