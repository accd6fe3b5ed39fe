"""Read from PostgreSQL's system catalogs what the checks need to know of a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.catalog.description import Constraint, SchemaFacts
from understudy.pg.types import TypeFacts

if TYPE_CHECKING:
    import psycopg

_TYPES = """
    SELECT format_type(t.oid, NULL),
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
        ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder),
        format_type(
            coalesce(nullif(t.typbasetype, 0), r.rngsubtype, m.rngtypid, nullif(t.typelem, 0)), NULL
        ),
        ARRAY(
            SELECT ARRAY[attname::text, format_type(atttypid, NULL)] FROM pg_attribute
            WHERE attrelid = t.typrelid AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        ),
        t.typnotnull
    FROM pg_type t
    JOIN pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_range r ON r.rngtypid = t.oid
    LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
    WHERE t.oid >= 16384 AND t.typtype <> 'p'
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'
"""
# PostgreSQL 18 has not-null constraints with names; before, its errors name the column alone.
_CONSTRAINTS = """
    SELECT conname::text,
        CASE WHEN conrelid <> 0 THEN {conrelid} ELSE format_type(contypid, NULL) END,
        CASE contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'foreign key'
            WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE 'not null' END,
        ARRAY(
            SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS key (number, place)
            JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY place
        ),
        (
            SELECT {confrelid} FROM pg_class rc JOIN pg_namespace rs ON rs.oid = rc.relnamespace
            WHERE rc.oid = confrelid
        )
    FROM pg_constraint
    JOIN pg_namespace n ON n.oid = connamespace
    LEFT JOIN pg_class c ON c.oid = conrelid
    LEFT JOIN pg_namespace s ON s.oid = c.relnamespace
    WHERE contype IN ('p', 'u', 'f', 'c', 'x', 'n') AND {own}
    UNION ALL
    SELECT i.relname::text, {conrelid}, 'unique',
        ARRAY(
            SELECT attname::text FROM unnest(indkey::int2[]) WITH ORDINALITY AS key (number, place)
            JOIN pg_attribute ON attrelid = indrelid AND attnum = number
            WHERE place <= indnkeyatts ORDER BY place
        ),
        NULL
    FROM pg_index
    JOIN pg_class i ON i.oid = indexrelid
    JOIN pg_class c ON c.oid = indrelid
    JOIN pg_namespace s ON s.oid = c.relnamespace
    JOIN pg_namespace n ON n.oid = i.relnamespace
    WHERE indisunique AND {own}
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
    UNION ALL
    SELECT '', {conrelid}, 'not null', ARRAY[attname::text], NULL
    FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid AND c.relkind IN ('r', 'p', 'f')
    JOIN pg_namespace s ON s.oid = c.relnamespace
    JOIN pg_namespace n ON n.oid = s.oid
    WHERE attnotnull AND attnum > 0 AND NOT attisdropped AND {own} AND NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = attrelid AND contype = 'n' AND conkey = ARRAY[attnum]
    )
"""
# A row that goes into a table may go into a partition of it, and violate a constraint of that.
_ABOVE = """
    WITH RECURSIVE above (child, parent) AS (
        SELECT inhrelid, inhparent FROM pg_inherits
        UNION SELECT child, inhparent FROM above JOIN pg_inherits ON inhrelid = parent
    )
    SELECT {child}, {parent} FROM above
    JOIN pg_class c ON c.oid = child JOIN pg_namespace s ON s.oid = c.relnamespace
    JOIN pg_class rc ON rc.oid = parent JOIN pg_namespace rs ON rs.oid = rc.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f')
"""
_REFERENCED = "CASE rs.nspname WHEN 'public' THEN '' ELSE rs.nspname || '.' END || rc.relname"
_TABLE = "CASE s.nspname WHEN 'public' THEN '' ELSE s.nspname || '.' END || c.relname"
_OWN = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
    "AND n.nspname NOT LIKE 'pg\\_temp\\_%'"
)


def read_schema_facts(connection: psycopg.Connection[Any]) -> SchemaFacts:
    """The types and the constraints of the database's schema, those of extensions included.

    A constraint of a partition, or of a table that inherits, is one of the tables above it too.
    """
    types = {
        name: TypeFacts(
            kind=kind,
            labels=tuple(labels),
            base=base,
            fields=tuple((field, spelt) for field, spelt in fields),
            not_null=not_null,
        )
        for name, kind, labels, base, fields, not_null in connection.execute(_TYPES.encode())
    }
    query = _CONSTRAINTS.format(conrelid=_TABLE, confrelid=_REFERENCED, own=_OWN)
    found = {
        Constraint(name, table, kind, tuple(columns), references)
        for name, table, kind, columns, references in connection.execute(query.encode())
    }
    above = connection.execute(_ABOVE.format(child=_TABLE, parent=_REFERENCED).encode()).fetchall()
    found |= {
        replace(constraint, table=parent)
        for child, parent in above
        for constraint in found
        if constraint.table == child
    }
    return SchemaFacts(
        dict(sorted(types.items())),
        tuple(sorted(found, key=lambda c: (c.table, c.name, c.kind, c.columns))),
    )
