"""The time of a call on FakeConnection, on AsyncMock and on a hand-written fake.

Every candidate answers the same four calls in turn: execute, fetch, fetch_row, fetch_val. All of
them record their calls. To keep the logs short, each candidate is created again after ROUND_TRIPS
times four calls, which is more than a test makes. The creation is not counted.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock

from benchmarks.by_hand import fakes as by_hand
from benchmarks.rounds import Round, interleaved
from understudy import FakeConnection, FakeRecord

ROUND_TRIPS = 25

ROW = {"id": 7, "name": "Ana"}
EXECUTE = "UPDATE users SET name = $2 WHERE id = $1"
FETCH = "SELECT id, name FROM users WHERE name = $1"
FETCH_ROW = "SELECT id, name FROM users WHERE id = $1"
FETCH_VAL = "SELECT count(*) FROM users WHERE name = $1"

ASYNC_MOCK = "AsyncMock"
HAND_WRITTEN = "a hand-written fake"
PLAIN = "FakeConnection, plain attributes"
ONE_RULE = "FakeConnection, one rule for each statement"
TWENTY_RULES = "FakeConnection, twenty rules"
THOUSAND_RULES = "FakeConnection, a thousand rules"


def async_mock() -> Any:
    conn = AsyncMock()
    conn.execute.return_value = FakeRecord([ROW])
    conn.fetch.return_value = FakeRecord([ROW])
    conn.fetch_row.return_value = FakeRecord(ROW)
    conn.fetch_val.return_value = 7
    return conn


def with_attributes(conn: Any) -> Any:
    conn.execute_return = [ROW]
    conn.fetch_return = [ROW]
    conn.fetch_row_return = FakeRecord(ROW)
    conn.fetch_val_return = 7
    return conn


def with_rules(others: int) -> Any:
    """Return a connection with a rule for each of the four statements, followed by `others`."""
    conn = FakeConnection()
    conn.on(EXECUTE, 7, "Ana").tag("UPDATE 1")
    conn.on(FETCH, "Ana").row(ROW)
    conn.on(FETCH_ROW, 7).row(ROW)
    conn.on(FETCH_VAL, "Ana").value(7)
    for number in range(others):
        conn.on(f"SELECT id, name FROM users WHERE role_{number} = $1", 7).row(ROW).optional()
    return conn


CANDIDATES: dict[str, Callable[[], Any]] = {
    ASYNC_MOCK: async_mock,
    HAND_WRITTEN: lambda: with_attributes(by_hand.FakeConnection()),
    PLAIN: lambda: with_attributes(FakeConnection()),
    ONE_RULE: lambda: with_rules(0),
    TWENTY_RULES: lambda: with_rules(16),
    THOUSAND_RULES: lambda: with_rules(996),
}


async def _call(conn: Any, times: int) -> None:
    for _ in range(times):
        await conn.execute(EXECUTE, [7, "Ana"])
        await conn.fetch(FETCH, ["Ana"])
        await conn.fetch_row(FETCH_ROW, [7])
        await conn.fetch_val(FETCH_VAL, ["Ana"])


async def _seconds_per_call(make: Callable[[], Any], batches: int) -> float:
    total = 0.0
    for _ in range(batches):
        conn = make()
        gc.collect(0)
        start = time.process_time()
        await _call(conn, ROUND_TRIPS)
        total += time.process_time() - start
    return total / (batches * ROUND_TRIPS * 4)


def measure(rounds: int, batches: int) -> list[Round]:
    """Return the processor time of a call on each candidate, in seconds, for each round."""

    def candidate(make: Callable[[], Any]) -> Callable[[], float]:
        return lambda: timed(make, batches)

    return interleaved(rounds, {name: candidate(make) for name, make in CANDIDATES.items()})


def timed(make: Callable[[], Any], batches: int) -> float:
    """Return the processor time of a call on the connections that `make` returns, in seconds."""
    return asyncio.run(_seconds_per_call(make, batches))
