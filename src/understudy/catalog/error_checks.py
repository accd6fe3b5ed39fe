"""Checks of a scripted error against the constraints that its statement could violate."""

from __future__ import annotations

from understudy.catalog.description import Constraint, Description, SchemaFacts
from understudy.pg.errors import ErrorFields
from understudy.script.formatting import suggestion

_NOT_NULL = "23502"


def reason_against(
    description: Description, fields: ErrorFields, facts: SchemaFacts
) -> list[str] | None:
    """Return why a statement could not fail with an error, in lines; None if it could.

    A statement may violate the constraints of the tables that it touches, of those that refer to
    them (a row that others refer to cannot be deleted, and what is deleted with it neither), and
    of domains. What a trigger or a function does is not known: do not ask if one may run.
    """
    reachable = _with_those_that_refer(set(description.tables), facts)
    if fields.constraint is not None:
        owners = [
            constraint for constraint in facts.constraints if constraint.name == fields.constraint
        ]
        if not owners:
            return _no_such_constraint(fields.constraint, description, facts)
        if not any(_is_within(constraint, reachable, facts) for constraint in owners):
            tables = ", ".join(sorted({constraint.table for constraint in owners}))
            return [
                f"the constraint {fields.constraint!r} is of {tables}, which it does not touch",
                f"  it touches: {', '.join(description.tables) or 'no table'}",
            ]
    if fields.sqlstate == _NOT_NULL and fields.column is not None:
        required = {
            f"{constraint.table}.{column}": column
            for constraint in facts.constraints
            if constraint.kind in ("not null", "primary key") and constraint.table in reachable
            for column in constraint.columns
        }
        if fields.column not in required.values():
            return [
                f"no table it touches has a column {fields.column!r} that must not be NULL",
                f"  those that must not be: {', '.join(sorted(required)) or 'none'}",
            ]
    return None


def _no_such_constraint(name: str, description: Description, facts: SchemaFacts) -> list[str]:
    names = sorted(
        constraint.name
        for constraint in facts.constraints
        if constraint.name and constraint.table in description.tables
    )
    near = suggestion(name, names)
    listed = [f"  those of the tables it touches: {', '.join(names)}"] if names and not near else []
    return [f"the schema has no constraint {name!r}{near}", *listed]


def _with_those_that_refer(tables: set[str], facts: SchemaFacts) -> set[str]:
    """Return `tables`, and those whose rows are changed when rows of `tables` are."""
    pending = list(tables)
    found = set(tables)
    while pending:
        table = pending.pop()
        for constraint in facts.constraints:
            if constraint.references == table and constraint.table not in found:
                found.add(constraint.table)
                pending.append(constraint.table)
    return found


def _is_within(constraint: Constraint, tables: set[str], facts: SchemaFacts) -> bool:
    # A domain's constraint has its type in the place of a table.
    owner = facts.types.get(constraint.table)
    return constraint.table in tables or (owner is not None and owner.kind == "domain")
