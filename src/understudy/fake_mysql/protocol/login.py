"""The login of clients, and how a server presents itself to them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from understudy.fake_mysql.protocol.connection import Connection
from understudy.mysql import handshake
from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import CACHING_SHA2, NATIVE, Capability, Greeting, Response
from understudy.mysql.login import USUAL
from understudy.pg.errors import ServerError
from understudy.serving.login import ANY_LOGIN, Login
from understudy.serving.waits import Pending

# TLS, compression and the tracking of session state are left out: a client goes on without them.
CAPABILITIES: Final = (
    USUAL
    | Capability.FOUND_ROWS
    | Capability.CONNECT_WITH_DB
    | Capability.LOCAL_FILES
    | Capability.IGNORE_SPACE
    | Capability.INTERACTIVE
    | Capability.MULTI_STATEMENTS
    | Capability.CONNECT_ATTRS
    | Capability.DEPRECATE_EOF
)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server admits clients, and what it reports to them.

    Attributes:
        version: what VERSION() returns; "MariaDB" in it makes it a MariaDB.
        login: the credentials that clients must send.
        settings: the system variables that differ from a new server's, by name in lower case.
        admit: called with each new connection that is logged in. It raises ServerError to refuse,
            or returns a Pending to let it wait; its result is ignored.
        kill: called for KILL with the number of a connection, and whether only its statement is
            to end; returns whether there is such a connection.
    """

    version: str = "8.4.0"
    login: Login = ANY_LOGIN
    settings: Mapping[str, object] = field(default_factory=dict)
    admit: Callable[[Connection], Pending | None] = lambda _connection: None
    kill: Callable[[int, bool], bool] = lambda _pid, _query_only: False

    @property
    def is_mariadb(self) -> bool:
        """Whether it presents itself as a MariaDB."""
        return "MariaDB" in self.version

    @property
    def plugin(self) -> str:
        """How it wants passwords proved."""
        return NATIVE if self.is_mariadb else CACHING_SHA2


class Exchange:
    """The login of one connection.

    Args:
        connection: the connection.
        options: the server's.

    Attributes:
        nonce: the bytes that the proof of the password includes.
        proof: the client's latest proof.
    """

    def __init__(self, connection: Connection, options: ServerOptions) -> None:
        self._connection = connection
        self._options = options
        alphabet = range(33, 127)  # no zero, which ends the nonce
        self.nonce = bytes(secrets.choice(alphabet) for _ in range(20))
        self.proof = b""

    def greeting(self) -> bytes:
        """Return the server's first packet."""
        version = self._options.version
        if self._options.is_mariadb and version.startswith("10."):
            version = f"5.5.5-{version}"  # as MariaDB 10 presents itself; drivers take it away
        pid, plugin = self._connection.pid, self._options.plugin
        return handshake.greeting(
            Greeting(version, pid & 0xFFFF_FFFF, self.nonce, CAPABILITIES, plugin=plugin)
        )

    def check(self, response: Response) -> Iterator[bytes]:
        """Check a client's answer; yield what to send before the client's next proof.

        Raises:
            ServerError: the user, the password or the database is wrong.
        """
        login, plugin = self._options.login, self._options.plugin
        self.proof = response.proof
        if login.password is not None and response.plugin != plugin:
            yield handshake.switch(plugin, self.nonce)
        if login.password is not None:
            is_right = self.proof == handshake.proof(plugin, login.password, self.nonce)
            if not is_right or login.user not in (None, response.user):
                raise self._denied(response.user, has_password=bool(self.proof))
        if login.database is not None and response.database not in ("", login.database):
            raise unknown_database(response.database)

    @property
    def accepted(self) -> list[bytes]:
        """What to send before OK."""
        has_password = bool(self._options.login.password)
        is_fast = has_password and self._options.plugin == CACHING_SHA2
        return [handshake.FAST_AUTHENTICATION] if is_fast else []

    def _denied(self, user: str, *, has_password: bool) -> ServerError:
        using = "YES" if has_password else "NO"
        text = f"Access denied for user '{user}'@'localhost' (using password: {using})"
        hint = self._options.login.hint
        return server_error(1045, "28000", f"{text}\n{hint}" if hint else text)


def unknown_database(name: str) -> ServerError:
    """Return the error for a database that does not exist."""
    return server_error(1049, "42000", f"Unknown database '{name}'")
