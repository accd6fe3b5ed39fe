"""The texts of arrays, records and ranges: taken apart, and put together.

The words of a refusal, its DETAIL too, are PostgreSQL's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from understudy.pg.codecs.codec import SPACE
from understudy.pg.errors import ErrorFields, ServerError

_DIMENSIONS = re.compile(r"\s*(\[[+-]?\d+(:[+-]?\d+)?\])+\s*=\s*", re.ASCII)
_QUOTED_IN_ARRAY = re.compile(r'["\\{}\s]|^$|^null$', re.IGNORECASE | re.ASCII)
_QUOTED_IN_RECORD = re.compile(r'["\\(),\s]|^$', re.ASCII)
_QUOTED_IN_RANGE = re.compile(r'["\\()\[\],\s]|^$', re.ASCII)
# An item of an array in quotes, one without (up to each of the possible delimiters), and the parts
# of both: an escaped character, or some that are not. None of them goes back over a long text.
_QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_WORDS_IN_ARRAY = {
    delimiter: re.compile(rf'(?:[^\\{{}}"{delimiter}]++|\\.)*+', re.DOTALL) for delimiter in ",;"
}
_ESCAPED_OR_NOT = re.compile(r"\\.|[^\\]+", re.DOTALL)
_SPACES = re.compile(f"[{SPACE}]*+")
MOST_DIMENSIONS = 6
_UNEXPECTED_END = "Unexpected end of input."


def malformed(kind: str, text: str, detail: str) -> ServerError:
    """Return the error for a text that is not an array, a record or a range."""
    return ServerError(ErrorFields("22P02", f'malformed {kind} literal: "{text}"', detail=detail))


# Arrays ------------------------------------------------------------------------------------------


def read_array(text: str, read: Callable[[str], Any], delimiter: str) -> list[Any]:
    """Return the items of an array's text, nested by dimension, None for NULL.

    Args:
        text: the text.
        read: reads the text of one item.
        delimiter: what stands between two items.

    Raises:
        ServerError: it is not an array.
    """
    return _ArrayReader(text, read, delimiter).items()


class _ArrayReader:
    """Reads the text of one array."""

    def __init__(self, text: str, read: Callable[[str], Any], delimiter: str) -> None:
        self._text = text
        self._read = read
        self._delimiter = delimiter
        self._word = _WORDS_IN_ARRAY[delimiter].match
        self._dimensions = _DIMENSIONS.match(text)
        self._at = self._dimensions.end() if self._dimensions else 0

    def items(self) -> list[Any]:
        self._skip()
        if self._next() != "{":
            raise self._wrong('Array value must start with "{" or dimension information.')
        found, shape = self._level(1)
        self._skip()
        if self._at < len(self._text):
            raise self._wrong("Junk after closing right brace.")
        if self._dimensions and _lengths_in(self._dimensions[0]) != shape:
            raise self._wrong("Specified array dimensions do not match array contents.")
        return [] if 0 in shape else found

    def _level(self, depth: int) -> tuple[list[Any], tuple[int, ...]]:
        """Read from an opening brace to its closing one; return items and their dimensions."""
        if depth > MOST_DIMENSIONS:
            message = f"number of array dimensions exceeds the maximum allowed ({MOST_DIMENSIONS})"
            raise ServerError(ErrorFields("54000", message))
        found: list[Any] = []
        shape: tuple[int, ...] | None = None
        self._at += 1
        self._skip()
        if self._next() == "}":
            self._at += 1
            return found, (0,)
        while True:
            self._skip()
            item, inner = self._level(depth + 1) if self._next() == "{" else (self._item(), ())
            found.append(item)
            if shape is None:
                shape = inner
            elif inner != shape:
                raise self._wrong(
                    "Multidimensional arrays must have sub-arrays with matching dimensions."
                )
            self._skip()
            mark = self._next()
            self._at += 1
            if mark == "}":
                return found, (len(found), *shape)
            if mark != self._delimiter:
                raise self._wrong(
                    _UNEXPECTED_END
                    if mark == ""
                    else f'Unexpected "{mark}" character.'
                    if mark == "{"
                    else "Unexpected array element."
                    if inner
                    else "Incorrectly quoted array element."
                )

    def _item(self) -> Any:
        if self._next() == '"':
            return self._read(self._quoted())
        found = self._word(self._text, self._at)
        assert found is not None  # it may be empty
        self._at = found.end()
        if self._next() == "\\":  # with nothing after it
            raise self._wrong(_UNEXPECTED_END)
        word = found[0]
        if "\\" in word:
            pieces = _ESCAPED_OR_NOT.findall(word)
            if pieces[-1][0] != "\\":
                pieces[-1] = pieces[-1].rstrip(SPACE)
            return self._read("".join(_unescaped(piece) for piece in pieces))
        word = word.rstrip(SPACE)
        if not word:
            mark = self._next()
            raise self._wrong(f'Unexpected "{mark}" character.' if mark else _UNEXPECTED_END)
        return None if word.upper() == "NULL" else self._read(word)

    def _quoted(self) -> str:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            raise self._wrong(_UNEXPECTED_END)
        self._at = found.end()
        inner = found[1]
        if "\\" not in inner:
            return inner
        return "".join(map(_unescaped, _ESCAPED_OR_NOT.findall(inner)))

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip(self) -> None:
        found = _SPACES.match(self._text, self._at)
        assert found is not None  # it may be empty
        self._at = found.end()

    def _wrong(self, detail: str) -> ServerError:
        return malformed("array", self._text, detail)


def _unescaped(piece: str) -> str:
    return piece[1:] if piece[0] == "\\" else piece


def _lengths_in(dimensions: str) -> tuple[int, ...]:
    """Return the lengths that "[0:1][3]=" stands for."""
    bounds = [part.split(":") for part in re.findall(r"[\d+:-]+", dimensions)]
    return tuple(int(upper) - int(lower[0] if lower else 1) + 1 for *lower, upper in bounds)


def array_text(
    items: Sequence[Any], write: Callable[[Any], str], delimiter: str, depth: int
) -> str:
    """Return the text of an array; lists in it are its further dimensions, down to `depth`."""
    texts = [_item_text(item, write, delimiter, depth) for item in items]
    return "{" + delimiter.join(texts) + "}"


def _item_text(item: Any, write: Callable[[Any], str], delimiter: str, depth: int) -> str:
    if item is None:
        return "NULL"
    if depth > 1 and isinstance(item, list):
        return array_text(item, write, delimiter, depth - 1)
    text = write(item)
    if not _QUOTED_IN_ARRAY.search(text) and delimiter not in text:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# Records -----------------------------------------------------------------------------------------


def read_record(text: str, count: int) -> list[str | None]:
    """Return the texts of a record's fields, None for NULL.

    Raises:
        ServerError: it is not a record with so many fields.
    """
    bare = text.lstrip(SPACE)
    if not bare.startswith("("):
        raise malformed("record", text, "Missing left parenthesis.")
    at = 1
    found: list[str | None] = []
    for number in range(count):
        if number:
            if bare[at : at + 1] != ",":
                raise malformed("record", text, "Too few columns.")
            at += 1
        part, at = _part(bare, at, ",)", "record", text)
        found.append(part)
    if bare[at : at + 1] != ")":
        raise malformed("record", text, "Too many columns.")
    if bare[at + 1 :].strip(SPACE):
        raise malformed("record", text, "Junk after right parenthesis.")
    return found


def _part(bare: str, at: int, ends: str, kind: str, text: str) -> tuple[str | None, int]:
    """Return one field or bound, and where it ends; None if it is empty."""
    if bare[at : at + 1] and bare[at] in ends:
        return None, at
    pieces: list[str] = []
    is_quoted = False
    while at < len(bare) and (is_quoted or bare[at] not in ends):
        if bare[at] == "\\":
            at += 1
            pieces.append(bare[at : at + 1])
        elif bare[at] == '"' and is_quoted and bare[at + 1 : at + 2] == '"':
            at += 1
            pieces.append('"')
        elif bare[at] == '"':
            is_quoted = not is_quoted
        else:
            pieces.append(bare[at])
        at += 1
    if at >= len(bare):
        raise malformed(kind, text, _UNEXPECTED_END)
    return "".join(pieces), at


def record_text(fields: Iterable[str | None]) -> str:
    """Return the text of a record with fields of these texts, None for NULL."""
    return "(" + ",".join(_doubled(field, _QUOTED_IN_RECORD) for field in fields) + ")"


def _doubled(text: str | None, quoted: re.Pattern[str]) -> str:
    if text is None:
        return ""
    if not quoted.search(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '""') + '"'


# Ranges ------------------------------------------------------------------------------------------


def read_range(text: str) -> tuple[str, str | None, str | None] | None:
    """Return a range's brackets ("[)") and the texts of its bounds, None for one that is open.

    Returns None for the empty range.

    Raises:
        ServerError: it is not a range.
    """
    bare = text.strip(SPACE)
    if bare.lower() == "empty":
        return None
    if bare.lower().startswith("empty"):
        raise malformed("range", text, 'Junk after "empty" key word.')
    if bare[:1] not in ("[", "("):
        raise malformed("range", text, "Missing left parenthesis or bracket.")
    lower, at = _part(bare, 1, ",)]", "range", text)
    if bare[at] != ",":
        raise malformed("range", text, "Missing comma after lower bound.")
    upper, at = _part(bare, at + 1, ",)]", "range", text)
    if bare[at] == ",":
        raise malformed("range", text, "Too many commas.")
    if at + 1 != len(bare):
        raise malformed("range", text, "Junk after right parenthesis or bracket.")
    return bare[0] + bare[at], lower, upper


def range_text(bounds: str, lower: str | None, upper: str | None) -> str:
    """Return the text of a range with bounds of these texts, None for one that is open."""
    quoted = (_doubled(bound, _QUOTED_IN_RANGE) for bound in (lower, upper))
    return bounds[0] + ",".join(quoted) + bounds[1]


def read_ranges(text: str) -> list[str]:
    """Return the texts of the ranges in a multirange's text.

    Raises:
        ServerError: it is not a multirange.
    """
    bare = text.strip(SPACE)
    if not bare.startswith("{"):
        raise malformed("multirange", text, "Missing left brace.")
    at, found = 1, list[str]()
    while True:
        at = _skipped(bare, at)
        if bare[at : at + 1] == "}" and not found:
            break
        if bare[at : at + 1].lower() not in ("[", "(", "e"):
            end = _UNEXPECTED_END if at >= len(bare) else "Expected range start."
            raise malformed("multirange", text, end)
        start, at = at, _end_of_range(bare, at, text)
        found.append(bare[start:at])
        at = _skipped(bare, at)
        if bare[at : at + 1] != ",":
            break
        at += 1
    if bare[at : at + 1] != "}":
        end = _UNEXPECTED_END if at >= len(bare) else "Expected comma or end of multirange."
        raise malformed("multirange", text, end)
    if at + 1 != len(bare):
        raise malformed("multirange", text, "Junk after closing right brace.")
    return found


def _skipped(bare: str, at: int) -> int:
    while at < len(bare) and bare[at] in SPACE:
        at += 1
    return at


def _end_of_range(bare: str, at: int, text: str) -> int:
    if bare[at : at + 5].lower() == "empty":
        return at + 5
    is_quoted = False
    while at < len(bare):
        if bare[at] == "\\":
            at += 1
        elif bare[at] == '"':
            is_quoted = not is_quoted
        elif bare[at] in ")]" and not is_quoted:
            return at + 1
        at += 1
    raise malformed("multirange", text, _UNEXPECTED_END)
