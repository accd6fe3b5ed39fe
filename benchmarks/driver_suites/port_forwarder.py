"""A port of 127.0.0.1 in front of a Unix socket, for suites that insist on one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PIECE = 256 * 1024


@contextmanager
def port_of(path: str) -> Iterator[int]:
    """Carry bytes between a port, which is given, and a Unix socket.

    Args:
        path: of the socket.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(path), loop).result()
    try:
        number: int = server.sockets[0].getsockname()[1]
        yield number
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(path: str) -> asyncio.Server:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(path)
        with suppress(asyncio.CancelledError):  # at the end, when nobody waits for it
            await asyncio.gather(_carry(reader, back), _carry(there, writer))

    return await asyncio.start_server(accept, "127.0.0.1", 0)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # as where it hung up
    finally:
        writer.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
