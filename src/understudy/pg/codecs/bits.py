"""Strings of bits, and the few types that stand alone: tid, pg_lsn, void."""

from __future__ import annotations

import re
from typing import Any

from understudy.pg.codecs.codec import Codec, Reader, invalid, plain, refusal, unfit, wrong_size
from understudy.pg.errors import ServerError

# As C reads it: whatever comes before the first number and after the last does not matter.
_TID = re.compile(r"[^(,)]*[(,](\s*[+-]?\d+|),(\s*[+-]?\d+|)\).*", re.ASCII | re.DOTALL)
_LSN = re.compile(r"([0-9a-fA-F]{1,8})/([0-9a-fA-F]{1,8})")


def bits(name: str) -> Codec:
    """Return the codec of bit or bit varying; its values are texts of 0 and 1."""

    def read(text: str) -> str:
        if text[:1] in ("x", "X"):
            for digit in text[1:]:
                if digit not in "0123456789abcdefABCDEF":
                    raise refusal("22P02", f'"{digit}" is not a valid hexadecimal digit')
            return "".join(f"{int(digit, 16):04b}" for digit in text[1:])
        found = text[1:] if text[:1] in ("b", "B") else text
        for digit in found:
            if digit not in "01":
                raise refusal("22P02", f'"{digit}" is not a valid binary digit')
        return found

    def receive(data: bytes) -> str:
        reader = Reader(data)
        length = reader.number(4)
        if length < 0:
            raise refusal("22P03", "invalid length in external bit string")
        packed = reader.take((length + 7) // 8)
        reader.end()
        return "".join(f"{each:08b}" for each in packed)[:length]

    def write(value: Any) -> str:
        value = plain(value)
        # asyncpg has a BitString.
        spelt = value.as_string() if hasattr(value, "as_string") else value
        if not isinstance(spelt, str) or re.search("[^01 ]", spelt):
            raise unfit(name, value)
        return spelt.replace(" ", "")

    def send(value: Any) -> bytes:
        text = write(value)
        packed = [int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8)]
        return len(text).to_bytes(4) + bytes(packed)

    return Codec(read, receive, write, send)


# tid ---------------------------------------------------------------------------------------------


def _read_tid(text: str) -> str:
    found = _TID.fullmatch(text)
    block, offset = (int(found[1] or 0), int(found[2] or 0)) if found else (0, -1)
    if not (-(2**31) <= block < 2**32 and 0 <= offset < 2**16):
        raise invalid("tid", text)
    return f"({block % 2**32},{offset})"


def _receive_tid(data: bytes) -> str:
    if len(data) != 6:
        raise wrong_size(data, 6)
    return f"({int.from_bytes(data[:4])},{int.from_bytes(data[4:])})"


def _tid(value: Any) -> str:
    # asyncpg has a tuple for it.
    text = f"({value[0]},{value[1]})" if isinstance(value, tuple) and len(value) == 2 else value
    try:
        return _read_tid(text)
    except (TypeError, ServerError):
        raise unfit("tid", value) from None


def _send_tid(value: Any) -> bytes:
    block, offset = _tid(value)[1:-1].split(",")
    return int(block).to_bytes(4) + int(offset).to_bytes(2)


TID = Codec(_read_tid, _receive_tid, _tid, _send_tid)


# pg_lsn ------------------------------------------------------------------------------------------


def _read_lsn(text: str) -> str:
    found = _LSN.fullmatch(text)
    if found is None:
        raise invalid("pg_lsn", text)
    return _lsn_text(int(found[1], 16) << 32 | int(found[2], 16))


def _lsn_text(number: int) -> str:
    return f"{number >> 32:X}/{number & 0xFFFFFFFF:X}"


def _receive_lsn(data: bytes) -> str:
    if len(data) != 8:
        raise wrong_size(data, 8)
    return _lsn_text(int.from_bytes(data))


def _lsn(value: Any) -> int:
    if isinstance(value, int) and 0 <= value < 2**64:
        return value
    found = _LSN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise unfit("pg_lsn", value)
    return int(found[1], 16) << 32 | int(found[2], 16)


LSN = Codec(
    _read_lsn,
    _receive_lsn,
    lambda value: _lsn_text(_lsn(value)),
    lambda value: _lsn(value).to_bytes(8),
)


# void --------------------------------------------------------------------------------------------

VOID = Codec(
    lambda _text: "",
    lambda _data: "",
    # What a function that returns nothing "returns" is the empty text, whatever a script gives.
    lambda _value: "",
    lambda _value: b"",
)
