"""The fields of a packet: integers of several sizes, and what comes after its length."""

from __future__ import annotations

_NULL = 0xFB
_SHORT = [bytes([length]) for length in range(_NULL)]


class Malformed(Exception):
    """The bytes of a packet do not have the layout of its kind."""


def lenenc_int(number: int) -> bytes:
    """Return a length-encoded integer."""
    if number < _NULL:
        return number.to_bytes(1, "little")
    if number < 1 << 16:
        return b"\xfc" + number.to_bytes(2, "little")
    if number < 1 << 24:
        return b"\xfd" + number.to_bytes(3, "little")
    return b"\xfe" + number.to_bytes(8, "little")


def lenenc(data: bytes) -> bytes:
    """Return bytes after their length."""
    length = len(data)
    return (_SHORT[length] if length < _NULL else lenenc_int(length)) + data


class Reader:
    """Reads the fields of a packet, one after the other."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    @property
    def at_end(self) -> bool:
        """Whether everything is read."""
        return self.position >= len(self.data)

    def take(self, count: int) -> bytes:
        """Read so many bytes.

        Raises:
            Malformed: there are fewer.
        """
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise Malformed
        return self.data[start : self.position]

    def number(self, size: int, *, signed: bool = False) -> int:
        """Read an integer of so many bytes.

        Raises:
            Malformed: there are fewer bytes.
        """
        return int.from_bytes(self.take(size), "little", signed=signed)

    def lenenc_int(self) -> int | None:
        """Read a length-encoded integer; None for NULL.

        Raises:
            Malformed: the bytes are no such integer.
        """
        first = self.number(1)
        if first < _NULL:
            return first
        if first == _NULL:
            return None
        if first == 0xFF:
            raise Malformed
        return self.number({0xFC: 2, 0xFD: 3, 0xFE: 8}[first])

    def lenenc(self) -> bytes | None:
        """Read bytes after their length; None for NULL.

        Raises:
            Malformed: there are fewer bytes.
        """
        length = self.lenenc_int()
        return None if length is None else self.take(length)

    def until_nul(self) -> bytes:
        """Read up to a zero byte and skip it; without one, up to the end."""
        end = self.data.find(b"\0", self.position)
        end = len(self.data) if end < 0 else end
        start, self.position = self.position, end + 1
        return self.data[start:end]

    def rest(self) -> bytes:
        """Read everything that is left."""
        start, self.position = self.position, len(self.data)
        return self.data[start:]
