"""The values of text columns that only the project's classes list: an Enum or a Literal of a model.

A row with any other text would be refused by the code that makes the model, and each test would
expect that refusal.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import Enum
from types import ModuleType
from typing import Any

from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values, hints

_LEAST = 2  # columns that a class and its table have in common
Listed = Mapping[str, tuple[str, ...]]


def with_listed_values(schema: Schema, modules: Iterator[ModuleType]) -> Schema:
    """Return a schema in which such columns have an enum's type.

    Args:
        schema: the schema of the project's database.
        modules: the project's modules that are imported.
    """
    classes = dict.fromkeys(
        cls
        for module in modules
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module.__name__
    )
    models = [fields for cls in classes if (fields := _fields(cls))]
    tables = {oid: _table(schema, table, models) for oid, table in schema.tables.items()}
    return replace(schema, tables=tables)


def _fields(cls: type) -> Mapping[str, Any]:
    """Return the hints of a class's fields; none of an ORM's, which stores the names of an enum."""
    if hasattr(cls, "__mapper__"):
        return {}
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError, AttributeError):  # it names what only type checkers import
        return {}


def _table(schema: Schema, table: Table, models: list[Mapping[str, Any]]) -> Table:
    names = {column.name for column in table.columns}
    found: dict[str, tuple[str, ...]] = {}
    for fields in models:
        common = names & set(fields)
        if len(common) >= max(_LEAST, len(fields) / 2):
            for name in common:
                if values := _listed(fields[name]):
                    found.setdefault(name, values)
    columns = tuple(_column(schema, table, column, found) for column in table.columns)
    return table if columns == table.columns else replace(table, columns=columns)


def _column(schema: Schema, table: Table, column: Column, found: Listed) -> Column:

    is_text = column_values.python_type(schema, column) is str
    if column.name not in found or not is_text or column_values.choices(schema, table, column):
        return column
    return replace(column, type=replace(column.type, kind="enum", labels=found[column.name]))


def _listed(hint: Any) -> tuple[str, ...]:
    """Return the texts of a Literal or of an Enum, if these are all that a hint allows."""
    if typing.get_origin(hint) is typing.Literal:
        values = typing.get_args(hint)
    else:
        cls = hints.class_in(hint)
        members = getattr(cls, "__members__", {})  # of an Enum, by their names
        values = tuple(member.value for member in members.values() if isinstance(member, Enum))
    return values if all(isinstance(value, str) for value in values) else ()
