"""Connect with psycopg, which is imported only when needed, and handle URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from understudy.embedded.environment import INSTALL_HINT
from understudy.embedded.errors import MissingExtra, PostgresUnavailable

if TYPE_CHECKING:
    import psycopg

_CONNECT_TIMEOUT = 10


def connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection in autocommit mode.

    Raises:
        MissingExtra: psycopg is not installed.
        PostgresUnavailable: The server does not answer, or refuses the connection.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtra(
            "Working on a PostgreSQL database needs the package psycopg, which is not installed.\n"
            f"{INSTALL_HINT}"
        ) from error
    try:
        return psycopg.connect(
            dsn, autocommit=True, connect_timeout=_CONNECT_TIMEOUT, client_encoding="utf8"
        )
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise PostgresUnavailable(
            f"Cannot connect to PostgreSQL at {without_password(dsn)}: {reason}"
        ) from error


def check_url(url: str) -> str:
    """Return the URL if every driver accepts it.

    Raises:
        PostgresUnavailable: The URL does not begin with postgresql:// or postgres://.
    """
    scheme = urlsplit(url).scheme
    if scheme in ("postgresql", "postgres"):
        return url
    end = ", without the driver's name after a plus sign." if "+" in scheme else "."
    raise PostgresUnavailable(
        f"{without_password(url)!r} is not the URL of a PostgreSQL. "
        f"Expected postgresql://user:password@host:port/database{end}"
    )


def with_database(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    parts = urlsplit(url)
    query = [pair for pair in parse_qsl(parts.query) if pair[0] != "dbname"]
    path = "/" + quote(database, safe="")
    # urlunsplit would drop the slashes of an empty host.
    return f"{parts.scheme}://{parts.netloc}{path}" + (
        f"?{urlencode(query, safe='/')}" if query else ""
    )


def without_password(url: str) -> str:
    """Return the URL without its password, for messages."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = [(k, "***" if k == "password" else v) for k, v in parse_qsl(parts.query)]
    return urlunsplit(
        parts._replace(
            netloc=f"{user}{':***' if colon else ''}{at}{host}",
            query=urlencode(query, safe="/*"),
        )
    )
