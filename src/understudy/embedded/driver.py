"""Connect with psycopg, which is imported only when needed, and handle URLs."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from understudy.catalog import own_connection
from understudy.embedded.errors import MissingExtra, PostgresUnavailable

if TYPE_CHECKING:
    import psycopg

# A setting of the embedded server alone, which holds a secret of its process.
TOKEN_SETTING = "understudy.token"
# After a crash of one backend, PostgreSQL restarts all others; libpq tells no SQLSTATE here.
_RECOVERING = re.compile("the database system is (starting up|in recovery|not yet accepting)")
_CLOSED = "server closed the connection unexpectedly"
_PATIENCE = 10.0


def require_psycopg() -> None:
    """Import psycopg.

    Raises:
        MissingExtra: it is not installed, or cannot be imported.
    """
    try:
        import psycopg  # noqa: F401 # to see whether it can be
    except ImportError as error:
        problem = own_connection.import_problem("psycopg", error, '"understudy[postgres]"')
        raise MissingExtra(f"Working on a PostgreSQL database needs {problem}") from error


def connect(dsn: str, *, token: str = "", **options: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection in autocommit mode, regardless of the PG* variables of the environment.

    Args:
        dsn: The URL of the database.
        token: The token of the embedded server, if it has to be that server.
        options: More parameters of libpq.

    Raises:
        MissingExtra: psycopg is not installed, or cannot be imported.
        PostgresUnavailable: The server does not answer, refuses the connection, or is another one.
    """
    require_psycopg()
    import psycopg

    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection = own_connection.connect(dsn, **options)
            break
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            # The embedded server ends even connections that it has just accepted.
            is_short = _RECOVERING.search(reason) or (token and _CLOSED in reason)
            if not is_short or time.monotonic() > deadline:
                raise PostgresUnavailable(
                    f"Cannot connect to PostgreSQL at {without_password(dsn)}: {reason}"
                    f"{_hint(reason)}"
                ) from error
            time.sleep(0.02)
    if token:
        _verify(connection, dsn, token)
    return connection


def _verify(connection: psycopg.Connection[tuple[Any, ...]], dsn: str, token: str) -> None:
    """Close the connection, and raise, unless its server is the one that knows the token."""
    row = connection.execute("SELECT current_setting(%s, true)", (TOKEN_SETTING,)).fetchone()
    if row != (token,):
        connection.close()
        raise PostgresUnavailable(
            f"The PostgreSQL that answers at {without_password(dsn)} is not the one that "
            "Understudy started. Nothing was created there."
        )


def _hint(reason: str) -> str:
    if "no password supplied" not in reason and "password authentication failed" not in reason:
        return ""
    return "\nWrite the password into the URL: Understudy does not read PGPASSWORD or PGPASSFILE."


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
        f"?{urlencode(query, safe='/', quote_via=quote)}" if query else ""
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
            query=urlencode(query, safe="/*", quote_via=quote),
        )
    )
