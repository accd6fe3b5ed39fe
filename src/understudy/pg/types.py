"""The types that a session knows, each with its number.

Built-in types have PostgreSQL's numbers. A type of the schema has one that is made of its name
(oids.py), so that a driver's question about it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from understudy.pg.oids import stable_oids

Kind = Literal["base", "array", "enum", "domain", "composite", "range", "multirange", "pseudo"]

# Every built-in type that a client can meet: its spelling by `format_type`, its number, that of the
# array of it (0: there is none) and its size (`typlen`). Held against pg_type by the conformance
# tests.
_BASE = {
    "boolean": (16, 1000, 1),
    "bytea": (17, 1001, -1),
    '"char"': (18, 1002, 1),
    "name": (19, 1003, 64),
    "bigint": (20, 1016, 8),
    "smallint": (21, 1005, 2),
    "int2vector": (22, 1006, -1),
    "integer": (23, 1007, 4),
    "regproc": (24, 1008, 4),
    "text": (25, 1009, -1),
    "oid": (26, 1028, 4),
    "tid": (27, 1010, 6),
    "xid": (28, 1011, 4),
    "cid": (29, 1012, 4),
    "oidvector": (30, 1013, -1),
    "json": (114, 199, -1),
    "xml": (142, 143, -1),
    "pg_node_tree": (194, 0, -1),
    "point": (600, 1017, 16),
    "lseg": (601, 1018, 32),
    "path": (602, 1019, -1),
    "box": (603, 1020, 32),
    "polygon": (604, 1027, -1),
    "line": (628, 629, 24),
    "cidr": (650, 651, -1),
    "real": (700, 1021, 4),
    "double precision": (701, 1022, 8),
    "circle": (718, 719, 24),
    "macaddr8": (774, 775, 8),
    "money": (790, 791, 8),
    "macaddr": (829, 1040, 6),
    "inet": (869, 1041, -1),
    "aclitem": (1033, 1034, 16),
    "character": (1042, 1014, -1),
    "character varying": (1043, 1015, -1),
    "date": (1082, 1182, 4),
    "time without time zone": (1083, 1183, 8),
    "timestamp without time zone": (1114, 1115, 8),
    "timestamp with time zone": (1184, 1185, 8),
    "interval": (1186, 1187, 16),
    "time with time zone": (1266, 1270, 12),
    "bit": (1560, 1561, -1),
    "bit varying": (1562, 1563, -1),
    "numeric": (1700, 1231, -1),
    "refcursor": (1790, 2201, -1),
    "regprocedure": (2202, 2207, 4),
    "regoper": (2203, 2208, 4),
    "regoperator": (2204, 2209, 4),
    "regclass": (2205, 2210, 4),
    "regtype": (2206, 2211, 4),
    "uuid": (2950, 2951, 16),
    "txid_snapshot": (2970, 2949, -1),
    "pg_lsn": (3220, 3221, 8),
    "pg_ndistinct": (3361, 0, -1),
    "pg_dependencies": (3402, 0, -1),
    "tsvector": (3614, 3643, -1),
    "tsquery": (3615, 3645, -1),
    "gtsvector": (3642, 3644, -1),
    "regconfig": (3734, 3735, 4),
    "regdictionary": (3769, 3770, 4),
    "jsonb": (3802, 3807, -1),
    "jsonpath": (4072, 4073, -1),
    "regnamespace": (4089, 4090, 4),
    "regrole": (4096, 4097, 4),
    "regcollation": (4191, 4192, 4),
    "pg_mcv_list": (5017, 0, -1),
    "pg_snapshot": (5038, 5039, -1),
    "xid8": (5069, 271, 8),
}
_PSEUDO = {
    "unknown": (705, 0, -2),
    "record": (2249, 2287, -1),
    "cstring": (2275, 1263, -2),
    "anyarray": (2277, 0, -1),
    "void": (2278, 0, 4),
    "trigger": (2279, 0, 4),
    "event_trigger": (3838, 0, 4),
}
# The range, its array, the multirange, its array; and the subtype.
_RANGES = {
    "int4range": (3904, 3905, 4451, 6150, "integer"),
    "numrange": (3906, 3907, 4532, 6151, "numeric"),
    "tsrange": (3908, 3909, 4533, 6152, "timestamp without time zone"),
    "tstzrange": (3910, 3911, 4534, 6153, "timestamp with time zone"),
    "daterange": (3912, 3913, 4535, 6155, "date"),
    "int8range": (3926, 3927, 4536, 6157, "bigint"),
}
# How people, and `format_type` with a modifier, spell what is listed otherwise.
_SPELLINGS = {"bpchar": "character", "bpchar[]": "character[]"}


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What has to be known of a type that is not built in.

    Attributes:
        kind: "enum", "domain", "composite", "range", "multirange", "array" or "base" (of an
            extension).
        labels: of an enum, its labels in order.
        base: of a domain, the type below it; of an array, its element; of a range, its
            subtype; of a multirange, its range.
        fields: of a composite type, its (name, type) pairs in order.
        not_null: whether it is a domain that allows no NULL.
    """

    kind: str
    labels: tuple[str, ...] = ()
    base: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    not_null: bool = False


@dataclass(frozen=True, slots=True)
class Type:
    """A type.

    Attributes:
        oid: its number.
        name: its spelling by `format_type`.
        size: its `typlen`, negative where values differ in length.
        kind: which of PostgreSQL's kinds of type it is; "base" for one of an extension, too.
        of: of an array its element, of a domain the type below, of a range its subtype, of a
            multirange its range: its spelling.
        labels: of an enum.
        fields: of a composite type, its (name, type) pairs.
        not_null: whether it is a domain that allows no NULL.
    """

    oid: int
    name: str
    size: int
    kind: Kind
    of: str | None = None
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    not_null: bool = False


def _built_in() -> dict[str, Type]:
    found: dict[str, Type] = {}

    def add(kind: Kind, name: str, oid: int, array: int, size: int, of: str | None = None) -> None:
        found[name] = Type(oid, name, size, kind, of)
        if array:
            found[f"{name}[]"] = Type(array, f"{name}[]", -1, "array", name)

    for name, numbers in _BASE.items():
        add("base", name, *numbers)
    for name, numbers in _PSEUDO.items():
        add("pseudo", name, *numbers)
    for name, (oid, array, multirange, multiranges, subtype) in _RANGES.items():
        add("range", name, oid, array, -1, subtype)
        add("multirange", name.replace("range", "multirange"), multirange, multiranges, -1, name)
    return found


BUILT_IN = _built_in()


class Types:
    """The built-in types, and those of a schema.

    Args:
        facts: what is known of every type that is not built in, by its spelling.
        numbers: the number of each; without them they are made of the names.
    """

    def __init__(
        self, facts: Mapping[str, TypeFacts], numbers: Mapping[str, int] | None = None
    ) -> None:
        numbers = stable_oids(facts) if numbers is None else numbers
        self._named = dict(BUILT_IN)
        for name, oid in numbers.items():
            self._named[name] = _of_facts(name, oid, facts)
        self._numbered = {found.oid: found for found in self._named.values()}

    def named(self, name: str) -> Type | None:
        """Return the type of a spelling; None if there is none."""
        return self._named.get(_SPELLINGS.get(name, name))

    def numbered(self, oid: int) -> Type | None:
        """Return the type of a number; None if there is none."""
        return self._numbered.get(oid)

    def oid(self, name: str) -> int:
        """Return the number of a type; that of `text` for one that is not known.

        A catalog knows more types than a client can meet (those that only C code uses), and text
        is how their values are sent.
        """
        found = self.named(name)
        return _BASE["text"][0] if found is None else found.oid

    def bare(self, oid: int) -> Type | None:
        """Return the type below a domain; any other type itself."""
        found = self.numbered(oid)
        while found is not None and found.kind == "domain" and found.of is not None:
            found = self.named(found.of)
        return found


def _of_facts(name: str, oid: int, facts: Mapping[str, TypeFacts]) -> Type:
    fact = facts[name]
    kind = cast("Kind", fact.kind) if fact.kind in get_args(Kind) else "base"
    return Type(
        oid, name, _size(name, facts), kind, fact.base, fact.labels, fact.fields, fact.not_null
    )


def _size(name: str, facts: Mapping[str, TypeFacts]) -> int:
    """Return a type's `typlen`; of an extension's type it is not known, and most have none."""
    fact = facts.get(name)
    if fact is None:
        built_in = BUILT_IN.get(_SPELLINGS.get(name, name))
        return -1 if built_in is None else built_in.size
    if fact.kind == "enum":
        return 4
    return _size(fact.base, facts) if fact.kind == "domain" and fact.base is not None else -1
