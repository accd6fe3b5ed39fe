"""The address of a server of MySQL's protocol, as a URL and in parts."""

from __future__ import annotations

from understudy.mysql_server.address import Address
from understudy.serving.location import DATABASE, Location
from understudy.serving.sockets import HOST, Sockets

SOCKET_FILE = "mysql.sock"


def locate(sockets: Sockets, user: str, password: str) -> Location:
    """Return the address at which sockets listen."""
    address = Address(HOST, sockets.port, user, password, DATABASE)
    dsn = socket_dsn = address.url
    if sockets.folder is not None:
        socket = str(sockets.folder / SOCKET_FILE)
        socket_dsn = Address(HOST, sockets.port, user, password, DATABASE, socket=socket).url
    return Location(HOST, sockets.port, user, password, DATABASE, dsn, socket_dsn)
