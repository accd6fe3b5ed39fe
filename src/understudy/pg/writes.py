"""Which statements change rows, by their text."""

from __future__ import annotations

from functools import lru_cache

from understudy.pg import sql
from understudy.pg.sql_lists import outside_brackets

_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"})


@lru_cache(maxsize=4096)
def is_write(statement: str) -> bool:
    """Return whether a statement changes rows of a table by its own words.

    What a function or a trigger changes is not seen; SELECT ... FOR UPDATE changes nothing.

    >>> is_write("WITH gone AS (DELETE FROM jobs RETURNING id) SELECT id FROM gone")
    True
    """
    words = tuple(token.upper() for token in sql.tokens(statement))
    if words[:1] == ("COPY",):
        return any(word == "FROM" for _, word in outside_brackets(words))
    if words[:1] == ("WITH",):
        # What a CTE or the main statement begins with follows a bracket, or AS (.
        return any(
            word in _CHANGES and words[at - 1] in ("(", ")")
            for at, word in enumerate(words[1:], start=1)
        )
    return words[:1] != () and words[0] in _CHANGES
