"""The messages of MySQL's catalog that take several lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.catalog.description import Refusal
from understudy.mysql.errors import STATES
from understudy.mysql.sql import readable
from understudy.script.calls import Call
from understudy.script.formatting import typed


def statement_refused(server: str, call: Call, refusal: Refusal, excerpt: Sequence[str]) -> str:
    """Return what the server says of a statement, and where it stands."""
    lines = [
        f"{server} refuses this statement ({_named(refusal)})",
        f"  {refusal.message}",
        *(f"  {line}" for line in (excerpt or [readable(call.statement)])),
    ]
    lines += [f"  HINT: {refusal.hint}"] if refusal.hint else []
    return "\n".join([*lines, f"  at: {call.origin.place}"])


def value_refused(
    server: str, call: Call, refusal: Refusal, column: str, kind: str | None, value: Any, where: str
) -> str:
    """Return the message about a value that a column does not take."""
    lines = [
        f"{server} would not store this value{where} ({_named(refusal)})",
        f"  {refusal.message}",
        f"  {column} {kind or ''}".rstrip() + f": got {_shown(value)}",
    ]
    return "\n".join([*lines, *_statement(call)])


def cast(server: str, call: Call, column: str, kind: str, value: Any, taken_for: str) -> str:
    """Return the message about a value that is compared as another one."""
    lines = [
        f"{server} compares {value!r} with {column} as {taken_for}, without an error",
        f"  {column} {kind}: got {_shown(value)}",
    ]
    return "\n".join([*lines, *_statement(call)])


def _named(refusal: Refusal) -> str:
    """Return the number and the name of an error; of a rare one the number and the SQLSTATE."""
    state = None if refusal.code is None else STATES.get(refusal.code)
    return f"{refusal.code} {state.name if state else refusal.sqlstate}"


def _shown(value: Any) -> str:
    return "NULL" if value is None else typed(value)


def _statement(call: Call) -> list[str]:
    rule = call.rule
    answered_by = [] if rule is None else [f"  answered by: {rule.origin}  {rule.shown}"]
    return [f"  sql: {readable(call.statement)}", f"  at:  {call.origin.place}", *answered_by]
