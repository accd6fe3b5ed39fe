"""What makes Python values of what a client sends, and bytes of what it is answered.

For each type there is a `Codec` (codec.py), made when it is first needed. None of them imports a
driver: most projects have only one, and what a driver's own loaders would take for granted (that a
server made the text) is here what has to be looked at. The conformance tests hold them against
psycopg and against PostgreSQL itself.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.pg.codecs.bits import LSN, SNAPSHOT, TID, VOID, bits
from understudy.pg.codecs.calendar import INFINITY
from understudy.pg.codecs.codec import TEXT, Codec, Decoder, Encoder, Unencodable, decoded
from understudy.pg.codecs.containers import array_of, record_of, vector
from understudy.pg.codecs.datetimes import DATE, TIME, TIMETZ, timestamp
from understudy.pg.codecs.extensions import EXTENSIONS
from understudy.pg.codecs.geometry import geometric
from understudy.pg.codecs.intervals import INTERVAL
from understudy.pg.codecs.json_documents import JsonText, json_codec
from understudy.pg.codecs.networks import CIDR, INET, card_address
from understudy.pg.codecs.numbers import BOOLEAN, floating, integer, object_number
from understudy.pg.codecs.numeric import MONEY, NUMERIC
from understudy.pg.codecs.ranges import Range, multirange_of, range_of
from understudy.pg.codecs.records import RECORD
from understudy.pg.codecs.strings import (
    BYTEA,
    CHAR,
    NAME,
    UUIDS,
    encoded,
    enum_of,
    named_number,
    only_text,
    text,
    versioned,
)
from understudy.pg.codecs.text_search import TSVECTOR
from understudy.pg.errors import ServerError, TrailingBytes
from understudy.pg.types import Type, Types

__all__ = ["Range", "TrailingBytes", "Unencodable", "Values"]

_NUMBER = object_number("oid")
_BASE: dict[str, Codec] = {
    "boolean": BOOLEAN,
    "bytea": BYTEA,
    '"char"': CHAR,
    "name": NAME,
    "smallint": integer("smallint", "!h"),
    "integer": integer("integer", "!i"),
    "bigint": integer("bigint", "!q"),
    "xid8": object_number("xid8", "!Q"),
    "oid": _NUMBER,
    "xid": object_number("xid"),
    "cid": object_number("cid"),
    "real": floating("real", "!f"),
    "double precision": floating("double precision", "!d"),
    "numeric": NUMERIC,
    "money": MONEY,
    "uuid": UUIDS,
    "json": json_codec("json"),
    "jsonb": json_codec("jsonb"),
    "jsonpath": versioned("jsonpath"),
    "date": DATE,
    "time without time zone": TIME,
    "time with time zone": TIMETZ,
    "timestamp without time zone": timestamp(
        "timestamp without time zone", "timestamp", aware=False
    ),
    "timestamp with time zone": timestamp(
        "timestamp with time zone", "timestamp with time zone", aware=True
    ),
    "interval": INTERVAL,
    "inet": INET,
    "cidr": CIDR,
    "macaddr": card_address("macaddr", 6),
    "macaddr8": card_address("macaddr8", 8),
    "bit": bits("bit"),
    "bit varying": bits("bit varying"),
    "tid": TID,
    "pg_lsn": LSN,
    "pg_snapshot": SNAPSHOT,
    "txid_snapshot": SNAPSHOT,
    "void": VOID,
    "record": RECORD,
    **{
        name: geometric(name)
        for name in ("point", "lseg", "box", "path", "polygon", "line", "circle")
    },
    **{
        name: named_number(name, _NUMBER)
        for name in (
            "regproc",
            "regprocedure",
            "regoper",
            "regoperator",
            "regclass",
            "regtype",
            "regconfig",
            "regdictionary",
            "regnamespace",
            "regrole",
            "regcollation",
        )
    },
    **{
        name: text(name)
        for name in (
            "text",
            "character varying",
            "character",
            "xml",
            "refcursor",
            "unknown",
            "cstring",
            "pg_node_tree",
        )
    },
    # A text of its own form, or bytes that only PostgreSQL can make sense of.
    **{name: only_text(name) for name in ("tsquery", "gtsvector", "aclitem")},
    "tsvector": TSVECTOR,
}
_PLAIN = frozenset((int, bool, UUID, dt.date, dt.datetime, Decimal))
_JSON = frozenset(("json", "jsonb"))
# Types with lists as values, which are not dimensions of an array.
_LISTS = _JSON | {"vector", "halfvec"}
_VECTORS = {"int2vector": "smallint", "oidvector": "oid"}


class Values:
    """What a session needs to know of the values of one schema's types.

    Args:
        types: the types.

    Attributes:
        types: as above.
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self._codecs: dict[str, Codec] = {}
        self._ways: dict[tuple[int, int], tuple[Decoder, Encoder]] = {}

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return what makes a Python value of a value's bytes; see `Responder.decoder`.

        It raises ServerError for what PostgreSQL would refuse: TrailingBytes if the caller, who
        knows the number of the parameter, has to name it.
        """
        return self._way(oid, form)[0]

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return what makes bytes of a Python value.

        It takes what any of the drivers would give for the type, and raises Unencodable for
        everything else.
        """
        return self._way(oid, form)[1]

    def same(self, oid: int, expected: Any, given: Any) -> bool:
        """Return whether a value that a rule expects is the one that was received.

        Args:
            oid: of the parameter's type.
            expected: what the rule has: any value that a driver would send as such a value.
            given: what a decoder has made of what was sent.
        """
        # Most are. A str may be the text of something else: of a JSON document.
        if type(expected) is type(given) and type(given) in _PLAIN and expected == given:
            return True
        found = self.types.bare(oid)
        is_json = found is not None and found.name.removesuffix("[]") in _JSON
        if expected is None or (given is None and not is_json):
            return expected is given
        codec = self._codec_of(found)
        # The code under test passes a document, or its text: asyncpg takes the text.
        for value in (expected, _as_json_text(expected)) if is_json else (expected,):
            try:
                if _equal(codec.input(codec.output(value)), given):
                    return True
            except (Unencodable, ServerError):
                continue
        return _is_endless(expected, given)

    def _way(self, oid: int, form: int) -> tuple[Decoder, Encoder]:
        found = self._ways.get((oid, form))
        if found is None:
            codec = self._codec_of(self.types.bare(oid))
            if form == TEXT:
                found = _of_text(codec.input), _to_text(codec.output)
            else:
                found = codec.receive, codec.send
            self._ways[oid, form] = found
        return found

    def _codec_of(self, found: Type | None) -> Codec:
        # Of a type that nobody knows, the text is all that can be said.
        return self.codec("text" if found is None else found.name)

    def codec(self, name: str) -> Codec:
        """Return the codec of a type by its spelling; that of a text for an unknown type."""
        codec = self._codecs.get(name)
        if codec is None:
            # A table's row type may hold arrays of itself.
            self._codecs[name] = Codec(
                lambda text: self._codecs[name].input(text),
                lambda data: self._codecs[name].receive(data),
                lambda value: self._codecs[name].output(value),
                lambda value: self._codecs[name].send(value),
            )
            codec = self._codecs[name] = self._made(name)
        return codec

    def _made(self, name: str) -> Codec:
        found = self.types.named(name)
        if found is None:
            return only_text(name)
        of = self.types.named(found.of) if found.of is not None else None
        match found.kind:
            case "enum":
                return enum_of(name, found.labels)
            case "domain" if of is not None:
                return self.codec(of.name)
            case "array" if of is not None:
                delimiter = ";" if of.name == "box" else ","
                below = self.types.bare(of.oid)
                return array_of(
                    name,
                    of.oid,
                    self.codec(of.name),
                    self._spelled,
                    delimiter,
                    holds_lists=below is not None and below.name.rpartition(".")[2] in _LISTS,
                )
            case "range" if of is not None:
                return range_of(name, of.name, self.codec(of.name))
            case "multirange" if of is not None:
                return multirange_of(name, self.codec(of.name))
            case "composite":
                fields = [self._field(field, type_name) for field, type_name in found.fields]
                return record_of(name, fields, self._spelled)
        if name in _VECTORS:
            element = self.types.named(_VECTORS[name])
            assert element is not None  # it is built in
            return vector(name, element.oid, self.codec(element.name), self._spelled)
        # A type of an extension may be in any schema.
        return _BASE.get(name) or EXTENSIONS.get(name.rpartition(".")[2]) or only_text(name)

    def _spelled(self, oid: int) -> str:
        found = self.types.numbered(oid)
        return "???" if found is None else found.name

    def _field(self, name: str, type_name: str) -> tuple[str, int, Codec]:
        return name, self.types.oid(type_name), self.codec(type_name)


def _of_text(read: Callable[[str], Any]) -> Decoder:
    return lambda data: read(decoded(data))


def _to_text(write: Callable[[Any], str]) -> Encoder:
    return lambda value: encoded("text", write(value))


def _as_json_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_json_text(item) for item in value]
    return JsonText(value) if isinstance(value, str) else value


def _equal(one: Any, other: Any) -> bool:
    """Return whether two values are the same to PostgreSQL: NaN is NaN, and true is no 1."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, str) and isinstance(other, bytes):  # of a type that is not known
        return one.encode() == other
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if hasattr(one, "is_nan") and hasattr(other, "is_nan") and one.is_nan():
        return bool(other.is_nan())
    return bool(one == other)


def _is_endless(expected: Any, given: Any) -> bool:
    """Return whether asyncpg sends a value as infinity, which it does with Python's last one."""
    if given == INFINITY:
        if isinstance(expected, dt.datetime):
            return expected.replace(tzinfo=None) == dt.datetime.max
        return isinstance(expected, dt.date) and expected == dt.date.max
    if given == f"-{INFINITY}":
        if isinstance(expected, dt.datetime):
            return expected.replace(tzinfo=None) == dt.datetime.min
        return isinstance(expected, dt.date) and expected == dt.date.min
    return False
