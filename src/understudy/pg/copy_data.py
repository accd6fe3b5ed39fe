"""The data of COPY: how many rows it holds, and the lines that COPY TO writes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from understudy.pg import sql
from understudy.pg.sql_spelling import name_of, text_of

SIGNATURE = b"PGCOPY\n\xff\r\n\0"  # manual, COPY, "Binary Format"

_ESCAPED = dict(
    zip("\\\b\f\n\r\t\v", ("\\\\", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v"), strict=True)
)


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


# COPY TO -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class CopyOptions:
    """The options of a COPY (manual, COPY).

    Attributes:
        format: "text", "csv" or "binary".
        delimiter: between two values; None for the format's own.
        null: what stands for NULL; None for the format's own.
        quote, escape: of csv; `escape` is `quote` unless it is given.
        header: whether the names of the columns come first.
        force_quote: the columns whose values are always quoted; None for all.
        encoding: of the text.
    """

    format: str = "text"
    delimiter: str | None = None
    null: str | None = None
    quote: str = '"'
    escape: str | None = None
    header: bool = False
    force_quote: frozenset[str] | None = frozenset()
    encoding: str = "utf8"


def options_in(statement: str) -> CopyOptions:
    """Return the options of a COPY, in the syntax of today or of before version 9.0."""
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    options = CopyOptions()
    at = max(words.index(word) for word in ("STDIN", "STDOUT") if word in words) + 1
    if words[1:2] == ["BINARY"]:
        options.format = "binary"
    while at < len(words):
        word, at = words[at], at + 1
        given = at + (words[at : at + 1] in (["AS"], ["QUOTE"]))
        value = _literal(tokens[given]) if given < len(tokens) else ""
        if word == "FORMAT":
            options.format = value.lower()
        elif word in ("CSV", "BINARY"):
            options.format = word.lower()
        elif word == "HEADER":
            options.header = value.upper() not in ("FALSE", "OFF", "0")
        elif word in ("FORCE_QUOTE", "FORCE"):
            at = given
            options.force_quote, at = _columns(tokens, at)
        elif word in ("DELIMITER", "NULL", "QUOTE", "ESCAPE", "ENCODING"):
            setattr(options, word.lower(), value)
            at = given + 1
    return options


def _literal(token: str) -> str:
    if token[:2] in ("E'", "e'"):
        return token[2:-1].encode().decode("unicode_escape")
    text = text_of(token)
    return token.strip('"') if text is None else text


def _columns(tokens: Sequence[str], at: int) -> tuple[frozenset[str] | None, int]:
    """Return the columns of FORCE_QUOTE (None for all), and where they end."""
    if tokens[at] == "*":
        return None, at + 1
    at += tokens[at] == "("
    found = [name_of(tokens[at])]
    while tokens[at + 1 : at + 2] == (",",):
        found.append(name_of(tokens[at + 2]))
        at += 2
    return frozenset(found), at + 1


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
