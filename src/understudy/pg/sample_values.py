"""Made-up values of PostgreSQL's types, as texts that PostgreSQL can read."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from understudy.pg.types import Type, Types

_FIRST_DAY = date(2025, 1, 1)
_DAYS = 365
LARGEST = 9_999
_TEXTS = {"text": "made-up {}", "character varying": "made-up {}", "name": "made-up {}"}


def sample(types: Types, kind: Type, random: Random, label: str) -> str | None:
    """Return a value of a type as text; None for a type for which none can be made up.

    Args:
        types: the types that an array, a composite or a range consists of.
        kind: the type.
        random: the source of the value.
        label: what a text mentions.
    """
    match kind.kind:
        case "enum":
            return kind.labels[0] if kind.labels else None
        case "composite":
            return _all(types, [of for _, of in kind.fields], random, label, "({})")
        case "array":
            return _all(types, [kind.of], random, label, "{{{}}}")
        case "range":
            bound = _all(types, [kind.of], random, label, "{}")
            return None if bound is None else f"[{bound},{bound}]"
        case "multirange":
            inner = types.named(kind.of or "")
            text = None if inner is None else sample(types, inner, random, label)
            return None if text is None else f"{{{text}}}"
        case "domain":
            inner = types.named(kind.of or "")
            return None if inner is None else sample(types, inner, random, label)
    if kind.name in _TEXTS:
        return _TEXTS[kind.name].format(label)
    make = GENERATORS.get(kind.name)
    return None if make is None else str(make(random))


def _all(
    types: Types, names: list[str | None], random: Random, label: str, form: str
) -> str | None:
    """Return the text of a value that consists of others."""
    texts: list[str] = []
    for name in names:
        kind = types.named(name or "")
        text = None if kind is None else sample(types, kind, random, label)
        if text is None:
            return None
        texts.append(text)
    return form.format(",".join(map(quoted, texts)))


def quoted(text: str) -> str:
    """Quote an element of an array, a field of a composite or a bound of a range."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _timestamp(random: Random) -> datetime:
    return datetime.combine(_FIRST_DAY, time()) + timedelta(minutes=random.randrange(_DAYS * 1440))


def _point(random: Random) -> str:
    return f"({random.randint(0, 99)},{random.randint(0, 99)})"


def _address(random: Random) -> str:
    return f"10.{random.randrange(256)}.{random.randrange(256)}.{random.randint(1, 254)}"


def _hex(random: Random, digits: int) -> str:
    return f"{random.getrandbits(digits * 4):0{digits}x}"


def _word(random: Random) -> str:
    return "".join(random.choices(string.ascii_lowercase, k=8))


GENERATORS: dict[str, Callable[[Random], object]] = {
    "boolean": lambda random: random.choice(("true", "false")),
    "smallint": lambda random: random.randint(1, LARGEST),
    "integer": lambda random: random.randint(1, LARGEST),
    "bigint": lambda random: random.randint(1, LARGEST),
    "oid": lambda random: random.randint(1, LARGEST),
    "xid": lambda random: random.randint(1, LARGEST),
    "real": lambda random: random.randint(1, LARGEST) / 4,
    "double precision": lambda random: random.randint(1, LARGEST) / 4,
    "numeric": lambda random: Decimal(random.randint(1, LARGEST * 100)).scaleb(-2),
    "money": lambda random: random.randint(1, LARGEST),
    '"char"': lambda random: random.choice(string.ascii_letters),
    "bytea": lambda random: f"\\x{_hex(random, 16)}",
    "uuid": lambda random: UUID(int=random.getrandbits(128), version=4),
    "date": lambda random: _FIRST_DAY + timedelta(days=random.randrange(_DAYS)),
    "time without time zone": lambda random: _timestamp(random).time(),
    "time with time zone": lambda random: f"{_timestamp(random).time()}+00",
    "timestamp without time zone": _timestamp,
    "timestamp with time zone": lambda random: _timestamp(random).replace(tzinfo=UTC),
    "interval": lambda random: f"{random.randint(1, 1440)} minutes",
    "json": lambda _: "{}",
    "jsonb": lambda _: "{}",
    "jsonpath": lambda _: "$",
    "inet": _address,
    "cidr": _address,
    "macaddr": lambda random: _hex(random, 12),
    "macaddr8": lambda random: _hex(random, 16),
    "point": _point,
    "line": lambda random: f"{{1,{random.randint(1, 99)},{random.randint(1, 99)}}}",
    "lseg": lambda random: f"[{_point(random)},{_point(random)}]",
    "box": lambda random: f"{_point(random)},{_point(random)}",
    "path": lambda random: f"[{_point(random)},{_point(random)}]",
    "polygon": lambda random: f"({_point(random)},{_point(random)},{_point(random)})",
    "circle": lambda random: f"<{_point(random)},{random.randint(1, 99)}>",
    "tsvector": _word,
    "tsquery": _word,
    "character": lambda _: "x",
    "bit": lambda _: "1",
    "bit varying": lambda _: "1",
}
