"""Rows that belong to the caller: what a route's code compares with values of the caller."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from understudy.project import parsing
from understudy.rows.table_facts import Schema, Table
from understudy.write import hints
from understudy.write.planted import Change
from understudy.write.spelling import spelled
from understudy.write.trials import Expression, Row

_NO_ID = Expression("")


def of_caller(
    functions: Iterable[Callable[..., Any]], callers: Mapping[str, Any], schema: Schema
) -> list[Change]:
    """Return the values of columns with which a row is the caller's.

    Args:
        functions: those that run for a request: `if note.owner_id != user.id` stands in one.
        callers: what stands for the caller, by parameters that take it.
        schema: the schema of the database.
    """
    found: dict[tuple[str, str], Change] = {}
    for function in functions:
        own = {**callers, **dict(_by_type(function, callers))}
        for column, value in _compared(function, own):
            for table in schema.tables.values():
                is_there = any(one.name == column for one in table.columns)
                if is_there and value is not None:
                    found.setdefault((table.name, column), Change((), table.name, column, value))
    return [*found.values()]


def owned(
    rows: tuple[Row, ...], changes: Iterable[Change], schema: Schema | None
) -> tuple[Row, ...]:
    """Return rows of which the one that a request means is the caller's, in each table."""
    for change in changes if schema is not None else ():
        first = meant(rows, change.table)
        if first is None or schema is None:
            continue
        values = dict(first.values) | {change.column: spelled(change.value)}
        changed = replace(first, values=tuple(values.items()))
        parent = _parent(schema.tables[schema.names[change.table]], change, schema)
        new = [] if parent is None or _has(rows, parent) else [parent]
        at = rows.index(first)
        rows = (*rows[:at], *new, changed, *rows[at + 1 :])
    return rows


def meant(rows: Iterable[Row], table: str) -> Row | None:
    """Return the row of a table that a request means: with the first id."""
    own = [row for row in rows if row.table == table]
    return min(own, key=lambda row: dict(row.values).get("id", _NO_ID).text, default=None)


def _parent(table: Table, change: Change, schema: Schema) -> Row | None:
    """Return the row that a changed column refers to."""
    for key in table.foreign_keys:
        if key.columns == (change.column,) and key.parent in schema.tables:
            value = ((key.parent_columns[0], spelled(change.value)),)
            return Row(schema.tables[key.parent].name, value)
    return None


def _has(rows: Iterable[Row], parent: Row) -> bool:
    return any(row.table == parent.table and {*parent.values} <= {*row.values} for row in rows)


def _by_type(function: Callable[..., Any], callers: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that take an object of a caller's class."""
    for name, hint in hints.known(function).items():
        cls = hints.class_in(hint)
        for value in callers.values():
            if cls is not None and type(value) is cls and cls.__module__ != "builtins":
                yield name, value


def _compared(
    function: Callable[..., Any], callers: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the names that are compared with a value of a caller: `org_id`, and the value."""
    tree = parsing.tree_of(function)
    for node in () if tree is None else ast.walk(tree):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        one, other = node.left, node.comparators[0]
        for row, caller in ((one, other), (other, one)):
            whole, part = _split(caller)
            name = _split(row)[1]
            if whole in callers and part and name and _split(row)[0] not in callers:
                yield name, _value(callers[whole], part)


def _split(node: ast.expr) -> tuple[str, str]:
    """Return the variable and the last name of `row["org_id"]` or `user.org_id`."""
    match node:
        case ast.Attribute(value=ast.Name(id=whole), attr=part):
            return whole, part
        case ast.Subscript(value=ast.Name(id=whole), slice=ast.Constant(value=str(part))):
            return whole, part
        case ast.Attribute(attr=part):
            return "", part
    return "", ""


def _value(caller: Any, part: str) -> Any:
    return caller.get(part) if isinstance(caller, Mapping) else getattr(caller, part, None)
