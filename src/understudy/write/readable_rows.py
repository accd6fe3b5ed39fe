"""Short values for generated ones, so that a reader sees at once how rows differ."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values
from understudy.write.spelling import spelled
from understudy.write.trials import Expression, Row, Trial

_LONG = 999  # larger numbers are hard to compare
_NEAR = 1  # a number that is so near to one that a trial names is there because of that
_FIRST = 3  # the number of a value: those before are those of the trial's own rows


def readable(trial: Trial, own: int, schema: Schema) -> Trial:
    """Return a trial with readable values in the rows that follow its own.

    Equal values stay equal, and the larger of two stays larger. What the trial names elsewhere, and
    what is near to that, stays as it is.

    Args:
        trial: the trial.
        own: how many rows are its own.
        schema: the schema of the database.
    """
    generated = list(_values(trial.rows[own:], schema))
    named = {*_constants(v.text for row in trial.rows[:own] for _, v in row.values)}
    named |= {*_constants(value.text for value in trial.arguments.values())}
    found: dict[object, Expression] = {}
    for is_key in (True, False):
        of_kind = {
            value
            for table, column, value in generated
            if type(value) is int and column_values.is_key(table, column.name) == is_key
        }
        start = column_values.FIRST_ID if is_key else column_values.plain(int, 0)
        numbers = [one for one in named if type(one) is int]
        for number, new in _numbers(of_kind, numbers, start).items():
            found.setdefault(number, Expression(str(new)))
    texts = [one.lower() for one in named if isinstance(one, str)]
    taken = [value for row in trial.rows[:own] for _, value in row.values]
    for table, column, value in sorted(generated, key=lambda one: str(one[2])):
        if isinstance(value, str) and value not in found and not _is_near(value, texts):
            found[value] = _other(schema, table, column, [*taken, *found.values()]) or spelled(
                value
            )
    rows = (_with(row, found) for row in trial.rows[own:])
    return replace(trial, rows=(*trial.rows[:own], *rows))


def _values(rows: Iterable[Row], schema: Schema) -> Iterator[tuple[Table, Column, object]]:
    for row in rows:
        table = schema.tables[schema.names[row.table]]
        for name, expression in row.values:
            for value in _literal(expression.text):
                yield table, table.column(name), value


def _literal(text: str) -> list[Any]:
    """Return the value of source; nothing if it is no literal."""
    try:
        return [ast.literal_eval(text)]
    except ValueError:
        return []


def _constants(texts: Iterable[str]) -> Iterator[object]:
    for text in texts:
        for node in ast.walk(ast.parse(text, mode="eval")):
            if isinstance(node, ast.Constant | ast.UnaryOp):
                yield from _literal(ast.unparse(node))


def _numbers(values: set[int], named: list[int], start: int) -> dict[int, int]:
    """Return short numbers for long ones, in the same order among them and those that stay."""
    long = {
        value
        for value in values
        if abs(value) > _LONG and not any(abs(value - one) <= _NEAR for one in named)
    }
    placed = {one: one for one in (*named, *(values - long))}
    for value in [*sorted(v for v in long if v > 0), *sorted(v for v in long if v < 0)[::-1]]:
        below = max((new for old, new in placed.items() if old < value), default=None)
        above = min((new for old, new in placed.items() if old > value), default=None)
        if value > 0:
            new = start if below is None else max(start, below + 1)
            fits = above is None or new < above
        else:
            new = -1 if above is None else min(-1, above - 1)
            fits = below is None or new > below
        placed[value] = new if fits else value
    return {value: placed[value] for value in long}


def _is_near(value: str, texts: list[str]) -> bool:
    lower = value.lower()
    return not value or any(lower in text or text in lower for text in texts if text)


def _other(
    schema: Schema, table: Table, column: Column, taken: list[Expression]
) -> Expression | None:
    """Return the first value of a column that is not taken; None to keep what there is."""
    if column_values.python_type(schema, column) in (None, list, dict, bool, bytes):
        return None
    if column_values.choices(schema, table, column):
        return None
    for number in range(_FIRST, _FIRST + 20):
        value = column_values.value(schema, table, column, number)
        if value is not None and (new := spelled(value)) not in taken:
            return new
    return None


def _with(row: Row, found: dict[object, Expression]) -> Row:
    def other(expression: Expression) -> Expression:
        for value in _literal(expression.text):
            if type(value) in (int, str):
                return found.get(value, expression)
        return expression

    return replace(row, values=tuple((name, other(value)) for name, value in row.values))
