"""The login of clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.responder import Forwarder
from understudy.serving.waits import Pending


class Login(NamedTuple):
    """The credentials that a client must send.

    Attributes:
        user, database: the only valid ones; None accepts any.
        password: the user's, for SCRAM-SHA-256; None asks for no password.
        hint: what a client with another password is told, beside PostgreSQL's message.
    """

    user: str | None = None
    password: str | None = None
    database: str | None = None
    hint: str | None = None


ANY_LOGIN = Login()


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
