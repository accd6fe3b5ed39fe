"""What fake_postgres says of scripts, clients, and what they leave behind."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from understudy.pg.errors import ErrorFields
from understudy.pg.sql import one_line

if TYPE_CHECKING:
    from understudy.script.calls import Call, Transaction
    from understudy.script.origin import Origin


def function_raised(call: Call, error: BaseException) -> str:
    """Say that the function that answers a call raised what no server sends."""
    rule = "" if call.rule is None else f"\n  rule: {call.rule.origin}  {call.rule.shown}"
    return (
        f"the function that answers raised {type(error).__name__}: {error}{rule}\n"
        f"  sql:  {one_line(call.statement)}\n"
        f"  at:   {call.origin.place}\n"
        "An error of the database is raised as db_error(...)."
    )


def no_columns(call: Call) -> str:
    """Say that a function's answer cannot be described before it is called."""
    return (
        "a function answers this, and a driver asks for the columns before it runs the statement\n"
        f"  sql: {one_line(call.statement)}\n"
        f"  at:  {call.origin.place}\n"
        "Configure the schema, so that PostgreSQL tells the columns; or script the rows."
    )


def no_fixture(call: Call) -> str:
    """Say that a statement came while no test had the fixture."""
    return (
        "a statement came to fake_postgres, and no test has asked for that fixture\n"
        f"  sql: {one_line(call.statement)}\n"
        f"  at:  {call.origin.place}\n"
        "Let the test have `fake_postgres`, or script it on `fake_postgres_server`, which lives "
        "as long as the app."
    )


def changed_result(expected: Sequence[str], given: Sequence[str]) -> ErrorFields:
    """Say, as PostgreSQL does, that a statement has other columns than when it was prepared."""
    return ErrorFields(
        "0A000",
        "cached plan must not change result type",
        detail=f"It was prepared with the columns {list(expected)}; a rule now answers with "
        f"{list(given)}.",
    )


def read_only(command: str) -> str:
    """Say, as PostgreSQL does, that a statement writes where it may not."""
    return f"cannot execute {command} in a read-only transaction"


def unsendable(call: Call, column: str, type_name: str, reason: str) -> str:
    """Say that a scripted value cannot be sent."""
    return (
        f"the answer cannot be sent: column {column!r} is {type_name}\n"
        f"  {reason}\n"
        f"  sql: {one_line(call.statement)}\n"
        f"  at:  {call.origin.place}"
    )


def broke(error: Exception) -> str:
    """Say that the server failed, with what is needed to find out why."""
    text = "".join(traceback.format_exception(error)).rstrip()
    return f"fake_postgres failed; please report it with what follows\n{text}"


# What is left behind -----------------------------------------------------------------------------


def left_open(transactions: Sequence[Transaction]) -> str:
    """Say which transactions were open when the test ended."""
    lines = []
    for each in transactions:
        count = len(each.calls)
        calls = {0: "no call", 1: "1 call"}.get(count, f"{count} calls")
        lines.append(f"{each.name} was never ended ({calls} in it)")
        lines.append(f"  begun at: {each.origin.place}")
    return "\n".join([*lines, "Commit it, roll it back, or give its connection back to its pool."])


def not_closed(lines: Sequence[tuple[str, Origin]]) -> str:
    """Say which connections were not given back: what is wrong with each, and where."""
    told = [line for what, place in lines for line in (what, f"  {place.place}")]
    return "\n".join([*told, "Close it, or use `async with`, so that it goes back."])


NEVER_CLOSED = "a connection was opened and never closed; opened at:"
NOT_GIVEN_BACK = "a connection was used and not given back to its pool; first used at:"
STILL_BUSY = "a statement was still running when the test ended; sent at:"


# Clients -----------------------------------------------------------------------------------------


def unknown_placeholder(name: str, known: Sequence[str]) -> str:
    """Say that a value of `fake_postgres_env` names something that there is not."""
    return f"{{{name}}} is unknown; known are {', '.join(f'{{{each}}}' for each in known)}"
