"""COPY as psqlpy does it: the statement it sends, and the rows in PostgreSQL's binary format."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"  # manual, COPY, "Binary Format"


class BrokenData(ValueError):
    """The data is not in the binary format; the text is what PostgreSQL says of it."""


def statement(table: str, columns: Sequence[str] | None, schema: str | None) -> str:
    """Return the statement for a COPY into a table."""
    name = table if schema is None else f"{schema}.{table}"
    listed = f" ({', '.join(columns)})" if columns else ""
    return f"COPY {name}{listed} FROM STDIN (FORMAT binary)"


def count_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's binary COPY format; the final mark may be missing.

    Raises:
        BrokenData: it is not in that format.
    """
    if not data.startswith(_SIGNATURE):
        raise BrokenData("COPY file signature not recognized")
    for offset, field in ((4, "flags"), (8, "length")):
        if len(data) < len(_SIGNATURE) + offset:
            raise BrokenData(f"invalid COPY file header (missing {field})")
    position = len(_SIGNATURE) + 8 + _number("!i", data, len(_SIGNATURE) + 4)
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
