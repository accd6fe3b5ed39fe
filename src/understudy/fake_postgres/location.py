"""The address of a server, as a URL and in parts."""

from __future__ import annotations

from urllib.parse import quote

from understudy.serving.location import DATABASE, Location
from understudy.serving.sockets import HOST, Sockets

SOCKET_PORT = 5432  # in the name of a Unix socket


def locate(sockets: Sockets, user: str, password: str) -> Location:
    """Return the address at which sockets listen."""
    login = f"{quote(user, safe='')}:{password}"
    dsn = socket_dsn = f"postgresql://{login}@{HOST}:{sockets.port}/{DATABASE}"
    if sockets.folder is not None:
        # Complete, so that drivers read nothing from the environment.
        place = f"host={quote(str(sockets.folder))}&port={SOCKET_PORT}"
        socket_dsn = f"postgresql://{login}@/{DATABASE}?{place}"
    return Location(HOST, sockets.port, user, password, DATABASE, dsn, socket_dsn)
