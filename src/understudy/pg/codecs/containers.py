"""Arrays and records: values that are made of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from understudy.pg.codecs.codec import Codec, Reader, Unencodable, invalid, refusal, sized, unfit
from understudy.pg.codecs.container_text import (
    MOST_DIMENSIONS,
    array_text,
    read_array,
    read_record,
    record_text,
)
from understudy.pg.codecs.numbers import OID
from understudy.pg.errors import ServerError, TrailingBytes

T = TypeVar("T")
_NUMBERS = re.compile(OID.pattern, re.ASCII)
# Numbers of objects need no space between them, numbers of columns need a plain one.
_VECTORS = {
    "oidvector": re.compile(rf"(?:\s*(?:{OID.pattern}))*\s*", re.ASCII),
    "int2vector": re.compile(r"(?:\s*[+-]?[0-9]+(?: |\Z))*\s*", re.ASCII),
}
# PostgreSQL's FirstGenbkiObjectId: numbers below it are the same on every server.
_FIRST_THAT_MAY_DIFFER = 10_000


def array_of(
    name: str,
    oid: int,
    element: Codec,
    spell: Callable[[int], str],
    delimiter: str = ",",
    *,
    holds_lists: bool = False,
) -> Codec:
    """Return the codec of an array; its values are lists, nested by dimension.

    Args:
        name: its spelling.
        oid: its element's number.
        element: its element's codec.
        spell: returns the spelling of a type by its number.
        delimiter: what stands between two items in a text.
        holds_lists: whether a list among the items is a value (of json) and not a dimension.
    """
    depth = 1 if holds_lists else MOST_DIMENSIONS

    def read(text: str) -> list[Any]:
        return read_array(text, element.input, delimiter)

    def write(value: Any) -> str:
        items = _listed(name, value, read)
        _lengths(name, items, depth)
        return array_text(items, element.output, delimiter, depth)

    def receive(data: bytes) -> list[Any]:
        return _receive_array(data, oid, spell, element.receive)

    def send(value: Any) -> bytes:
        items = _listed(name, value, read)
        lengths = _lengths(name, items, depth)
        flat = _flat(items, len(lengths))
        pieces = [sized(None if item is None else element.send(item)) for item in flat]
        head = [len(lengths), int(any(item is None for item in flat))]
        numbers = b"".join(number.to_bytes(4) for number in head) + oid.to_bytes(4)
        for length in lengths:
            numbers += length.to_bytes(4) + (1).to_bytes(4)
        return numbers + b"".join(pieces)

    return Codec(read, receive, write, send)


def _listed(name: str, value: Any, read: Callable[[str], list[Any]]) -> list[Any]:
    if isinstance(value, str):  # which a driver gives for an array that it was not told of
        return _read_given(name, value, read)
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return list(value)
    raise unfit(name, value)


def _read_given(name: str, value: str, read: Callable[[str], T]) -> T:
    try:
        return read(value)
    except ServerError as error:
        reason = error.fields.detail or error.fields.message
        raise Unencodable(f"{unfit(name, value)}: {reason}") from None


def _lengths(name: str, items: Sequence[Any], depth: int) -> list[int]:
    """Return the length of each dimension; a tuple is a value (a record, a point)."""
    lengths: list[int] = []
    here: list[Any] = list(items)
    while here:
        lengths.append(len(here) // _product(lengths))
        nested = [isinstance(value, list) for value in here]
        if len(lengths) == depth == 1 or not any(nested):
            return lengths
        if len(lengths) == depth:
            raise Unencodable(f"a value of {name} has at most {depth} dimensions")
        if not all(nested) or len({len(value) for value in here}) > 1:
            raise Unencodable(f"the lists in a value of {name} have to be of equal lengths")
        here = [item for value in here for item in value]
    # Lists without items, however nested, are an empty array.
    return []


def _product(lengths: Sequence[int]) -> int:
    product = 1
    for length in lengths:
        product *= length
    return product


def _flat(items: Sequence[Any], dimensions: int) -> list[Any]:
    if not dimensions:
        return []
    for _ in range(dimensions - 1):
        items = [item for row in items for item in row]
    return list(items)


def _receive_array(
    data: bytes, oid: int, spell: Callable[[int], str], receive: Callable[[bytes], Any]
) -> list[Any]:
    reader = Reader(data)
    dimensions = reader.number(4)
    if dimensions < 0:
        raise refusal("22P03", f"invalid number of dimensions: {dimensions}")
    if dimensions > MOST_DIMENSIONS:
        raise refusal(
            "54000",
            f"number of array dimensions ({dimensions}) exceeds the maximum allowed "
            f"({MOST_DIMENSIONS})",
        )
    if reader.number(4) not in (0, 1):
        raise refusal("22P03", "invalid array flags")
    sent = reader.number(4, signed=False)
    # As PostgreSQL does: the number of a type of the schema may be another one at the client.
    if sent != oid and max(sent, oid) < _FIRST_THAT_MAY_DIFFER:
        raise _wrong_type("array element type", sent, oid, spell)
    lengths = []
    for _ in range(dimensions):
        lengths.append(reader.number(4))
        reader.take(4)
    if any(length < 0 for length in lengths):
        raise refusal("54000", "array size exceeds the maximum allowed (134217727)")
    count = _product(lengths) if lengths else 0
    items = [_item(reader, f"array element {at}", receive) for at in range(1, count + 1)]
    reader.end()
    return _nested(items, lengths)


def _wrong_type(
    what: str, sent: int, oid: int, spell: Callable[[int], str], where: str = ""
) -> ServerError:
    return refusal(
        "42804",
        f"binary data has {what} {sent} ({spell(sent)}) instead of expected {oid} ({spell(oid)})"
        + where,
    )


def _item(reader: Reader, place: str, receive: Callable[[bytes], Any]) -> Any:
    data = reader.item()
    try:
        return None if data is None else receive(data)
    except TrailingBytes:
        raise refusal("22P03", f"improper binary format in {place}") from None


def _nested(items: list[Any], lengths: Sequence[int]) -> list[Any]:
    for length in reversed(lengths[1:]):
        items = [items[at : at + length] for at in range(0, len(items), length)] if length else []
    return items


def vector(name: str, oid: int, element: Codec, spell: Callable[[int], str]) -> Codec:
    """Return the codec of int2vector or oidvector: numbers with spaces between them."""
    array = array_of(name, oid, element, spell)

    def send(value: Any) -> bytes:
        data = array.send(_listed(name, value, read))
        # Such a one counts from 0, has one dimension always, and no NULL.
        if len(data) == 12:
            return (1).to_bytes(4) + data[4:] + bytes(8)
        return data[:16] + bytes(4) + data[20:]

    def read(text: str) -> list[Any]:
        if not _VECTORS[name].fullmatch(text):
            raise invalid("oid" if name == "oidvector" else "smallint", text)
        return [element.input(item) for item in (found[0] for found in _NUMBERS.finditer(text))]

    def write(value: Any) -> str:
        return " ".join(map(element.output, _listed(name, value, read)))

    return replace(array, input=read, output=write, send=send)


# Records -----------------------------------------------------------------------------------------

Fields = Sequence[tuple[str, int, Codec]]


def record_of(name: str, fields: Fields, spell: Callable[[int], str]) -> Codec:
    """Return the codec of a composite type; its values are tuples.

    Args:
        name: its spelling.
        fields: of each field the name, the number of its type and its codec.
        spell: returns the spelling of a type by its number.
    """

    def read(text: str) -> tuple[Any, ...]:
        parts = read_record(text, len(fields))
        return tuple(
            None if part is None else codec.input(part)
            for part, (_, _, codec) in zip(parts, fields, strict=True)
        )

    def receive(data: bytes) -> tuple[Any, ...]:
        return _receive_record(data, fields, spell)

    def write(value: Any) -> str:
        return record_text(
            None if value is None else codec.output(value)
            for value, (_, _, codec) in zip(in_order(value), fields, strict=True)
        )

    def send(value: Any) -> bytes:
        pieces = [
            oid.to_bytes(4) + sized(None if value is None else codec.send(value))
            for value, (_, oid, codec) in zip(in_order(value), fields, strict=True)
        ]
        return len(pieces).to_bytes(4) + b"".join(pieces)

    def in_order(value: Any) -> Sequence[Any]:
        if isinstance(value, Mapping):
            for field, _, _ in fields:
                if field not in value:
                    raise Unencodable(f"{name} has a field {field!r}, and the value has none")
            return [value[field] for field, _, _ in fields]
        if isinstance(value, str):
            return _read_given(name, value, read)
        # A record of asyncpg's is not a tuple, but has values like one.
        if not isinstance(value, (tuple, list)) and not hasattr(value, "keys"):
            raise unfit(name, value)
        values = list(value)
        if len(values) != len(fields):
            raise Unencodable(f"{name} has {len(fields)} fields, and the value has {len(values)}")
        return values

    return Codec(read, receive, write, send)


def _receive_record(data: bytes, fields: Fields, spell: Callable[[int], str]) -> tuple[Any, ...]:
    reader = Reader(data)
    count = reader.number(4)
    if count != len(fields):
        raise refusal("42804", f"wrong number of columns: {count}, expected {len(fields)}")
    found: list[Any] = []
    for number, (_, oid, codec) in enumerate(fields, 1):
        sent = reader.number(4, signed=False)
        if sent != oid:
            raise _wrong_type("type", sent, oid, spell, f" in record column {number}")
        found.append(_item(reader, f"record column {number}", codec.receive))
    reader.end()
    return tuple(found)
