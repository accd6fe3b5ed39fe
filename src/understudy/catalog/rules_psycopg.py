"""Which values psycopg sends for a parameter, and which of them PostgreSQL takes.

psycopg's own dumpers say what is sent: text or bytes, and the type that is announced for them.
What is announced as no type PostgreSQL reads as a literal of the parameter's type; anything else
it casts, as in an assignment. An explicit cast in the statement may take more (`%s::int` takes a
bool), an operator less (`name = %s` takes no int).

psycopg is imported when the first value has to be looked at closely.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from understudy.catalog.verdicts import CannotTell, NotSent, NotTaken
from understudy.pg.literal_containers import Broken, array_items
from understudy.pg.literals import INTEGERS, float_refusal, literal_refusal
from understudy.pg.pgtypes import PgType, builtin

_TEXTUAL = frozenset({"text", "character varying", "character", "name"})
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_TIMESTAMPS = ("timestamp without time zone", "timestamp with time zone")
# What PostgreSQL casts by itself in an assignment, of the types that psycopg announces.
_CASTS: dict[str, frozenset[str]] = {
    "smallint": frozenset({*_NUMBERS, "oid"}),
    "integer": frozenset({*_NUMBERS, "oid", "money"}),
    "bigint": frozenset({*_NUMBERS, "oid", "money"}),
    "numeric": frozenset({*_NUMBERS, "money"}),
    "real": frozenset(_NUMBERS),
    "double precision": frozenset(_NUMBERS),
    "date": frozenset(_TIMESTAMPS),
    "time without time zone": frozenset({"interval", "time with time zone"}),
    "time with time zone": frozenset({"time without time zone"}),
    _TIMESTAMPS[0]: frozenset({"date", "time without time zone", _TIMESTAMPS[1]}),
    _TIMESTAMPS[1]: frozenset(
        {"date", "time without time zone", "time with time zone", _TIMESTAMPS[0]}
    ),
    "interval": frozenset({"time without time zone"}),
    "json": frozenset({"jsonb"}),
    "jsonb": frozenset({"json"}),
    "inet": frozenset({"cidr"}),
    "cidr": frozenset({"inet"}),
    "oid": frozenset({"integer", "bigint"}),
    "text": frozenset({'"char"'}),
}
_MONEY_MAX = Decimal("92233720368547758.07")


def check(kind: PgType, value: object) -> None:
    """Raise where psycopg, or PostgreSQL after it, refuses a value for a type.

    Raises:
        NotSent, NotTaken, CannotTell: see `judging`.
    """
    if value is None:
        if kind.not_null:
            raise NotTaken(f"domain {kind.name} does not allow null values")
        return
    data, number, binary = _dumped(value)
    if number == 0:
        if binary:
            raise CannotTell("bytes without a type")
        reason = literal_refusal(kind, data.decode())
        if reason is not None:
            raise NotTaken(reason)
        return
    announced = _announced(number)
    if announced.kind == "array" and not binary:
        _check_rows(data.decode())
    if announced.name == kind.name:
        return
    if not _castable(announced, kind.bare):
        raise NotTaken(f"it is sent as {announced.name}")
    for leaf in _leaves(value):
        _check_number(_innermost(kind), leaf)


def announced_type(value: object) -> str | None:
    """Return the type that psycopg announces for a value; None where it announces none.

    Raises:
        NotSent: psycopg raises instead.
        CannotTell: psycopg is not installed.
    """
    number = _dumped(value)[1]
    return None if number == 0 else _announced(number).name


def _dumped(value: object) -> tuple[bytes, int, bool]:
    try:
        from psycopg.adapt import PyFormat, Transformer
    except ImportError as error:
        raise CannotTell("psycopg is not installed") from error
    transformer = Transformer()
    try:
        data = transformer.dump_sequence([value], [PyFormat.AUTO])[0]
    # A dumper is anyone's code: whatever it raises reaches the caller of execute().
    except Exception as error:  # it is reported as the reason
        raise NotSent(str(error).partition("\n")[0]) from error
    assert transformer.types is not None
    assert transformer.formats is not None
    return bytes(data or b""), transformer.types[0], bool(transformer.formats[0])


def _announced(number: int) -> PgType:
    from psycopg import adapters

    info = adapters.types.get(number)
    if info is None:
        raise CannotTell(f"the type number {number}")
    name = info.regtype or info.name
    return builtin(name if info.oid == number else f"{name}[]")


def _castable(announced: PgType, kind: PgType) -> bool:
    if kind.name in _TEXTUAL or announced.name == kind.name:
        return True
    if announced.kind == "array" and kind.kind == "array":
        assert announced.of is not None
        assert kind.of is not None
        return _castable(announced.of, kind.of.bare)
    if announced.kind == "unknown" or kind.kind == "unknown":
        raise CannotTell(f"casts of {announced.name}")
    return kind.name in _CASTS.get(announced.name, ())


def _check_rows(text: str) -> None:
    try:
        array_items(text)
    except Broken as broken:
        raise NotTaken(f"malformed {broken}: its rows are not of one length") from broken


def _innermost(kind: PgType) -> str:
    kind = kind.bare
    return _innermost(kind.of) if kind.kind == "array" and kind.of is not None else kind.name


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _check_number(type_name: str, value: Any) -> None:
    """Raise where a number does not fit into the type that it is cast to."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return
    if type_name in INTEGERS:
        lowest, highest = INTEGERS[type_name]
        if type_name == "oid":
            lowest = -(2**31)  # which are sent as integer, and wrap around
        if not (_finite(value) and lowest <= round(value) <= highest):
            raise NotTaken(f"{type_name} out of range")
    elif type_name in ("real", "double precision"):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if _finite(value) and float_refusal(type_name, number, "") is not None:
            raise NotTaken(f"{type_name} out of range")
    elif type_name == "money" and not (_finite(value) and abs(Decimal(value)) <= _MONEY_MAX):
        raise NotTaken("money out of range")


def _finite(value: int | float | Decimal) -> bool:
    return isinstance(value, int) or math.isfinite(value)
