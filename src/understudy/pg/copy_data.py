"""The data of COPY: how many rows it holds."""

from __future__ import annotations

import struct

SIGNATURE = b"PGCOPY\n\xff\r\n\0"  # manual, COPY, "Binary Format"


class BrokenData(ValueError):
    """The data is not in the binary format; the text is what PostgreSQL says of it."""


def count_text_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's text COPY format; the final mark may be missing."""
    lines = data.splitlines()
    return len(lines) - (lines[-1:] == [b"\\."])


def count_binary_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's binary COPY format; the final mark may be missing.

    Raises:
        BrokenData: it is not in that format.
    """
    if not data.startswith(SIGNATURE):
        raise BrokenData("COPY file signature not recognized")
    for offset, field in ((4, "flags"), (8, "length")):
        if len(data) < len(SIGNATURE) + offset:
            raise BrokenData(f"invalid COPY file header (missing {field})")
    position = len(SIGNATURE) + 8 + _number("!i", data, len(SIGNATURE) + 4)
    rows = 0
    # PostgreSQL takes less than a whole number of fields for the end as well.
    while position + 2 <= len(data) and (fields := _number("!h", data, position)) != -1:
        position += 2
        for _ in range(fields):
            position += 4 + max(_number("!i", data, position), 0)
        if position > len(data):
            raise BrokenData("unexpected EOF in COPY data")
        rows += 1
    return rows


def _number(kind: str, data: bytes, position: int) -> int:
    try:
        (number,) = struct.unpack_from(kind, data, position)
    except struct.error:
        raise BrokenData("unexpected EOF in COPY data") from None
    assert isinstance(number, int)
    return number
