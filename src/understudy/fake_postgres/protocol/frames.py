"""Split the bytes of a client into messages.

The length of a message is limited by its kind, as in PostgreSQL. A message that is too long is
refused by its header, before its bytes are stored.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_header = struct.Struct("!BI").unpack_from
_length = struct.Struct("!I").unpack_from

_LONGEST_STARTUP = 10_004
_SHORT = 10_000
_LONG = 0x3FFFFFFE  # MaxAllocSize - 1, PostgreSQL's limit
# By the byte that a message begins with (manual, 53.7).
_LONGEST = {
    **dict.fromkeys(b"QPBFd", _LONG),
    **dict.fromkeys(b"EDCHSXcf", _SHORT),
    ord("p"): 65_535,  # a password, or a step of SASL
}


class BadLength(Exception):
    """The length of a message is invalid for its kind."""


class UnknownKind(Exception):
    """The kind of a message is unknown.

    Attributes:
        kind: its first byte.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(kind)
        self.kind = kind


class Frames:
    """The messages received so far."""

    def __init__(self) -> None:
        self._piece = b""
        self._position = 0
        # Bytes after `_piece`, kept until the next message is complete: joining the pieces of a
        # long message one by one would copy it again for each.
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        """Add bytes from the client."""
        if self._tail or self._position < len(self._piece):
            self._tail += data
        else:
            self._piece = bytes(data)
            self._position = 0

    def first(self) -> bytes | None:
        """Return the body of a startup packet, which has no kind; None if it is incomplete.

        Raises:
            BadLength: its length is invalid.
        """
        if not self._have(4):
            return None
        (length,) = _length(self._piece, self._position)
        if not 8 <= length <= _LONGEST_STARTUP:
            raise BadLength
        return self._cut(4, length - 4)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield the kind and the body of each complete message.

        Raises:
            BadLength: its length is invalid.
            UnknownKind: its kind is unknown.
        """
        while (frame := self._next()) is not None:
            yield frame

    def _next(self) -> tuple[int, bytes] | None:
        if not self._have(5):
            return None
        kind, length = _header(self._piece, self._position)
        longest = _LONGEST.get(kind)
        if longest is None:
            raise UnknownKind(kind)
        if not 4 <= length <= longest:
            raise BadLength
        body = self._cut(5, length - 4)
        return None if body is None else (kind, body)

    def _cut(self, head: int, length: int) -> bytes | None:
        """Take `length` bytes after a head of `head` bytes, if all have come."""
        if not self._have(head + length):
            return None
        start = self._position + head
        self._position = start + length
        return self._piece[start : self._position]

    def _have(self, wanted: int) -> bool:
        """Join the bytes if needed; return whether `wanted` bytes have come."""
        here = len(self._piece) - self._position
        if here >= wanted:
            return True
        if here + len(self._tail) < wanted:
            return False
        self._piece = self._piece[self._position :] + bytes(self._tail)
        self._position = 0
        self._tail.clear()
        return True
