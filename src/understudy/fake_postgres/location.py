"""The address of a server, as a URL and in parts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import quote

from understudy.serving.sockets import HOST, Sockets

DATABASE = "understudy"
SOCKET_PORT = 5432  # in the name of a Unix socket


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


def locate(sockets: Sockets, user: str, password: str) -> Location:
    """Return the address at which sockets listen."""
    login = f"{quote(user, safe='')}:{password}"
    dsn = socket_dsn = f"postgresql://{login}@{HOST}:{sockets.port}/{DATABASE}"
    if sockets.folder is not None:
        # Complete, so that drivers read nothing from the environment.
        place = f"host={quote(str(sockets.folder))}&port={SOCKET_PORT}"
        socket_dsn = f"postgresql://{login}@/{DATABASE}?{place}"
    return Location(HOST, sockets.port, user, password, DATABASE, dsn, socket_dsn)
