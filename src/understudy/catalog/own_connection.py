"""Connections of Understudy's own, which go where their URL says and nowhere else.

libpq reads some forty variables of the environment (PGHOSTADDR, PGOPTIONS, PGSSLMODE, ...), and one
of them is enough to send a connection with a complete URL to another server. They are meant for the
application, so none of them has an effect here.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from understudy.script import import_errors

if TYPE_CHECKING:
    import psycopg

_CONNECT_TIMEOUT = 10
# Parameters whose default libpq does not tell, and for which it does not accept an empty value.
_DEFAULTS = {
    "connect_timeout": str(_CONNECT_TIMEOUT),
    "max_protocol_version": "latest",
    "min_protocol_version": "3.0",
    "require_auth": "password,md5,gss,sspi,scram-sha-256,none",
    "sslcertmode": "allow",
}
# No parameter of a connection overrides these.
_WITHOUT_PARAMETER = ("PGSERVICE", "PGTZ", "PGDATESTYLE", "PGGEQO")
_environment = threading.Lock()


def connect(dsn: str, **options: Any) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect as `psycopg.connect` does, in autocommit mode, regardless of the environment.

    Raises:
        psycopg.OperationalError: The server does not answer, or refuses the connection.
        ImportError: psycopg is not installed, or cannot be imported.
    """
    import psycopg

    given = {"connect_timeout": _CONNECT_TIMEOUT, "client_encoding": "utf8", **options}
    with _without_variables():
        try:
            return psycopg.connect(dsn, autocommit=True, **{**_overriding(dsn), **given})
        except BaseException as error:
            # The traceback of a Ctrl-C keeps the half-open connection. Its backend waits for the
            # password, and until its time-out, every DROP DATABASE of the server waits for it.
            traceback.clear_frames(error.__traceback__)
            raise


def is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Return whether an idle connection still works: its backend or its server may be killed."""
    import psycopg

    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


def _overriding(dsn: str) -> dict[str, str]:
    """Return libpq's parameters that override the environment, without those in the URL.

    PGSERVICE, PGTZ, PGDATESTYLE and PGGEQO cannot be overridden by a parameter.
    """
    from psycopg.pq import Conninfo

    in_url = {part.keyword for part in Conninfo.parse(dsn.encode()) if part.val is not None}
    parameters = {}
    for option in Conninfo.get_defaults():
        # A service file may set any parameter.
        keyword = option.keyword.decode()
        variables = {"PGSERVICE", (option.envvar or b"").decode()}
        variables |= {"PGREQUIRESSL"} if keyword == "sslmode" else set()
        is_set = not variables.isdisjoint(os.environ)
        if option.envvar and is_set and option.keyword not in in_url and keyword != "service":
            parameters[keyword] = _DEFAULTS.get(keyword, (option.compiled or b"").decode())
    return parameters


def import_problem(package: str, error: ImportError, extra: str) -> str:
    """Return why a package cannot be imported, and the command that helps.

    Args:
        package: The package.
        error: What importing it raised.
        extra: What to install if the package is not there.
    """
    if import_errors.is_missing(package, error):
        return f"the package {package}, which is not installed.\nRun: pip install {extra}"
    return f"the package {package}, {import_errors.unusable(package, error)}"


@contextmanager
def _without_variables() -> Iterator[None]:
    """Remove the variables that no parameter overrides while libpq reads the environment.

    Only these: another thread may connect the application meanwhile, by variables like PGHOST.
    """
    with _environment:
        removed = {name: os.environ.pop(name) for name in _WITHOUT_PARAMETER if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(removed)
