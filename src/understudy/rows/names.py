"""Names of tables and columns in messages."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def did_you_mean(name: str, candidates: Sequence[str]) -> str:
    """Return a suggestion for a misspelled name: the nearest candidate, or all of them.

    The candidates may be qualified by a schema; `name` is compared with and without it.
    """
    ends = {candidate.rpartition(".")[2].lower(): candidate for candidate in candidates}
    known = ends | {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.lower(), known, n=1)
    if near:
        return f" Did you mean {known[near[0]]!r}?"
    return f"\nThere are: {', '.join(candidates)}." if candidates else ""


def keyword(column: str) -> str:
    """Return a column as a keyword argument of `insert`."""
    return f"{column}=..." if column.isidentifier() else f"**{{{column!r}: ...}}"
