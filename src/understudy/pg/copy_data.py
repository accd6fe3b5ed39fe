"""The lines that COPY TO writes, and how many rows the data of a COPY holds."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from understudy.pg.copy_options import CopyOptions
from understudy.pg.copy_rows import SIGNATURE, BrokenData, binary_rows, text_rows

_ESCAPED = dict(
    zip("\\\b\f\n\r\t\v", ("\\\\", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v"), strict=True)
)


def count_text_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's text COPY format; the final mark may be missing."""
    lines = data.splitlines()
    return len(lines) - (lines[-1:] == [b"\\."])


def count_binary_rows(data: bytes) -> int:
    """Count the rows in data of PostgreSQL's binary COPY format; the final mark may be missing.

    Raises:
        BrokenData: it is not in that format.
    """
    return sum(1 for _ in binary_rows(data))


def binary(rows: Iterable[Sequence[bytes | None]]) -> list[bytes]:
    """Return the messages with rows that COPY TO sends in binary format.

    The header is in the first of them, before a row or the final mark.
    """
    found = [struct.pack("!h", len(row)) + b"".join(map(_field, row)) for row in rows]
    first, *others = [*found, struct.pack("!h", -1)]
    return [SIGNATURE + bytes(8) + first, *others]


def _field(value: bytes | None) -> bytes:
    return struct.pack("!i", -1 if value is None else len(value)) + (value or b"")


def width(data: bytes, options: CopyOptions) -> int:
    """Return the number of values in the first row of data; 0 if there is none."""
    try:
        if data.startswith(SIGNATURE):
            return len(next(binary_rows(data), ()))
        first = next(text_rows(data.decode(errors="replace"), options), None)
    except BrokenData:
        return 0
    return 0 if first is None else len(first.fields)


def messages(data: bytes, options: CopyOptions) -> list[bytes]:
    """Return data as COPY TO sends it, one row in a message; as it is if it is not in the format.

    psycopg takes each message for a row. Rows of csv may have several lines, and stay together.
    """
    if data.startswith(SIGNATURE):
        try:
            found = binary(list(binary_rows(data)))
        except BrokenData:
            return [data]
        return found if b"".join(found) == data else [data]
    return data.splitlines(keepends=True) if options.format == "text" else [data]


def line(
    values: Sequence[str | None],
    names: Sequence[str],
    options: CopyOptions,
    *,
    is_header: bool = False,
) -> bytes:
    """Return a row as a line of COPY TO in text or csv format.

    Args:
        values: the texts of its values, None for NULL.
        names: of its columns.
        options: of the COPY.
        is_header: whether the values are the names themselves.
    """
    is_csv = options.format == "csv"
    delimiter = options.delimiter or ("," if is_csv else "\t")
    null = options.null if options.null is not None else "" if is_csv else "\\N"
    found = []
    for name, value in zip(names, values, strict=True):
        if value is None:
            found.append(null)
        elif is_csv:
            forced = options.force_quote is None or name in options.force_quote
            found.append(_in_csv(value, delimiter, null, options, forced and not is_header))
        else:
            marks = {**_ESCAPED, delimiter: f"\\{delimiter}"} if delimiter != "\t" else _ESCAPED
            found.append("".join(marks.get(character, character) for character in value))
    if is_csv and found == ["\\."]:
        found = [f"{options.quote}\\.{options.quote}"]
    return (delimiter.join(found) + "\n").encode(options.encoding)


def _in_csv(value: str, delimiter: str, null: str, options: CopyOptions, forced: bool) -> str:
    quote = options.quote
    special = (delimiter, quote, "\n", "\r")
    if not (forced or value == null or any(mark in value for mark in special)):
        return value
    escape = options.escape or quote
    inner = value if escape == quote else value.replace(escape, escape * 2)
    return quote + inner.replace(quote, escape + quote) + quote
