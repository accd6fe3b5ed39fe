"""The address of a MySQL server, and its URLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, unquote, urlsplit

from understudy.embedded.driver import without_password
from understudy.mysql_server.errors import MysqlUnavailable

PORT = 3306
_WITHOUT_TLS = (
    "",
    "0",
    "false",
    "no",
    "off",
    "disabled",
    "preferred",
)  # values of ssl_... in a query


@dataclass(frozen=True)
class Address:
    """Where a server is, and who logs in.

    Attributes:
        host, port: over TCP.
        user, password: of an account of the server.
        database: the name of a database, or "".
        socket: the path of its Unix socket, which is preferred to host and port; "" for none.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    user: str = "root"
    password: str = ""
    database: str = ""
    socket: str = ""

    @property
    def url(self) -> str:
        """The URL for every driver, with the password."""
        query = f"?unix_socket={quote(self.socket)}" if self.socket else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        login = ":".join(quote(part, safe="") for part in (self.user, self.password) if part)
        return f"mysql://{login}@{host}:{self.port}/{quote(self.database, safe='')}{query}"

    @property
    def shown(self) -> str:
        """The URL for messages."""
        return without_password(self.url)

    def with_database(self, name: str) -> Address:
        """Return the address of another database."""
        return replace(self, database=name)


def read_url(url: str) -> Address:
    """Return the address that a URL names; SQLAlchemy's with a driver's name, too.

    Raises:
        MysqlUnavailable: it is not the URL of a MySQL, or asks for TLS.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    try:
        port = parts.port or PORT
    except ValueError:
        port = 0
    if parts.scheme.partition("+")[0] not in ("mysql", "mariadb") or not port:
        raise MysqlUnavailable(
            f"{without_password(url)!r} is not the URL of a MySQL or MariaDB.\n"
            "Expected mysql://user:password@host:3306/database."
        )
    if demand := _demand_of_tls(query):
        raise MysqlUnavailable(
            f"{without_password(url)!r} asks for TLS, and Understudy connects to MySQL "
            "without it.\n"
            f"Take {demand} out if the server may be reached without TLS; without a URL, "
            "Understudy starts a server of its own."
        )
    return Address(
        host=parts.hostname or "127.0.0.1",
        port=port,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.lstrip("/")),
        socket=query.get("unix_socket", [""])[0],
    )


def _demand_of_tls(query: Mapping[str, Sequence[str]]) -> str:
    """Return the first part of a query that demands TLS, or ""."""
    for name, values in query.items():
        key, value = name.lower().replace("-", "_"), values[0].lower()
        if (key == "ssl" or key.startswith("ssl_")) and value not in _WITHOUT_TLS:
            return f"{name}={values[0]}"
    return ""
