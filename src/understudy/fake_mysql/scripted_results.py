"""Scripted answers as the results of statements, if the statements could return them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from understudy.catalog.answer_checks import Difference
from understudy.catalog.errors import AnswerImpossible
from understudy.catalog.report import answer_impossible
from understudy.engine.outcome import Outcome
from understudy.mysql import sql
from understudy.mysql.results import Result, ServerWarning
from understudy.mysql.select_list import column_names, column_tables, returns_rows
from understudy.mysql.types import BadValue, Column, column_of, text_of
from understudy.mysql_catalog.wire_columns import wire_column
from understudy.script.answers import Rows, Value, values_in_order
from understudy.script.calls import Call
from understudy.script.expectations import record_failure
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_rules import Affected

_UNNAMED = "?"
_BULK = frozenset(["INSERT", "REPLACE"])


def result_of(answer: Rows | Value, outcome: Outcome) -> Result:
    """Return a scripted answer as the result of its call, if the statement could return it.

    Raises:
        AnswerImpossible: it could not.
    """
    call = outcome.call
    described = outcome.description
    has_rows = returns_rows(call.statement) if described is None else bool(described.columns)
    if isinstance(answer, Affected):
        if not outcome.check(answer) and described is None and has_rows:
            command = sql.command_of(call.statement)
            _refuse(call, f"{command} returns rows", "Write .rows(...), or .row(...).")
        return Result(
            affected=answer.count, last_insert_id=answer.last_insert_id, warnings=_warnings(answer)
        )
    names = _names(outcome)
    if isinstance(answer, Value):
        name = names[0] if names else None
        answer = Rows(((answer.value,),), columns=(name or "value",))
    if answer == Rows(warnings=answer.warnings) and not has_rows:
        outcome.check(answer)
        return Result(affected=_changed(call), warnings=_warnings(answer))
    answer = _complete(answer, names, outcome)
    if not outcome.check(answer) and described is None and has_rows is False:
        command = sql.command_of(call.statement)
        _refuse(call, f"{command} returns no rows", "Write .affected(1).")
    columns = _columns(answer, names, outcome)
    rows = [list(values_in_order(row, [column.name for column in columns])) for row in answer.rows]
    # A procedure ends with a result of its own.
    following = [Result()] if sql.command_of(call.statement) == "CALL" else []
    return Result(columns, rows, warnings=_warnings(answer), following=following)


def _complete(answer: Rows, names: Sequence[str | None] | None, outcome: Outcome) -> Rows:
    complete = outcome.complete(answer, (None,) if names is None else names)
    assert isinstance(complete, Rows), "rows stay rows"
    return complete


def _names(outcome: Outcome) -> Sequence[str | None] | None:
    """Return the names of the columns of a statement, as far as they are known."""
    if outcome.description is not None:
        return [column.name for column in outcome.description.columns] or None
    return column_names(outcome.call.statement)


def _columns(
    answer: Rows, names: Sequence[str | None] | None, outcome: Outcome
) -> Sequence[Column]:
    """Return the columns of a result: with the types of the schema, else with those of values."""
    shown = _shown_names(answer, names)
    rows = [values_in_order(row, shown) for row in answer.rows]
    found = []
    tables = column_tables(outcome.call.statement)
    tables = tables if len(tables) == len(shown) else ("",) * len(shown)
    described = () if outcome.description is None else outcome.description.columns
    typed = [wire_column(column) for column in described]
    if [column.name for column in described] != shown:
        typed = [None] * len(shown)
    for place, (name, table) in enumerate(zip(shown, tables, strict=True)):
        values = [row[place] for row in rows]
        try:
            column = typed[place] or column_of(name, values)
            for value in values:
                if value is not None:
                    text_of(value, column)
        except BadValue as error:
            _refuse(outcome.call, str(error))
        # Drivers tell columns of one name by it.
        found.append(replace(column, table=table) if table else column)
    return found


def _shown_names(answer: Rows, names: Sequence[str | None] | None) -> list[str]:
    if answer.columns is not None:
        return list(answer.columns)
    known = None if names is None or None in names else list(map(str, names))
    if not answer.rows:
        # Drivers look for the columns of an empty result, too. Of `*` at least one is there.
        return [name or _UNNAMED for name in names or (None,)]
    first = answer.rows[0]
    if isinstance(first, tuple):
        assert known is not None, "the outcome has completed it"
        return known
    return known if known is not None and set(known) == set(first) else list(first)


def _changed(call: Call) -> int:
    """Return how many rows a statement changes, if nothing is scripted: those of an INSERT."""
    words = [token.upper() for token in call.tokens]
    if not words or words[0] not in _BULK or not {"VALUES", "VALUE", "SET"} & set(words):
        return 0
    assert isinstance(call, MysqlCall), "a server of MySQL makes these"
    return len(call.template.values) if call.template.is_bulk else 1


def _warnings(answer: Rows) -> Sequence[ServerWarning]:
    return [ServerWarning(*warning) for warning in answer.warnings]


def _refuse(call: Call, reason: str, *remedy: str) -> NoReturn:
    raise record_failure(
        AnswerImpossible(answer_impossible(call, Difference(reason, remedy=remedy)))
    )
