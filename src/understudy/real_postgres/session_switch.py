"""The statements that give a session the role and the run-time parameters of another one.

They run with the rights of the user that has logged in to the real server, which is usually a
superuser: the role of a client may not set everything that the client has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.fake_postgres.protocol.session_settings import Values
from understudy.pg.sql_spelling import literal, quoted

# They would end the session that all clients share, whose transaction is never over in a test.
IDLE_TIMEOUTS = frozenset(
    {"idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout"}
)
# What cannot be set, or is the same for all clients, or belongs to a transaction.
_FIXED = IDLE_TIMEOUTS | frozenset(
    {
        "client_encoding",
        "in_hot_standby",
        "integer_datetimes",
        "is_superuser",
        "server_encoding",
        "server_version",
        "server_version_num",
        "transaction_deferrable",
        "transaction_isolation",
        "transaction_read_only",
    }
)
_IDENTITY = ("session_authorization", "role")


def switch(before: Values, after: Values, login: str, own: Sequence[str] = ()) -> list[str]:
    """Return the statements that turn the settings `before` into `after`.

    Args:
        before: those of the session now.
        after: those that it is to have.
        login: the user that has logged in to the real server.
        own: statements to run with this user's rights.
    """
    if before is after and not own:
        return []
    parameters = [
        set_statement(name, after.get(name))
        for name in sorted(differences(before, after).difference(_IDENTITY))
    ]
    identity, wanted = (
        (values["session_authorization"], values["role"], values["is_superuser"])
        for values in (before, after)
    )
    if identity == wanted and not (parameters or own):
        return []
    if identity == wanted and wanted[:2] == (login, "none"):
        return [*parameters, *own]
    return [
        "SET ROLE NONE",
        "SET SESSION AUTHORIZATION DEFAULT",
        *parameters,
        *own,
        *become(*wanted[:2], login),
    ]


def differences(before: Values, after: Values) -> set[str]:
    """Return the names of the parameters that differ and can be set."""
    pairs = before.items() ^ after.items()
    return {name for name, _ in pairs}.difference(_FIXED)


def become(user: str, role: str, login: str) -> Iterator[str]:
    """Yield the statements that take on a user and a role."""
    if user != login:
        yield f"SET SESSION AUTHORIZATION {quoted(user)}"
    if role != "none":
        yield f"SET ROLE {quoted(role)}"


def set_statement(name: str, value: str | None, *, local: bool = False) -> str:
    """Return the statement that sets a parameter; None is the server's default."""
    if value is None:
        return f"RESET {quoted(name)}"
    given = f"{literal(name)}, {literal(value)}, {str(local).lower()}"
    return f"SELECT pg_catalog.set_config({given})"


def show(*names: str) -> str:
    """Return the query for the values of parameters, NULL for one that does not exist."""
    shown = (f"pg_catalog.current_setting({literal(name)}, true)" for name in names)
    return f"SELECT {', '.join(shown)}"
