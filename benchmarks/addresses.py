"""Connecting over TCP with a password, compared with the private socket, in wall-clock time.

The servers are `fake_postgres`, which is a thread of this process, and the embedded PostgreSQL. The
environment is that of a test, in which drivers ask for no encryption.

The fastest round counts: a connection over TCP takes more round trips, and on a busy machine each
of them waits for other processes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import asyncpg
import psqlpy
import psycopg

from benchmarks.drivers import servers
from benchmarks.rounds import Round, interleaved
from understudy.plugin import client_variables

TIMES = 5
WAYS = TCP, SOCKET = "TCP", "socket"


async def _asyncpg(dsn: str) -> None:
    await (await asyncpg.connect(dsn)).close()


async def _psycopg(dsn: str) -> None:
    await (await psycopg.AsyncConnection.connect(dsn)).close()


async def _psycopg_sync(dsn: str) -> None:
    psycopg.connect(dsn).close()


async def _psqlpy(dsn: str) -> None:
    (await psqlpy.connect(dsn)).close()


CLIENTS: dict[str, Callable[[str], Awaitable[None]]] = {
    "asyncpg": _asyncpg,
    "psycopg": _psycopg,
    "psycopg, sync": _psycopg_sync,
    "psqlpy": _psqlpy,
}


def measure(rounds: int) -> dict[str, list[Round]]:
    """Return the seconds to connect and close by each way: rounds for each client and server."""
    with client_variables.set_aside(), servers() as both, both.script() as fake:
        urls = {
            "fake_postgres": {TCP: fake.dsn, SOCKET: fake.socket_dsn},
            "PostgreSQL": {TCP: both.real, SOCKET: both.real_socket},
        }
        return {
            f"{server}: {client}": interleaved(
                rounds, {way: partial(_seconds, CLIENTS[client], url) for way, url in ways.items()}
            )
            for server, ways in urls.items()
            for client in CLIENTS
        }


def _seconds(connect: Callable[[str], Awaitable[None]], dsn: str) -> float:
    async def run() -> float:
        await connect(dsn)
        start = time.perf_counter()
        for _ in range(TIMES):
            await connect(dsn)
        return (time.perf_counter() - start) / TIMES

    return asyncio.run(run())
