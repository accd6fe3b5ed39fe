"""The stream of bytes of a client, cut into messages.

A message is bounded by its kind, as in PostgreSQL, and what is too long is refused by its header:
nobody has to keep the bytes of it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_header = struct.Struct("!BI").unpack_from
_length = struct.Struct("!I").unpack_from

_LONGEST_STARTUP = 10_004
_SHORT = 10_000
_LONG = 0x3FFFFFFE  # MaxAllocSize - 1: as much as PostgreSQL ever holds in one piece
# By the byte that a message begins with (manual, 53.7).
_LONGEST = {
    **dict.fromkeys(b"QPBFd", _LONG),
    **dict.fromkeys(b"EDCHSXcf", _SHORT),
    ord("p"): 65_535,  # a password, or a step of SASL
}


class BadLength(Exception):
    """A message says that it is longer, or shorter, than one of its kind can be."""


class UnknownKind(Exception):
    """A message is of no kind that there is.

    Attributes:
        kind: the byte that it begins with.
    """

    def __init__(self, kind: int) -> None:
        super().__init__(kind)
        self.kind = kind


class Frames:
    """The messages in a stream of bytes, as far as they have come."""

    def __init__(self) -> None:
        self._piece = b""
        self._position = 0
        # Bytes behind `_piece`, kept until there are as many as the next message needs: a long
        # message comes in many pieces, and joining them one by one would copy it as often.
        self._tail = bytearray()

    @property
    def is_empty(self) -> bool:
        """Whether everything that came was taken."""
        return self._position == len(self._piece) and not self._tail

    def add(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._tail or self._position < len(self._piece):
            self._tail += data
        else:
            self._piece = bytes(data)
            self._position = 0

    def first(self) -> bytes | None:
        """Return the body of a startup packet, which has no kind; None where it is not all there.

        Raises:
            BadLength: it cannot be as long as it says.
        """
        if not self._have(4):
            return None
        (length,) = _length(self._piece, self._position)
        if not 8 <= length <= _LONGEST_STARTUP:
            raise BadLength
        return self._cut(4, length - 4)

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Yield the kind and the body of each message that is all there.

        Raises:
            BadLength: it cannot be as long as it says.
            UnknownKind: there are no such messages.
        """
        frame: tuple[int, bytes] | None
        while True:
            piece = self._piece
            position = self._position
            size = len(piece)
            while size - position >= 5:
                kind, length = _header(piece, position)
                end = position + 1 + length
                if end > size or not 4 <= length <= _SHORT or kind not in _LONGEST:
                    break
                self._position = end
                yield kind, piece[position + 5 : end]
                position = end
            if position == size and not self._tail:
                return
            frame = self._next()
            if frame is None:
                return
            yield frame

    def _next(self) -> tuple[int, bytes] | None:
        """Return the next message, which may be long, in pieces, or none that there is."""
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
        """Take `length` bytes behind a head of `head` bytes, where they are all there."""
        if not self._have(head + length):
            return None
        start = self._position + head
        self._position = start + length
        return self._piece[start : self._position]

    def _have(self, wanted: int) -> bool:
        """Say whether `wanted` bytes are there, in one piece."""
        here = len(self._piece) - self._position
        if here >= wanted:
            return True
        if here + len(self._tail) < wanted:
            return False
        self._piece = self._piece[self._position :] + bytes(self._tail)
        self._position = 0
        self._tail.clear()
        return True
