"""The wording of the catalog's errors and failures, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.script.messages import shown, suggestion, typed
from understudy.script.sql import one_line
from understudy.script.sqlstates import condition

if TYPE_CHECKING:
    from understudy.catalog.description import Column, Description, Refusal
    from understudy.script.calls import Call

_REBUILD = "To build it anew from the tests: understudy catalog --rebuild"
_LONGEST_LINE = 120


# The file ----------------------------------------------------------------------------------------


def unreadable(path: Path, error: Exception) -> str:
    """Say that the file cannot be read."""
    return f"the catalog {path} cannot be read: {error}\n{_REBUILD}"


def unwritable(path: Path, error: OSError) -> str:
    """Say that the file cannot be written, and that nothing was lost."""
    return f"the catalog {path} cannot be written: {error.strerror}; it is as it was"


def not_a_catalog(path: Path, found: object, known: int) -> str:
    """Say that the file is not a catalog, or one of another version."""
    if isinstance(found, int):
        return (
            f"the catalog {path} is of format {found}, and this version of Understudy reads "
            f"format {known}\nUpdate Understudy, or build it anew: understudy catalog --rebuild"
        )
    return f"{path} is not a catalog of Understudy: its first line is not a catalog's\n{_REBUILD}"


def broken_header(path: Path, error: Exception) -> str:
    """Say that a line of the file lacks what it must have."""
    return f"the catalog {path} is broken: {type(error).__name__}: {error}\n{_REBUILD}"


def broken_line(path: Path, number: int, line: str, error: Exception) -> str:
    """Say which line of the file is not what it should be; a merge may have left its marks."""
    start = line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..."
    merge = (
        "\nA merge has left its marks: keep the lines of both sides, and remove the marks."
        if line.startswith(("<<<<<<<", "=======", ">>>>>>>"))
        else ""
    )
    return f"the catalog {path}, line {number}, is broken: {error}\n  {start}{merge}\n{_REBUILD}"


def locked(path: Path | None, spelling: str | None) -> str:
    """Say that something is not known, and must not be learned now."""
    where = "the catalog" if path is None else f"the catalog {path}"
    what = (
        f"{where} is of another schema, or missing"
        if spelling is None
        else f"{where} does not hold this statement:\n  {one_line(spelling)}"
    )
    return (
        f"{what}\nIt is locked (--understudy-locked): run the tests once without that, "
        "and commit the file."
    )


def several() -> str:
    """Say why several statements in one string were not looked at."""
    return "several statements in one call: each may depend on the ones before it"


def switched_off() -> str:
    """Say why a refused statement was let through."""
    return "PostgreSQL refuses it, and check_statements is off"


# Statements --------------------------------------------------------------------------------------


def statement_refused(call: Call, refusal: Refusal, excerpt: Sequence[str]) -> str:
    """Say what PostgreSQL says of a statement, and where it stands."""
    lines = [
        f"PostgreSQL refuses this statement ({refusal.sqlstate} {condition(refusal.sqlstate)})",
        f"  {refusal.message}",
        *(f"  {line}" for line in (excerpt or [one_line(call.statement)])),
    ]
    lines += [f"  DETAIL: {refusal.detail}"] if refusal.detail else []
    lines += [f"  HINT: {refusal.hint}"] if refusal.hint else []
    return "\n".join([*lines, f"  at: {call.origin.place}"])


# Parameters --------------------------------------------------------------------------------------


def _row(number: int, rows: int) -> str:
    return f" in row {number + 1} of {rows}" if rows > 1 else ""


def _statement_and_place(call: Call) -> list[str]:
    return [f"  sql: {one_line(call.statement)}", f"  at:  {call.origin.place}"]


def parameter_count(
    call: Call, description: Description, given: Sequence[Any], number: int, rows: int
) -> str:
    """Say that a statement was given too many or too few parameters."""
    wanted = len(description.parameters)
    parameters = "1 parameter" if wanted == 1 else f"{wanted} parameters"
    lines = [
        f"the statement takes {parameters}, got {len(given)}{_row(number, rows)}",
        f"  params: {shown(given)}",
        *_statement_and_place(call),
    ]
    if len(given) > wanted:
        lines.append("psqlpy drops what is too many without a word.")
    return "\n".join(lines)


def parameters_refused(
    call: Call,
    description: Description,
    found: Sequence[tuple[int, Any, str]],
    number: int,
    rows: int,
) -> str:
    """Say which parameters the driver or PostgreSQL would not take, and why."""
    what = "a parameter" if len(found) == 1 else f"{len(found)} parameters"
    lines = [f"{what} would be refused{_row(number, rows)}"]
    for index, value, reason in found:
        lines.append(f"  ${index + 1} {description.parameters[index]}: got {typed(value)}")
        lines.append(f"     {reason}")
    return "\n".join(lines + _statement_and_place(call))


# Answers -----------------------------------------------------------------------------------------


def answer_impossible(call: Call, table: Sequence[tuple[str, str, str]], reason: str) -> str:
    """Say that a statement could never return its answer, the two side by side.

    Args:
        table: (mark, what was scripted, what the statement returns) for each column.
        reason: what is wrong, in a few words.
    """
    lines = [f"the statement could not return this: {reason}"]
    if table:
        head = ("", "scripted", "the statement returns")
        width = max(len(row[1]) for row in [head, *table])
        lines += [
            f"  {mark:<1} {one:<{width}}  {other}".rstrip() for mark, one, other in [head, *table]
        ]
    lines += _statement_and_place(call)
    if call.rule is not None:
        lines.append(f"  answered by: {call.rule.origin}  {call.rule.shown}")
    return "\n".join(lines)


def returns_no_rows(command: str) -> str:
    """Say that a statement has no rows to return."""
    return f"this {command} returns no rows (it has no RETURNING)"


def columns_differ(count: int, number: int, rows: int) -> str:
    """Say how many columns of a row do not fit."""
    columns = "1 column differs" if count == 1 else f"{count} columns differ"
    return columns + _row(number, rows)


def other_command(tag: str, command: str) -> str:
    """Say that a command tag is another command's."""
    return f"the tag {tag!r} is not that of a statement of the kind {command}"


def tag_without_rows(tag: str) -> str:
    """Say that a statement that returns rows was answered with a bare tag."""
    return f"the tag {tag!r} says that there were rows, and this statement returns its rows"


def scripted_value(value: Any, problem: str | None) -> str:
    """Return a scripted value for the table, with what is wrong with it."""
    return typed(value) + (f": {problem}" if problem else "")


def scripted_column(name: str, value: Any, problem: str | None) -> str:
    """Return a scripted column for the table, with what is wrong with it."""
    return f"{name} = {scripted_value(value, problem)}"


def returned_column(column: Column) -> str:
    """Return a column of the statement for the table."""
    never = ", never NULL" if column.nullability == "not null" else ""
    return f"{column.name} {column.type}{never}"


def never_null() -> str:
    """Say that None is impossible."""
    return "never NULL here"


# Errors ------------------------------------------------------------------------------------------


def no_such_constraint(call: Call, name: str, known: Iterable[str]) -> str:
    """Say that the schema has no constraint of this name."""
    names = sorted(known)
    near = suggestion(name, names)
    listed = f"\n  of the tables it touches: {', '.join(names)}" if names and not near else ""
    return "\n".join(
        [
            f"the schema has no constraint {name!r}{near}{listed}",
            *_statement_and_place(call),
        ]
    )


def foreign_constraint(call: Call, name: str, owners: Sequence[str], touched: Sequence[str]) -> str:
    """Say that a constraint is of a table that the statement does not touch."""
    return "\n".join(
        [
            f"the constraint {name!r} is of {', '.join(owners)}, which this statement does not "
            f"touch (it touches {', '.join(touched) or 'no table'})",
            *_statement_and_place(call),
        ]
    )
