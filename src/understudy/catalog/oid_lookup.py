"""Names for the OIDs in PostgreSQL's answers, and what else its system catalogs know of them.

What is built in never changes and is kept. Everything of the schema is asked anew for each batch of
statements, in one query per kind, so that a schema that changes meanwhile is seen as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.pg.oids import FIRST_OWN_OID

if TYPE_CHECKING:
    import psycopg

_TYPES = """
    SELECT oid, format_type(oid, NULL) FROM unnest(%s::oid[]) AS asked (oid)
"""
_NUMBERS = """
    SELECT name, to_regtype(name)::oid FROM unnest(%s::text[]) AS asked (name)
    WHERE to_regtype(name) IS NOT NULL
"""
# A column is certain to hold no NULL where the table, and every table that inherits from it, says
# so and enforces it: not so a foreign table, a constraint NOT VALID, a virtual column. Written as
# subqueries of one row each, so that there is an index for everything.
_RELATIONS = """
    SELECT r.oid, n.nspname, r.relname, r.relkind::text, r.relhasrules,
        c.numbers, c.names, c.filled, c.bound,
        (SELECT ev_action::text FROM pg_rewrite
            WHERE ev_class = r.oid AND ev_type = '1' AND r.relkind = 'v')
    FROM pg_class r
    JOIN pg_namespace n ON n.oid = r.relnamespace
    CROSS JOIN LATERAL (
        SELECT array_agg(a.attnum ORDER BY a.attnum) AS numbers,
            array_agg(a.attname::text ORDER BY a.attnum) AS names,
            array_agg(
                r.relkind IN ('r', 'p') AND a.attnotnull AND a.attgenerated <> 'v'
                AND NOT {waived_here} AND CASE WHEN r.relhassubclass THEN NOT EXISTS (
                    WITH RECURSIVE family (member) AS (
                        SELECT inhrelid FROM pg_inherits WHERE inhparent = r.oid
                        UNION
                        SELECT inhrelid FROM family JOIN pg_inherits ON inhparent = member
                    )
                    SELECT FROM family
                    JOIN pg_class k ON k.oid = member
                    JOIN pg_attribute b ON b.attrelid = member AND b.attname = a.attname
                    WHERE k.relkind NOT IN ('r', 'p') OR NOT b.attnotnull OR {waived_below}
                ) ELSE true END
                ORDER BY a.attnum
            ) AS filled,
            array_agg(
                a.attnotnull OR a.attgenerated <> '' OR r.relkind NOT IN ('r', 'p')
                OR EXISTS (SELECT FROM pg_type WHERE pg_type.oid = a.atttypid AND typtype = 'd')
                OR EXISTS (
                    SELECT FROM pg_constraint
                    WHERE conrelid = r.oid AND contype = 'c' AND a.attnum = ANY (conkey)
                )
                ORDER BY a.attnum
            ) AS bound
        FROM pg_attribute a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) c
    WHERE r.oid = ANY (%s::oid[])
"""
_NOT_VALID = """EXISTS (
                    SELECT FROM pg_constraint WHERE conrelid = {0}.attrelid AND contype = 'n'
                        AND conkey = ARRAY[{0}.attnum] AND NOT convalidated
                )"""
_NOT_NULL_CONSTRAINTS = 18
_FUNCTIONS = """
    SELECT oid, proname::text, oid::regprocedure::text, proisstrict FROM pg_proc
    WHERE oid = ANY (%s::oid[])
"""
_OPERATORS = """
    SELECT oid, oprname::text, oprresult FROM pg_operator WHERE oid = ANY (%s::oid[])
"""
_DOMAINS = """
    WITH RECURSIVE chain (root, typbasetype, typnotnull) AS (
        SELECT oid, typbasetype, typnotnull FROM pg_type WHERE typtype = 'd'
        UNION ALL
        SELECT root, t.typbasetype, t.typnotnull
        FROM chain JOIN pg_type t ON t.oid = chain.typbasetype
    )
    SELECT root FROM chain GROUP BY root HAVING bool_or(typnotnull)
"""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view.

    Attributes:
        name: "table", or "schema.table" where the schema is not `public`.
        kind: pg_class.relkind.
        has_rules: whether rules rewrite what is done to it.
        columns: the names of its columns by attribute number.
        filled: the numbers of the columns that certainly hold no NULL.
        free: the numbers of the columns that nothing keeps from holding NULL.
        view: the tree of the query that a view stands for.
    """

    name: str
    kind: str
    has_rules: bool
    columns: dict[int, str]
    filled: frozenset[int]
    free: frozenset[int]
    view: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is built in; its signature is spelt as `regprocedure` does."""

    name: str
    signature: str
    strict: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator that is built in."""

    name: str
    result: int


class Lookup:
    """Asks on the connection that is given, and keeps what is built in."""

    def __init__(self, connection: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connection = connection
        self._types: dict[int, str] = {}
        self._functions: dict[int, Function] = {}
        self._operators: dict[int, Operator] = {}
        self._relations: dict[int, Relation] = {}
        self._filled_domains: frozenset[int] | None = None

    def forget(self) -> None:
        """Forget everything of the schema."""
        self._types = {oid: name for oid, name in self._types.items() if oid < FIRST_OWN_OID}
        self._relations.clear()
        self._filled_domains = None

    def learn_types(self, oids: Iterable[int]) -> None:
        """Ask for the names of all these types at once."""
        if missing := [oid for oid in set(oids) if oid not in self._types]:
            self._types.update(self._rows(_TYPES, (missing,)))

    def type_numbers(self, names: Iterable[str]) -> dict[str, int]:
        """The OIDs of types by their names, as far as there are such types."""
        asked = list(names)
        return dict(self._rows(_NUMBERS, (asked,))) if asked else {}

    def learn_relations(self, oids: Iterable[int]) -> set[int]:
        """Ask for all these tables and views at once; return which of them were new."""
        missing = [oid for oid in set(oids) if oid not in self._relations]
        if missing:
            major = self._connection().pgconn.server_version // 10000
            here, below = (
                _NOT_VALID.format(alias) if major >= _NOT_NULL_CONSTRAINTS else "false"
                for alias in ("a", "b")
            )
            query = _RELATIONS.format(waived_here=here, waived_below=below)
            for oid, schema, name, kind, rules, *columns, view in self._rows(query, (missing,)):
                numbers, names, filled, bound = (column or [] for column in columns)
                self._relations[oid] = Relation(
                    name if schema == "public" else f"{schema}.{name}",
                    kind,
                    rules,
                    dict(zip(numbers, names, strict=True)),
                    frozenset(n for n, yes in zip(numbers, filled, strict=True) if yes),
                    frozenset(n for n, yes in zip(numbers, bound, strict=True) if not yes),
                    view,
                )
        return set(missing)

    def type_name(self, oid: int) -> str:
        """The name of a type without modifiers."""
        self.learn_types([oid])
        return self._types[oid]

    def relation(self, oid: int) -> Relation | None:
        """A table or view; None where it is gone."""
        self.learn_relations([oid])
        return self._relations.get(oid)

    def function(self, oid: int) -> Function | None:
        """A function, where it is built in."""
        if 0 < oid < FIRST_OWN_OID and oid not in self._functions:
            for _, name, signature, strict in self._rows(_FUNCTIONS, ([oid],)):
                self._functions[oid] = Function(name, signature, strict)
        return self._functions.get(oid)

    def operator(self, oid: int) -> Operator | None:
        """An operator, where it is built in."""
        if 0 < oid < FIRST_OWN_OID and oid not in self._operators:
            for _, name, result in self._rows(_OPERATORS, ([oid],)):
                self._operators[oid] = Operator(name, result)
        return self._operators.get(oid)

    def is_filled_domain(self, oid: int) -> bool:
        """Whether a type is a domain that NULL cannot be cast to."""
        if self._filled_domains is None:
            self._filled_domains = frozenset(row[0] for row in self._rows(_DOMAINS, None))
        return oid in self._filled_domains

    def _rows(self, query: str, parameters: Any) -> list[tuple[Any, ...]]:
        # Prepared, because a query that is parsed sends us its own tree.
        return self._connection().execute(query.encode(), parameters, prepare=True).fetchall()
