"""The login: the handshake of version 10, and how a client proves that it knows the password.

Both directions are here, for mysql_native_password (MariaDB) and caching_sha2_password (MySQL 8).
"""

from __future__ import annotations

import hashlib
import struct
from enum import IntFlag
from typing import Final, NamedTuple

from understudy.mysql.fields import Malformed, Reader, lenenc, lenenc_int
from understudy.mysql.packets import Status

NATIVE: Final = "mysql_native_password"
CACHING_SHA2: Final = "caching_sha2_password"


class Capability(IntFlag):
    """What a client or server can do."""

    LONG_PASSWORD = 1  # unset for MariaDB's own capabilities, which nobody has to know
    FOUND_ROWS = 1 << 1
    LONG_FLAG = 1 << 2
    CONNECT_WITH_DB = 1 << 3
    LOCAL_FILES = 1 << 7
    IGNORE_SPACE = 1 << 8
    PROTOCOL_41 = 1 << 9
    INTERACTIVE = 1 << 10
    SSL = 1 << 11
    TRANSACTIONS = 1 << 13
    SECURE_CONNECTION = 1 << 15
    MULTI_STATEMENTS = 1 << 16
    MULTI_RESULTS = 1 << 17
    PS_MULTI_RESULTS = 1 << 18
    PLUGIN_AUTH = 1 << 19
    CONNECT_ATTRS = 1 << 20
    PLUGIN_AUTH_LENENC = 1 << 21
    DEPRECATE_EOF = 1 << 24


class Greeting(NamedTuple):
    """A server's first packet.

    Attributes:
        version: the server's.
        connection: the connection's number.
        nonce: the 20 random bytes that the proof of the password includes; none is zero.
        capabilities: the server's.
        collation: the number of its default collation, below 256.
        status: the connection's state.
        plugin: how it wants the password proved.
    """

    version: str
    connection: int
    nonce: bytes
    capabilities: int
    collation: int = 45
    status: int = Status.AUTOCOMMIT
    plugin: str = NATIVE


def greeting(packet: Greeting) -> bytes:
    """Write a server's first packet."""
    return b"".join(
        (
            b"\x0a",
            packet.version.encode() + b"\0",
            struct.pack("<I", packet.connection),
            packet.nonce[:8] + b"\0",
            struct.pack("<HBH", packet.capabilities & 0xFFFF, packet.collation, packet.status),
            struct.pack("<HB", packet.capabilities >> 16, len(packet.nonce) + 1),
            bytes(10),
            packet.nonce[8:] + b"\0",
            packet.plugin.encode() + b"\0",
        )
    )


def read_greeting(data: bytes) -> Greeting:
    """Read a server's first packet.

    Raises:
        Malformed: it has another version, or not the layout of this one.
    """
    reader = Reader(data)
    if reader.number(1) != 10:
        raise Malformed
    version = reader.until_nul().decode("utf-8", "replace")
    connection = reader.number(4)
    nonce = reader.take(8)
    reader.take(1)
    capabilities = reader.number(2)
    collation, status = reader.number(1), reader.number(2)
    capabilities |= reader.number(2) << 16
    length = reader.number(1)
    reader.take(10)
    nonce += reader.take(max(13, length - 8)).removesuffix(b"\0")
    plugin = reader.until_nul().decode("ascii", "replace")
    return Greeting(version, connection, nonce, capabilities, collation, status, plugin or NATIVE)


class Response(NamedTuple):
    """A client's answer to the greeting, or its COM_CHANGE_USER.

    Attributes:
        capabilities: the client's.
        collation: the number of the collation that it wants.
        user: its name.
        proof: what its plugin makes of the password and the nonce.
        database: the database to use, "" for none.
        plugin: how the password is proved.
        attributes: what the client tells of itself: _client_name, program_name ...
        longest: the length in bytes of the longest packet that it takes.
    """

    capabilities: int
    collation: int
    user: str
    proof: bytes = b""
    database: str = ""
    plugin: str = NATIVE
    attributes: tuple[tuple[str, str], ...] = ()
    longest: int = 1 << 24


def response(packet: Response) -> bytes:
    """Write a client's answer to the greeting."""
    flags = packet.capabilities
    parts = [
        struct.pack("<IIB", flags, packet.longest, packet.collation),
        bytes(23),
        packet.user.encode() + b"\0",
        lenenc(packet.proof),
    ]
    if flags & Capability.CONNECT_WITH_DB:
        parts.append(packet.database.encode() + b"\0")
    if flags & Capability.PLUGIN_AUTH:
        parts.append(packet.plugin.encode() + b"\0")
    if flags & Capability.CONNECT_ATTRS:
        pairs = b"".join(lenenc(text.encode()) for pair in packet.attributes for text in pair)
        parts.append(lenenc_int(len(pairs)) + pairs)
    return b"".join(parts)


def is_tls_request(packet: bytes) -> bool:
    """Whether a client's answer asks for TLS before it says who it is."""
    return len(packet) == 32 and bool(int.from_bytes(packet[:4], "little") & Capability.SSL)


def read_response(packet: bytes) -> Response:
    """Read a client's answer to the greeting.

    Raises:
        Malformed: it is none, or one of a client older than MySQL 4.1.
    """
    reader = Reader(packet)
    flags, longest, collation = reader.number(4), reader.number(4), reader.number(1)
    if not flags & Capability.PROTOCOL_41:
        raise Malformed
    reader.take(23)
    user = _text(reader.until_nul())
    if flags & Capability.PLUGIN_AUTH_LENENC:
        proof = reader.lenenc() or b""
    elif flags & Capability.SECURE_CONNECTION:
        proof = reader.take(reader.number(1))
    else:
        proof = reader.until_nul()
    has_database = flags & Capability.CONNECT_WITH_DB and not reader.at_end
    database = _text(reader.until_nul()) if has_database else ""
    plugin, attributes = _plugin_and_attributes(reader, flags)
    return Response(flags, collation, user, proof, database, plugin, attributes, longest)


def read_change_user(body: bytes, capabilities: int) -> Response:
    """Read COM_CHANGE_USER, without the command's byte.

    Args:
        body: the packet.
        capabilities: those of the client's first answer.

    Raises:
        Malformed: the packet has another layout.
    """
    reader = Reader(body)
    user = _text(reader.until_nul())
    proof = reader.take(reader.number(1))
    database = _text(reader.until_nul())
    collation = 0 if reader.at_end else reader.number(2)
    plugin, attributes = _plugin_and_attributes(reader, capabilities)
    return Response(capabilities, collation, user, proof, database, plugin, attributes)


def _plugin_and_attributes(reader: Reader, flags: int) -> tuple[str, tuple[tuple[str, str], ...]]:
    plugin = NATIVE
    if flags & Capability.PLUGIN_AUTH and not reader.at_end:
        plugin = _text(reader.until_nul())
    if not flags & Capability.CONNECT_ATTRS or reader.at_end:
        return plugin, ()
    pairs = Reader(reader.lenenc() or b"")
    attributes = []
    while not pairs.at_end:
        attributes.append((_text(pairs.lenenc() or b""), _text(pairs.lenenc() or b"")))
    return plugin, tuple(attributes)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def proof(plugin: str, password: str, nonce: bytes) -> bytes:
    """Return a client's proof that it knows a password.

    Args:
        plugin: NATIVE or CACHING_SHA2.
        password: "" has an empty proof.
        nonce: the server's 20 bytes.
    """
    if not password:
        return b""
    secret = password.encode()
    if plugin == NATIVE:
        once = hashlib.sha1(secret).digest()
        mixed = hashlib.sha1(nonce[:20] + hashlib.sha1(once).digest()).digest()
    else:
        once = hashlib.sha256(secret).digest()
        mixed = hashlib.sha256(hashlib.sha256(once).digest() + nonce[:20]).digest()
    return bytes(left ^ right for left, right in zip(once, mixed, strict=True))


# What a server of CACHING_SHA2 says of a proof, before OK.
FAST_AUTHENTICATION: Final = b"\x01\x03"
FULL_AUTHENTICATION: Final = b"\x01\x04"  # the client then sends the password itself


def switch(plugin: str, nonce: bytes) -> bytes:
    """Write a server's request to prove the password with another plugin."""
    return b"\xfe" + plugin.encode() + b"\0" + nonce + b"\0"


def read_switch(packet: bytes) -> tuple[str, bytes]:
    """Read the plugin and the nonce of a server's request to use another plugin.

    Raises:
        Malformed: it is none.
    """
    reader = Reader(packet)
    if reader.number(1) != 0xFE:
        raise Malformed
    return _text(reader.until_nul()), reader.rest().removesuffix(b"\0")
