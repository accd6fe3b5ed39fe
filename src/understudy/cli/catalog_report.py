"""What `understudy catalog` prints: for a person, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from understudy.catalog.compare import Comparison
from understudy.catalog.description import Description, Refusal, Verdict
from understudy.catalog.store import Contents, named_server, shown_server
from understudy.pg.sql import one_line
from understudy.script.formatting import counted

_LONGEST = 160  # characters of a statement in text
_NULL = {"not null": " not null", "nullable": " null"}


def listed(contents: Contents, path: Path, *, in_json: bool) -> str:
    """Return every statement of a catalog with its verdict."""
    verdicts = [(sql, contents.verdict(sql)) for sql in sorted(contents.statements)]
    if in_json:
        statements = [_statement_as_json(sql, verdict) for sql, verdict in verdicts]
        return _as_json(path, {**named_server(contents.server), "statements": statements})
    count = counted(len(verdicts), "statement")
    heading = f"{path}: {count}, described by {shown_server(contents.server)}"
    lines = [_statement_as_text(sql, verdict) for sql, verdict in verdicts]
    return "\n".join([click.style(heading, bold=True), *lines])


def _statement_as_text(sql: str, verdict: Verdict | None) -> str:
    if isinstance(verdict, Refusal):
        text = f"{_shortened(sql)}\n    refused  {verdict.sqlstate} {verdict.message}"
        return click.style(text, fg="red")
    if not isinstance(verdict, Description):
        return f"{_shortened(sql)}\n    only parsed"
    lines = [_shortened(sql)]
    if verdict.parameters:
        lines.append(f"    takes    {', '.join(verdict.parameters)}")
    columns = ", ".join(
        f"{column.name} {column.type}{_NULL.get(column.nullability, '')}"
        for column in verdict.columns
    )
    return "\n".join([*lines, f"    returns  {columns or f'no rows: {verdict.command}'}"])


def _statement_as_json(sql: str, verdict: Verdict | None) -> dict[str, Any]:
    kind = {"Description": "accepted", "Refusal": "refused"}.get(type(verdict).__name__, "parsed")
    found = asdict(verdict) if verdict else {}
    for name in ("code", "compared"):  # of MySQL alone
        if not found.get(name):
            found.pop(name, None)
    return {"sql": sql, "verdict": kind, **found}


def compared(comparison: Comparison, path: Path, *, pruned: bool, in_json: bool) -> str:
    """Return the differences between a catalog and what the tests use."""
    gone = "removed" if pruned else "unused"
    if in_json:
        document = {
            "ok": not comparison.differs,
            "same": len(comparison.same),
            "missing": comparison.missing,
            "changed": [
                {"sql": change.key, "differences": list(change.differences)}
                for change in comparison.changed
            ],
            gone: comparison.unused,
            "schema": comparison.schema,
        }
        return _as_json(path, document)
    lines = [click.style(f"schema   {text}", fg="yellow") for text in comparison.schema]
    for sql in comparison.missing:
        lines.append(click.style(f"missing  {_shortened(sql)}", fg="green"))
    for sql, differences in comparison.changed:
        changed = [f"changed  {_shortened(sql)}", *(f"           {text}" for text in differences)]
        lines.append(click.style("\n".join(changed), fg="yellow"))
    for sql in comparison.unused:
        lines.append(click.style(f"{gone:<9}{_shortened(sql)}", fg="red"))
    lines.append(
        f"{path}: {len(comparison.same)} the same, {len(comparison.missing)} missing, "
        f"{len(comparison.changed)} changed, {len(comparison.unused)} {gone}"
    )
    if comparison.missing or comparison.changed or comparison.schema:
        lines.append("Run the tests once without --understudy-locked, and commit the file.")
    if comparison.unused and not pruned:
        lines.append("To take out what is unused: understudy catalog --prune")
    return "\n".join(lines)


def rebuilt(contents: Contents, path: Path, *, in_json: bool) -> str:
    """Return how much a new catalog contains."""
    count = len(contents.statements)
    if in_json:
        return _as_json(path, {**named_server(contents.server), "statements": count})
    return f"{path} was rewritten, with {counted(count, 'statement')}."


def _as_json(path: Path, document: Mapping[str, Any]) -> str:
    return json.dumps({"catalog": str(path), **document}, ensure_ascii=False, indent=2)


def _shortened(sql: str) -> str:
    """Return a statement on one line, without its middle if it is long."""
    line = one_line(sql)
    if len(line) <= _LONGEST:
        return line
    tail = _LONGEST // 3
    return f"{line[: _LONGEST - tail - 5]} ... {line[-tail:]}"
