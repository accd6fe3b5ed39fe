"""Every type, in both forms and directions, compared with PostgreSQL."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from tests.conformance.wire.conftest import Refused, Server
from tests.conformance.wire.texts import TEXTS
from understudy.pg.codecs.codec import BINARY, TEXT

# What a Python value cannot tell: months from 30 days, the spaces of a JSON text.
_INEXACT = ("interval", "json")
# Their binary form is not known here, and no driver sends it.
_TEXT_ONLY = ("tsvector",)


def _alike(name: str, one: bytes | Refused, other: bytes | Refused) -> bool:
    if name == "json" and isinstance(one, bytes) and isinstance(other, bytes):
        return bool(json.loads(one) == json.loads(other))
    return one == other


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_read_as_postgresql_reads_it_and_answered_in_both_forms(
    server: Server, name: str
) -> None:
    forms = (TEXT,) if name in _TEXT_ONLY else (TEXT, BINARY)

    for text in TEXTS[name]:
        for form in forms:
            real = server.echo(name, text.encode(), TEXT, form)
            ours = server.ours(name, text.encode(), TEXT, form)
            assert _alike(name, real, ours), (text, form, real, ours)


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in _TEXT_ONLY])
def test_bytes_are_read_as_postgresql_reads_them(server: Server, name: str) -> None:
    checked = 0

    for text in TEXTS[name]:
        data = server.echo(name, text.encode(), TEXT, BINARY)
        if isinstance(data, bytes):
            for given in _spoilt(name, data):
                real = server.echo(name, given, BINARY, TEXT)
                ours = server.ours(name, given, BINARY, TEXT)
                assert _alike(name, real, ours), (text, given, real, ours)
                checked += 1

    assert checked


def _spoilt(name: str, data: bytes) -> list[bytes]:
    """Bytes, and the result if a driver, or the way, is faulty."""
    is_vector = name.endswith("vector")
    if is_vector and len(data) == 20:
        return []  # PostgreSQL 18 does not take what it sends of an empty one
    found = [data, data[:-1], data + b"\0"]
    if name not in _INEXACT and not is_vector:
        found += [b"", b"\xff"]
    if name in ("smallint", "integer", "bigint", "text", "numeric", "mood", "date"):
        found += [b"\xff" + data[1:], data[:-1] + b"\xff"]
    return found


_NO_TEXT = (b"\xff", b"a\xe2\x28\xa1", b"\xf0\x28", b"\xc3", b"\xed\xa0\x80", b"\x80")


@pytest.mark.parametrize(
    ("data", "form"),
    [
        *((data, form) for data in _NO_TEXT for form in (TEXT, BINARY)),
        (b"a\0b", BINARY),  # in the other form libpq would end the text at the NUL
    ],
)
def test_bytes_that_are_no_text(server: Server, data: bytes, form: int) -> None:
    real = server.echo("text", data, form, TEXT)

    assert real == server.ours("text", data, form, TEXT)
    assert isinstance(real, tuple)


@settings(max_examples=3 * settings.default.max_examples, suppress_health_check=list(HealthCheck))
@given(some.lists(some.sampled_from([*'{}[],: "\\ua1.-e', "null", '"a"', "12", "\n"]), max_size=12))
@example(['"', "\\", "u"])
@example(['"', "\\", "u", "a", "1"])
@example(['"', "\\", "u", "a", "1", '"'])
def test_what_is_no_json_is_refused_for_the_same_reason(server: Server, parts: list[str]) -> None:
    data = "".join(parts).encode()

    real = server.echo("json", data, TEXT, TEXT)
    ours = server.ours("json", data, TEXT, TEXT)

    assert _alike("json", real, ours), (data, real, ours)
