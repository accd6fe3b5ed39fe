"""A port of 127.0.0.1 that forwards to a Unix socket, for suites that need a port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK_BYTES = 256 * 1024


@contextmanager
def port_of(path: str) -> Iterator[int]:
    """Forward a port to a Unix socket, and yield the port.

    Args:
        path: the path of the socket.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(path), loop).result()
    try:
        number: int = server.sockets[0].getsockname()[1]
        yield number
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(path: str) -> asyncio.Server:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        socket_reader, socket_writer = await asyncio.open_unix_connection(path)
        with suppress(asyncio.CancelledError):  # from _stop
            await asyncio.gather(_copy(reader, socket_writer), _copy(socket_reader, writer))

    return await asyncio.start_server(accept, "127.0.0.1", 0)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the other side has disconnected
    finally:
        writer.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
