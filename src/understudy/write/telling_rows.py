"""Rows that tell wrong SQL from right, as a trial inserts them beside its own."""

from __future__ import annotations

import ast
from dataclasses import replace

from understudy.mutate.column_uses import ColumnId
from understudy.rows.table_facts import Column, Schema, Table
from understudy.write import column_values
from understudy.write.readings import Reading
from understudy.write.spelling import spelled
from understudy.write.trials import Expression, Row, Trial

_NUMBERS = range(3, 26)  # of values: those before are those of the trial's own rows


def with_telling_rows(trial: Trial, lines: str, reading: Reading, schema: Schema) -> Trial:
    """Return a trial that inserts more rows.

    Args:
        trial: the trial.
        lines: insert the rows, with the values that tell wrong SQL.
        reading: what the statements of the trial do.
        schema: the schema of the database.
    """
    given = {(row.table, *value) for row in trial.rows for value in row.values}
    for row in map(_row, lines.splitlines()):
        # A row that is told by its key only is there for others, which refer to it.
        if len(row.values) != 1 or (row.table, *row.values[0]) not in given:
            rows = (*trial.rows, _completed(row, trial, reading, schema))
            trial = replace(trial, rows=rows, purpose="telling row")
    if trial.rows and trial.scenario == "without_rows":
        is_one = len(trial.rows) == 1
        about = "if there is a row" if is_one else "if there are rows"
        trial = replace(trial, scenario="with_a_row" if is_one else "with_rows", about=about)
    return trial


def _row(line: str) -> Row:
    """Return the row that a line inserts."""
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call), "a call of real_postgres.insert"
    values: list[tuple[str, Expression]] = []
    for keyword in call.keywords:
        name, value = keyword.arg, keyword.value
        if isinstance(value, ast.Dict):  # **{"a name that is no identifier": value}
            (key,), (value,) = value.keys, value.values
            name = ast.literal_eval(key) if key is not None else name
        values.append((str(name), Expression(ast.get_source_segment(line, value) or "")))
    return Row(ast.literal_eval(call.args[0]), tuple(values))


def _completed(row: Row, trial: Trial, reading: Reading, schema: Schema) -> Row:
    """Return a row with a value in each column that it requires and that the statements name.

    A generated value is another one in the written test, so nothing could be asserted of it.
    """
    table = schema.tables[schema.names[row.table]]
    given = {name for name, _ in row.values}
    more = (
        (column.name, value)
        for column in table.columns
        if column.required and column.name not in given
        if ColumnId(table.oid, column.name) in reading.named
        if (value := _value(table, column, trial, schema)) is not None
    )
    values = dict([*row.values, *more])
    order = [column.name for column in table.columns if column.name in values]
    return replace(row, values=tuple((name, values[name]) for name in order))


def _value(table: Table, column: Column, trial: Trial, schema: Schema) -> Expression | None:
    """Return a value that no row of a trial has; None for one that depends on others."""
    joint = [check for check in table.checks if len(check.columns) > 1]
    if any(column.name in one.columns for one in (*table.foreign_keys, *joint)):
        return None  # `insert` finds one that fits
    taken = {
        value.text
        for row in trial.rows
        for name, value in row.values
        if (row.table, name) == (table.name, column.name)
    }
    values = (column_values.value(schema, table, column, number) for number in _NUMBERS)
    made = [spelled(value) for value in values if value is not None]
    return next((one for one in made if one.text not in taken), made[0] if made else None)
