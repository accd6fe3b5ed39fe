"""The PostgreSQL types of the matrix, and the schema that has the ones that are not built in."""

from __future__ import annotations

from understudy.pg.types import TypeFacts

TYPES = (
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "real",
    "double precision",
    "money",
    "oid",
    "text",
    "character varying",
    "character",
    "name",
    '"char"',
    "boolean",
    "uuid",
    "date",
    "time without time zone",
    "time with time zone",
    "timestamp without time zone",
    "timestamp with time zone",
    "interval",
    "bytea",
    "json",
    "jsonb",
    "inet",
    "cidr",
    "macaddr",
    "bit varying",
    "point",
    "tsvector",
    "int4range",
    "numrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "smallint[]",
    "integer[]",
    "bigint[]",
    "numeric[]",
    "double precision[]",
    "text[]",
    "character varying[]",
    "boolean[]",
    "uuid[]",
    "date[]",
    "timestamp without time zone[]",
    "timestamp with time zone[]",
    "interval[]",
    "bytea[]",
    "inet[]",
    "jsonb[]",
    "int4range[]",
    "mood",
    "mood[]",
    "quantity",
    "required",
    "address",
    "quantity[]",
    "pair",
    "pair[]",
)

DDL = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN quantity AS integer;
    CREATE DOMAIN required AS text NOT NULL;
    CREATE DOMAIN address AS text;
    CREATE TYPE pair AS (first integer, second text);
"""

FACTS = {
    "mood": TypeFacts("enum", labels=("sad", "happy")),
    "mood[]": TypeFacts("array", base="mood"),
    "quantity": TypeFacts("domain", base="integer"),
    "quantity[]": TypeFacts("array", base="quantity"),
    "required": TypeFacts("domain", base="text", not_null=True),
    "address": TypeFacts("domain", base="text"),
    "pair": TypeFacts("composite", fields=(("first", "integer"), ("second", "text"))),
    "pair[]": TypeFacts("array", base="pair"),
}


def tables() -> str:
    """Return the statements that make a table for each type: `t0 (v <type>)`, `t1` ..."""
    return DDL + "".join(
        # character has no length here: the catalog knows no modifiers
        f"CREATE TABLE t{number} (v {'bpchar' if name == 'character' else name});"
        for number, name in enumerate(TYPES)
    )
