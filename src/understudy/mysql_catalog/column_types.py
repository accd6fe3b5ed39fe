"""Types as `information_schema` prints them: "int(10) unsigned", "enum('a','b')"."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from understudy.mysql import sql

# The numbers of the protocol's types, which a computed column has.
_BY_NUMBER = {
    **{1: "tinyint", 2: "smallint", 9: "mediumint", 3: "int", 8: "bigint"},
    **{4: "float", 5: "double", 0: "decimal", 246: "decimal", 16: "bit", 13: "year"},
    **{10: "date", 14: "date", 12: "datetime", 18: "datetime", 7: "timestamp", 17: "timestamp"},
    **{11: "time", 19: "time", 245: "json", 255: "geometry"},
}
_LONG = frozenset([249, 250, 251, 252])
_SHORT = frozenset([15, 253, 254])
_BINARY = 63
_UNSIGNED, _ENUM, _SET = 0x20, 0x100, 0x800
INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
TEXTS = frozenset(["char", "varchar", "tinytext", "text", "mediumtext", "longtext"])
BYTES = frozenset(["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"])
LENGTHS = {"tinytext": 255, "tinyblob": 255, "text": 65_535, "blob": 65_535}
DATES = frozenset(["date", "datetime", "timestamp"])
NUMBERS = frozenset([*INTEGERS, "decimal", "float", "double", "year"])


class ColumnType(NamedTuple):
    """A type.

    Attributes:
        name: its name in lower case, without length.
        sizes: length, or precision and scale.
        labels: of an enum or a set.
        is_unsigned: whether it has no negative numbers.
    """

    name: str
    sizes: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    is_unsigned: bool = False

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the greatest number of a type of `INTEGERS`."""
        bits = 8 * INTEGERS[self.name]
        if self.is_unsigned:
            return 0, (1 << bits) - 1
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    @property
    def length(self) -> int | None:
        """How many characters or bytes a text or bytes may have; None if it has no bound here."""
        return self.sizes[0] if self.sizes else LENGTHS.get(self.name)


@lru_cache(maxsize=1024)
def read_type(text: str) -> ColumnType:
    """Read a type; what is not known stays a name without properties."""
    pieces = sql.pieces(text)
    if not pieces:
        return ColumnType("")
    name = pieces[0].text.lower()
    numbers = tuple(int(piece.text) for piece in pieces if piece.text.isdecimal())
    labels = tuple(str(sql.text_of(piece.text)) for piece in pieces if piece.kind == "text")
    words = {piece.word for piece in pieces}
    return ColumnType(name, numbers, labels, "UNSIGNED" in words)


def computed_type(number: int, flags: int, charset: int) -> str:
    """Return the name of the type of a column that is no table's."""
    if flags & _ENUM:
        return "enum"
    if flags & _SET:
        return "set"
    if number in _LONG:
        return "longblob" if charset == _BINARY else "longtext"
    if number in _SHORT:
        return "varbinary" if charset == _BINARY else "varchar"
    name = _BY_NUMBER.get(number, "")
    is_unsigned = flags & _UNSIGNED and name in INTEGERS
    return f"{name} unsigned" if is_unsigned else name


def plain(name: str) -> str:
    """Return an identifier without its backticks."""
    return re.sub("``", "`", name[1:-1]) if name[:1] == "`" else name
