"""Where the constants of the source are planted: in an argument, or in the column that feeds it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from understudy.rows.table_facts import Column, Schema, Table
from understudy.script.formatting import shown
from understudy.write import column_values
from understudy.write.readings import Reading
from understudy.write.row_sets import RowSet
from understudy.write.shapes import ABSENT, Chosen, Items, Leaf, Path, Shape, all_shapes, builds
from understudy.write.source_constants import Constant

_LONGEST = 100  # items of a list


@dataclass(frozen=True)
class Change:
    """A value that is planted.

    Attributes:
        path: the part of an argument; () for a column.
        table, column: the column; "" for a part of an argument.
        value: the value.
    """

    path: Path
    table: str
    column: str
    value: Any

    @property
    def place(self) -> object:
        """What is changed."""
        return self.path or (self.table, self.column)

    @property
    def scenario(self) -> str:
        """The value as the end of a test's name."""
        value = self.value.name if isinstance(self.value, Enum) else str(self.value)
        if self.value is ABSENT:
            value = "left_out"
        words = "".join(c.lower() if c.isalnum() else "_" for c in value).strip("_")
        return f"{self.path[-1] if self.path else self.column}_{words[:30] or 'empty'}"

    @property
    def about(self) -> str:
        """When the test applies."""
        name = (self.path[-1] if self.path else self.column).replace("_", " ")
        return f"the {name} is {'left out' if self.value is ABSENT else shown(self.value)}"

    def applied(self, chosen: Chosen, rows: RowSet | None) -> tuple[dict[Path, Any], RowSet | None]:
        """Return the choices and the rows with the value."""
        if self.path:
            return {**chosen, self.path: self.value}, rows
        if rows is None:
            return dict(chosen), None
        changed = [
            (table, {**values, self.column: self.value} if table.name == self.table else values)
            for table, values in rows.rows
        ]
        return dict(chosen), replace(rows, rows=changed)


def planted(
    constants: Iterable[Constant],
    shapes: Mapping[str, Shape],
    rows: Sequence[tuple[Table, Mapping[str, Any]]],
    reading: Reading,
    schema: Schema,
) -> Iterator[Change]:
    """Yield the places in which constants can be planted.

    Args:
        constants: the constants.
        shapes: the arguments.
        rows: the rows that the trial inserts.
        reading: what its statements do.
        schema: the schema of the database.
    """
    for constant in constants:
        yield from _in_arguments(constant, shapes)
        if constant.root not in shapes or constant.name == constant.root:
            yield from _in_columns(constant, rows, schema)


def _in_arguments(constant: Constant, shapes: Mapping[str, Shape]) -> Iterator[Change]:
    parts = [part for shape in shapes.values() for part in all_shapes(shape)]
    named = [part for part in parts if part.path[-1] == constant.name]
    rooted = [part for part in named if part.path[0] == constant.root]
    for part in rooted or named[:2]:
        value = _of_part(part, constant)
        if value is not ABSENT and builds(shapes[part.path[0]], {part.path: value}):
            yield Change(part.path, "", "", value)
        if constant.value is None and not part.is_required:
            yield Change(part.path, "", "", ABSENT)


def _of_part(part: Shape, constant: Constant) -> Any:
    """Return a constant as a value of a part; ABSENT if it is none."""
    value = constant.value
    if value is None:
        return None if part.is_nullable else ABSENT
    if isinstance(part, Items):
        length = value if constant.is_length or type(value) is int else -1
        return length if 0 <= length <= len(part.items) else ABSENT
    if not isinstance(part, Leaf):
        return ABSENT
    sample = part.values[0]
    if constant.is_length:
        if not isinstance(sample, str | list) or not 0 <= value <= _LONGEST:
            return ABSENT
        return "a" * value if isinstance(sample, str) else (sample * value)[:value]
    if isinstance(sample, Enum) and not isinstance(value, Enum):
        return next((one for one in type(sample) if one.value == value), ABSENT)
    if isinstance(sample, bool) != isinstance(value, bool):
        return ABSENT
    if isinstance(sample, list | dict) and not value and value is not False:
        return type(sample)()
    is_alike = isinstance(value, type(sample)) or sample is None
    return value if is_alike else ABSENT


def _as_in(column: Column, value: dt.datetime) -> dt.date:
    """Return a time as a column has it: without a time zone, or as a day."""
    if column.type.name == "date":
        return value.date()
    return value.replace(tzinfo=None) if column.type.name == "timestamp" else value


def _in_columns(
    constant: Constant, rows: Sequence[tuple[Table, Mapping[str, Any]]], schema: Schema
) -> Iterator[Change]:
    tables = {table.oid: table for table, _ in rows}
    for table in tables.values():
        for column in table.columns:
            if column.name != constant.name or column.generated:
                continue
            value = constant.value.value if isinstance(constant.value, Enum) else constant.value
            if isinstance(value, dt.datetime):
                value = _as_in(column, value)
            python = column_values.python_type(schema, column)
            if value is None:
                if not (column.not_null or column.type.not_null):
                    yield Change((), table.name, column.name, None)
            elif python is bool and isinstance(value, bool):
                yield Change((), table.name, column.name, value)
            elif constant.is_length and python is str:
                yield Change((), table.name, column.name, "a" * value)
            elif python is not None and type(value) is python:
                listed = column_values.choices(schema, table, column)
                if not listed or value in listed:
                    yield Change((), table.name, column.name, value)
            elif value is True and python is not None:
                given = column_values.value(schema, table, column, 1)
                if given is not None:  # what is tested for its truth has a value
                    yield Change((), table.name, column.name, given)
            elif (
                python is not None
                and type(value) is int
                and python.__name__ in ("Decimal", "float")
            ):
                yield Change((), table.name, column.name, python(value))
