"""Character sets and their collations."""

from __future__ import annotations

from typing import Final, NamedTuple

BINARY: Final = 63
UTF8MB4: Final = 45


class Charset(NamedTuple):
    """A character set.

    Attributes:
        name: as SET NAMES takes it.
        codec: Python's codec; MySQL's latin1 is cp1252.
        width: the most bytes of a character.
        collation: the number of its default collation.
        collations: the numbers of all its collations: of MySQL 8 and of MariaDB 10.11.
    """

    name: str
    codec: str
    width: int
    collation: int
    collations: frozenset[int]


def _charset(name: str, codec: str, width: int, collation: int, *others: int | range) -> Charset:
    numbers = {collation}
    for other in others:
        numbers.update([other] if isinstance(other, int) else other)
    return Charset(name, codec, width, collation, frozenset(numbers))


# Those for which Python has a codec, except ucs2, utf16 and utf32, which no client may use.
_CHARSETS = (
    _charset("utf8mb4", "utf-8", 4, UTF8MB4, 46, range(224, 248), range(255, 324), range(608, 611)),
    _charset("utf8mb3", "utf-8", 3, 33, 76, 83, range(192, 216), 223, range(576, 579)),
    _charset("latin1", "cp1252", 1, 8, 5, 15, 31, 47, 48, 49, 94),
    _charset("ascii", "ascii", 1, 11, 65),
    _charset("binary", "utf-8", 1, BINARY),
    _charset("big5", "big5", 2, 1, 84),
    _charset("cp1250", "cp1250", 1, 26, 34, 44, 66, 99),
    _charset("cp1251", "cp1251", 1, 51, 14, 23, 50, 52),
    _charset("cp1256", "cp1256", 1, 57, 67),
    _charset("cp1257", "cp1257", 1, 59, 29, 58),
    _charset("cp850", "cp850", 1, 4, 80),
    _charset("cp852", "cp852", 1, 40, 81),
    _charset("cp866", "cp866", 1, 36, 68),
    _charset("cp932", "cp932", 2, 95, 96),
    _charset("euckr", "euc_kr", 2, 19, 85),
    _charset("gb18030", "gb18030", 4, 248, 249, 250),
    _charset("gb2312", "gb2312", 2, 24, 86),
    _charset("gbk", "gbk", 2, 28, 87),
    _charset("greek", "iso8859_7", 1, 25, 70),
    _charset("hebrew", "iso8859_8", 1, 16, 71),
    _charset("koi8r", "koi8_r", 1, 7, 74),
    _charset("koi8u", "koi8_u", 1, 22, 75),
    _charset("latin2", "iso8859_2", 1, 9, 2, 21, 27, 77),
    _charset("latin5", "iso8859_9", 1, 30, 78),
    _charset("latin7", "iso8859_13", 1, 41, 20, 42, 79),
    _charset("sjis", "shift_jis", 2, 13, 88),
    _charset("tis620", "tis_620", 1, 18, 89),
    _charset("ujis", "euc_jp", 3, 12, 91),
)
USUAL: Final = _CHARSETS[0]
_BY_NAME: Final = {charset.name: charset for charset in _CHARSETS}
_BY_COLLATION: Final = {number: charset for charset in _CHARSETS for number in charset.collations}


def by_name(name: str) -> Charset | None:
    """Return a character set; None if it is unknown."""
    name = name.lower()
    return _BY_NAME.get("utf8mb3" if name == "utf8" else name)


def by_collation(number: int) -> Charset | None:
    """Return the character set of a collation; None if it is unknown."""
    return _BY_COLLATION.get(number)
