"""Read the schema of a database for generating rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from understudy.catalog.schema_reader import (
    USER_SCHEMA,
    DatabaseConstraint,
    read_constraints,
    read_types,
)
from understudy.rows.table_facts import Bound, Check, Column, Schema, Table

if TYPE_CHECKING:
    import psycopg

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
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND {USER_SCHEMA}
"""
_COLUMNS = f"""
    SELECT c.oid, a.attname::text, a.atttypid, format_type(a.atttypid, a.atttypmod), a.atttypmod,
        a.attnotnull,
        pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated <> ''
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND {USER_SCHEMA}
    ORDER BY c.oid, a.attnum
"""


def read_schema(connection: psycopg.Connection[Any]) -> Schema:
    """Return the tables, views and types of a database, PostgreSQL's own tables excepted.

    Raises:
        psycopg.Error: the system catalogs cannot be read.
    """
    of_table: dict[int, list[DatabaseConstraint]] = defaultdict(list)
    domain_checks: dict[int, list[Check]] = defaultdict(list)
    for constraint in read_constraints(connection):
        if constraint.table:
            of_table[constraint.table].append(constraint)
        elif constraint.kind == "c":
            domain_checks[constraint.domain].append(constraint)
    types = read_types(connection)
    columns: dict[int, list[Column]] = defaultdict(list)
    for table, name, oid, *rest in connection.execute(_COLUMNS.encode()):
        columns[table].append(Column(name, types[oid], *rest))
    tables, names, visible = {}, {}, {}
    for oid, schema, name, kind, is_visible, parent, bound, key, sources in connection.execute(
        _TABLES.encode()
    ):
        own = of_table.get(oid, ())
        tables[oid] = Table(
            oid,
            schema,
            name,
            kind,
            parent,
            tuple(sources),
            tuple(columns.get(oid, ())),
            _of_kind(own, "c"),
            {row.name: row.depends_on or row.columns for row in _of_kind(own, "pux")},
            _of_kind(own, "f"),
            Bound(tuple(key), bound) if bound else None,
        )
        names[f"{schema}.{name}"] = oid
        if is_visible:
            visible[name] = oid
    return Schema(tables, names | visible, types, domain_checks)


def _of_kind(
    constraints: Iterable[DatabaseConstraint], kinds: str
) -> tuple[DatabaseConstraint, ...]:
    return tuple(constraint for constraint in constraints if constraint.kind in kinds)
