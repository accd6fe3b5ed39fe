"""The sockets of a server, on which it accepts connections.

It listens on a port of 127.0.0.1, and on a Unix socket in a private folder if the system has Unix
sockets.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Callable
from functools import partial

from understudy.serving import drivers
from understudy.serving.private_folder import PrivateFolder
from understudy.serving.socket_thread import SocketThread
from understudy.serving.socket_transport import SocketTransport
from understudy.serving.transport import Host

HOST = "127.0.0.1"


class Sockets(SocketThread):
    """The sockets of a server.

    Args:
        host: the server.
        route: returns the sockets that serve a new connection; None for these.

    Attributes:
        port: its port of 127.0.0.1. It belongs to the server before anything listens there.
        folder: the private folder of its Unix socket; None if the system has no Unix sockets.
        stand_in: the sockets that serve new connections instead of these; None for these.
    """

    stand_in: Sockets | None = None

    def __init__(self, host: Host, route: Callable[[], Sockets] | None = None) -> None:
        super().__init__(host)
        self._route = route
        self._private = PrivateFolder.new()
        self.folder = None if self._private is None else self._private.path
        self._bound: socket.socket | None = _bind(0)
        self.port: int = self._bound.getsockname()[1]
        self._listening: list[socket.socket] = []

    # From other threads --------------------------------------------------------------------------

    def start(self) -> None:
        """Listen, and serve."""
        self.listen()
        self._thread.start()

    def stop(self) -> None:
        """Close everything, and wait for the thread to end."""
        self._end()
        self.refuse()
        if self._bound is not None:
            self._bound.close()
        self._close()
        if self._private is not None:
            self._private.remove()

    # In the thread -------------------------------------------------------------------------------

    def listen(self) -> None:
        """Accept connections from now on."""
        if self._bound is None:
            return
        self._listening, self._bound = [self._bound], None
        if self.folder is not None:
            path = self.folder / self._host.socket_file
            path.unlink(missing_ok=True)
            private = socket.socket(socket.AF_UNIX)
            private.bind(str(path))
            self._listening.append(private)
        for listening in self._listening:
            listening.setblocking(False)
            listening.listen(1024)
            accept = partial(self._accept, listening)
            self._selector.register(listening, selectors.EVENT_READ, accept)

    def refuse(self) -> None:
        """Refuse connections from now on, as if no server ran."""
        if self._bound is not None:
            return
        for listening in self._listening:
            self._selector.unregister(listening)
            listening.close()
        self._listening = []
        self._bound = _bind(self.port)  # nobody else may have it

    def _accept(self, listening: socket.socket, _events: int) -> None:
        is_private = listening.family != socket.AF_INET
        while listening in self._listening:
            try:
                client, _ = listening.accept()
            except BlockingIOError:
                return
            client.setblocking(False)
            if not is_private:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._route is None:
                self._serve_client(client, is_private=is_private)
            else:
                serving = self._route()
                serving.post(partial(serving._serve_client, client, is_private=is_private))

    def _serve_client(self, client: socket.socket, *, is_private: bool) -> None:
        if (serving := self.stand_in) is not None:
            serving.post(partial(serving._serve_client, client, is_private=is_private))
            return
        session = self._host.new_session(is_private=is_private)
        transport = SocketTransport(session, self._host, self, client)
        self._transports.add(transport)
        self._host.opened(transport, None)
        drivers.wrap_drivers()

    def _stop(self) -> None:
        self.refuse()
        super()._stop()


def _bind(port: int) -> socket.socket:
    """Return a socket that has a port, where it does not listen; 0 lets the system choose."""
    bound = socket.socket()
    if os.name == "posix":  # elsewhere, the option would let others have the port, too
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
