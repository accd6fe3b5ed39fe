"""A client's login, without I/O."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from understudy.mysql import handshake
from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import CACHING_SHA2, NATIVE, Capability, Greeting, Response
from understudy.mysql.results import error_of

# What every client of today can do.
USUAL: Final = (
    Capability.LONG_PASSWORD
    | Capability.LONG_FLAG
    | Capability.PROTOCOL_41
    | Capability.TRANSACTIONS
    | Capability.SECURE_CONNECTION
    | Capability.MULTI_RESULTS
    | Capability.PS_MULTI_RESULTS
    | Capability.PLUGIN_AUTH
    | Capability.PLUGIN_AUTH_LENENC
)


def log_in(
    user: str,
    password: str,
    database: str = "",
    *,
    capabilities: int = USUAL,
    collation: int = 45,
    is_private: bool,
) -> Generator[bytes | None, bytes, tuple[Greeting, int]]:
    """Log in: get the server's packets, one by one; yield what to send, None for nothing.

    It returns the greeting and the agreed capabilities.

    Args:
        user: the user's name.
        password: "" for none.
        database: the database to use, "" for none.
        capabilities: those that the client wants.
        collation: the number of a collation of the character set that the client wants.
        is_private: whether nobody can read along: on a Unix socket, or with TLS.

    Raises:
        ServerError: the server refuses the login.
        Malformed: the server sends something else.
    """
    packet = yield None
    if packet[:1] == b"\xff":
        raise error_of(packet)
    greeting = handshake.read_greeting(packet)
    wanted = capabilities | (Capability.CONNECT_WITH_DB if database else 0)
    agreed = wanted & (greeting.capabilities | Capability.LONG_PASSWORD)
    plugin = greeting.plugin if greeting.plugin in (NATIVE, CACHING_SHA2) else NATIVE
    nonce = greeting.nonce
    proof = handshake.proof(plugin, password, nonce)
    answer: bytes | None = handshake.response(
        Response(agreed, collation, user, proof, database, plugin)
    )
    while True:
        packet = yield answer
        if packet[:1] == b"\xff":
            raise error_of(packet)
        if packet[:1] == b"\0":
            return greeting, agreed
        answer = None
        if packet == handshake.FULL_AUTHENTICATION:
            if not is_private:
                raise server_error(
                    *(2061, "HY000"),
                    f"Authentication plugin '{CACHING_SHA2}' reported error: the server asks for "
                    "the password itself, which Understudy sends over a Unix socket only",
                )
            answer = password.encode() + b"\0"
        elif packet != handshake.FAST_AUTHENTICATION:
            plugin, nonce = handshake.read_switch(packet)
            if plugin not in (NATIVE, CACHING_SHA2):
                raise server_error(
                    2059, "HY000", f"Authentication plugin '{plugin}' cannot be loaded"
                )
            answer = handshake.proof(plugin, password, nonce)
