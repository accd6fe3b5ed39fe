"""What a catalog file says, as its lines: types, constraints, defaults, verdicts and answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, astuple
from typing import Any

from understudy.catalog import line_shapes
from understudy.catalog.cached_answers import Answer, AnswerRows
from understudy.catalog.description import (
    Assignment,
    Column,
    Comparison,
    Constraint,
    Default,
    Description,
    KnownValue,
    ParsedOnly,
    Refusal,
    RowBounds,
    RowCheck,
    Verdict,
)
from understudy.catalog.session_schema import Context
from understudy.pg.types import TypeFacts

Line = dict[str, Any]


def context_of(line: Line) -> Context:
    """Return what the session of a statement had made."""
    return Context(line.get("search_path"), tuple(line.get("after", ())))


def read_type(line: Line) -> TypeFacts:
    """Read the line of a type.

    Raises:
        KeyError: a value is missing.
        ValueError: a value has an unexpected shape.
    """
    line_shapes.check(line, line_shapes.TYPE)
    return TypeFacts(
        line["kind"],
        labels=tuple(line.get("labels", ())),
        base=line.get("base"),
        fields=tuple((name, kind) for name, kind in line.get("fields", ())),
        not_null=line.get("not_null", False),
    )


def read_constraint(line: Line) -> Constraint:
    """Read the line of a constraint; see `read_type` for the errors."""
    if "constraint" in line:
        line_shapes.check(line, line_shapes.CONSTRAINT)
    columns = tuple(line["columns"])
    return Constraint(
        line["constraint"],
        line["table"],
        line["kind"],
        columns,
        line.get("references"),
        line.get("owner"),
    )


def read_default(line: Line) -> Default:
    """Read the line of a first value; see `read_type` for the errors."""
    line_shapes.check(line, line_shapes.DEFAULT)
    return Default(line["default"], line["value"], line.get("role"))


def read_verdict(line: Line, *, is_complete: bool) -> Verdict:
    """Read the line of a statement; see `read_type` for the errors.

    Args:
        line: the line.
        is_complete: whether the file tells of each statement whether it runs code.
    """
    if "refused" in line:
        line_shapes.check(line, line_shapes.REFUSED)
        return Refusal(**line["refused"])
    if "parsed" in line:
        line_shapes.check(line, line_shapes.PARSED)
        return ParsedOnly(line["parsed"])
    line_shapes.check(line, line_shapes.DESCRIBED)
    return Description(
        line["command"],
        tuple(line["parameters"]),
        tuple(Column(*column) for column in line["columns"]),
        tuple(line["tables"]),
        tuple(line["touches"]),
        line.get("runs_code", not is_complete),
        RowBounds(*line.get("rows", ())),
        Refusal(**line["fails"]) if "fails" in line else None,
        tuple(Assignment(*assignment) for assignment in line.get("assigned", ())),
        tuple(
            RowCheck(name, table, condition, tuple(KnownValue(*value) for value in values))
            for name, table, condition, values in line.get("checks", ())
        ),
        tuple(Comparison(*comparison) for comparison in line.get("compared", ())),
    )


def read_answer(line: Line) -> Answer:
    """Read the line of an answer; see `read_type` for the errors."""
    line_shapes.check(line, line_shapes.ANSWER)
    if "refused" in line:
        return Refusal(**line["refused"])
    return AnswerRows(tuple(map(tuple, line["rows"])))


def type_line(name: str, facts: TypeFacts) -> Line:
    """Return the line of a type."""
    return {"type": name, **_without_defaults(asdict(facts))}


def constraint_line(constraint: Constraint) -> Line:
    """Return the line of a constraint."""
    values = _without_defaults(asdict(constraint))
    del values["name"]
    return {"constraint": constraint.name, **values, "columns": constraint.columns}


def default_line(default: Default) -> Line:
    """Return the line of a first value."""
    return {"default": default.name, **_without_defaults(asdict(default) | {"name": None})}


def verdict_line(verdict: Verdict) -> Line:
    """Return the part of a statement's line that tells the verdict."""
    if isinstance(verdict, Refusal):
        return {"refused": _without_defaults(asdict(verdict))}
    if isinstance(verdict, ParsedOnly):
        return {"parsed": verdict.command}
    line: Line = {
        "command": verdict.command,
        "parameters": list(verdict.parameters),
        "columns": [[c.name, c.type, c.origin, c.nullability] for c in verdict.columns],
        "tables": list(verdict.tables),
        "touches": list(verdict.touches),
    }
    if verdict.runs_code:
        line["runs_code"] = True
    if verdict.rows != RowBounds():
        line["rows"] = list(astuple(verdict.rows))
    if verdict.fails is not None:
        line["fails"] = _without_defaults(asdict(verdict.fails))
    if verdict.assigned:
        line["assigned"] = [list(astuple(assignment)) for assignment in verdict.assigned]
    if verdict.checks:
        line["checks"] = [
            [check.name, check.table, check.condition, list(map(list, check.values))]
            for check in verdict.checks
        ]
    if verdict.compared:
        line["compared"] = list(map(list, verdict.compared))
    return line


def answer_line(answer: Answer) -> Line:
    """Return the part of a query's line that tells the answer."""
    if isinstance(answer, Refusal):
        return {"refused": _without_defaults(asdict(answer))}
    return {"rows": [list(row) for row in answer.rows]}


def _without_defaults(values: Mapping[str, Any]) -> Line:
    return {name: value for name, value in values.items() if value not in (None, (), False)}


def dump(line: Mapping[str, Any]) -> str:
    """Return a line as JSON."""
    # JSON allows these characters, which editors show as line breaks, unescaped.
    text = json.dumps(line, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
