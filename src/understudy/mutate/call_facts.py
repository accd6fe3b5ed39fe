"""What the calls of a statement tell of its mutants, without rows: some cannot be noticed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from understudy.mutate.mutants import Judgement, Mutant
from understudy.mutate.statements import Statement
from understudy.pg.clauses import read_statement

_ONE_ROW = Judgement("equivalent", "every call takes one row of its result only")
_SAME_VALUES = Judgement("equivalent", "both parameters have the same value in every call")
_LEAST_VALUES = 2  # of two parameters: one value may be the same in both by chance
_SWAPPED = re.compile(r"`\$(\d+)` and `\$(\d+)` swapped")


def known(statements: Iterable[Statement], mutants: Iterable[Mutant]) -> dict[Mutant, Judgement]:
    """Return the verdicts that the recorded calls of statements tell.

    Args:
        statements: the statements, with their calls.
        mutants: mutants of them.
    """
    by_text = {statement.sql: statement for statement in statements}
    found: dict[Mutant, Judgement] = {}
    for mutant in mutants:
        statement = by_text[mutant.statement]
        if statement.takes_one_row and _is_of_limit(mutant):
            found[mutant] = _ONE_ROW
        elif (swapped := _SWAPPED.fullmatch(mutant.sentence)) and _are_same(
            statement.parameters, *(int(number) - 1 for number in swapped.groups())
        ):
            found[mutant] = _SAME_VALUES
    return found


def _is_of_limit(mutant: Mutant) -> bool:
    """Return whether a mutant returns more rows than a `LIMIT 1` of the whole statement."""
    structure = read_statement(mutant.statement)
    return any(
        clause.keyword == "LIMIT"
        and clause.start == mutant.start
        and mutant.statement[clause.body : clause.end].strip() == "1"
        for query in (structure.queries if structure is not None else ())
        if query.role == "statement"
        for clause in query.clauses
    )


def _are_same(calls: Sequence[Sequence[Any]], one: int, other: int) -> bool:
    """Return whether two parameters are always equal, and not by chance."""
    complete = [call for call in calls if len(call) > max(one, other)]
    values = {repr(call[one]) for call in complete}
    return len(values) >= _LEAST_VALUES and all(
        repr(call[one]) == repr(call[other]) for call in complete
    )
