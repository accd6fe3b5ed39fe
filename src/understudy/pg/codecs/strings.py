"""Texts, and types that are sent as texts: text, "char", bytea, uuid, enums."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from understudy.pg.codecs.codec import (
    Codec,
    Unencodable,
    decoded,
    exactly,
    invalid,
    no_data,
    plain,
    refusal,
    text_valued,
    unfit,
    without_version,
)

_UUID = re.compile(r"(\{)?([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}(?(1)\})")
_ESCAPE = re.compile(rb"\\(\\|[0-3][0-7]{2})|[^\\]", re.DOTALL)
_NUL = "\0"


def text(name: str) -> Codec:
    """Return the codec of a type whose texts are not checked."""

    def write(value: Any) -> str:
        if type(value) is not str:
            value = plain(value)
            if not isinstance(value, str):
                raise unfit(name, value)
        if _NUL in value:
            raise unfit(name, value)
        return value

    def send(value: Any) -> bytes:
        return encoded(name, write(value))

    return Codec(str, decoded, write, send)


def _receive_name(data: bytes) -> str:
    if len(data) > 63:
        raise refusal("42622", "identifier too long", "Identifier must be less than 64 characters.")
    return decoded(data)


NAME = replace(
    text("name"),
    input=lambda value: value.encode()[:63].decode(errors="ignore"),
    receive=_receive_name,
)


def encoded(name: str, value: str) -> bytes:
    """Return the bytes of a text.

    Raises:
        Unencodable: there is half a surrogate in it.
    """
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise unfit(name, value) from None


def only_text(name: str) -> Codec:
    """Return the codec of a type whose binary form is not known here: bytes pass as they are."""
    plain_text = text(name)

    def write(value: Any) -> str:
        if isinstance(value, (bytes, bytearray, memoryview)):
            try:
                value = bytes(value).decode()
            except UnicodeDecodeError:
                raise unfit(name, value) from None
        return plain_text.output(value)

    def send(value: Any) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise Unencodable(
                f"the binary form of {name} is not known here; the driver has to ask for text, "
                "or the script has the bytes"
            )
        return bytes(value)

    return replace(plain_text, receive=bytes, output=write, send=send)


def versioned(name: str) -> Codec:
    """Return the codec of a type whose binary form is a 1 and its text (jsonpath)."""
    plain_text = text(name)

    return replace(
        plain_text,
        receive=lambda data: decoded(without_version(name, data)),
        send=lambda value: b"\1" + plain_text.send(value),
    )


def enum_of(name: str, labels: tuple[str, ...]) -> Codec:
    """Return the codec of an enum; its binary form is its label."""
    known = frozenset(labels)

    def read(label: str) -> str:
        if label not in known:
            raise refusal("22P02", f'invalid input value for enum {name}: "{label}"')
        return label

    def write(value: Any) -> str:
        # A driver may take a member by its value, or by its name (psycopg, SQLAlchemy).
        for label in (value, plain(value), getattr(value, "name", None)):
            if isinstance(label, str) and label in known:
                return str(plain(label))
        raise unfit(name, value)

    return Codec(read, lambda data: read(decoded(data)), write, lambda value: write(value).encode())


# "char" ------------------------------------------------------------------------------------------


def _read_char(value: str) -> str:
    data = value.encode()
    if re.fullmatch(rb"\\[0-3][0-7]{2}", data):
        return _of_byte(int(data[1:], 8))
    return _of_byte(data[0]) if data else ""


def _of_byte(byte: int) -> str:
    return "" if byte == 0 else chr(byte) if byte < 128 else f"\\{byte:03o}"


def _char_text(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and len(value) == 1 and 128 <= ord(value) < 256:
        return _of_byte(ord(value))
    is_char = isinstance(value, str) and (len(value) <= 1 or re.fullmatch(r"\\[0-7]{3}", value))
    return value if is_char else None


def _pack_char(written: str) -> bytes:
    return bytes([int(written[1:], 8)]) if len(written) == 4 else written.encode() or b"\0"


CHAR = text_valued(
    '"char"',
    _read_char,
    lambda data: _of_byte(exactly(data, 1, no_data)[0]),
    _pack_char,
    _char_text,
)


# bytea -------------------------------------------------------------------------------------------


def _read_bytes(value: str) -> bytes:
    if not value.startswith("\\x"):
        return _unescaped(value.encode())
    digits = re.sub(r"[ \t\n\r]", "", value[2:])
    for digit in digits:
        if digit not in "0123456789abcdefABCDEF":
            raise refusal("22023", f'invalid hexadecimal digit: "{digit}"')
    if len(digits) % 2:
        raise refusal("22023", "invalid hexadecimal data: odd number of digits")
    return bytes.fromhex(digits)


def _unescaped(data: bytes) -> bytes:
    found, at = bytearray(), 0
    while at < len(data):
        part = _ESCAPE.match(data, at)
        if part is None:
            raise refusal("22P02", "invalid input syntax for type bytea")
        at = part.end()
        code = part[1]
        found += part[0] if code is None else code if code == b"\\" else bytes([int(code, 8)])
    return bytes(found)


def _send_bytes(value: Any) -> bytes:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise unfit("bytea", value)
    return bytes(value)


BYTEA = Codec(
    _read_bytes, lambda data: data, lambda value: "\\x" + _send_bytes(value).hex(), _send_bytes
)


# uuid --------------------------------------------------------------------------------------------


def _read_uuid(value: str) -> UUID:
    if not _UUID.fullmatch(value):
        raise invalid("uuid", value)
    return UUID(value)


def _uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    value = plain(value)
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    if isinstance(getattr(value, "bytes", None), bytes):  # asyncpg has a UUID of its own
        return UUID(bytes=value.bytes)
    raise unfit("uuid", value)


UUIDS = Codec(
    _read_uuid,
    lambda data: UUID(bytes=exactly(data, 16)),
    lambda value: str(_uuid(value)),
    lambda value: _uuid(value).bytes,
)


# Numbers of objects ------------------------------------------------------------------------------


def named_number(name: str, number: Codec) -> Codec:
    """Return the codec of regclass and the like: a name as text, a number in binary form."""
    plain_text = text(name)

    def write(value: Any) -> str:
        return str(value) if isinstance(value, int) else plain_text.output(value)

    return replace(plain_text, receive=number.receive, output=write, send=number.send)
