"""How clients are let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.responder import Forwarder
from understudy.fake_postgres.protocol.statements import Pending


class Login(NamedTuple):
    """What who connects has to name.

    Attributes:
        user, database: the only ones that there are; None where any will do.
        password: the user's (SCRAM-SHA-256); None where none is asked for.
    """

    user: str | None = None
    password: str | None = None
    database: str | None = None


ANY_LOGIN = Login()


def admit_everybody(connection: Connection) -> None:
    """Let anybody in, to any database."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How clients are let in, and what they are told of the server.

    Attributes:
        version: the server's, as server_version shows it.
        login: what who connects has to name.
        settings: run-time parameters that are different from a new server's, by name.
        admit: called with who wants to connect (`user` and `database` are set). It raises
            ServerError to refuse, or returns a Pending to let wait; what comes of that is not
            looked at.
        forwarder: who hands statements to another server; None where that is not done.
    """

    version: str = "18.0"
    login: Login = ANY_LOGIN
    settings: Mapping[str, str] = field(default_factory=dict)
    admit: Callable[[Connection], Pending | None] = admit_everybody
    forwarder: Forwarder | None = None
