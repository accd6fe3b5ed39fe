"""Look up the OIDs in PostgreSQL's answers in its system catalogs.

Built-in objects never change and are cached. Objects of the schema are looked up again for each
batch of statements, in one query per kind, because the schema may change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.catalog.querytree import Node, nodes, read_tree, touched
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
# A column is certainly not NULL if the table and every table that inherits from it declare and
# enforce that; a foreign table, a NOT VALID constraint and a virtual column do not. Subqueries of
# one row each, so that every lookup uses an index.
_RELATIONS = """
    SELECT r.oid, CASE WHEN r.relpersistence = 't' THEN 'pg_temp' ELSE n.nspname END, r.relname,
        r.relkind::text, r.relhasrules,
        c.numbers, c.names, c.not_null, c.restricted, c.enforced, c.filled, c.modified,
        (SELECT json_agg((x.indkey::int2[])[:x.indnkeyatts - 1]) FROM pg_index x
            WHERE x.indrelid = r.oid AND (r.relkind = 'p' OR NOT r.relhassubclass)
                AND {plain_key}),
        (SELECT json_agg(json_build_array(
                k.conname, pg_get_expr(k.conbin, k.conrelid),
                ARRAY(
                    SELECT json_build_array(a.attnum, format_type(a.atttypid, a.atttypmod))
                    FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = ANY (k.conkey)
                )
            ) ORDER BY k.conname)
            FROM pg_constraint k
            WHERE k.conrelid = r.oid AND k.contype = 'c' AND {plain_check}),
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
            ) AS not_null,
            array_agg(
                a.attnotnull OR a.attgenerated <> '' OR r.relkind NOT IN ('r', 'p')
                OR EXISTS (SELECT FROM pg_type WHERE pg_type.oid = a.atttypid AND typtype = 'd')
                OR EXISTS (
                    SELECT FROM pg_constraint
                    WHERE conrelid = r.oid AND contype = 'c' AND a.attnum = ANY (conkey)
                )
                ORDER BY a.attnum
            ) AS restricted,
            array_agg(r.relkind IN ('r', 'p') AND a.attnotnull ORDER BY a.attnum) AS enforced,
            array_agg(
                a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''
                OR EXISTS (SELECT FROM pg_type WHERE pg_type.oid = a.atttypid AND typtype = 'd')
                ORDER BY a.attnum
            ) AS filled,
            array_agg(
                CASE WHEN a.atttypmod >= 0 AND a.atttypid IN (1042, 1043, 1700)
                    THEN format_type(a.atttypid, a.atttypmod) END
                ORDER BY a.attnum
            ) AS modified
        FROM pg_attribute a
        WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    ) c
    WHERE r.oid = ANY (%s::oid[])
"""
# A unique index on columns alone, checked at once, which compares as the operators of its types do.
_PLAIN_KEY = """x.indisunique AND x.indimmediate AND x.indisvalid AND NOT x.indisexclusion
                AND x.indpred IS NULL AND x.indexprs IS NULL
                AND NOT EXISTS (SELECT FROM unnest(x.indclass) AS class WHERE class >= 16384)
                AND NOT EXISTS (
                    SELECT FROM unnest(x.indkey, x.indcollation) AS key (number, collid)
                    JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = key.number
                    WHERE b.attcollation <> key.collid
                )"""
# A check of every row of the table and of those that inherit from it, made of what PostgreSQL has
# built in, and of texts that are only equal to themselves.
_PLAIN_CHECK = """NOT k.connoinherit AND coalesce((to_jsonb(k) ->> 'conenforced')::bool, true)
                AND NOT EXISTS (
                    SELECT FROM pg_depend WHERE classid = 'pg_constraint'::regclass
                        AND objid = k.oid AND refclassid <> 'pg_class'::regclass
                )
                AND NOT EXISTS (
                    SELECT FROM pg_attribute b JOIN pg_collation l ON l.oid = b.attcollation
                    WHERE b.attrelid = r.oid AND b.attnum = ANY (k.conkey)
                        AND NOT l.collisdeterministic
                )"""
# The triggers that may change or leave out a row: of the table, and of its partitions. The sum of
# the events of each table.
_ROW_TRIGGERS = """
    WITH RECURSIVE own (oid, tgtype) AS (
        SELECT tgrelid, tgtype FROM pg_trigger
        WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 3 = 3
        UNION SELECT inhparent, tgtype FROM own JOIN pg_inherits ON inhrelid = oid
    )
    SELECT oid, bit_or(tgtype)::int FROM own GROUP BY oid
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
# Code of the schema: functions in other languages than C, and those that reach other databases; the
# domains and tables that call them; and the tables with triggers, rules or policies. Writing to a
# table is writing to its partitions, and to the tables that foreign keys change with it.
_CODE = """
    WITH RECURSIVE code (oid) AS (
        SELECT oid FROM pg_proc
        WHERE oid >= 16384 AND (prolang NOT IN (12, 13) OR proname LIKE 'dblink%%')
    ), caller (classid, objid) AS (
        SELECT classid, objid FROM pg_depend
        JOIN code ON refobjid = code.oid AND refclassid = 'pg_proc'::regclass
    ), direct (oid) AS (
        SELECT tgrelid FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'
        UNION SELECT oid FROM pg_class WHERE relhasrules AND relkind NOT IN ('v', 'm')
            OR relrowsecurity
        UNION SELECT ev_class FROM pg_rewrite WHERE ev_type <> '1'
        UNION SELECT adrelid FROM pg_attrdef
            JOIN caller ON objid = oid AND classid = 'pg_attrdef'::regclass
        UNION SELECT CASE conrelid WHEN 0 THEN contypid ELSE conrelid END FROM pg_constraint
            JOIN caller ON objid = oid AND classid = 'pg_constraint'::regclass
        UNION SELECT indrelid FROM pg_index
            JOIN caller ON objid = indexrelid AND classid = 'pg_class'::regclass
    ), edge (child, parent, is_reference) AS (
        SELECT inhrelid, inhparent, false FROM pg_inherits
        UNION ALL SELECT contypid, attrelid, false FROM pg_constraint
            JOIN pg_attribute ON atttypid = contypid WHERE contypid <> 0
        UNION ALL SELECT conrelid, confrelid, true FROM pg_constraint
            WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd')
                OR confupdtype IN ('c', 'n', 'd'))
    ), own (oid) AS (
        SELECT oid FROM direct
        UNION SELECT parent FROM own JOIN edge ON child = own.oid AND NOT is_reference
    ), reach (oid) AS (
        SELECT oid FROM own UNION SELECT parent FROM reach JOIN edge ON child = reach.oid
    )
    SELECT oid, false FROM code UNION ALL SELECT oid, false FROM own
    UNION ALL SELECT oid, true FROM reach
"""


class Check(NamedTuple):
    """A CHECK constraint.

    Attributes:
        name: its name.
        condition: as PostgreSQL prints it.
        types: the types of its columns, with a length or precision, by attribute number.
    """

    name: str
    condition: str
    types: dict[int, str]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view.

    Attributes:
        name: "table", or "schema.table" where the schema is not `public`.
        kind: pg_class.relkind.
        has_rules: whether rules rewrite what is done to it.
        columns: the names of its columns by attribute number.
        not_null: the numbers of the columns that certainly contain no NULL.
        enforced: the numbers of the columns into which no row with NULL is inserted.
        required: those of them that an INSERT has to give: nothing else fills them.
        modified: the types of the columns with a length or precision, by their numbers.
        unique_keys: the numbers of the columns of each unique key, for all rows of the table.
        nullable: the numbers of the columns in which nothing prevents NULL.
        checks: the checks that consist of built-in functions and operators, by name.
        view: the query of a view, as a tree.
    """

    name: str
    kind: str
    has_rules: bool
    columns: dict[int, str]
    not_null: frozenset[int]
    enforced: frozenset[int]
    required: frozenset[int]
    modified: dict[int, str]
    unique_keys: tuple[frozenset[int], ...]
    nullable: frozenset[int]
    checks: tuple[Check, ...]
    view: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """A built-in function; its signature is spelled as `regprocedure` prints it."""

    name: str
    signature: str
    strict: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """A built-in operator."""

    name: str
    result: int


class Lookup:
    """Looks up objects on a connection, and caches the built-in ones."""

    def __init__(self, connection: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connection = connection
        self._types: dict[int, str] = {}
        self._functions: dict[int, Function] = {}
        self._operators: dict[int, Operator] = {}
        self._relations: dict[int, Relation] = {}
        self._views: dict[int, Node | None] = {}
        self._not_null_domains: frozenset[int] | None = None
        self._code: dict[bool, set[int]] = {}
        self._row_triggers: dict[int, int] | None = None

    def forget(self) -> None:
        """Forget the objects of the schema."""
        self._types = {oid: name for oid, name in self._types.items() if oid < FIRST_OWN_OID}
        self._relations.clear()
        self._views.clear()
        self._not_null_domains = None
        self._code.clear()
        self._row_triggers = None

    def learn_types(self, oids: Iterable[int]) -> None:
        """Look up the names of types in one query."""
        if missing := [oid for oid in set(oids) if oid not in self._types]:
            self._types.update(self._rows(_TYPES, (missing,)))

    def type_numbers(self, names: Iterable[str]) -> dict[str, int]:
        """Return the OIDs of the types with these names, as far as they exist."""
        asked = list(names)
        return dict(self._rows(_NUMBERS, (asked,))) if asked else {}

    def learn_relations(self, oids: Iterable[int]) -> None:
        """Look up tables and views, and those that the views read, level by level."""
        while new := self._look_up_relations(oids):
            oids = {below for oid in new for below in self._below(oid)}

    def _look_up_relations(self, oids: Iterable[int]) -> set[int]:
        """Look up tables and views in one query, and return which were not known."""
        missing = [oid for oid in set(oids) if oid not in self._relations]
        if missing:
            major = self._connection().pgconn.server_version // 10000
            here, below = (
                _NOT_VALID.format(alias) if major >= _NOT_NULL_CONSTRAINTS else "false"
                for alias in ("a", "b")
            )
            query = _RELATIONS.format(
                waived_here=here, waived_below=below, plain_key=_PLAIN_KEY, plain_check=_PLAIN_CHECK
            )
            for oid, schema, name, kind, rules, *columns, checks, view in self._rows(
                query, (missing,)
            ):
                (
                    numbers, names, not_null, restricted, enforced, filled, modified, keys
                ) = (column or [] for column in columns)  # fmt: skip
                not_filled = zip(numbers, enforced, filled, strict=True)
                self._relations[oid] = Relation(
                    name if schema == "public" else f"{schema}.{name}",
                    kind,
                    rules,
                    dict(zip(numbers, names, strict=True)),
                    frozenset(n for n, yes in zip(numbers, not_null, strict=True) if yes),
                    frozenset(n for n, yes in zip(numbers, enforced, strict=True) if yes),
                    frozenset(n for n, yes, has_value in not_filled if yes and not has_value),
                    {n: kind for n, kind in zip(numbers, modified, strict=True) if kind},
                    tuple(map(frozenset, keys)),
                    frozenset(n for n, yes in zip(numbers, restricted, strict=True) if not yes),
                    tuple(Check(name, text, dict(kinds)) for name, text, kinds in checks or ()),
                    view,
                )
        return set(missing)

    def type_name(self, oid: int) -> str:
        """Return the name of a type without modifiers."""
        self.learn_types([oid])
        return self._types[oid]

    def relation(self, oid: int) -> Relation | None:
        """Return a table or view, or None if it does not exist any more."""
        self._look_up_relations([oid])
        return self._relations.get(oid)

    def view(self, oid: int) -> Node | None:
        """Return the query of a view, or None for a table or an unreadable tree."""
        if oid not in self._views:
            relation = self.relation(oid)
            text = relation.view if relation else None
            found = nodes(read_tree(text)) if text else []
            self._views[oid] = found[0] if len(found) == 1 else None
        return self._views[oid]

    def all_below(self, oids: Iterable[int]) -> set[int]:
        """Return tables and views, with those that the views read, directly or not."""
        found: set[int] = set()
        todo = list(oids)
        while todo:
            oid = todo.pop()
            if oid not in found:
                found.add(oid)
                todo.extend(self._below(oid))
        return found

    def _below(self, oid: int) -> Iterable[int]:
        relation = self.relation(oid)
        return touched(relation.view) if relation and relation.view else ()

    def function(self, oid: int) -> Function | None:
        """Return a built-in function, or None for another one."""
        if 0 < oid < FIRST_OWN_OID and oid not in self._functions:
            for _, name, signature, strict in self._rows(_FUNCTIONS, ([oid],)):
                self._functions[oid] = Function(name, signature, strict)
        return self._functions.get(oid)

    def operator(self, oid: int) -> Operator | None:
        """Return a built-in operator, or None for another one."""
        if 0 < oid < FIRST_OWN_OID and oid not in self._operators:
            for _, name, result in self._rows(_OPERATORS, ([oid],)):
                self._operators[oid] = Operator(name, result)
        return self._operators.get(oid)

    def is_not_null_domain(self, oid: int) -> bool:
        """Return whether a type is a domain to which NULL cannot be cast."""
        if self._not_null_domains is None:
            self._not_null_domains = frozenset(row[0] for row in self._rows(_DOMAINS, None))
        return oid in self._not_null_domains

    def runs_code(self, oids: Iterable[int], *, cascades: bool = False) -> bool:
        """Return whether code of the schema may run.

        Args:
            oids: functions and domains that a statement uses, or tables that it writes.
            cascades: whether foreign keys may change other tables, too.
        """
        asked = set(oids)
        if asked and not self._code:
            self._code = {False: set(), True: set()}
            for oid, is_cascade in self._rows(_CODE, None):
                self._code[is_cascade].add(oid)
        return bool(asked) and not self._code[cascades].isdisjoint(asked)

    def row_triggers(self, oid: int) -> int:
        """Return the events (bits of pg_trigger.tgtype) at which triggers may change a row."""
        if self._row_triggers is None:
            self._row_triggers = dict(self._rows(_ROW_TRIGGERS, None))
        return self._row_triggers.get(oid, 0)

    def _rows(self, query: str, parameters: Any) -> list[tuple[Any, ...]]:
        # Prepared: the server sends the tree of each query that it parses, this one included.
        return self._connection().execute(query.encode(), parameters, prepare=True).fetchall()
