"""The types of common extensions: pgvector's, hstore, citext, ltree, cube.

Binary forms are those of the extensions' send functions (pgvector's vector.c, halfvec.c and
sparsevec.c, PostgreSQL's contrib/hstore, ltree and cube).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

from understudy.pg.codecs.codec import (
    SPACE,
    Codec,
    Reader,
    Unencodable,
    decoded,
    invalid,
    refusal,
    sized,
    unfit,
)
from understudy.pg.codecs.numbers import floating
from understudy.pg.codecs.strings import text, versioned
from understudy.pg.errors import ServerError

_REAL = floating("real", "!f")
_DOUBLE = floating("double precision", "!d")
_SPARSE = re.compile(rf"[{SPACE}]*\{{(.*)\}}[{SPACE}]*/[{SPACE}]*(\d+)[{SPACE}]*", re.DOTALL)
_HSTORE_PART = r'(?:"((?:[^"\\]|\\.)*)"|((?:[^\s"\\=,]|=(?!>)|\\.)+))'
_HSTORE_PAIR = re.compile(rf"\s*{_HSTORE_PART}\s*=>\s*{_HSTORE_PART}\s*(?:,|\Z)", re.DOTALL)
_CUBE_CORNER = re.compile(r"\(?([^()]*)\)?")


# pgvector ----------------------------------------------------------------------------------------


def _numbers(name: str, layout: str) -> Codec:
    """Return the codec of vector or halfvec, whose values are lists of floats."""

    def narrowed(number: float) -> float:
        try:
            (kept,) = struct.unpack(layout, struct.pack(layout, number))
        except OverflowError:
            raise refusal("22003", f'"{number!r}" is out of range for type {name}') from None
        if kept != kept or kept in (float("inf"), float("-inf")):
            what = "NaN" if kept != kept else "infinite value"
            raise refusal("22000", f"{what} not allowed in {name}")
        return float(kept)

    def checked(numbers: list[float]) -> list[float]:
        if not numbers:
            raise refusal("22000", f"{name} must have at least 1 dimension")
        return [narrowed(number) for number in numbers]

    def read(given: str) -> list[float]:
        bare = given.strip(SPACE)
        if not (bare.startswith("[") and bare.endswith("]")):
            raise invalid(name, given)
        try:
            inner = bare[1:-1].strip(SPACE)
            return checked([float(_REAL.input(part)) for part in inner.split(",") if inner])
        except ServerError as error:
            if error.fields.sqlstate == "22P02":
                raise invalid(name, given) from None
            raise

    def receive(data: bytes) -> list[float]:
        reader = Reader(data)
        count = reader.number(2)
        reader.take(2)
        numbers = [
            struct.unpack(layout, reader.take(struct.calcsize(layout)))[0] for _ in range(count)
        ]
        reader.end()
        return checked(numbers)

    def listed(value: Any) -> list[float]:
        for method in ("to_list", "tolist"):  # pgvector's own classes, numpy's array
            if hasattr(value, method):
                value = getattr(value, method)()
        try:
            if isinstance(value, str):
                return read(value)
            if isinstance(value, (list, tuple)):
                return checked([float(number) for number in value])
        except ServerError as error:
            raise Unencodable(f"{unfit(name, value)}: {error.fields.message}") from None
        except (TypeError, ValueError):
            pass
        raise unfit(name, value)

    def write(value: Any) -> str:
        return "[" + ",".join(map(_REAL.output, listed(value))) + "]"

    def send(value: Any) -> bytes:
        numbers = listed(value)
        return struct.pack(f"!hh{len(numbers)}{layout[1]}", len(numbers), 0, *numbers)

    return Codec(read, receive, write, send)


def _read_sparse(given: str) -> str:
    found = _SPARSE.fullmatch(given)
    if found is None:
        raise invalid("sparsevec", given)
    size = int(found[2])
    pairs: dict[int, float] = {}
    for part in found[1].split(",") if found[1].strip(SPACE) else ():
        index, mark, number = part.partition(":")
        if not mark or not index.strip(SPACE).isdigit():
            raise invalid("sparsevec", given)
        at = int(index)
        if not 1 <= at <= size:
            raise refusal("22000", "sparsevec index out of bounds")
        if at in pairs:
            raise refusal("22000", "sparsevec indices must not contain duplicates")
        pairs[at] = float(_REAL.input(number))
    return _sparse_text(pairs, size)


def _sparse_text(pairs: Mapping[int, float], size: int) -> str:
    inner = ",".join(f"{at}:{_REAL.output(pairs[at])}" for at in sorted(pairs) if pairs[at])
    return f"{{{inner}}}/{size}"


def _receive_sparse(data: bytes) -> str:
    reader = Reader(data)
    size, count, _ = (reader.number(4) for _ in range(3))
    places = [reader.number(4) + 1 for _ in range(count)]
    numbers = [_REAL.receive(reader.take(4)) for _ in range(count)]
    reader.end()
    return _sparse_text(dict(zip(places, numbers, strict=True)), size)


def _pack_sparse(spelled: str) -> bytes:
    inner, _, size = spelled[1:].partition("}/")
    pairs = [part.split(":") for part in inner.split(",") if part]
    head = struct.pack(
        f"!{3 + len(pairs)}i", int(size), len(pairs), 0, *(int(at) - 1 for at, _ in pairs)
    )
    return head + b"".join(_REAL.send(_REAL.input(number)) for _, number in pairs)


# hstore ------------------------------------------------------------------------------------------


def _read_hstore(given: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    at, end = 0, len(given.rstrip())
    while at < end:
        pair = _HSTORE_PAIR.match(given, at)
        if pair is None:
            raise refusal("42601", f'syntax error in hstore, near "{given[at : at + 1]}"')
        quoted_key, bare_key, quoted, bare = pair.groups()
        key = _bare(quoted_key if bare_key is None else bare_key)
        is_null = bare is not None and bare.lower() == "null"
        found.setdefault(key, None if is_null else _bare(quoted if bare is None else bare))
        at = pair.end()
    return _in_order(found)


def _bare(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) if "\\" in part else part


def _in_order(pairs: Mapping[str, str | None]) -> dict[str, str | None]:
    """Sort as hstore does: the shorter key first."""
    keys = sorted(pairs, key=lambda key: (len(key.encode()), key))
    return {key: pairs[key] for key in keys}


def _pairs(value: Any) -> dict[str, str | None]:
    if isinstance(value, str):
        try:
            return _read_hstore(value)
        except ServerError:
            raise unfit("hstore", value) from None
    is_fit = isinstance(value, Mapping) and all(
        isinstance(key, str) and isinstance(item, str | None) for key, item in value.items()
    )
    if not is_fit:
        raise unfit("hstore", value)
    return _in_order(value)


def _quoted(part: str) -> str:
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_hstore(value: Any) -> str:
    return ", ".join(
        f"{_quoted(key)}=>{'NULL' if item is None else _quoted(item)}"
        for key, item in _pairs(value).items()
    )


def _receive_hstore(data: bytes) -> dict[str, str | None]:
    reader = Reader(data)
    found: dict[str, str | None] = {}
    for _ in range(reader.number(4)):
        key, item = reader.item(), reader.item()
        if key is None:
            raise refusal("22004", "null value not allowed for hstore key")
        found.setdefault(decoded(key), None if item is None else decoded(item))
    reader.end()
    return _in_order(found)


def _send_hstore(value: Any) -> bytes:
    pairs = _pairs(value)
    pieces = [
        sized(key.encode()) + sized(None if item is None else item.encode())
        for key, item in pairs.items()
    ]
    return len(pairs).to_bytes(4) + b"".join(pieces)


# cube --------------------------------------------------------------------------------------------


def _corners(given: str) -> tuple[list[float], list[float]]:
    bare = given.strip(SPACE)
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1].strip(SPACE)
    if not bare:
        raise refusal("22P02", "invalid input syntax for cube")
    first, comma, second = re.sub(r"\)\s*,\s*\(", ")|(", bare).partition("|")
    found = []
    for corner in (first, second) if comma else (first,):
        inner = _CUBE_CORNER.fullmatch(corner.strip(SPACE))
        if inner is None:
            raise refusal("22P02", "invalid input syntax for cube")
        parts = inner[1].split(",") if inner[1].strip(SPACE) else []
        found.append([float(_DOUBLE.input(part)) for part in parts])
    if len(found) == 2 and len(found[0]) != len(found[1]):
        raise refusal("22P02", "invalid input syntax for cube")
    return found[0], found[-1]


def _read_cube(given: str) -> str:
    return _cube_text(*_corners(given))


def _cube_text(first: list[float], second: list[float]) -> str:
    spelled = ["(" + ", ".join(map(_DOUBLE.output, corner)) + ")" for corner in (first, second)]
    return spelled[0] if first == second else ",".join(spelled)


def _receive_cube(data: bytes) -> str:
    reader = Reader(data)
    head = reader.number(4, signed=False)
    size = head & 0x7FFFFFFF
    corners = [
        [_DOUBLE.receive(reader.take(8)) for _ in range(size)]
        for _ in range(1 if head >> 31 else 2)
    ]
    reader.end()
    return _cube_text(corners[0], corners[-1])


def _pack_cube(spelled: str) -> bytes:
    first, second = _corners(spelled)
    is_point = first == second
    numbers = first if is_point else first + second
    return struct.pack(f"!I{len(numbers)}d", len(first) | (is_point << 31), *numbers)


def _texts(
    name: str,
    read: Callable[[str], str],
    receive: Callable[[bytes], str],
    pack: Callable[[str], bytes],
) -> Codec:
    def write(value: Any) -> str:
        value = value.to_text() if hasattr(value, "to_text") else value
        if isinstance(value, (list, tuple)) and name == "cube":
            value = "(" + ",".join(map(str, value)) + ")"
        if not isinstance(value, str):
            raise unfit(name, value)
        try:
            return read(value)
        except ServerError:
            raise unfit(name, value) from None

    return Codec(read, receive, write, lambda value: pack(write(value)))


EXTENSIONS: Mapping[str, Codec] = {
    "vector": _numbers("vector", "!f"),
    "halfvec": _numbers("halfvec", "!e"),
    "sparsevec": _texts("sparsevec", _read_sparse, _receive_sparse, _pack_sparse),
    "hstore": Codec(_read_hstore, _receive_hstore, _write_hstore, _send_hstore),
    "citext": text("citext"),
    **{name: versioned(name) for name in ("ltree", "lquery", "ltxtquery")},
    "cube": _texts("cube", _read_cube, _receive_cube, _pack_cube),
}
