"""The source of a trial, which is run to observe the code and written as a test."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from textwrap import indent

from understudy.script.formatting import python_literal
from understudy.write.trials import Row, Setup, Target, Trial


def body(trial: Trial, act: Sequence[str]) -> list[str]:
    """Return the lines of a test: it arranges a trial, and acts.

    Args:
        trial: the trial.
        act: the lines that make the call, and what must happen while the connection is open.
    """
    lines = [row_line(row) for row in trial.rows]
    lines += trial.script
    depth = 0
    closing: list[str] = []
    for opening in trial.target.openings:
        margin = "    " * depth
        lines += indent(opening.line, margin).splitlines()
        if opening.closing:
            closing = [f"{margin}finally:", f"{margin}    {opening.closing}", *closing]
        depth += opening.line.endswith(":")
    if depth == 0 and lines:
        lines.append("")
    # Of two blocks of which one is all that the other has, one is made.
    blocks = [line for line in act if not line.startswith(" ")]
    keyword = "async with " if act[0].startswith("async with ") else "with "
    if depth and lines[-1].lstrip().startswith(keyword) and blocks == [act[0]] != act:
        managers = f"{lines.pop().rstrip(':')}, {act[0].removeprefix(keyword)}"
        inner = (indent(line, "    " * (depth - 1)) for line in act[1:])
        return [*lines, managers, *inner, *closing]
    return [*lines, *(indent(line, "    " * depth) for line in act), *closing]


def call(trial: Trial) -> str:
    """Return the source of the call, with the arguments of a trial."""
    given: list[str] = []
    by_name = False  # as all are behind one that is left out
    for argument in trial.target.arguments:
        value = trial.arguments.get(argument.name)
        by_name = by_name or argument.is_keyword or value is None
        if value is not None:
            given.append(f"{argument.name}={value.text}" if by_name else value.text)
    return trial.target.call.replace("ARGUMENTS", ", ".join(given))


def act(trial: Trial, name: str) -> list[str]:
    """Return the lines that make the call.

    Args:
        trial: the trial.
        name: the variable that gets the answer: of a context manager, what its block gets; "" for
            none.
    """
    source, enters = call(trial), trial.target.enters
    if not enters:
        return [f"{name} = {source}" if name else source]
    given = f" as {name}" if name else ""
    inside = trial.inside or ("pass",)
    return [f"{enters} {source}{given}:", *(f"    {line}" for line in inside)]


def row_line(row: Row) -> str:
    """Return the line that inserts a row."""
    given = [python_literal(row.table)]
    given += [
        f"{column}={value.text}"
        if column.isidentifier()
        else f"**{{{python_literal(column)}: {value.text}}}"
        for column, value in row.values
    ]
    assigned = f"{row.name} = " if row.name else ""
    return f"{assigned}real_postgres.insert({', '.join(given)})"


def imports(trial: Trial) -> set[str]:
    """Return the import lines that the source of a trial needs."""
    found = {*trial.target.imports, *trial.imports}
    for setup in trial.setups:
        found.update(setup.imports)
    for opening in trial.target.openings:
        found.update(opening.imports)
    expressions = [value for row in trial.rows for _, value in row.values]
    for expression in (*expressions, *trial.arguments.values()):
        found.update(expression.imports)
    return found


def with_names(text: str, names: Mapping[str, str]) -> str:
    """Return source with other text for some variables; attributes and keywords stay."""
    if not names:
        return text
    found = rf"(?<![.\w\"'])({'|'.join(names)})(?![\w\"'])(?!=[^=])"
    return re.sub(found, lambda match: names[match[1]], text)


def renamed(setup: Setup, names: Mapping[str, str]) -> Setup:
    """Return a fixture with other names for variables, its own among them."""
    lines = tuple(with_names(line, names) for line in setup.lines)
    return replace(setup, name=names.get(setup.name, setup.name), lines=lines)


def is_async(target: Target) -> bool:
    """Return whether a test of a target is async."""
    sources = [f"{target.enters} {target.call}", *(opening.line for opening in target.openings)]
    return any(word in source for source in sources for word in ("await ", "async "))
