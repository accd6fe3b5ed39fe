"""Read a schema out of PostgreSQL's system catalogs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from understudy.rows.table_facts import Bound, Check, Column, Facts, ForeignKey, Table, Type

if TYPE_CHECKING:
    import psycopg

_OURS = """
    n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%' AND NOT pg_is_other_temp_schema(n.oid)
"""
_TYPES = """
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
        (
            SELECT json_agg(
                json_build_array(conname, pg_get_constraintdef(oid), pg_get_expr(conbin, 0))
                ORDER BY conname
            )
            FROM pg_constraint WHERE t.typtype = 'd' AND contypid = t.oid AND contype = 'c'
        )
    FROM pg_type t
    LEFT JOIN pg_range r ON r.rngtypid = t.oid
    LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
"""
_TABLES = f"""
    SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, pg_table_is_visible(c.oid),
        CASE WHEN c.relispartition THEN i.inhparent ELSE 0 END,
        coalesce(pg_get_expr(c.relpartbound, c.oid), ''),
        ARRAY(
            SELECT coalesce(a.attname::text, '')
            FROM unnest(p.partattrs::int2[]) WITH ORDINALITY AS key (number, place)
            LEFT JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = number
            ORDER BY place
        ),
        ARRAY(
            SELECT DISTINCT d.refobjid
            FROM pg_rewrite r
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> c.oid
            WHERE r.ev_class = c.oid AND c.relkind IN ('v', 'm')
        )
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND c.relispartition
    LEFT JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {_OURS}
"""
_COLUMNS = f"""
    SELECT c.oid, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod,
        a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated <> ''
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND {_OURS}
    ORDER BY c.oid, a.attnum
"""
# A unique index is as good as a constraint, and PostgreSQL names it in the same place of an error.
_CONSTRAINTS = f"""
    SELECT k.conrelid, k.conname::text, k.contype::text, {{}}, k.confrelid, {{}},
        k.condeferrable, k.condeferred, pg_get_constraintdef(k.oid),
        pg_get_expr(k.conbin, k.conrelid)
    FROM pg_constraint k
    JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.conrelid <> 0 AND k.contype IN ('c', 'f', 'p', 'u', 'x') AND {_OURS}
    UNION ALL
    SELECT x.indrelid, i.relname::text, 'u', {{}}, 0, ARRAY[]::text[], false, false, '', ''
    FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE x.indisunique AND {_OURS}
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype <> 'f')
    ORDER BY 1, 2
"""


def _names(table: str, numbers: str) -> str:
    return f"""ARRAY(
        SELECT attname::text FROM unnest({numbers}) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute ON attrelid = {table} AND attnum = number ORDER BY place
    )"""


# An index may be on an expression: its columns are found through what it depends on.
_INDEXED = """ARRAY(
    SELECT DISTINCT attname::text FROM pg_depend
    JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
    WHERE objid = x.indexrelid AND refobjid = x.indrelid AND refobjsubid > 0 ORDER BY 1
)"""


def read_facts(connection: psycopg.Connection[Any]) -> Facts:
    """Everything there is in the database, apart from what PostgreSQL itself brings."""
    with connection.cursor() as cursor:
        types = {row[0]: _type(*row) for row in cursor.execute(_TYPES.encode())}
        tables = cursor.execute(_TABLES.encode()).fetchall()
        columns = _by_table(cursor.execute(_COLUMNS.encode()))
        query = _CONSTRAINTS.format(
            _names("k.conrelid", "k.conkey"), _names("k.confrelid", "k.confkey"), _INDEXED
        )
        constraints = _by_table(cursor.execute(query.encode()))
    names = {f"{schema}.{name}": oid for oid, schema, name, *_ in tables}
    names |= {name: oid for oid, _, name, _, visible, *_ in tables if visible}
    found = {}
    for oid, schema, name, kind, _, above, bound, key, beneath in tables:
        held = constraints.get(oid, ())
        found[oid] = Table(
            oid,
            schema,
            name,
            kind,
            above,
            tuple(beneath),
            tuple(_column(row, types) for row in columns.get(oid, ())),
            tuple(Check(row[0], tuple(row[2]), *row[-2:]) for row in held if row[1] == "c"),
            {row[0]: tuple(row[2]) for row in held if row[1] in "pux"},
            tuple(_foreign_key(row) for row in held if row[1] == "f"),
            Bound(tuple(key), bound) if bound else None,
        )
    return Facts(found, names, types)


def _type(
    oid: int,
    name: str,
    spelled: str,
    kind: Any,
    inner: int,
    typmod: int,
    not_null: bool,
    has_default: bool,
    labels: list[str],
    fields: list[tuple[str, int, int]] | None,
    checks: list[tuple[str, str, str]] | None,
) -> Type:
    return Type(
        oid, name, spelled, kind, inner, typmod, not_null, has_default, tuple(labels),
        tuple((field, oid, typmod) for field, oid, typmod in fields or ()),
        tuple(Check(check, (), *texts) for check, *texts in checks or ()),
    )  # fmt: skip # a value in each place of the signature


def _by_table(rows: Iterable[tuple[Any, ...]]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = {}
    for table, *row in rows:
        found.setdefault(table, []).append(tuple(row))
    return found


def _column(row: tuple[Any, ...], types: dict[int, Type]) -> Column:
    name, oid, *rest = row
    return Column(name, types[oid], *rest)


def _foreign_key(row: tuple[Any, ...]) -> ForeignKey:
    name, _, columns, parent, parent_columns, deferrable, deferred, *_ = row
    return ForeignKey(name, tuple(columns), parent, tuple(parent_columns), deferrable, deferred)
