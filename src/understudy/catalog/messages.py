"""The wording of the catalog's errors and failures, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.pg.sql import one_line
from understudy.pg.sqlstates import condition
from understudy.script.formatting import shown, suggestion, typed

if TYPE_CHECKING:
    from understudy.catalog.answer_checks import Difference, Pair
    from understudy.catalog.description import Column, Refusal
    from understudy.script.calls import Call

_REBUILD = "To build it anew from the tests: understudy catalog --rebuild"
_LONGEST_LINE = 120
# Of an answer with more columns than this, those that fit are only counted.
_MOST_ROWS = 8


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


def broken_line(path: Path, number: int, line: str, reason: str) -> str:
    """Say which line of the file is not what it should be; a merge may have left its marks."""
    start = line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..."
    merge = (
        "\nA merge has left its marks: keep the lines of both sides, and remove the marks."
        if line.startswith(("<<<<<<<", "|||||||", "=======", ">>>>>>>"))
        else ""
    )
    return f"the catalog {path}, line {number}, is broken: {reason}\n  {start}{merge}\n{_REBUILD}"


def no_object() -> str:
    """Say that a line holds JSON of another kind."""
    return "it is no JSON object"


def lacking(error: KeyError) -> str:
    """Say what a line does not hold."""
    return f"it has no {error.args[0]!r}"


def second_header() -> str:
    """Say that a merge has kept the first lines of both sides."""
    return "a second first line: keep one of them, the next run sees to the rest"


def broken_statement(spelling: str, error: Exception) -> str:
    """Say that a statement's line in the file lacks something."""
    reason = lacking(error) if isinstance(error, KeyError) else str(error)
    return (
        f"the catalog's line of this statement is broken: {reason}\n  {one_line(spelling)}\n"
        f"Remove the line, and the next run asks PostgreSQL anew."
    )


def locked(path: Path | None, spelling: str | None, *, is_there: bool) -> str:
    """Say that something is not known, and must not be learned now."""
    where = "the catalog" if path is None else f"the catalog {path}"
    if spelling is not None:
        what = f"{where} does not hold this statement:\n  {one_line(spelling)}"
    elif is_there:
        what = f"{where} is of another schema: the configured one has changed since"
    else:
        what = f"{where} is not there"
    return (
        f"{what}\nIt is locked (--understudy-locked): run the tests once without that, "
        "and commit the file."
    )


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


def no_sequence(parameters: object) -> str:
    """Say that something cannot be read as parameters."""
    kind = type(parameters).__name__
    return f"the parameters must be a list, a tuple or (for names) a dict, not {kind}"


def names_for_numbers(parameters: object) -> str:
    """Say that parameters have names, and the statement has none."""
    kind = type(parameters).__name__
    return f"the statement has no named parameters, and was given a {kind}: pass a list"


def name_missing(name: str, given: Iterable[str]) -> str:
    """Say that a named parameter was not given."""
    names = [str(each) for each in given]
    return f"no parameter {name!r} was given{suggestion(name, names)}"


def parameters_unreadable(call: Call, given: object, reason: str, number: int, rows: int) -> str:
    """Say that what was given as parameters is none."""
    return "\n".join(
        [f"{reason}{_row(number, rows)}", f"  params: {shown(given)}", *_statement_and_place(call)]
    )


def parameter_count(call: Call, wanted: int, given: Sequence[Any], number: int, rows: int) -> str:
    """Say that a statement was given too many or too few parameters."""
    takes = {0: "no parameters", 1: "1 parameter"}.get(wanted, f"{wanted} parameters")
    lines = [
        f"the statement takes {takes}, got {len(given)}{_row(number, rows)}",
        f"  params: {shown(given)}",
        *_statement_and_place(call),
    ]
    if len(given) > wanted:
        lines.append("psqlpy drops what is too many without a word.")
    return "\n".join(lines)


def parameters_refused(
    call: Call,
    types: Sequence[str],
    names: Sequence[str],
    found: Sequence[tuple[int, Any, str]],
    number: int,
    rows: int,
) -> str:
    """Say which parameters the driver or PostgreSQL would not take, and why.

    Args:
        call: whose parameters they are.
        types: the type of each parameter of the statement.
        names: the name of each, empty where they are numbered.
        found: (index, value, reason) of each that is refused.
        number: the row, from 0, of an `execute_many`.
        rows: how many rows there are.
    """
    what = "a parameter" if len(found) == 1 else f"{len(found)} parameters"
    lines = [f"{what} would be refused{_row(number, rows)}"]
    for index, value, reason in found:
        name = names[index] if names else None
        label = f"${index + 1}" if name is None else name
        lines += [f"  {label} {types[index]}: got {typed(value)}", f"     {reason}"]
    return "\n".join(lines + _statement_and_place(call))


# Answers -----------------------------------------------------------------------------------------


def answer_impossible(call: Call, found: Difference) -> str:
    """Say that a statement could never return its answer, the two side by side."""
    lines = [f"the statement could not return this: {found.reason}", *_table(found.pairs)]
    lines += _statement_and_place(call)
    if call.rule is not None:
        lines.append(f"  answered by: {call.rule.origin}  {call.rule.shown}")
    return "\n".join(lines)


def _table(pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return []
    shown_pairs = [pair for pair in pairs if not pair.fits] if len(pairs) > _MOST_ROWS else pairs
    head = ("", "scripted", "the statement returns")
    rows = [("" if pair.fits else "!", _scripted(pair), _returned(pair)) for pair in shown_pairs]
    width = max(len(one) for _, one, _ in [head, *rows])
    lines: list[str] = []
    for (mark, one, other), pair in zip([head, *rows], [None, *shown_pairs], strict=True):
        lines.append(f"  {mark:<1} {one:<{width}}  {other}".rstrip())
        if pair is not None and pair.problem:
            lines.append(f"      {pair.problem}")
    if len(shown_pairs) < len(pairs):
        left = len(pairs) - len(shown_pairs)
        lines.append(f"    ({left} other column{'s fit' if left > 1 else ' fits'})")
    return lines


def _scripted(pair: Pair) -> str:
    if pair.scripted is None:
        return "-"
    name, value = pair.scripted
    value_shown = "None" if value is None else typed(value)
    return f"{name} = {value_shown}" if name else value_shown


def _returned(pair: Pair) -> str:
    column = pair.returned
    if column is None:
        return "-"
    never = ", never NULL" if column.nullability == "not null" else ""
    return f"{column.name} {column.type}{never}"


def returns_no_rows(command: str) -> str:
    """Say that a statement has no rows to return."""
    without = "" if command == "SELECT" else " (it has no RETURNING)"
    return f"this {command} returns no rows{without}"


def columns_differ(count: int, number: int, rows: int) -> str:
    """Say how many columns of a row do not fit."""
    columns = "1 column differs" if count == 1 else f"{count} columns differ"
    return columns + _row(number, rows)


def other_first_column(scripted: str, returned: str) -> str:
    """Say that a single value was taken from another column than PostgreSQL's first."""
    return (
        f"fetch_val takes the first column, which is {returned} of the statement and {scripted} "
        "of the answer"
    )


def other_command(tag: str, command: str) -> str:
    """Say that a command tag is another command's."""
    return f"the tag {tag!r} is not that of a statement of the kind {command}"


def tag_without_rows(tag: str) -> str:
    """Say that a statement that returns rows was answered with a bare tag."""
    return f"the tag {tag!r} says that there were rows, and this statement returns its rows"


def never_null(column: Column) -> str:
    """Say that None is impossible."""
    return f"{column.origin or column.name} is never NULL here"


# Errors ------------------------------------------------------------------------------------------


def error_impossible(call: Call, reason: Sequence[str]) -> str:
    """Say that a statement could never fail as it was scripted to."""
    lines = [f"the statement could not fail like this: {reason[0]}", *reason[1:]]
    lines += _statement_and_place(call)
    if call.rule is not None:
        lines.append(f"  answered by: {call.rule.origin}  {call.rule.shown}")
    return "\n".join(lines)


def no_such_constraint(name: str, known: Iterable[str]) -> list[str]:
    """Say that the schema has no constraint of this name, and which there are."""
    names = sorted(filter(None, known))
    near = suggestion(name, names)
    listed = [f"  those of the tables it touches: {', '.join(names)}"] if names and not near else []
    return [f"the schema has no constraint {name!r}{near}", *listed]


def foreign_constraint(name: str, owners: Sequence[str], touched: Sequence[str]) -> list[str]:
    """Say that a constraint is of a table that the statement does not touch."""
    return [
        f"the constraint {name!r} is of {', '.join(owners)}, which it does not touch",
        f"  it touches: {', '.join(touched) or 'no table'}",
        '  Where a trigger or a function does: check_errors = "warn" in [tool.understudy].',
    ]


def nullable_column(name: str, known: Iterable[str]) -> list[str]:
    """Say that a column may be NULL, or is not there, and which may not."""
    listed = ", ".join(sorted(known)) or "none"
    return [
        f"no table it touches has a column {name!r} that must not be NULL",
        f"  those that must not be: {listed}",
    ]
