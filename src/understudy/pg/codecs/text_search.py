"""tsvector, which can be received in binary form and is sent as text only."""

from __future__ import annotations

import re
from dataclasses import replace

from understudy.pg.codecs.codec import Reader, decoded, refusal
from understudy.pg.codecs.strings import only_text

_MARK = r"\d+[A-D*]*"
_LEXEMES = re.compile(rf"\s*(\S[^\s:]*(:{_MARK}(,{_MARK})*)?(\s+|$))*", re.ASCII | re.IGNORECASE)
# PostgreSQL's own limits: entries that fit into one piece of memory, bytes of a lexeme, positions.
_MOST_ENTRIES, _LONGEST, _MOST_POSITIONS = (2**30 - 1) // 4, 2047, 256
_POSITION = 0x3FFF  # the bits above are the weight
_WEIGHTS = ("", "C", "B", "A")


def _receive(data: bytes) -> str:
    reader = Reader(data)
    count = reader.number(4)
    if not 0 <= count <= _MOST_ENTRIES:
        raise refusal("XX000", "invalid size of tsvector")
    lexemes = sorted(_lexeme(reader) for _ in range(count))
    reader.end()
    return " ".join(text for _, text in lexemes)


def _lexeme(reader: Reader) -> tuple[bytes, str]:
    data = reader.string()
    if len(data) > _LONGEST:
        raise refusal("XX000", "invalid tsvector: lexeme too long")
    count = reader.number(2, signed=False)
    if count > _MOST_POSITIONS:
        raise refusal("XX000", "unexpected number of tsvector positions")
    numbers = [reader.number(2, signed=False) for _ in range(count)]
    places = [number & _POSITION for number in numbers]
    if places != sorted(set(places)):
        raise refusal("XX000", "position information is misordered")
    spelled = "'" + decoded(data).replace("\\", "\\\\").replace("'", "''") + "'"
    marks = [f"{number & _POSITION}{_WEIGHTS[number >> 14]}" for number in numbers]
    return data, spelled + (":" + ",".join(marks) if marks else "")


def _read(text: str) -> str:
    # A quote may stand anywhere, and changes what comes after it.
    plain = re.sub(r"\\.", "x", text, flags=re.DOTALL)
    if "'" not in text and ("\\" in plain or not _LEXEMES.fullmatch(plain)):
        raise refusal("42601", f'syntax error in tsvector: "{text}"')
    return text


TSVECTOR = replace(only_text("tsvector"), input=_read, receive=_receive)
