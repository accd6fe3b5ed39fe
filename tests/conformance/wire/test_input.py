"""Every type, asked about many texts: the codecs accept what `pg_input_is_valid` calls valid."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.conformance.wire.conftest import Server
from tests.conformance.wire.input_texts import POOL
from understudy.pg.errors import ServerError

TYPES = (
    *("boolean", "bytea", '"char"', "name", "bigint", "smallint", "integer", "text", "oid", "tid"),
    *("xid", "cid", "xid8", "int2vector", "oidvector", "json", "jsonb", "jsonpath", "real"),
    *("double precision", "numeric", "money", "uuid", "date", "time without time zone"),
    *("time with time zone", "timestamp without time zone", "timestamp with time zone"),
    *("interval", "inet", "cidr", "macaddr", "macaddr8", "bit varying", "pg_lsn", "pg_snapshot"),
    *("point", "lseg", "box", "path", "polygon", "line", "circle", "tsvector", "tsquery"),
    *("character varying", "refcursor", "int4range", "int8range", "numrange", "daterange"),
    *("tsrange", "tstzrange", "int4multirange", "nummultirange", "datemultirange", "integer[]"),
    *("text[]", "numeric[]", "boolean[]", "date[]", "box[]", "jsonb[]", "int4range[]", "uuid[]"),
    *("mood", "quantity", "pair", "deep", "span", "spans", "mood[]", "pair[]", "quantity[]"),
)
# Their texts are not parsed, or only in part: see docs/conformance.md.
UNPARSED = ("jsonpath", "tsquery", "tsvector")
# PostgreSQL knows more spellings of these than the codecs, which keep what they do not know as str.
MOMENTS = ("date", "time without time zone", "time with time zone", "timestamp without time zone")
MOMENTS += ("timestamp with time zone",)
Pair = tuple[str, str]

# A number that is too large for numeric raises an error inside of pg_input_is_valid.
_IS_VALID = """
    CREATE FUNCTION is_valid(value text, type text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        found boolean;
    BEGIN
        EXECUTE 'SELECT pg_input_is_valid($1, ' || quote_literal(type) || ')'
            INTO found USING value;
        RETURN found;
    EXCEPTION WHEN numeric_value_out_of_range THEN
        RETURN false;
    END
    $$
"""


@pytest.fixture(scope="module")
def verdicts(server: Server) -> dict[Pair, bool]:
    """What PostgreSQL says of every text for every type."""
    server.connection.execute(_IS_VALID)
    rows = server.connection.execute(
        "SELECT type, value, is_valid(value, type)"
        " FROM unnest(%s::text[]) type, unnest(%s::text[]) value",
        [list(TYPES), list(POOL)],
    )
    return {(name, text): valid for name, text, valid in rows}


def test_what_postgresql_accepts_is_never_refused(
    server: Server, verdicts: dict[Pair, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    valid = {pair for pair, is_valid in verdicts.items() if is_valid}

    refused = {pair for pair in valid if not _accepts(server, pair)}

    with capsys.disabled():
        sys.stdout.write(f"\n{len(valid)} of {len(verdicts)} texts are valid for a type\n")
    assert len(POOL) > 60
    assert {name for name, _ in valid} == set(TYPES)
    assert sorted(refused) == []


def test_what_postgresql_refuses_is_refused_or_kept_as_text(
    server: Server, verdicts: dict[Pair, bool], capsys: pytest.CaptureFixture[str]
) -> None:
    invalid = [pair for pair, is_valid in verdicts.items() if not is_valid]
    parsed = [pair for pair in invalid if pair[0] not in UNPARSED]

    accepted = [pair for pair in parsed if _accepts(server, pair)]
    certain = [pair for pair in accepted if not _is_kept(server, pair)]

    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(accepted)} of {len(parsed)} invalid texts may be dates or times\n"
        )
    assert certain == []
    assert len(accepted) < len(parsed) / 100


def _accepts(server: Server, pair: Pair) -> bool:
    name, text = pair
    try:
        server.values.codec(name).input(text)
    except ServerError:
        return False
    return True


def _is_kept(server: Server, pair: Pair) -> bool:
    """Say whether a text is kept because PostgreSQL may know it as a date or a time."""
    name, text = pair
    value = server.values.codec(name).input(text)
    if name in MOMENTS:
        return isinstance(value, str)
    return "date" in name and any(isinstance(part, str) for part in _parts(value))


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, Iterable) and not isinstance(value, str):
        for item in value:
            yield from _parts(item)
    elif hasattr(value, "lower") and not isinstance(value, str):
        yield from (value.lower, getattr(value, "upper", None))
    else:
        yield value
