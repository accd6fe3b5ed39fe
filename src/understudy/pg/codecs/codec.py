"""How values of a type are read and written, as text and in binary form."""

from __future__ import annotations

import enum
import reprlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.pg.errors import ErrorFields, ServerError, TrailingBytes

TEXT = 0
BINARY = 1

Decoder = Callable[[bytes], Any]
Encoder = Callable[[Any], bytes]

SPACE = " \t\n\v\f\r"  # what PostgreSQL skips; Python's own strip() takes more


class Unencodable(Exception):
    """The Python value cannot be sent as a type; the text says why."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of a type come in and go out; the names are PostgreSQL's own for this.

    Each raises ServerError for what PostgreSQL would refuse, and `output` and `send` raise
    Unencodable for a Python value that is not of the type.

    Attributes:
        input: makes a Python value of a text.
        receive: makes a Python value of bytes in binary form.
        output: makes a text of a Python value.
        send: makes bytes in binary form of a Python value.
    """

    input: Callable[[str], Any]
    receive: Callable[[bytes], Any]
    output: Callable[[Any], str]
    send: Callable[[Any], bytes]


def refusal(
    sqlstate: str, message: str, detail: str | None = None, hint: str | None = None
) -> ServerError:
    """Return an error of PostgreSQL's about a value."""
    return ServerError(ErrorFields(sqlstate, message, detail=detail, hint=hint))


def invalid(type_name: str, text: str, sqlstate: str = "22P02") -> ServerError:
    """Return the error for a text that is invalid for a type."""
    return refusal(sqlstate, f'invalid input syntax for type {type_name}: "{text}"')


def invalid_external(part: str, type_name: str) -> ServerError:
    """Return the error for an invalid part of a value in binary form."""
    return refusal("22P03", f'invalid {part} in external "{type_name}" value')


def out_of_range(type_name: str, text: str) -> ServerError:
    """Return the error for a number that is too large for a type."""
    return refusal("22003", f'value "{text}" is out of range for type {type_name}')


def too_short() -> ServerError:
    """Return the error for a value in binary form that ends too early."""
    return refusal("08P01", "insufficient data left in message")


def no_data() -> ServerError:
    """Return the error for a missing byte of a value in binary form."""
    return refusal("08P01", "no data left in message")


def exactly(data: bytes, size: int, missing: Callable[[], ServerError] = too_short) -> bytes:
    """Return the bytes of a value of fixed size.

    Raises:
        ServerError: there are fewer (`missing` makes the error), or more.
    """
    if len(data) != size:
        raise missing() if len(data) < size else TrailingBytes()
    return data


def number_reader(layout: struct.Struct) -> Callable[[bytes], Any]:
    """Return the `receive` of a type whose values are one number."""
    unpack, size = layout.unpack, layout.size

    def receive(data: bytes) -> Any:
        try:
            return unpack(data)[0]
        except struct.error:
            return exactly(data, size)  # which raises

    return receive


def sized(data: bytes | None) -> bytes:
    """Return an item of a container as `Reader.item` reads it."""
    return b"\xff\xff\xff\xff" if data is None else len(data).to_bytes(4) + data


def unfit(type_name: str, value: object) -> Unencodable:
    """Return why a Python value is not sent for a type."""
    kind = type(value).__name__
    return Unencodable(f"{reprlib.repr(value)} ({kind}) is not a value of {type_name}")


def beyond(type_name: str, value: object) -> Unencodable:
    """Return why a number is not sent for a type that has no room for it."""
    return Unencodable(f"{reprlib.repr(value)} is out of range for {type_name}")


def text_valued(
    name: str,
    read: Callable[[str], str],
    receive: Callable[[bytes], str],
    pack: Callable[[str], bytes],
    text_of: Callable[[Any], Any] = lambda value: value,
    *,
    check: Callable[[str], str] | None = None,
) -> Codec:
    """Return the codec of a type whose Python values are PostgreSQL's own texts.

    Args:
        name: the type's spelling.
        read: checks a text, and returns it as PostgreSQL spells it.
        receive: as that of `Codec`.
        pack: makes bytes of what `read` returns.
        text_of: makes a text of a driver's object, and returns anything else as it is.
        check: stands for `read` for what is sent.
    """

    def write(value: Any) -> str:
        text = text_of(plain(value))
        if not isinstance(text, str):
            raise unfit(name, value)
        try:
            return (check or read)(text)
        except ServerError:
            raise unfit(name, value) from None

    return Codec(read, receive, write, lambda value: pack(write(value)))


def plain(value: Any) -> Any:
    """Return the value of a member of an Enum, and any other value itself."""
    return value.value if isinstance(value, enum.Enum) else value


def decoded(data: bytes) -> str:
    """Return the text of bytes.

    Raises:
        ServerError: they are not UTF-8, or contain a NUL, which PostgreSQL's texts cannot.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise bad_encoding(data[error.start :]) from None
    if "\0" in text:
        raise bad_encoding(b"\0")
    return text


def bad_encoding(data: bytes) -> ServerError:
    """Return the error for bytes of which the first is not UTF-8."""
    first = data[0]
    size = 2 if first >> 5 == 6 else 3 if first >> 4 == 14 else 4 if first >> 3 == 30 else 1
    spelled = " ".join(f"0x{byte:02x}" for byte in data[:size])
    return refusal("22021", f'invalid byte sequence for encoding "UTF8": {spelled}')


def without_version(name: str, data: bytes) -> bytes:
    """Return the bytes after the 1 with which some binary forms begin (jsonb, jsonpath, ltree).

    Raises:
        ServerError: they begin with something else.
    """
    if not data:
        raise too_short()
    if data[0] != 1:
        mark = ":" if name == "jsonpath" else ""
        raise refusal("XX000", f"unsupported {name} version number{mark} {data[0]}")
    return data[1:]


class Reader:
    """Bytes in binary form that are read from the front."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            ServerError: there are fewer.
        """
        end = self._at + size
        if size < 0 or end > len(self._data):
            raise too_short()
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def number(self, size: int, *, signed: bool = True) -> int:
        """Return the next integer of so many bytes."""
        return int.from_bytes(self.take(size), signed=signed)

    def byte(self) -> int:
        """Return the next byte.

        Raises:
            ServerError: there is none.
        """
        if self._at == len(self._data):
            raise no_data()
        return self.take(1)[0]

    def string(self) -> bytes:
        """Return the bytes before the next NUL, and pass over it.

        Raises:
            ServerError: there is none.
        """
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise refusal("08P01", "invalid string in message")
        taken = self._data[self._at : end]
        self._at = end + 1
        return taken

    def item(self) -> bytes | None:
        """Return the next item of a container, which begins with its size; None for NULL.

        Raises:
            ServerError: it is longer than the rest.
        """
        size = self.number(4)
        if size == -1:
            return None
        if size < 0 or self._at + size > len(self._data):
            raise refusal("22P03", "insufficient data left in message")
        return self.take(size)

    def end(self) -> None:
        """Raise TrailingBytes if something is left."""
        if self._at != len(self._data):
            raise TrailingBytes()

    def message_end(self) -> None:
        """Raise the error of the types that check for the end themselves, if something is left."""
        if self._at != len(self._data):
            raise refusal("08P01", "invalid message format")
