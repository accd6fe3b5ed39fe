"""Errors that PostgreSQL's planner finds in statements that Parse accepts.

ON CONFLICT without a unique index is one, a constant that is too long for its column another. What
may depend on data, parameters or rights is not held against a statement.
"""

from __future__ import annotations

import re
from dataclasses import replace

from understudy.catalog.description import Description, Refusal, Verdict

# The commands that are planned.
QUERIES = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES"})
# Access rights are those of the role that asks.
_RIGHTS = "42501"
_OF_STATEMENT = ("42", "55000")
# FULL JOIN ON $1 can be planned for true, and for no other value.
_UNSUPPORTED = "0A"
_OF_CONSTANTS = "22"
# With the values of its parameters, PostgreSQL may leave out these parts before it looks at them.
_BRANCHES = re.compile(r"\{(?:CASEEXPR|BOOLEXPR|COALESCEEXPR|SUBLINK)|:(?:subquery|ctequery)\s+\{")


def with_planner_error(verdict: Verdict, refusal: Refusal, tree: str) -> Verdict:
    """Return the verdict on a statement that the planner refuses.

    Args:
        verdict: the verdict without the planner.
        refusal: what the planner says.
        tree: the analysed query tree as text.
    """
    if not isinstance(verdict, Description) or refusal.sqlstate == _RIGHTS:
        return verdict
    unsupported = refusal.sqlstate.startswith(_UNSUPPORTED) and not verdict.parameters
    if unsupported or refusal.sqlstate.startswith(_OF_STATEMENT):
        return replace(refusal, position=None)
    if refusal.sqlstate.startswith(_OF_CONSTANTS):
        if verdict.parameters and _BRANCHES.search(tree):
            return verdict
        return replace(verdict, fails=replace(refusal, position=None))
    return verdict
