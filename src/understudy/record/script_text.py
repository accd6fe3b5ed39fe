"""The rules of a recorded script as source."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from keyword import iskeyword
from textwrap import indent, wrap
from typing import Any
from unittest.mock import ANY

from understudy.init.examples import sql_block
from understudy.pg import sql
from understudy.pg.errors import ErrorFields
from understudy.pg.sql_lists import outside_brackets
from understudy.pg.sqlstates import STATES
from understudy.project.python_values import Names, collection_of, dict_of, source_of
from understudy.record.calls import Answer
from understudy.record.rules import RecordedRule
from understudy.script.formatting import python_literal

_STEP = "    "
# Where a statement of several lines begins a new one, unless it comes after one of the others.
_CLAUSES = frozenset(
    (
        *("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "FOR"),
        *("VALUES", "SET", "RETURNING", "UNION", "LEFT", "INNER", "JOIN"),
    )
)
_BEFORE = frozenset(("DELETE", "DISTINCT", "LEFT", "INNER", "OUTER", "FULL", "CROSS", "RIGHT"))


def script_text(rules: Sequence[RecordedRule], receiver: str, names: Names, width: int) -> str:
    """Return the lines of a script.

    Args:
        rules: its rules, in order.
        receiver: the source of the fixture's value.
        names: the names of the file.
        width: the length that a line may have.

    Raises:
        NoSource: a value has no source.
    """
    return "\n".join(_rule(rule, receiver, names, width) for rule in rules)


def _rule(rule: RecordedRule, receiver: str, names: Names, width: int) -> str:
    parameters = [_expected(value, names) for value in rule.parameters]
    text = _call(f"{receiver}.on", [_statement(rule.statement, width), *parameters], width)
    for number, answer in enumerate(rule.answers):
        text = f"{text}.then" if number else text
        verb, arguments = _answer(answer, names)
        first, newline, last = text.rpartition("\n")
        text = f"{first}{newline}{_call(f'{last}.{verb}', arguments, width)}"
    return f"{text}.optional()" if rule.is_optional else text


def _call(head: str, arguments: Sequence[str], width: int) -> str:
    """Return a call, on as many lines as it needs."""
    line = ", ".join(arguments)
    if "\n" not in line:
        if not line or len(head) + len(line) + 2 <= width:
            return f"{head}({line})"
        if len(_STEP) + len(line) <= width:
            return f"{head}(\n{_STEP}{line}\n)"
    listed = "".join(f"{_STEP}{argument},\n" for argument in arguments)
    return f"{head}(\n{listed})"


def _expected(value: Any, names: Names) -> str:
    if value is ANY:
        return names.of("understudy", "ANY")
    if isinstance(value, dict):
        return dict_of((source_of(key, names), _expected(value[key], names)) for key in value)
    if isinstance(value, list | tuple):
        return collection_of(type(value), [_expected(item, names) for item in value])
    return source_of(value, names)


# Answers ------------------------------------------------------------------------------------------


def _answer(answer: Answer, names: Names) -> tuple[str, list[str]]:
    """Return the verb of an answer, and its arguments."""
    if answer.error is not None:
        return "raises", [_error(answer.error, names)]
    if answer.rows is None:
        return "tag", [python_literal(answer.tag)]
    rows = [[source_of(value, names) for value in row] for row in answer.rows]
    columns = answer.columns
    if not rows:
        return "rows", []
    if len(rows) == 1:
        if len(columns) == 1:
            return "value", rows[0]
        if len(set(columns)) < len(columns):
            return "row", [f"({', '.join(rows[0])})"]
        if all(column.isidentifier() and not iskeyword(column) for column in columns):
            pairs = zip(columns, rows[0], strict=True)
            return "row", [f"{column}={value}" for column, value in pairs]
        return "row", [_mapping(columns, rows[0])]
    if len(columns) > 1 and len(set(columns)) == len(columns) and len(rows) == 2:
        return "rows", [_mapping(columns, row) for row in rows]
    tuples = [collection_of(tuple, row) for row in rows]
    if len(set(columns)) == len(columns):
        listed = ", ".join(map(python_literal, columns))
        tuples.append(f"columns=[{listed}]")
    return "rows", tuples


def _mapping(columns: Sequence[str], row: Sequence[str]) -> str:
    return dict_of(zip(map(python_literal, columns), row, strict=True))


def _error(fields: ErrorFields, names: Names) -> str:
    """Return the `db_error` of an error: what PostgreSQL's standard text needs, or its own text."""
    arguments = [python_literal(fields.sqlstate)]
    state = STATES.get(fields.sqlstate)
    known = {name: getattr(fields, name) for name in ("constraint", "table", "column", "datatype")}
    needed: set[str] = set()
    if state is None:
        arguments.append(f"message={python_literal(fields.message)}")
    else:
        needed = {name for _, name, _, _ in string.Formatter().parse(state.text) if name}
        given = {**known, "schema": fields.schema, "name": state.default}
        if any(given[name] is None for name in needed) or (
            state.text.format(**given) != fields.message
        ):
            arguments.append(f"message={python_literal(fields.message)}")
            needed = set()
    for name, value in known.items():
        if value is not None and (name in needed or name == "constraint"):
            arguments.append(f"{name}={python_literal(value)}")
    # DETAIL of a violated constraint is made from the call.
    if fields.detail and fields.constraint is None and fields.column is None:
        arguments.append(f"detail={python_literal(fields.detail)}")
    if fields.hint and (state is None or fields.hint != state.hint):
        arguments.append(f"hint={python_literal(fields.hint)}")
    return f"{names.of('understudy', 'db_error')}({', '.join(arguments)})"


# Long SQL -----------------------------------------------------------------------------------------


def _statement(statement: str, width: int) -> str:
    """Return SQL as a literal: of one line, or of one for each clause outside of brackets."""
    line = sql.one_line(statement)
    literal = python_literal(line)
    if len(_STEP) + len(literal) + 1 <= width:
        return literal
    pieces = sql.pieces(line)
    words = [piece.text.upper() for piece in pieces]
    starts = [
        pieces[at].start
        for at, word in outside_brackets(words)
        if at and word in _CLAUSES and words[at - 1] not in _BEFORE
    ]
    spans = zip([0, *starts], [*starts, len(line)], strict=True)
    lines = [part for a, b in spans for part in _folded(line[a:b].strip(), width - len(_STEP))]
    wrapped = "\n".join(lines)
    is_same = sql.tokens(wrapped) == sql.tokens(line)  # else a text in it would be another
    return sql_block(wrapped, len(_STEP)) if is_same else literal


def _folded(clause: str, width: int) -> Iterator[str]:
    """Yield the lines of a clause; a text in it stays whole."""
    held = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"", lambda text: text[0].replace(" ", "\0"), clause)
    lines = wrap(held, width - len(_STEP), break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield indent(line.replace("\0", " "), _STEP if number else "")
