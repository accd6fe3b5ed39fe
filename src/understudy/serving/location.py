"""Where clients find a server, as a URL and in parts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

DATABASE = "understudy"


@dataclass(frozen=True)
class Location:
    """Where clients find a server.

    Attributes:
        host, port, user, password, database: its address over TCP.
        dsn: the address as a URL, for every driver.
        socket_dsn: the URL of its private Unix socket, which asks for no password; on systems
            without Unix sockets, the same as `dsn`.
    """

    host: str
    port: int
    user: str
    password: str
    database: str
    dsn: str
    socket_dsn: str


def new_password() -> str:
    """Return a password that nobody can guess, and in which nothing has to be quoted anywhere."""
    return secrets.token_hex(16)
