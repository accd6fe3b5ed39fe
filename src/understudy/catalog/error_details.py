"""What PostgreSQL says in the DETAIL of a violated constraint, made from the call that violates it.

It names the key and its values, and libraries read it. The columns come from the schema, or else
from the name of the constraint, as PostgreSQL and SQLAlchemy's conventions name constraints. The
values come from the statement (changed_values.py). What it does not tell is a question mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from understudy.catalog.changed_values import Change, change_in
from understudy.catalog.description import Constraint, SchemaFacts
from understudy.pg.errors import ErrorFields
from understudy.script.calls import Call
from understudy.script.database_errors import has_standard_text

_UNKNOWN = "?"
_NULL = "null"
_LONGEST = 64  # bytes of a value in "Failing row contains"
_PREFIXES = ("uq_", "ix_", "fk_", "pk_", "ck_", "unique_", "idx_")
_SUFFIXES = ("_key", "_pkey", "_fkey", "_idx", "_excl", "_unique", "_uniq", "_uq")


def with_details(
    fields: ErrorFields, call: Call, types: Sequence[str], facts: SchemaFacts | None
) -> ErrorFields:
    """Return an error with what PostgreSQL tells of the call that caused it.

    Args:
        fields: the error as it is scripted; what it has stays.
        call: the call that fails.
        types: the types of its parameters, as far as they are known.
        facts: the schema; None if it is not known.
    """
    if fields.sqlstate == "25006" and has_standard_text(fields):
        change = change_in(call, types)
        command = change.command or "INSERT"
        return replace(fields, message=f"cannot execute {command} in a read-only transaction")
    make = _MAKERS.get(fields.sqlstate)
    if make is None:
        return fields
    change = change_in(call, types, facts.columns_of if facts else lambda table: ())
    constraint = _constraint(fields, change, facts)
    if constraint is not None and facts is not None and _is_of_domain(constraint, facts):
        schema, _, name = constraint.table.rpartition(".")
        if fields.sqlstate == "23514" and has_standard_text(fields):
            message = f'value for domain {name} violates check constraint "{constraint.name}"'
            fields = replace(fields, message=message, table=None)
        return replace(
            fields, datatype=fields.datatype or name, schema=fields.schema or schema or "public"
        )
    if constraint is None and fields.datatype is not None and fields.table is None:
        return replace(fields, schema=fields.schema or "public")  # a domain's NOT NULL
    found = make(fields, change, constraint, facts)
    owner = (constraint.owner or constraint.table) if constraint else change.table
    schema, _, table = owner.rpartition(".")
    found = replace(found, table=found.table or table or None)
    return replace(found, schema=found.schema or schema or ("public" if found.table else None))


def _is_of_domain(constraint: Constraint, facts: SchemaFacts) -> bool:
    # Its type stands in the place of a table.
    owner = facts.types.get(constraint.table)
    return owner is not None and owner.kind == "domain"


def _constraint(
    fields: ErrorFields, change: Change, facts: SchemaFacts | None
) -> Constraint | None:
    """Return the constraint that is violated, as the schema or its name tells it."""
    if fields.constraint is None:
        return None
    constraints = facts.constraints if facts else ()
    known = [constraint for constraint in constraints if constraint.name == fields.constraint]
    tables = (change.table, fields.table)
    known.sort(key=lambda constraint: constraint.table.rpartition(".")[2] not in tables)
    if known:
        return known[0]
    table = fields.table or change.table
    columns = _columns_in(fields.constraint, table, change.values)
    return Constraint(fields.constraint, table, "", columns)


def _columns_in(constraint: str, table: str, values: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the columns that the name of a constraint tells."""
    name = constraint
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for suffix in _SUFFIXES:
        if name.endswith(suffix):
            name = name.removesuffix(suffix)
            break
    rest = name.removeprefix(f"{table}_") if table else name
    if not rest or rest == table:  # a primary key
        return ("id",)
    columns = _split(rest, tuple(values))
    return columns or (rest,)


def _split(text: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns whose names, joined, a text begins with."""
    for column in sorted(columns, key=len, reverse=True):
        if text == column:
            return (column,)
        if text.startswith(f"{column}_"):
            return (column, *_split(text[len(column) + 1 :], columns))
    return ()


def _key(columns: Sequence[str], values: Mapping[str, str | None]) -> str:
    told = (values.get(column, _UNKNOWN) for column in columns)
    shown = ", ".join(_NULL if value is None else value for value in told)
    return f"({', '.join(columns)})=({shown})"


def _key_taken(
    fields: ErrorFields, change: Change, constraint: Constraint | None, facts: SchemaFacts | None
) -> ErrorFields:
    if constraint is None or fields.detail is not None:
        return fields
    # The key of an index on expressions is not known.
    key = _key(constraint.columns or (_UNKNOWN,), change.values)
    with_other = fields.sqlstate == "23P01"
    how = f"conflicts with existing key {key}" if with_other else "already exists"
    return replace(fields, detail=f"Key {key} {how}.")


def _not_present(
    fields: ErrorFields, change: Change, constraint: Constraint | None, facts: SchemaFacts | None
) -> ErrorFields:
    if constraint is None:
        return fields
    child = constraint.table.rpartition(".")[2]
    if change.command == "DELETE" or (
        change.command == "UPDATE"
        and not (change.table == child and set(constraint.columns) & change.values.keys())
    ):
        return _still_referenced(fields, change, constraint, facts)
    if fields.detail is not None:
        return fields
    parent = constraint.references or _parent_in(constraint)
    key = _key(constraint.columns, change.values)
    parent = parent.rpartition(".")[2]
    return replace(fields, detail=f'Key {key} is not present in table "{parent}".')


def _parent_in(constraint: Constraint) -> str:
    """Guess the table that a foreign key refers to, from its name or its column."""
    if constraint.name.startswith("fk_"):
        _, found, after = constraint.name.partition("_".join(constraint.columns) + "_")
        if found and after:
            return after
    return f"{constraint.columns[-1].removesuffix('_id')}s"


def _still_referenced(
    fields: ErrorFields, change: Change, constraint: Constraint, facts: SchemaFacts | None
) -> ErrorFields:
    # A row that goes with another (ON DELETE CASCADE) may be referenced, too.
    parent = constraint.references or change.table
    parent, child = (table.rpartition(".")[2] for table in (parent, constraint.table))
    if has_standard_text(fields):
        message = (
            f'update or delete on table "{parent}" violates foreign key constraint '
            f'"{fields.constraint}" on table "{child}"'
        )
        fields = replace(fields, message=message)
    if fields.detail is not None:
        return fields
    keys = [
        known.columns
        for known in (facts.constraints if facts else ())
        if known.kind == "primary key" and known.table.rpartition(".")[2] == parent
    ]
    values = change.conditions if change.table == parent else {}
    key = _key(keys[0] if keys else ("id",), values)
    return replace(fields, detail=f'Key {key} is still referenced from table "{child}".')


def _failing_row(
    fields: ErrorFields, change: Change, constraint: Constraint | None, facts: SchemaFacts | None
) -> ErrorFields:
    if fields.detail is not None:
        return fields
    values = dict(change.values) or {"": _UNKNOWN}
    if fields.sqlstate == "23502" and fields.column is not None:
        values[fields.column] = None
    shown = ", ".join(_NULL if value is None else _cut(value) for value in values.values())
    return replace(fields, detail=f"Failing row contains ({shown}).")


def _cut(value: str) -> str:
    data = value.encode()
    return value if len(data) <= _LONGEST else data[:_LONGEST].decode(errors="ignore") + "..."


_Make = Callable[[ErrorFields, Change, Constraint | None, SchemaFacts | None], ErrorFields]
_MAKERS: dict[str, _Make] = {
    "23502": _failing_row,
    "23503": _not_present,
    "23505": _key_taken,
    "23514": _failing_row,
    "23P01": _key_taken,
}
