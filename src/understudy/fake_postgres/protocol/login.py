"""The login of clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.responder import Forwarder
from understudy.serving.login import ANY_LOGIN, Login
from understudy.serving.waits import Pending


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server admits clients, and what it reports to them.

    Attributes:
        version: the value of server_version.
        login: the credentials that clients must send.
        settings: run-time parameters that differ from a new server's, by name.
        defaults: returns the parameters that ALTER ROLE and ALTER DATABASE have set for a user.
        admit: called with each new connection (`user` and `database` are set). It raises
            ServerError to refuse, or returns a Pending to let it wait; its result is ignored.
        forwarder: forwards statements to another server; None to forward none.
    """

    version: str = "18.0"
    login: Login = ANY_LOGIN
    settings: Mapping[str, str] = field(default_factory=dict)
    admit: Callable[[Connection], Pending | None] = lambda _connection: None
    forwarder: Forwarder | None = None
    defaults: Callable[[str], Mapping[str, str]] = lambda _user: {}
