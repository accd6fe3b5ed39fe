"""A scripted error held against what its statement could run into."""

from __future__ import annotations

from understudy.catalog import messages
from understudy.catalog.description import Constraint, Description, SchemaFacts
from understudy.pg.errors import ErrorFields

_NOT_NULL = "23502"


def reason_against(
    description: Description, fields: ErrorFields, facts: SchemaFacts
) -> list[str] | None:
    """Return why a statement could not fail with an error, in lines; None where it could.

    A statement may violate the constraints of the tables that it touches, of those that refer to
    them (a row that others refer to cannot be deleted, and what is deleted with it neither), and
    of domains. What a trigger or a function does besides cannot be seen from here.
    """
    reachable = _with_those_that_refer(set(description.tables), facts)
    if fields.constraint is not None:
        owners = [each for each in facts.constraints if each.name == fields.constraint]
        near = [each for each in facts.constraints if each.table in description.tables]
        if not owners:
            return messages.no_such_constraint(fields.constraint, [each.name for each in near])
        if not any(_within(each, reachable, facts) for each in owners):
            tables = sorted({each.table for each in owners})
            return messages.foreign_constraint(fields.constraint, tables, description.tables)
    if fields.sqlstate == _NOT_NULL and fields.column is not None:
        required = [
            each
            for each in facts.constraints
            if each.kind in ("not null", "primary key") and each.table in reachable
        ]
        if not any(fields.column in each.columns for each in required):
            names = {f"{each.table}.{column}" for each in required for column in each.columns}
            return messages.nullable_column(fields.column, names)
    return None


def _with_those_that_refer(tables: set[str], facts: SchemaFacts) -> set[str]:
    """Return `tables`, and those whose rows are changed when rows of `tables` are."""
    pending = list(tables)
    found = set(tables)
    while pending:
        table = pending.pop()
        for each in facts.constraints:
            if each.references == table and each.table not in found:
                found.add(each.table)
                pending.append(each.table)
    return found


def _within(constraint: Constraint, tables: set[str], facts: SchemaFacts) -> bool:
    # A domain's constraint has its type in the place of a table.
    return constraint.table in tables or constraint.table in _domains(facts)


def _domains(facts: SchemaFacts) -> set[str]:
    return {name for name, each in facts.types.items() if each.kind == "domain"}
