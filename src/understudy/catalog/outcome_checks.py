"""Checks of a success: could there be so many rows, and would PostgreSQL not fail?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from understudy.catalog import check_conditions
from understudy.catalog.description import Assignment, Description, Refusal, RowCheck
from understudy.catalog.row_checks import known_row
from understudy.catalog.statement_facts import null_violation
from understudy.script.formatting import typed

_MODIFIED = re.compile(r"(character(?: varying)?|numeric)\((\d+)(?:,(-?\d+))?\)")


def is_open(description: Description) -> bool:
    """Return whether any number of rows, and any parameter, may be right for a statement."""
    rows = description.rows
    return (
        not rows.least
        and rows.most is None
        and rows.limit is None
        and description.fails is None
        and not description.assigned
        and not description.checks
    )


def wrong_count(
    description: Description, parameters: Sequence[Any], count: int, *, is_whole: bool
) -> str | None:
    """Return why a statement could not return or change so many rows; None if it could.

    Args:
        description: what PostgreSQL says of the statement.
        parameters: its parameters.
        count: the number of rows.
        is_whole: whether these are all rows, and not those before a failure.
    """
    least, most, limit = description.rows.least, description.rows.most, description.rows.limit
    if limit is not None and limit <= len(parameters):
        given = parameters[limit - 1]
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            most = given if most is None else min(most, given)
    if most is not None and count > most:
        bound = f"exactly {most}" if most == least else f"at most {most}"
    elif count < least and is_whole:
        bound = f"exactly {least}" if most == least else f"at least {least}"
        most = least
    else:
        return None
    verb = "returns" if description.columns else "changes"
    rows = "row" if most == 1 else "rows"
    answered = f"and was answered with {count or 'none'}"
    return f"this {description.command} {verb} {bound} {rows}, {answered}"


def certain_failure(
    description: Description, parameters: Sequence[Any], count: int | None
) -> tuple[Refusal, str | None] | None:
    """Return the error with which PostgreSQL would fail instead, and which value causes it.

    Args:
        description: what PostgreSQL says of the statement.
        parameters: its parameters.
        count: how many rows it was answered to have changed; None if the answer does not say.

    Returns:
        None if it need not fail.
    """
    if description.fails is not None:
        return description.fails, None
    if description.command != "INSERT" and not count:
        return None  # an UPDATE of no row fails in no column
    for assignment in description.assigned:
        number = assignment.parameter
        if number is not None and number > len(parameters):
            continue
        value = None if number is None else parameters[number - 1]
        found = _refusal(assignment, value)
        if found is not None:
            given = "NULL" if number is None else f"${number} = {typed(value)}"
            return found, f"{given} goes into {assignment.column}"
    for check in description.checks:
        row = known_row(check.values, parameters)
        if check_conditions.is_violated(check.condition, row):
            return _check_violation(check), _given(check, parameters)
    return None


def _check_violation(check: RowCheck) -> Refusal:
    return Refusal(
        "23514",
        f'new row for relation "{check.table.rpartition(".")[2]}" violates check constraint '
        f'"{check.name}"',
    )


def _given(check: RowCheck, parameters: Sequence[Any]) -> str:
    """Return which values go into which columns, and what they have to fulfil."""
    given = [
        f"{'NULL' if text is None else text} goes into {check.table}.{name}"
        if parameter is None
        else f"${parameter} = {typed(parameters[parameter - 1])} goes into {check.table}.{name}"
        for name, _, parameter, text in check.values
        if parameter is None or parameter <= len(parameters)
    ]
    return f"{', '.join(given)}; CHECK {check.condition}"


def _refusal(assignment: Assignment, value: Any) -> Refusal | None:
    if value is None:
        table, _, column = assignment.column.rpartition(".")
        return null_violation(column, table) if assignment.required else None
    match = _MODIFIED.fullmatch(assignment.type or "")
    if match is None:
        return None
    kind, size, scale = match[1], int(match[2]), int(match[3] or 0)
    if kind == "numeric":
        return _overflow(value, size, scale)
    # Spaces that are too many are cut off.
    if isinstance(value, str) and len(value.rstrip(" ")) > size and len(value) > size:
        return Refusal("22001", f"value too long for type {assignment.type}")
    return None


def _overflow(value: Any, precision: int, scale: int) -> Refusal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    if number.is_nan():
        return None
    if number.is_infinite():
        detail = "cannot hold an infinite value."
    else:
        try:
            rounded = check_conditions.round_half_up(number, scale)
        except InvalidOperation:  # far too large
            rounded = number
        if abs(rounded) < Decimal(1).scaleb(precision - scale):
            return None
        bound = f"10^{precision - scale}" if precision != scale else "1"
        detail = f"must round to an absolute value less than {bound}."
    return Refusal(
        "22003",
        "numeric field overflow",
        f"A field with precision {precision}, scale {scale} {detail}",
    )
