"""The two ways of a value, in and out, in both of PostgreSQL's forms."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from understudy.pg.codecs import messages
from understudy.pg.errors import ErrorFields, ServerError, TrailingBytes

TEXT = 0
BINARY = 1

Decoder = Callable[[bytes], Any]
Encoder = Callable[[Any], bytes]

SPACE = " \t\n\v\f\r"  # what PostgreSQL skips; Python's own strip() takes more


class Unencodable(Exception):
    """A Python value that no driver could have got for a type; the text says why."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How values of a type come in and go out; the names are PostgreSQL's own for this.

    Each raises ServerError for what PostgreSQL would refuse, and `output` and `send` raise
    Unencodable for a Python value that is none of the type.

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
    """Return what PostgreSQL says of a value that it does not take."""
    return ServerError(ErrorFields(sqlstate, message, detail=detail, hint=hint))


def invalid(type_name: str, text: str, sqlstate: str = "22P02") -> ServerError:
    """Return what PostgreSQL says of a text that is no value of a type."""
    return refusal(sqlstate, messages.invalid_syntax(type_name, text))


def out_of_range(type_name: str, text: str) -> ServerError:
    """Return what PostgreSQL says of a number that a type has no room for."""
    return refusal("22003", messages.value_out_of_range(type_name, text))


def too_short() -> ServerError:
    """Return what PostgreSQL says where a value in binary form ends too early."""
    return refusal("08P01", messages.insufficient_data())


def no_data() -> ServerError:
    """Return what PostgreSQL says where a byte of a value in binary form is missing."""
    return refusal("08P01", messages.no_data())


def wrong_size(data: bytes, size: int) -> ServerError:
    """Return what PostgreSQL says of a value of another size than its type's."""
    return too_short() if len(data) < size else TrailingBytes()


def unfit(type_name: str, value: object) -> Unencodable:
    """Return why a Python value is not sent for a type."""
    return Unencodable(messages.unfit(type_name, value))


def plain(value: Any) -> Any:
    """Return what a member of an Enum stands for; any other value itself."""
    return value.value if isinstance(value, enum.Enum) else value


def decoded(data: bytes) -> str:
    """Return the text of bytes.

    Raises:
        ServerError: they are no UTF-8, or hold a NUL, which PostgreSQL's texts cannot.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise bad_encoding(data[error.start :]) from None
    if "\0" in text:
        raise bad_encoding(b"\0")
    return text


def bad_encoding(data: bytes) -> ServerError:
    """Return what PostgreSQL says of bytes that are no UTF-8 from the first on."""
    first = data[0]
    size = 2 if first >> 5 == 6 else 3 if first >> 4 == 14 else 4 if first >> 3 == 30 else 1
    return refusal("22021", messages.bad_encoding(data[:size]))


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
            ServerError: it is longer than what is left.
        """
        size = self.number(4)
        if size == -1:
            return None
        if size < 0 or self._at + size > len(self._data):
            raise refusal("22P03", messages.insufficient_data())
        return self.take(size)

    def end(self) -> None:
        """Raise TrailingBytes where something is left."""
        if self._at != len(self._data):
            raise TrailingBytes()

    def message_end(self) -> None:
        """Raise what the types that look for it themselves say where something is left."""
        if self._at != len(self._data):
            raise refusal("08P01", messages.invalid_format())
