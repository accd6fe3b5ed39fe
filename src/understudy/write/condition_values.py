"""Values that meet a condition, and values that nearly do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.mutate.column_uses import ColumnId
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values
from understudy.write.readings import Clock, Comparison, MomentPart

MISSING = 5  # the number of a value that no matching row has
_FAR, _PAST = dt.datetime(2099, 1, 1), dt.datetime(2000, 1, 1)

# A moment that differs in one part.
_OTHER: Mapping[str, Callable[[dt.datetime], dt.datetime]] = {
    "year": lambda moment: moment.replace(year=moment.year + 1),
    "month": lambda moment: moment.replace(month=moment.month % 12 + 1),
    "day": lambda moment: moment.replace(day=moment.day % 28 + 1),
    "hour": lambda moment: moment.replace(hour=(moment.hour + 1) % 24),
    "minute": lambda moment: moment.replace(minute=(moment.minute + 1) % 60),
    "second": lambda moment: moment.replace(second=(moment.second + 1) % 60),
}


class ConditionValues:
    """The values of the columns that conditions compare.

    Args:
        schema: the schema of the database.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def meeting(self, one: Comparison, table: Table, column: Column, number: int) -> Any:
        """Return the value of a world's row that meets a condition."""
        value = one.value
        if isinstance(value, Clock):
            return self._moment(column, _FAR if one.operator in (">", ">=") else _PAST)
        if isinstance(value, MomentPart):
            moment = value.moment
            if one.operator == "other part":
                moment = _OTHER[value.name](moment)
            return self._moment(column, moment)
        match one.operator:
            case "=" | ">=" | "<=":
                return self.typed(one.column, value)
            case "in":
                return self.typed(one.column, value_of_list(value, number)) if value else None
            case "like" | "ilike":
                made = column_values.value(self._schema, table, column, number)
                return _matching(one, number) or made
            case ">" | "<":
                return _beside(value, 1 if one.operator == ">" else -1)
            case "<>" | "not in" | "unlike":
                return self.another(table, column, value)
            case "true" | "false":
                return one.operator == "true"
            case "not null":
                return column_values.value(self._schema, table, column, number)
        return None

    def missing(self, one: Comparison, table: Table, column: Column) -> Any:
        """Return a value that misses a condition, but nearly meets it."""
        return self.meeting(one.opposite, table, column, MISSING)

    def another(self, table: Table, column: Column, value: Any) -> Any:
        """Return a value of a column that is none of these."""
        if column_values.python_type(self._schema, column) is list:
            return [] if value else None
        values = value if isinstance(value, list) else [value]
        if values and all(isinstance(one, int) and not isinstance(one, bool) for one in values):
            return max(values) + 1
        if isinstance(values[0] if values else None, bool):
            return not values[0]
        texts = [str(one) for one in values]
        for number in range(MISSING, MISSING + 12):
            found = column_values.value(self._schema, table, column, number)
            if found is not None and not any(text and text in str(found) for text in texts):
                return found
        return None

    def typed(self, column: ColumnId, value: Any) -> Any:
        """Return a value as one that the column takes."""
        table = self._schema.tables[column.table]
        python = column_values.python_type(self._schema, table.column(column.name))
        if python is list and not isinstance(value, list):
            return [value]
        if python is int and isinstance(value, str) and value.lstrip("-").isdecimal():
            return int(value)
        return value

    def _moment(self, column: Column, moment: dt.datetime) -> Any:
        if column.type.name == "date":
            return moment.date()
        return moment.replace(tzinfo=dt.UTC) if column.type.name == "timestamptz" else moment


def value_of_list(values: Sequence[Any], number: int) -> Any:
    """Return the value of a world: backwards, so that rows are not sorted as they are inserted."""
    return values[-1 - number % len(values)]


def _matching(one: Comparison, number: int) -> Any:
    """Return a text that a pattern matches: every other time in other letters, and among others."""
    pattern = one.value
    if not isinstance(pattern, str):
        return pattern
    text = pattern.strip("%").replace("%", "a").replace("_", "a")
    if not text or number % 2 == 0:
        return text
    before, after = "a " if pattern[0] == "%" else "", " b" if pattern[-1] == "%" else ""
    return f"{before}{text.swapcase() if one.operator == 'ilike' else text}{after}"


def _beside(value: Any, by: int) -> Any:
    """Return a value a little above or below; itself if nothing says what comes next."""
    match value:
        case int() | float() | Decimal() if not isinstance(value, bool):
            return value + by
        case dt.date() | dt.timedelta():
            return value + dt.timedelta(days=by)
        case dt.time():
            return (dt.datetime.combine(_PAST, value) + dt.timedelta(minutes=by)).timetz()
        case UUID():
            return UUID(int=(value.int + by) % 2**128)
        case str():
            return f"{value}z" if by > 0 else value[:-1]
    return value
