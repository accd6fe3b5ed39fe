"""Large statements and results on `fake_postgres`, compared with the embedded PostgreSQL.

The times are wall-clock times of one statement, on a connection that is open. PostgreSQL does the
work of its statement; `fake_postgres` has scripted rows, and checks each of their values. Drivers
connect over TCP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import psqlpy
import psycopg

from benchmarks.drivers import FAKE, REAL, servers
from benchmarks.rounds import Round, interleaved
from understudy.plugin import client_variables


class Case(NamedTuple):
    """A statement that both servers answer alike.

    Attributes:
        statement: its text.
        parameters: its parameters.
        rows: what it returns.
    """

    statement: str
    parameters: Sequence[Any]
    rows: Sequence[Mapping[str, Any]]


# The most parameters that a driver sends.
MOST = {"asyncpg": 32_767, "psycopg": 65_535, "psqlpy": 32_767}


def cases(driver: str, size: int) -> dict[str, Case]:
    """Return the statements, by what is large in them.

    Args:
        driver: which one sends them.
        size: a percentage of the real sizes, for a trial.
    """
    items, most, many, length = (
        number * size // 100 for number in (70_000, MOST[driver], 100_000, 64 * 2**20)
    )
    one = [{"n": 1}]
    return {
        f"ANY(array of {items:,} texts)": Case(
            "SELECT 1 AS n WHERE 'x' <> ALL($1::text[])", [[f"n {n}" for n in range(items)]], one
        ),
        f"{most:,} parameters": _many_parameters(most),
        f"{many:,} rows": Case(
            f"SELECT n, 'name ' || n AS name FROM generate_series(1, {many}) AS n",
            [],
            [{"n": n, "name": f"name {n}"} for n in range(1, many + 1)],
        ),
        f"one value of {length // 2**20} MB": Case(
            f"SELECT repeat('x', {length}) AS v", [], [{"v": "x" * length}]
        ),
    }


def _many_parameters(count: int) -> Case:
    listed = ", ".join(f"${number}::int" for number in range(1, count + 1))
    return Case(f"SELECT 1 AS n WHERE 0 NOT IN ({listed})", list(range(1, count + 1)), [{"n": 1}])


async def _asyncpg(dsn: str, case: Case) -> tuple[float, int]:
    connection = await asyncpg.connect(dsn)
    try:
        start = time.perf_counter()
        found = await connection.fetch(case.statement, *case.parameters)
        return time.perf_counter() - start, len(found)
    finally:
        await connection.close()


async def _psycopg(dsn: str, case: Case) -> tuple[float, int]:
    async with (
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection,
        psycopg.AsyncRawCursor(connection) as cursor,
    ):
        start = time.perf_counter()
        await cursor.execute(case.statement, case.parameters or None)
        found = await cursor.fetchall()
        return time.perf_counter() - start, len(found)


async def _psqlpy(dsn: str, case: Case) -> tuple[float, int]:
    connection = await psqlpy.connect(dsn)
    try:
        start = time.perf_counter()
        found = (await connection.fetch(case.statement, list(case.parameters))).result()
        return time.perf_counter() - start, len(found)
    finally:
        connection.close()


CLIENTS: dict[str, Callable[[str, Case], Awaitable[tuple[float, int]]]] = {
    "asyncpg": _asyncpg,
    "psycopg": _psycopg,
    "psqlpy": _psqlpy,
}


def measure(rounds: int, size: int) -> dict[str, tuple[str, list[Round]]]:
    """Return the driver and the rounds of each statement; see `cases` for the size."""
    found: dict[str, tuple[str, list[Round]]] = {}
    with client_variables.set_aside(), servers() as both:
        of_drivers = {driver: list(cases(driver, size).items()) for driver in CLIENTS}
        for same in zip(*of_drivers.values(), strict=True):
            for driver, (what, case) in zip(of_drivers, same, strict=True):
                client = CLIENTS[driver]
                with both.script() as fake:
                    fake.on(case.statement).rows(case.rows).optional()
                    urls = {FAKE.format(driver): fake.dsn, REAL.format(driver): both.real}
                    ways = {name: _timed(client, dsn, case) for name, dsn in urls.items()}
                    found[f"{what}: {driver}"] = driver, interleaved(rounds, ways)
    return found


def refused_alike() -> Mapping[str, Collection[str]]:
    """Return what each driver says of one parameter more than it sends, on both servers."""
    found: dict[str, Collection[str]] = {}
    with client_variables.set_aside(), servers() as both:
        for driver, client in CLIENTS.items():
            case = _many_parameters(MOST[driver] + 1)
            with both.script() as fake:
                fake.on(case.statement).rows(case.rows).optional()
                found[driver] = {_refusal(client, dsn, case) for dsn in (fake.dsn, both.real)}
    return found


def _refusal(
    client: Callable[[str, Case], Awaitable[tuple[float, int]]], dsn: str, case: Case
) -> str:
    try:
        asyncio.run(_run(client, dsn, case))
    except Exception as error:  # noqa: BLE001 # of any driver
        return str(error).splitlines()[0]
    return ""


def _timed(
    client: Callable[[str, Case], Awaitable[tuple[float, int]]], dsn: str, case: Case
) -> Callable[[], float]:
    return lambda: asyncio.run(_run(client, dsn, case))


async def _run(
    client: Callable[[str, Case], Awaitable[tuple[float, int]]], dsn: str, case: Case
) -> float:
    seconds, rows = await client(dsn, case)
    assert rows == len(case.rows)
    return seconds
