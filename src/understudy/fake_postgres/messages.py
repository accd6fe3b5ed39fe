"""The messages of fake_postgres that take several lines: leaks, and a fault of its own."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.script.calls import Transaction
    from understudy.script.origin import Origin


def broke(error: Exception) -> str:
    """Say that the server failed, with what is needed to find out why."""
    text = "".join(traceback.format_exception(error)).rstrip()
    return f"fake_postgres failed; please report it with what follows\n{text}"


# What is left behind -----------------------------------------------------------------------------


def left_open(transactions: Sequence[Transaction]) -> str:
    """Say which transactions were open when the test ended."""
    lines = []
    for transaction in transactions:
        count = len(transaction.calls)
        calls = {0: "no call", 1: "1 call"}.get(count, f"{count} calls")
        lines.append(f"{transaction.name} was never ended ({calls} in it)")
        lines.append(f"  begun at: {transaction.origin.place}")
    return "\n".join([*lines, "Commit it, roll it back, or give its connection back to its pool."])


def not_closed(lines: Sequence[tuple[str, Origin]]) -> str:
    """Say which connections were not given back: what is wrong with each, and where."""
    told = [line for what, place in lines for line in (what, f"  {place.place}")]
    return "\n".join([*told, "Close it, or use `async with`, so that it goes back."])


NEVER_CLOSED = "a connection was opened and never closed; opened at:"
NOT_GIVEN_BACK = "a connection was used and not given back to its pool; first used at:"
STILL_BUSY = "a statement was still running when the test ended; sent at:"
