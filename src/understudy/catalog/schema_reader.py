"""Read types and constraints from PostgreSQL's system catalogs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from understudy.catalog.description import Constraint, Default, SchemaFacts
from understudy.pg.types import TypeFacts

if TYPE_CHECKING:
    import psycopg

# A condition on pg_namespace n: the schema is the user's, or this session's for temporary tables.
USER_SCHEMA = r"""
    n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND n.nspname NOT LIKE 'pg\_toast\_temp\_%' AND NOT pg_is_other_temp_schema(n.oid)
"""
_TYPES = f"""
    SELECT t.oid, t.typname::text, format_type(t.oid, NULL),
        CASE
            WHEN t.typcategory = 'A' AND t.typsubscript = 'array_subscript_handler'::regproc
                THEN 'array'
            WHEN t.typtype = 'e' THEN 'enum'
            WHEN t.typtype = 'd' THEN 'domain'
            WHEN t.typtype = 'c' THEN 'composite'
            WHEN t.typtype = 'r' THEN 'range'
            WHEN t.typtype = 'm' THEN 'multirange'
            ELSE 'base'
        END,
        coalesce(nullif(t.typbasetype, 0), r.rngsubtype, m.rngtypid, nullif(t.typelem, 0), 0),
        t.typtypmod, t.typnotnull, t.typdefault IS NOT NULL,
        ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder),
        (
            SELECT json_agg(json_build_array(attname, atttypid::int8, atttypmod) ORDER BY attnum)
            FROM pg_attribute
            WHERE t.oid >= 16384 AND attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped
        ),
        t.oid >= 16384 AND t.typtype <> 'p' AND {USER_SCHEMA}
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_range r ON r.rngtypid = t.oid
    LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
"""


def column_names(table: str, numbers: str) -> str:
    """Return the SQL expression for the names of a table's columns by their numbers."""
    return f"""ARRAY(
        SELECT attname::text FROM unnest({numbers}) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute ON attrelid = {table} AND attnum = number ORDER BY place
    )"""


# A unique index is as good as a constraint, and errors name it in the same place. Its columns are
# those of its key; an index on an expression depends on others.
# PostgreSQL 18 has not-null constraints with names; before, its errors name the column alone.
_CONSTRAINTS = f"""
    SELECT k.conrelid, k.contypid, k.conname::text, k.contype::text,
        {column_names("k.conrelid", "k.conkey")}, ARRAY[]::text[],
        k.confrelid, {column_names("k.confrelid", "k.confkey")}, k.condeferrable, k.condeferred,
        pg_get_constraintdef(k.oid), pg_get_expr(k.conbin, k.conrelid)
    FROM pg_constraint k
    JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.contype IN ('p', 'u', 'f', 'c', 'x', 'n') AND (k.contypid <> 0 OR {USER_SCHEMA})
    UNION ALL
    SELECT x.indrelid, 0, i.relname::text, 'u',
        {column_names("x.indrelid", "(x.indkey::int2[])[:x.indnkeyatts - 1]")},
        ARRAY(
            SELECT DISTINCT attname::text FROM pg_depend
            JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
            WHERE objid = x.indexrelid AND refobjid = x.indrelid AND refobjsubid > 0 ORDER BY 1
        ),
        0, ARRAY[]::text[], false, false, '', ''
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE x.indisunique AND {USER_SCHEMA}
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype <> 'f')
    UNION ALL
    SELECT a.attrelid, 0, '', 'n', ARRAY[a.attname::text], ARRAY[]::text[],
        0, ARRAY[]::text[], false, false, '', ''
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND {USER_SCHEMA} AND NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = a.attrelid AND contype = 'n' AND conkey = ARRAY[a.attnum]
    )
    ORDER BY 1, 3
"""
_TABLE_NAMES = """
    SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'm')
"""
_ANCESTORS = """
    WITH RECURSIVE ancestors (child, parent) AS (
        SELECT inhrelid, inhparent FROM pg_inherits
        UNION SELECT child, inhparent FROM ancestors JOIN pg_inherits ON inhrelid = parent
    )
    SELECT child, parent FROM ancestors
"""
# A parameter that the schema makes up may hold a secret, and means nothing to PostgreSQL.
_DEFAULTS = """
    SELECT split_part(set, '=', 1), substr(set, strpos(set, '=') + 1), rolname::text
    FROM pg_db_role_setting LEFT JOIN pg_roles r ON r.oid = setrole, unnest(setconfig) set
    WHERE (setrole = 0 OR rolname IS NOT NULL) AND split_part(set, '=', 1) NOT LIKE '%.%'
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY setrole <> 0, setdatabase <> 0, 3, 1
"""
_KINDS = {
    "p": "primary key", "u": "unique", "f": "foreign key", "c": "check", "x": "exclusion",
    "n": "not null",
}  # fmt: skip


@dataclass(frozen=True)
class DatabaseType:
    """A type of the database.

    Attributes:
        name: the name in pg_type.
        sql_name: the name as SQL spells it.
        inner: the OID of the type that an array, a range or a domain consists of; 0 for none.
        labels: the labels of an enum.
        fields: the name, the type's OID and the typmod of each field of a composite type.
        is_users: whether it is defined in a schema of the user's.
    """

    oid: int
    name: str
    sql_name: str
    kind: Literal["base", "array", "enum", "domain", "composite", "range", "multirange"]
    inner: int
    typmod: int
    not_null: bool
    has_default: bool
    labels: tuple[str, ...] = ()
    fields: tuple[tuple[str, int, int], ...] = ()
    is_users: bool = True


@dataclass(frozen=True)
class DatabaseConstraint:
    """A constraint of a table or of a domain, or a unique index.

    Attributes:
        table: the OID of the table, 0 for a domain's.
        domain: the OID of the domain, 0 for a table's.
        kind: the letter in pg_constraint.contype.
        columns: the columns of the table, in the order of the key.
        depends_on: every column that an index depends on, sorted.
        parent: the OID of the table that a foreign key references.
        definition: the constraint as PostgreSQL prints it.
        expression: the condition of a check alone.
    """

    table: int
    domain: int
    name: str
    kind: str
    columns: tuple[str, ...]
    depends_on: tuple[str, ...]
    parent: int
    parent_columns: tuple[str, ...]
    deferrable: bool
    deferred: bool
    definition: str
    expression: str


def read_types(connection: psycopg.Connection[Any]) -> dict[int, DatabaseType]:
    """Return every type of the database, PostgreSQL's own included, by its OID."""
    types = {}
    for *row, labels, fields, is_users in connection.execute(_TYPES.encode()):
        values: Any = (*row, tuple(labels), tuple(map(tuple, fields or ())), is_users)
        types[row[0]] = DatabaseType(*values)
    return types


def read_constraints(connection: psycopg.Connection[Any]) -> list[DatabaseConstraint]:
    """Return every constraint and unique index of the user's schemas, by table and name."""

    def values(row: tuple[Any, ...]) -> Any:
        return (tuple(value) if isinstance(value, list) else value for value in row)

    return [DatabaseConstraint(*values(row)) for row in connection.execute(_CONSTRAINTS.encode())]


def read_schema_facts(connection: psycopg.Connection[Any]) -> SchemaFacts:
    """Return the types and constraints of the user's schemas, extensions included, and defaults.

    A constraint of a partition, or of a table that inherits, is reported for its ancestors too: a
    row that goes into a table may go into a partition, and violate a constraint of that.
    """
    types = read_types(connection)
    tables: dict[int, str] = dict(connection.execute(_TABLE_NAMES.encode()).fetchall())
    constraints = {
        _constraint(row, tables.get(row.parent), tables[row.table])
        if row.table
        else _constraint(row, None, types[row.domain].sql_name)
        for row in read_constraints(connection)
        if (row.table in tables if row.table else types[row.domain].is_users)
    }
    ancestors = connection.execute(_ANCESTORS.encode()).fetchall()
    own = {(constraint.name, constraint.table, constraint.columns) for constraint in constraints}
    constraints |= {
        replace(constraint, table=tables[parent], owner=constraint.table)
        for child, parent in ancestors
        if child in tables and parent in tables
        for constraint in constraints
        if constraint.table == tables[child]
        and (constraint.name, tables[parent], constraint.columns) not in own
    }
    return SchemaFacts(
        dict(sorted(_type_facts(types).items())),
        tuple(sorted(constraints, key=_order)),
        tuple(Default(*row) for row in connection.execute(_DEFAULTS.encode())),
    )


def _order(constraint: Constraint) -> tuple[Any, ...]:
    return (
        constraint.table,
        constraint.name,
        constraint.kind,
        constraint.columns,
        constraint.owner or "",
    )


def _constraint(row: DatabaseConstraint, parent: str | None, owner: str) -> Constraint:
    return Constraint(row.name, owner, _KINDS[row.kind], row.columns, parent)


def _type_facts(types: dict[int, DatabaseType]) -> dict[str, TypeFacts]:
    def name(oid: int) -> str | None:
        return types[oid].sql_name if oid in types else None

    users: Iterable[DatabaseType] = (row for row in types.values() if row.is_users)
    return {
        row.sql_name: TypeFacts(
            kind=row.kind,
            labels=row.labels,
            base=name(row.inner),
            fields=tuple((field, types[oid].sql_name) for field, oid, _ in row.fields),
            not_null=row.not_null,
        )
        for row in users
    }
