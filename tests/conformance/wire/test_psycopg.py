"""The decoders read every value as psycopg's own loaders do."""

from __future__ import annotations

import datetime as dt
import ipaddress
import struct
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from psycopg.adapt import Transformer
from psycopg.pq import Format

from tests.conformance.wire.conftest import Server
from tests.conformance.wire.texts import TEXTS
from understudy.pg.codec_registry import Range, Values
from understudy.pg.codecs.codec import BINARY, TEXT
from understudy.pg.types import Types

TYPES = Types({})
VALUES = Values(TYPES)
_MOMENTS = some.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))
_DECIMALS = some.decimals(allow_nan=False, allow_infinity=False, places=6) | some.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40
)
_TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**60), 2**60) | _TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)

STRATEGIES: dict[str, some.SearchStrategy[Any]] = {
    "smallint": some.integers(-(2**15), 2**15 - 1),
    "integer": some.integers(-(2**31), 2**31 - 1),
    "bigint": some.integers(-(2**63), 2**63 - 1),
    "oid": some.integers(0, 2**32 - 1),
    "boolean": some.booleans(),
    "real": some.floats(width=32, allow_nan=False),
    "double precision": some.floats(allow_nan=False),
    "numeric": _DECIMALS,
    "text": _TEXT,
    "character varying": _TEXT,
    "bytea": some.binary(max_size=20),
    "uuid": some.uuids(),
    # A bare string would be taken for the text of a document, if it is one.
    "json": some.dictionaries(_TEXT, _JSON),
    "jsonb": some.lists(_JSON),
    "date": some.dates(),
    "timestamp without time zone": _MOMENTS,
    "timestamp with time zone": _MOMENTS.map(lambda item: item.replace(tzinfo=dt.UTC)),
    "time without time zone": some.times(),
    "time with time zone": some.times(timezones=some.just(dt.timezone(dt.timedelta(hours=-3)))),
    "interval": some.timedeltas(dt.timedelta(days=-(10**6)), dt.timedelta(days=10**6)),
    "inet": some.ip_addresses(),
    "cidr": some.ip_addresses().map(ipaddress.ip_network),
    "integer[]": some.lists(some.none() | some.integers(-(2**31), 2**31 - 1), max_size=5),
    "text[]": some.lists(some.none() | _TEXT, max_size=5),
    "numeric[]": some.lists(_DECIMALS, max_size=3),
}


# The types that psycopg writes as themselves for any value.
_DUMPED = frozenset(STRATEGIES) - {
    *("smallint", "integer", "bigint", "oid", "real", "bytea", "json", "jsonb"),
    *("integer[]", "text[]", "numeric[]"),
}


def _loaded(name: str, data: bytes, form: int) -> Any:
    transformer = Transformer()
    return transformer.get_loader(TYPES.oid(name), Format(form)).load(data)


@pytest.mark.parametrize("form", [TEXT, BINARY])
@pytest.mark.parametrize("name", STRATEGIES)
def test_what_we_write_psycopg_reads_and_what_psycopg_writes_we_read(name: str, form: int) -> None:
    oid = TYPES.oid(name)
    encoder, decoder = VALUES.encoder(oid, form), VALUES.decoder(oid, form)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(STRATEGIES[name])
    def check(value: Any) -> None:
        data = encoder(value)
        assert _single(name, _loaded(name, data, form)) == value
        assert decoder(data) == value
        if name in _DUMPED:
            written = Transformer().get_dumper(value, list(_FORMATS)[form]).dump(value)
            assert decoder(bytes(written or b"")) == value

    check()


def _single(name: str, value: Any) -> Any:
    """The number of single precision that psycopg reads the text of as one of double."""
    return struct.unpack("!f", struct.pack("!f", value))[0] if name == "real" else value


_FORMATS = (psycopg.adapt.PyFormat.TEXT, psycopg.adapt.PyFormat.BINARY)


@pytest.mark.parametrize("form", [TEXT, BINARY])
@pytest.mark.parametrize("name", TEXTS)
def test_what_postgresql_sends_is_read_as_psycopg_reads_it(
    server: Server, name: str, form: int
) -> None:
    oid = server.oid(name)
    bare = server.types.bare(oid)
    assert bare is not None
    if form == BINARY and name == "tsvector":
        return  # no driver asks for its binary form
    loader = Transformer(server.connection).get_loader(bare.oid, Format(form))

    for text in TEXTS[name]:
        data = server.echo(name, text.encode(), TEXT, form)
        if isinstance(data, tuple):
            continue
        ours = server.values.decoder(oid, form)(data)
        try:
            theirs = loader.load(data)
        except (psycopg.DataError, UnicodeDecodeError):
            # Python has no class for it, so the decoder returns PostgreSQL's text.
            assert isinstance(ours, str) or isinstance(ours.upper, str)
            continue
        if isinstance(theirs, (str, bytes)) and not isinstance(ours, type(theirs)):
            # It has no loader for a type that the connection was not told of, or no binary form.
            assert server.values.encoder(oid, form)(ours) == data
        elif name != "box[]":  # psycopg leaves its items as bytes
            expected = "" if theirs == "\0" else theirs  # of a "char" that is empty
            assert _plain(_single(name, ours)) == _plain(_single(name, expected)), text


def _plain(value: Any) -> Any:
    """A value that can be compared: a NaN with a NaN, a range with another's."""
    if isinstance(value, (list, tuple)) or type(value).__name__ == "Multirange":
        return [_plain(item) for item in value]
    if hasattr(value, "isempty"):
        if value.isempty:
            return Range(isempty=True, lower_inc=False)
        bounds = (_plain(item) for item in (value.lower, value.upper))
        return Range(*bounds, value.lower_inc, value.upper_inc)  # type: ignore[misc] # two bounds
    if isinstance(value, (float, Decimal)):
        return repr(value)
    return value
