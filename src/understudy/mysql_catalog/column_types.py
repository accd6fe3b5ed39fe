"""Types as `information_schema` prints them: "int(10) unsigned", "enum('a','b')"."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from understudy.mysql import sql
from understudy.mysql.types import Column, Flag, Type

# What `information_schema` calls the types of the protocol, which a computed column has.
_NAMES: dict[int, str] = {
    Type.TINY: "tinyint",
    Type.SHORT: "smallint",
    Type.INT24: "mediumint",
    Type.LONG: "int",
    Type.LONGLONG: "bigint",
    Type.NEWDECIMAL: "decimal",
}
_SAME = (
    *(Type.FLOAT, Type.DOUBLE, Type.DECIMAL, Type.YEAR, Type.BIT, Type.DATE, Type.DATETIME),
    *(Type.TIMESTAMP, Type.TIME, Type.JSON, Type.GEOMETRY),
)
_NAMES |= {number: number.name.lower() for number in _SAME}
_LONG = (Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB, Type.BLOB)
_SHORT = (Type.VARCHAR, Type.VAR_STRING, Type.STRING)
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
        is_json: whether it holds JSON: on MariaDB a text with a condition.
    """

    name: str
    sizes: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()
    is_unsigned: bool = False
    is_json: bool = False

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
    return ColumnType(name, numbers, labels, "UNSIGNED" in words, "JSON" in words)


def computed_type(column: Column) -> str:
    """Return the name of the type of a column that is no table's; "" if it is not known."""
    if column.flags & Flag.ENUM:
        return "enum"
    if column.flags & Flag.SET:
        return "set"
    if column.type in _LONG:
        return "longblob" if column.is_bytes else "longtext"
    if column.type in _SHORT:
        return "varbinary" if column.is_bytes else "varchar"
    name = _NAMES.get(column.type, "")
    return f"{name} unsigned" if column.flags & Flag.UNSIGNED and name in INTEGERS else name
