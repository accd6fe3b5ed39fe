"""Strings of bits, and the few types that stand alone: tid, pg_lsn, pg_snapshot, void."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from understudy.pg.codecs.codec import (
    Codec,
    Reader,
    exactly,
    invalid,
    plain,
    refusal,
    text_valued,
    unfit,
)

# As C reads it: what comes before the first number and after the last does not matter.
_TID = re.compile(r"[^(,)]*[(,](\s*[+-]?\d+|),(\s*[+-]?\d+|)\).*", re.ASCII | re.DOTALL)
_LSN = re.compile(r"([0-9a-fA-F]{1,8})/([0-9a-fA-F]{1,8})")
_NUMBER = r"\s*[+-]?\d+"
_SNAPSHOT = re.compile(rf"({_NUMBER}):({_NUMBER}):((?:{_NUMBER}(?:,|\Z))*)", re.ASCII)


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
        return "".join(f"{byte:08b}" for byte in packed)[:length]

    def write(value: Any) -> str:
        value = plain(value)
        # asyncpg has a BitString.
        digits = value.as_string() if hasattr(value, "as_string") else value
        if not isinstance(digits, str) or re.search("[^01 ]", digits):
            raise unfit(name, value)
        return digits.replace(" ", "")

    def send(value: Any) -> bytes:
        text = write(value)
        packed = [int(text[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(text), 8)]
        return len(text).to_bytes(4) + bytes(packed)

    return Codec(read, receive, write, send)


# tid and pg_lsn ----------------------------------------------------------------------------------


def _read_tid(text: str) -> str:
    found = _TID.fullmatch(text)
    block, offset = (int(found[1] or 0), int(found[2] or 0)) if found else (0, -1)
    if not (-(2**31) <= block < 2**32 and 0 <= offset < 2**16):
        raise invalid("tid", text)
    return f"({block % 2**32},{offset})"


def _receive_tid(data: bytes) -> str:
    exactly(data, 6)
    return f"({int.from_bytes(data[:4])},{int.from_bytes(data[4:])})"


def _pack_tid(text: str) -> bytes:
    block, offset = text[1:-1].split(",")
    return int(block).to_bytes(4) + int(offset).to_bytes(2)


def _tid_text(value: Any) -> Any:
    # asyncpg has a tuple for it.
    return f"({value[0]},{value[1]})" if isinstance(value, tuple) and len(value) == 2 else value


def _read_lsn(text: str) -> str:
    found = _LSN.fullmatch(text)
    if found is None:
        raise invalid("pg_lsn", text)
    return str(_lsn_text(int(found[1], 16) << 32 | int(found[2], 16)))


def _lsn_text(value: Any) -> Any:
    is_number = isinstance(value, int) and -(2**63) <= value < 2**64
    value = value % 2**64 if is_number else value  # asyncpg reads it with a sign
    return f"{value >> 32:X}/{value & 0xFFFFFFFF:X}" if is_number else value


def _pack_lsn(text: str) -> bytes:
    return b"".join(int(half, 16).to_bytes(4) for half in text.split("/"))


TID = text_valued("tid", _read_tid, _receive_tid, _pack_tid, _tid_text)
LSN = text_valued(
    "pg_lsn",
    _read_lsn,
    lambda data: str(_lsn_text(int.from_bytes(exactly(data, 8)))),
    _pack_lsn,
    _lsn_text,
)


# pg_snapshot, and txid_snapshot, its older name --------------------------------------------------


def _snapshot(first: int, last: int, running: Sequence[int], *, is_text: bool) -> str | None:
    """Return the text "xmin:xmax:running,running"; None if there is no such snapshot.

    The running transactions are sorted and between the others. In bytes one may be the last.
    """
    end = last if is_text else last + 1
    is_sane = 0 < first <= last < 2**64 and list(running) == sorted(running)
    if not is_sane or not all(first <= number < end for number in running):
        return None
    return f"{first}:{last}:{','.join(str(number) for number in dict.fromkeys(running))}"


def _read_snapshot(text: str, *, is_text: bool = True) -> str:
    found = _SNAPSHOT.fullmatch(text)
    numbers = [found[1], found[2], *found[3].split(",")] if found else ["0", "0"]
    first, last, *running = (_unsigned(int(number)) for number in numbers if number)
    spelled = _snapshot(first, last, running, is_text=is_text)
    if spelled is None:
        raise invalid("pg_snapshot", text)  # of both, as they are one
    return spelled


def _unsigned(number: int) -> int:
    """Return a number as C's strtoull reads it: one that is too large as the largest."""
    return number % 2**64 if abs(number) < 2**64 else 2**64 - 1


def _receive_snapshot(data: bytes) -> str:
    reader = Reader(data)
    count = reader.number(4)
    # PostgreSQL's own limit: what fits into one piece of memory.
    is_sane = 0 <= count <= (2**30 - 25) // 8
    first, last = (reader.number(8, signed=False) for _ in range(2)) if is_sane else (0, 0)
    running: list[int] = []
    spelled = _snapshot(first, last, running, is_text=False)
    while spelled is not None and len(running) < count:
        running.append(reader.number(8, signed=False))
        spelled = _snapshot(first, last, running, is_text=False)
    if spelled is None:
        raise refusal("22P03", "invalid external pg_snapshot data")
    reader.end()
    return spelled


def _pack_snapshot(text: str) -> bytes:
    first, last, running = text.split(":")
    numbers = [int(number) for number in (first, last, *running.split(",")) if number]
    return (len(numbers) - 2).to_bytes(4) + b"".join(number.to_bytes(8) for number in numbers)


def _snapshot_text(value: Any) -> Any:
    # asyncpg has tuples.
    is_tuple = isinstance(value, tuple) and len(value) == 3 and isinstance(value[2], (tuple, list))
    return f"{value[0]}:{value[1]}:{','.join(map(str, value[2]))}" if is_tuple else value


SNAPSHOT = text_valued(
    "pg_snapshot",
    _read_snapshot,
    _receive_snapshot,
    _pack_snapshot,
    _snapshot_text,
    check=lambda text: _read_snapshot(text, is_text=False),
)


# void --------------------------------------------------------------------------------------------

VOID = Codec(
    lambda _text: "",
    lambda _data: "",
    # A function that returns nothing "returns" the empty text, whatever a script says.
    lambda _value: "",
    lambda _value: b"",
)
