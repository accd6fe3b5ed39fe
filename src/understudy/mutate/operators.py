"""The mutants of a statement.

The operators are those of Tuya, Suárez-Cabal and de la Riva, "Mutating database queries" (2007), as
far as they say something of a test, and others for INSERT, UPDATE and DELETE. Each changes one
place of the text, by its tokens, and nothing else of it. No parameter is lost: a driver would
refuse the statement, and the mutant would die for nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain, zip_longest

from understudy.catalog.description import Description
from understudy.mutate import clause_operators, condition_operators, value_operators
from understudy.mutate.changes import Change, parameters
from understudy.mutate.mutants import Mutant
from understudy.pg import sql
from understudy.pg.clauses import read_statement

MOST = 25
# What SQLAlchemy makes of an IN with an empty list. No row meets it, whatever else is changed.
_NO_ROW = "IN (NULL) AND (1 != 1)"
# The operators whose survivors tell most, first. The others follow in the order of the text.
_FIRST = (
    *("where-lost", "condition-lost", "set-lost", "conflict-lost", "parameters-swapped"),
    *("join-kind", "order-lost", "comparison", "order-direction", "limit-lost"),
)


def mutants(
    statement: str, description: Description | None = None, *, most: int = MOST
) -> list[Mutant]:
    """Return the mutants of a statement, in the order of its text.

    Args:
        statement: the statement; one that cannot be read for certain has no mutants.
        description: what PostgreSQL says of it. Without, no parameters and columns are mixed up.
        most: how many at most. Of a long statement, each operator keeps its first ones.
    """
    structure = read_statement(statement)
    if structure is None or _NO_ROW in statement:
        return []
    found = chain(
        condition_operators.changes(structure),
        clause_operators.changes(structure, description),
        value_operators.changes(structure, description),
    )
    chosen = _chosen(list(_useful(statement, found)), most)
    return sorted(chosen, key=lambda mutant: (mutant.start, mutant.end))


def _useful(statement: str, changes: Iterator[Change]) -> Iterator[Mutant]:
    """Yield the mutants that differ from each other and take the same parameters."""
    taken = parameters(statement)
    seen = {sql.tokens(statement)}
    for change in changes:
        text = change.applied(statement)
        tokens = sql.tokens(text)
        if tokens not in seen and parameters(text) == taken:
            seen.add(tokens)
            start, end = change.edits[0].start, change.edits[-1].end
            yield Mutant(statement, text, change.operator, start, end, change.sentence)


def _chosen(found: list[Mutant], most: int) -> list[Mutant]:
    """Return as many as wanted: the first of each operator, then the second of each, ..."""
    if len(found) <= most:
        return found
    by_operator: dict[str, list[Mutant]] = {operator: [] for operator in _FIRST}
    by_operator = defaultdict(list, by_operator)
    for mutant in found:
        by_operator[mutant.operator].append(mutant)
    rounds = zip_longest(*by_operator.values())
    return [mutant for one in rounds for mutant in one if mutant is not None][:most]
