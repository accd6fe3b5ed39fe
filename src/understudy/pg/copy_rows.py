"""The rows in the data of COPY FROM: their fields as texts, or as bytes of the binary format."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from understudy.pg.copy_options import CopyOptions

SIGNATURE = b"PGCOPY\n\xff\r\n\0"  # manual, COPY, "Binary Format"

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_LINE_END = re.compile(r"\r?\n|\r")
_CONTROL = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


class BrokenData(ValueError):
    """The data is not in the format of its COPY; the text is what PostgreSQL says of it.

    Attributes:
        hint: as PostgreSQL gives it.
        line: the number of the line, from 1; None for all of the data.
        text: the line itself.
    """

    def __init__(
        self,
        message: str,
        line: int | None = None,
        text: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.line = line
        self.text = text
        self.hint = hint


class DefaultMarker(str):
    """The text that stands for the default of a column."""

    __slots__ = ()


class TextRow(NamedTuple):
    """A row in text or csv format.

    Attributes:
        line: the number of its line, from 1.
        text: the line.
        fields: its values as texts, None for NULL, a DefaultMarker for a default.
    """

    line: int
    text: str
    fields: list[str | None]


# Binary ------------------------------------------------------------------------------------------


def binary_rows(data: bytes) -> Iterator[list[bytes | None]]:
    """Yield the rows in data of PostgreSQL's binary COPY format; the final mark may be missing.

    Raises:
        BrokenData: it is not in that format.
    """
    if not data.startswith(SIGNATURE):
        raise BrokenData("COPY file signature not recognized")
    for offset, field in ((4, "flags"), (8, "length")):
        if len(data) < len(SIGNATURE) + offset:
            raise BrokenData(f"invalid COPY file header (missing {field})")
    position = len(SIGNATURE) + 8 + _number("!i", data, len(SIGNATURE) + 4)
    # PostgreSQL takes less than a whole number of fields for the end as well.
    while position + 2 <= len(data) and (fields := _number("!h", data, position)) != -1:
        position += 2
        row: list[bytes | None] = []
        for _ in range(fields):
            size = _number("!i", data, position)
            position += 4
            row.append(None if size < 0 else data[position : position + size])
            position += max(size, 0)
        if position > len(data):
            raise BrokenData("unexpected EOF in COPY data")
        yield row


def _number(kind: str, data: bytes, position: int) -> int:
    try:
        (number,) = struct.unpack_from(kind, data, position)
    except struct.error:
        raise BrokenData("unexpected EOF in COPY data") from None
    assert isinstance(number, int)
    return number


# Text and csv ------------------------------------------------------------------------------------


def text_rows(
    data: str, options: CopyOptions, names: Sequence[str] | None = None
) -> Iterator[TextRow]:
    """Yield the rows in data of COPY's text or csv format, and a header that has to be checked.

    Args:
        data: all of it.
        options: of the COPY.
        names: of the columns, for FORCE_NULL and FORCE_NOT_NULL.

    Raises:
        BrokenData: it is not in that format.
    """
    rows = _csv_rows(data, options, names) if options.format == "csv" else _rows(data, options)
    for row in rows:
        if row.line > 1 or not options.header or options.header_is_checked:
            yield row


def _lines(data: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of data as the first of them ends, each with its number."""
    first = _LINE_END.search(data)
    end = "\r" if first and first[0] == "\r" else "\n"
    found = data.split(end)
    if found[-1] == "":
        found.pop()
    if end == "\n" and found and found[0].endswith("\r"):
        found = [line.removesuffix("\r") for line in found]
    yield from enumerate(found, 1)


def _rows(data: str, options: CopyOptions) -> Iterator[TextRow]:
    delimiter = "\t" if options.delimiter is None else options.delimiter
    null = "\\N" if options.null is None else options.null
    before = ""
    for number, part in _lines(data):
        line = before + part
        if _is_escaped(line):
            before = f"{line}\n"
            continue
        before = ""
        if line == "\\.":
            return
        if "\r" in line:
            hint = 'Use "\\r" to represent carriage return.'
            raise BrokenData("literal carriage return found in data", number, line, hint)
        fields = line.split(delimiter)
        if "\\" in line:
            fields = _joined(fields, delimiter)
        values = [
            None
            if field == null
            else DefaultMarker(field)
            if field == options.default
            else _unescaped(field)
            for field in fields
        ]
        yield TextRow(number, line, values)
    if before:
        yield TextRow(number, before, [_unescaped(field) for field in before.split(delimiter)])


def _is_escaped(text: str) -> bool:
    """Return whether what follows a text is escaped by a backslash at its end."""
    return text.endswith("\\") and (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _joined(parts: list[str], delimiter: str) -> list[str]:
    """Join the parts of a line between which the delimiter is escaped."""
    fields: list[str] = []
    open_field = ""
    for part in parts:
        field = open_field + part
        open_field = f"{field}{delimiter}" if _is_escaped(field) else ""
        if not open_field:
            fields.append(field)
    return [*fields, open_field] if open_field else fields


def _unescaped(field: str) -> str:
    if "\\" not in field:
        return field
    return _ESCAPE.sub(_character, field.encode()).decode(errors="surrogateescape")


def _character(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes([int(match[1], 16)])
    if match[2]:
        return bytes([int(match[2], 8) & 0xFF])
    return _CONTROL.get(match[3], match[3])


def _csv_rows(data: str, options: CopyOptions, names: Sequence[str] | None) -> Iterator[TextRow]:
    delimiter = options.delimiter or ","
    null = options.null or ""
    quote = options.quote
    escape = options.escape or quote
    outside = re.compile(f"[{re.escape(delimiter + quote)}\r\n]")
    inside = re.compile(f"[{re.escape(quote + escape)}]")
    number, start, position, size = 1, 0, 0, len(data)
    while position < size:
        fields: list[str | None] = []
        text, is_quoted = "", False
        while True:
            mark = outside.search(data, position)
            text += data[position : mark.start() if mark else size]
            position = mark.end() if mark else size
            if mark and mark[0] == quote:
                is_quoted = True
                piece, position = _quoted(data, position, inside, quote, escape)
                if position < 0:
                    raise BrokenData("unterminated CSV quoted field", number, data[start:])
                text += piece
                continue
            name = names[len(fields)] if names and len(fields) < len(names) else None
            is_null = text == null and (
                options.forces(options.force_null, name)
                if is_quoted
                else not options.forces(options.force_not_null, name)
            )
            is_default = text == options.default and not is_quoted
            fields.append(None if is_null else DefaultMarker(text) if is_default else text)
            text, is_quoted = "", False
            if mark is None or mark[0] != delimiter:
                break
        end = mark.start() if mark else size
        if data[position - 1 : position + 1] == "\r\n":
            position += 1
        line = data[start:end]
        yield TextRow(number, line, fields)
        number += 1 + line.count("\n")
        start = position


def _quoted(
    data: str, position: int, inside: re.Pattern[str], quote: str, escape: str
) -> tuple[str, int]:
    """Return the text up to the closing quote, and the position after it; -1 if there is none."""
    parts: list[str] = []
    while mark := inside.search(data, position):
        parts.append(data[position : mark.start()])
        position = mark.end()
        following = data[position : position + 1]
        if mark[0] == escape and following and following in (escape, quote):
            parts.append(following)
            position += 1
        elif mark[0] == quote:
            return "".join(parts), position
        else:
            parts.append(mark[0])
    return "", -1
