"""The coverage of SQL as a table, as lcov and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from understudy.script.formatting import counted
from understudy.sqlcoverage.coverage import Coverage, Statement
from understudy.sqlcoverage.sightings import MOST

_VERSION = 1  # of the JSON
_NARROWEST = 30  # of the last column
_HEADINGS = ("Statement", "Sent", "Seen", "Missing")


def table(coverage: Coverage, width: int, *, verbose: bool) -> Iterator[str]:
    """Yield the lines of the table.

    Args:
        coverage: the coverage.
        width: of the terminal.
        verbose: whether statements with nothing missing are listed, too.
    """
    listed = [s for s in coverage.statements if verbose or s.missing or s.problems]
    rows = [(f"{s.path}:{s.line} {s.command}", str(s.sent), _seen(s), _remarks(s)) for s in listed]
    longest = max([len(_HEADINGS[0]), *(len(row[0]) for row in rows)])
    counts = max([len(_HEADINGS[1]), *(len(row[1]) for row in rows)])
    seen = max([len(_HEADINGS[2]), *(len(row[2]) for row in rows)])
    before = longest + counts + seen + 6
    room = max(_NARROWEST, width - before)

    def line(*cells: str) -> str:
        first = f"{cells[0]:<{longest}}  {cells[1]:>{counts}}  {cells[2]:>{seen}}"
        return f"{first}  {cells[3]}".rstrip()

    if rows:
        yield line(*_HEADINGS)
        yield "-" * min(width, before + room)
    for *cells, remarks in rows:
        first, *others = wrap(remarks, room, break_on_hyphens=False) or [""]
        yield line(*cells, first)
        yield from (" " * before + other for other in others)
    yield from _totals(coverage, len(coverage.statements) - len(listed))


def _totals(coverage: Coverage, complete: int) -> Iterator[str]:
    literals = coverage.literals
    reached = sum(s.sent > 0 for s in literals)
    outcomes = [outcome for s in coverage.statements for outcome in s.outcomes]
    seen = sum(outcome.is_seen for outcome in outcomes)
    # The statements of an ORM have no text in the source.
    parts = [f"statements {reached} of {len(literals)}"] if literals or not outcomes else []
    if outcomes:
        parts.append(f"outcomes on real_postgres {seen} of {len(outcomes)}")
    if coverage.composed:
        parts.append(f"{coverage.composed} put together at run time and not counted")
    if complete:
        parts.append(f"{counted(complete, 'statement')} with nothing missing not listed")
    yield ", ".join(parts)
    if coverage.is_cut:
        yield f"only the first {MOST:,} different statements are counted"
    if not any(s.executed for s in coverage.statements):
        yield "no statement reached real_postgres, where conditions are evaluated"


def _seen(statement: Statement) -> str:
    return f"{statement.seen}/{len(statement.outcomes)}" if statement.outcomes else ""


def _remarks(statement: Statement) -> str:
    return "; ".join([*statement.missing, *statement.problems])


def as_json(coverage: Coverage) -> str:
    """Return it as JSON."""
    files = {
        path: {"statements": [_plain(s) for s in statements]}
        for path, statements in groupby(coverage.statements, key=lambda s: s.path)
    }
    literals = coverage.literals
    outcomes = [outcome for s in coverage.statements for outcome in s.outcomes]
    totals = {
        "statements": len(literals),
        "reached": sum(s.sent > 0 for s in literals),
        "outcomes": len(outcomes),
        "seen": sum(outcome.is_seen for outcome in outcomes),
        "composed": coverage.composed,
    }
    document = {"meta": {"format": _VERSION}, "files": files, "totals": totals}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(statement: Statement) -> dict[str, object]:
    return {
        "line": statement.line,
        "end_line": statement.last,
        "sql": statement.sql,
        "is_literal": statement.is_literal,
        "sent": statement.sent,
        "executed": statement.executed,
        "evaluated": statement.evaluated,
        "outcomes": [
            {"text": outcome.text, "line": outcome.line, "seen": outcome.is_seen}
            for outcome in statement.outcomes
        ],
        "missing": statement.missing,
        "missing_conditions": statement.missing_conditions,
        "not_looked_at": statement.problems,
    }


def as_lcov(coverage: Coverage) -> str:
    """Return it in lcov's format: each statement is a line, and each outcome a branch."""
    lines: list[str] = []
    for path, group in groupby(coverage.statements, key=lambda s: s.path):
        statements = list(group)
        lines += ["TN:", f"SF:{path}"]
        sent: dict[int, int] = {}
        branches: list[str] = []
        seen = 0
        for block, statement in enumerate(statements):
            for number in range(statement.line, statement.last + 1):
                sent[number] = sent.get(number, 0) + statement.sent
            for number, outcome in enumerate(statement.outcomes):
                seen += outcome.is_seen
                branches.append(f"BRDA:{outcome.line},{block},{number},{int(outcome.is_seen)}")
        lines += [f"DA:{number},{times}" for number, times in sorted(sent.items())]
        lines += [f"LF:{len(sent)}", f"LH:{sum(times > 0 for times in sent.values())}"]
        lines += [*branches, f"BRF:{len(branches)}", f"BRH:{seen}", "end_of_record"]
    return "".join(f"{line}\n" for line in lines)
