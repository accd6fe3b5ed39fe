"""Checks of a scripted error against what its statement could violate.

MySQL's errors name a key, a constraint or a column in their text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from understudy.catalog.description import Description, SchemaFacts
from understudy.mysql.effects import CHANGES
from understudy.script.formatting import suggestion

_STORES = frozenset(["INSERT", "REPLACE", "UPDATE"])
_DUPLICATE, _NOT_NULL, _NO_DEFAULT = 1062, 1048, 1364
# A row that others refer to; a row that refers to none.
_PARENT, _CHILD = (1217, 1451), (1216, 1452)
_CHECKS = (3819, 4025)
# What is wrong with a value, which is stored then; 1292 may be about one that is compared.
_VALUES = (1264, 1265, 1366, 1406)
_KEY = re.compile(r"for key '(?:([^'.]+)\.)?([^'.]+)'\s*\Z")
_CONSTRAINT = re.compile(r"CONSTRAINT `([^`]+)`")
_CHECK = re.compile(r"(?:[Cc]heck constraint '|CONSTRAINT `)(?:[^'`.]+\.)?([^'`.]+)['`]")
_COLUMN = re.compile(r"(?:for column|Column|Field) (?:`[^`]*`\.)*['`]([^'`]+)['`]")


def reason_against(
    description: Description, code: int, message: str, facts: SchemaFacts
) -> list[str] | None:
    """Return why a statement could not fail with an error, in lines; None if it could.

    A trigger may write other tables: do not ask if one may run.

    Args:
        description: what the server says of the statement.
        code: the number of the error.
        message: its text.
        facts: the schema.
    """
    command = description.command
    if code == _DUPLICATE:
        return _not_duplicate(description, message, facts)
    if code in _PARENT or code in _CHILD:
        return _no_foreign_key(description, code, message, facts)
    if code in _CHECKS:
        name = _CHECK.search(message)
        checks = _of_tables(description, facts, "check")
        if name is not None and name[1] not in checks:
            return _unknown("CHECK constraint", name[1], checks, description)
        return None if command in _STORES else [f"this {command} stores no row"]
    if code in (_NOT_NULL, _NO_DEFAULT) or code in _VALUES:
        if command not in _STORES and code != _NOT_NULL:
            return [f"this {command} stores no value"]
        return _no_column(description, message, facts, is_required=code not in _VALUES)
    return None


def _not_duplicate(description: Description, message: str, facts: SchemaFacts) -> list[str] | None:
    if description.command not in _STORES:
        return [f"this {description.command} stores no row, so no key can have it twice"]
    found = _KEY.search(message)
    if found is None:
        return None
    keys = [
        constraint
        for constraint in facts.constraints
        if constraint.kind in ("primary key", "unique") and constraint.table in description.tables
    ]
    table, name = found[1], found[2]
    is_known = any(name == key.name and table in (None, key.table) for key in keys)
    if is_known:
        return None
    known = [f"{key.table}.{key.name}" for key in keys]
    return _unknown("unique key", f"{table}.{name}" if table else name, known, description)


def _no_foreign_key(
    description: Description, code: int, message: str, facts: SchemaFacts
) -> list[str] | None:
    tables = set(description.tables)
    is_parent = code in _PARENT
    keys = [constraint for constraint in facts.constraints if constraint.kind == "foreign key"]
    concerned = [key for key in keys if (key.references if is_parent else key.table) in tables]
    if description.command not in CHANGES:
        return [f"this {description.command} changes no row"]
    found = _CONSTRAINT.search(message)
    # A row that is deleted may delete others, which more rows refer to.
    reachable = keys if is_parent else concerned
    if found is not None and found[1] not in {key.name for key in reachable}:
        return _unknown("foreign key", found[1], [key.name for key in concerned], description)
    if not concerned:
        whose = "that others refer to" if is_parent else "with a foreign key"
        return [f"it touches no table {whose}", _touches(description)]
    return None


def _no_column(
    description: Description, message: str, facts: SchemaFacts, *, is_required: bool
) -> list[str] | None:
    found = _COLUMN.search(message)
    if found is None:
        return None
    columns = {
        name.lower(): kind
        for table in description.tables
        for name, kind in facts.types[table].fields
        if table in facts.types
    }
    kind = columns.get(found[1].lower())
    if kind is None:
        return _unknown("column", found[1], columns, description)
    if is_required and not kind.endswith(" not null"):
        return [f"the column {found[1]!r} may be NULL", _touches(description)]
    return None


def _of_tables(description: Description, facts: SchemaFacts, kind: str) -> list[str]:
    return [
        constraint.name
        for constraint in facts.constraints
        if constraint.kind == kind and constraint.table in description.tables
    ]


def _unknown(what: str, name: str, known: Iterable[str], description: Description) -> list[str]:
    names = sorted(known)
    near = suggestion(name, names)
    listed = [f"  they have: {', '.join(names) or 'none'}"] if not near else []
    return [f"its tables have no {what} {name!r}{near}", *listed, _touches(description)]


def _touches(description: Description) -> str:
    return f"  it touches: {', '.join(description.tables) or 'no table'}"
