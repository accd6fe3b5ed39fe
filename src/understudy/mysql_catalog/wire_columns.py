"""The columns of a result as the protocol defines them, made of a description's."""

from __future__ import annotations

from understudy.catalog.description import Column
from understudy.mysql.charsets import BINARY, UTF8MB4
from understudy.mysql.types import NOT_FIXED, Flag, Type
from understudy.mysql.types import Column as WireColumn
from understudy.mysql_catalog.column_types import BYTES, TEXTS, ColumnType, read_type

_WIDTH = 4  # bytes of a character of utf8mb4
_INTEGERS = {
    "tinyint": (Type.TINY, 4),
    "smallint": (Type.SHORT, 6),
    "mediumint": (Type.INT24, 9),
    "int": (Type.LONG, 11),
    "bigint": (Type.LONGLONG, 20),
}
_MOMENTS = {
    "date": (Type.DATE, 10),
    "datetime": (Type.DATETIME, 19),
    "timestamp": (Type.TIMESTAMP, 19),
    "time": (Type.TIME, 10),
}
# The most bytes; those of texts are multiplied by those of a character.
_LENGTHS = {
    "tinytext": 0xFF,
    "text": 0xFFFF,
    "mediumtext": 0xFFFFFF,
    "longtext": 0xFFFFFFFF,
    "tinyblob": 0xFF,
    "blob": 0xFFFF,
    "mediumblob": 0xFFFFFF,
    "longblob": 0xFFFFFFFF,
}
# Their scale is not in a computed column's type.
_SCALED = frozenset(["decimal", "datetime", "timestamp", "time", "bit"])


def wire_column(column: Column) -> WireColumn | None:
    """Return the definition of a column; None if only its values tell the type.

    Args:
        column: of a description.
    """
    kind = read_type(column.type)
    if kind.name in _SCALED and not kind.sizes and column.origin is None:
        return None
    found = _typed(kind)
    if found is None:
        return None
    number, length, flags, decimals = found
    is_text = kind.name in TEXTS or kind.name in ("enum", "set", "uuid")
    table, _, name = (column.origin or "").rpartition(".")
    if column.nullability == "not null":
        flags |= Flag.NOT_NULL
    return WireColumn(
        column.name,
        number,
        UTF8MB4 if is_text else BINARY,
        length,
        flags,
        decimals,
        table=table,
        original_table=table,
        original_name=name,
    )


def _typed(kind: ColumnType) -> tuple[Type, int, int, int] | None:
    """Return the type, the length in bytes, the flags and the decimals."""
    unsigned = Flag.UNSIGNED if kind.is_unsigned else 0
    size = kind.sizes[0] if kind.sizes else 0
    if kind.name in _INTEGERS:
        number, width = _INTEGERS[kind.name]
        return number, size or width, unsigned, 0
    if kind.name == "decimal":
        scale = (*kind.sizes, 0, 0)[1]
        point_and_sign = (scale > 0) + (not kind.is_unsigned)
        return Type.NEWDECIMAL, size + point_and_sign, unsigned, scale
    if kind.name in ("float", "double"):
        number, width = (Type.FLOAT, 12) if kind.name == "float" else (Type.DOUBLE, 22)
        return number, width, unsigned, NOT_FIXED - 8
    if kind.name in _MOMENTS:
        number, width = _MOMENTS[kind.name]
        flags = Flag.BINARY | (Flag.UNSIGNED if kind.name == "timestamp" else 0)
        return number, width + (size + 1 if size else 0), flags, size
    if kind.name == "year":
        return Type.YEAR, 4, Flag.UNSIGNED | Flag.ZEROFILL, 0
    if kind.name == "bit":
        return Type.BIT, size or 1, Flag.UNSIGNED, 0
    return _string(kind, size)


def _string(kind: ColumnType, size: int) -> tuple[Type, int, int, int] | None:
    is_bytes = kind.name in BYTES
    flags = Flag.BINARY if is_bytes else 0
    width = 1 if is_bytes else _WIDTH
    if kind.name == "json":
        return Type.JSON, 0xFFFFFFFF, Flag.BLOB | Flag.BINARY, 0
    if kind.name in _LENGTHS:
        return Type.BLOB, min(_LENGTHS[kind.name] * width, 0xFFFFFFFF), Flag.BLOB | flags, 0
    if kind.name in ("varchar", "varbinary"):
        return Type.VAR_STRING, (size or 255) * width, flags, 0
    if kind.name in ("char", "binary"):
        return Type.STRING, (size or 1) * width, flags, 0
    if kind.name in ("enum", "set"):
        longest = max(map(len, kind.labels), default=0)
        if kind.name == "set":
            longest = sum(map(len, kind.labels)) + max(len(kind.labels) - 1, 0)
        flag = Flag.ENUM if kind.name == "enum" else Flag.SET
        return Type.STRING, longest * _WIDTH, flag, 0
    if kind.name == "uuid":
        return Type.STRING, 36 * _WIDTH, 0, 0
    return None
