"""The messages of the catalog that take several lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.catalog.answer_checks import Difference, Pair
from understudy.catalog.description import Refusal
from understudy.catalog.file_names import is_mysql
from understudy.catalog.literals import skeleton
from understudy.pg.sql import one_line
from understudy.pg.sqlstates import condition
from understudy.script.calls import Call
from understudy.script.formatting import shown, typed

_LONGEST_LINE = 120
# Of an answer with more columns than this, those that fit are only counted.
_MOST_ROWS = 8


def _rebuild(path: Path) -> str:
    return f"understudy catalog --rebuild{' --mysql' if is_mysql(path) else ''}"


def _to_rebuild(path: Path) -> str:
    return f"To build it again from the tests: {_rebuild(path)}"


# The file ----------------------------------------------------------------------------------------


def unreadable(path: Path, error: Exception) -> str:
    """Return the message about a file that cannot be read."""
    return f"the catalog {path} cannot be read: {error}\n{_to_rebuild(path)}"


def not_a_catalog(path: Path, found: object, known: int) -> str:
    """Return the message about a file of another kind, or of another version."""
    if isinstance(found, int):
        return (
            f"the catalog {path} is of format {found}, and this version of Understudy reads "
            f"format {known}\nUpdate Understudy, or build it again: {_rebuild(path)}"
        )
    reason = "its first line is not a catalog's"
    return f"{path} is not a catalog of Understudy: {reason}\n{_to_rebuild(path)}"


def broken_line(path: Path, number: int, line: str, reason: str) -> str:
    """Return the message about an invalid line; a merge may have left its marks."""
    start = line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..."
    merge = (
        "\nA merge has left its marks: keep the lines of both sides, and remove the marks."
        if line.startswith(("<<<<<<<", "|||||||", "=======", ">>>>>>>"))
        else ""
    )
    place = f"the catalog {path}, line {number}"
    return f"{place}, is broken: {reason}\n  {start}{merge}\n{_to_rebuild(path)}"


def lacking(error: KeyError) -> str:
    """Return what a line does not hold."""
    return f"it has no {error.args[0]!r}"


def broken_statement(spelling: str, error: Exception) -> str:
    """Return the message about the invalid line of a statement."""
    reason = lacking(error) if isinstance(error, KeyError) else str(error)
    return (
        f"the catalog's line of this statement is broken: {reason}\n  {one_line(spelling)}\n"
        f"Remove the line, and the next run asks PostgreSQL again."
    )


def locked(path: Path | None, spelling: str | None, *, is_there: bool) -> str:
    """Return the message about something that is not known, and must not be learned now."""
    where = "the catalog" if path is None else f"the catalog {path}"
    if spelling is not None:
        what = f"{where} does not hold this statement:\n  {one_line(spelling)}"
    elif is_there:
        what = f"{where} is of another schema: the configured one has changed since"
    else:
        what = f"{where} is not there"
    if spelling is not None and skeleton(spelling) is not None:
        what += "\nIf its text changes with every run, pass the value that changes as a parameter."
    return (
        f"{what}\nIt is locked (--understudy-locked): run the tests once without that, "
        "and commit the file."
    )


def how_to_switch_off(check: str, *, with_rule: bool) -> str:
    """Return the last line of a check's message.

    Args:
        check: the name of the check, in the plural.
        with_rule: whether a rule gave what was checked.
    """
    marker = f'@pytest.mark.understudy(check_{check}="off") on the test'
    return (
        f"  not to check this: .unchecked() on the rule, or {marker}"
        if with_rule
        else (f"  not to check this: {marker}")
    )


# Statements --------------------------------------------------------------------------------------


def statement_refused(call: Call, refusal: Refusal, excerpt: Sequence[str]) -> str:
    """Return what PostgreSQL says of a statement, and where it stands."""
    lines = [
        f"PostgreSQL refuses this statement ({refusal.sqlstate} {condition(refusal.sqlstate)})",
        f"  {refusal.message}",
        *(f"  {line}" for line in (excerpt or [one_line(call.statement)])),
    ]
    lines += [f"  DETAIL: {refusal.detail}"] if refusal.detail else []
    lines += [f"  HINT: {refusal.hint}"] if refusal.hint else []
    return "\n".join([*lines, f"  at: {call.origin.place}"])


# Parameters --------------------------------------------------------------------------------------


def _statement_and_place(call: Call) -> list[str]:
    return [f"  sql: {one_line(call.statement)}", f"  at:  {call.origin.place}"]


def parameters_unreadable(call: Call, given: object, reason: str, where: str) -> str:
    """Return the message about parameters that psqlpy cannot read."""
    return "\n".join([f"{reason}{where}", f"  params: {shown(given)}", *_statement_and_place(call)])


def parameter_count(call: Call, wanted: int, given: Sequence[Any], where: str) -> str:
    """Return the message about too many or too few parameters."""
    takes = {0: "no parameters", 1: "1 parameter"}.get(wanted, f"{wanted} parameters")
    lines = [
        f"the statement takes {takes}, got {len(given)}{where}",
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
    where: str,
) -> str:
    """Say which parameters the driver or PostgreSQL would not take, and why.

    Args:
        call: whose parameters they are.
        types: the type of each parameter of the statement.
        names: the name of each, empty where they are numbered.
        found: (index, value, reason) of each that is refused.
        where: which row it is of an `execute_many`, as `in_row` says it.
    """
    what = "a parameter" if len(found) == 1 else f"{len(found)} parameters"
    lines = [f"{what} would be refused{where}"]
    for index, value, reason in found:
        name = names[index] if names else None
        label = f"${index + 1}" if name is None else name
        lines += [f"  {label} {types[index]}: got {typed(value)}", f"     {reason}"]
    return "\n".join(lines + _statement_and_place(call))


# Answers -----------------------------------------------------------------------------------------


def answer_impossible(call: Call, found: Difference) -> str:
    """Return the message about an impossible answer, beside what the statement returns."""
    lines = [f"the statement could not return this: {found.reason}", *_table(found.pairs)]
    return "\n".join([*lines, *_statement_and_rule(call), *found.remedy])


def not_filled(call: Call, reason: str, remedy: str) -> str:
    """Return the message about a row of which columns are left to be made up."""
    return "\n".join([f"the row cannot be filled in: {reason}", *_statement_and_rule(call), remedy])


def _statement_and_rule(call: Call) -> list[str]:
    rule = call.rule
    answered_by = [] if rule is None else [f"  answered by: {rule.origin}  {rule.shown}"]
    return _statement_and_place(call) + answered_by


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
    made_up = ", made up" if pair.is_made_up else ""
    return (f"{name} = {value_shown}" if name else value_shown) + made_up


def _returned(pair: Pair) -> str:
    column = pair.returned
    if column is None:
        return "-"
    never = ", never NULL" if column.nullability == "not null" else ""
    return f"{column.name} {column.type}{never}"


# Errors ------------------------------------------------------------------------------------------


def error_impossible(call: Call, reason: Sequence[str]) -> str:
    """Return the message about an impossible error."""
    lines = [f"the statement could not fail like this: {reason[0]}", *reason[1:]]
    return "\n".join(lines + _statement_and_rule(call))
