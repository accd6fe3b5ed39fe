"""What MySQL says of a duplicate entry, made from the call that causes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from understudy.catalog.description import Constraint, Description, SchemaFacts
from understudy.mysql.error_fields import MysqlErrorFields

# As `db_error` writes it: the call tells the value.
_DUPLICATE = re.compile(r"Duplicate entry '\?' for key '(?:([^'.]+)\.)?([^'.]+)'")


def with_entry(
    fields: MysqlErrorFields, description: Description, row: Sequence[Any], facts: SchemaFacts
) -> MysqlErrorFields:
    """Return a duplicate entry with the values of its key, if the statement stores all of them.

    Args:
        fields: the error as it is scripted.
        description: what the server says of the statement.
        row: the values of its parameters.
        facts: the schema.
    """
    found = _DUPLICATE.fullmatch(fields.message)
    if found is None:
        return fields
    keys = [key for key in facts.constraints if _is_meant(key, found[1], found[2], description)]
    stored = {
        assignment.column.lower(): row[assignment.parameter - 1]
        for assignment in description.assigned
        if assignment.parameter is not None and assignment.parameter <= len(row)
    }
    if len(keys) != 1:
        return fields
    values = [stored.get(f"{keys[0].table}.{column}".lower()) for column in keys[0].columns]
    if not values or not all(isinstance(value, str | int) for value in values):
        return fields
    entry = "-".join(str(int(value) if isinstance(value, bool) else value) for value in values)
    return replace(fields, message=fields.message.replace("'?'", f"'{entry}'", 1))


def _is_meant(key: Constraint, table: str | None, name: str, description: Description) -> bool:
    is_unique = key.kind in ("unique", "primary key")
    is_of = key.table in description.tables and table in (None, key.table)
    return is_unique and is_of and key.name == name
