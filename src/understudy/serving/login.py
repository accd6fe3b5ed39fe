"""The credentials that a server asks for."""

from __future__ import annotations

from typing import NamedTuple


class Login(NamedTuple):
    """The credentials that a client must send.

    Attributes:
        user, database: the only valid ones; None accepts any.
        password: the user's; None asks for no password.
        hint: what a client with another password is told, beside the server's message.
    """

    user: str | None = None
    password: str | None = None
    database: str | None = None
    hint: str | None = None


ANY_LOGIN = Login()
