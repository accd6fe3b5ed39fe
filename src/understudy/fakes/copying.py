"""COPY as psqlpy does it: the statement it sends, and the rows in PostgreSQL's binary format."""

from __future__ import annotations

import struct
from collections.abc import Sequence

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"  # manual, COPY, "Binary Format"


def statement(table: str, columns: Sequence[str] | None, schema: str | None) -> str:
    """Return the statement for a COPY into a table."""
    name = table if schema is None else f"{schema}.{table}"
    listed = f" ({', '.join(columns)})" if columns else ""
    return f"COPY {name}{listed} FROM STDIN (FORMAT binary)"


def count_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's binary COPY format.

    Raises:
        ValueError: it is not in that format.
    """
    if not data.startswith(_SIGNATURE):
        raise ValueError("the data does not begin with the signature of PostgreSQL's binary COPY")
    try:
        (extension,) = struct.unpack_from("!i", data, len(_SIGNATURE) + 4)
        position = len(_SIGNATURE) + 8 + extension
        rows = 0
        while (fields := _short(data, position)) != -1:
            position += 2
            for _ in range(fields):
                (length,) = struct.unpack_from("!i", data, position)
                position += 4 + max(length, 0)
            rows += 1
    except struct.error:
        raise ValueError("the data of the binary COPY ends in the middle of a row") from None
    return rows


def _short(data: bytes, position: int) -> int:
    (number,) = struct.unpack_from("!h", data, position)
    assert isinstance(number, int)
    return number
