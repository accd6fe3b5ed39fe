"""Run a driver's introspection query, and make its answer independent of the server.

The OIDs of the schema's objects differ between servers. They are replaced by stable numbers
(oids.py) in the answer, and back by the server's in the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.catalog.describe_errors import NO_VERDICT, cannot_ask, no_verdict, refusal_of
from understudy.catalog.description import Description, Refusal
from understudy.pg.oids import FIRST_OWN_OID, stable_oids

if TYPE_CHECKING:
    import psycopg

# Types whose values are OIDs, or lists of OIDs.
_OID_TYPES = frozenset(
    ("oid", "oid[]", "oidvector", "regclass", "regtype", "regproc", "regprocedure", "regnamespace")
)
# psycopg declares OIDs as integers. Stable OIDs are so large that other numbers do not equal one.
_SENT = _OID_TYPES | {"integer", "bigint", "integer[]", "bigint[]"}
_DIGITS = re.compile(r"(?<![^\W_{,\s])\d+(?![^\W_},\s])")
# Types are named as in SchemaFacts, and other objects by their kind and name.
_TYPES = "SELECT oid, format_type(oid, NULL) FROM pg_type"
_OBJECTS = """
    SELECT oid, 'relation ' || relnamespace::regnamespace || '.' || relname FROM pg_class
    UNION ALL SELECT oid, 'schema ' || nspname FROM pg_namespace
    UNION ALL SELECT oid, 'function ' || oid::regprocedure FROM pg_proc
    UNION ALL SELECT oid, 'constraint ' || conrelid::regclass || ' ' || contypid::regtype || ' '
        || conname FROM pg_constraint
    UNION ALL SELECT oid, 'default ' || adrelid::regclass || ' ' || adnum FROM pg_attrdef
    UNION ALL SELECT oid, 'trigger ' || tgrelid::regclass || ' ' || tgname FROM pg_trigger
    UNION ALL SELECT oid, 'label ' || enumtypid::regtype || ' ' || enumlabel FROM pg_enum
    UNION ALL SELECT oid, 'extension ' || extname FROM pg_extension
    UNION ALL SELECT oid, 'collation ' || oid::regcollation FROM pg_collation
    UNION ALL SELECT oid, 'opclass ' || opcnamespace::regnamespace || '.' || opcname || ' '
        || opcmethod FROM pg_opclass
    UNION ALL SELECT oid, 'access method ' || amname FROM pg_am
"""


@dataclass(frozen=True, slots=True)
class AnswerRows:
    """The rows of an answer: values as texts, None for NULL."""

    rows: tuple[tuple[str | None, ...], ...]


Answer = AnswerRows | Refusal


def run_query(
    connection: psycopg.Connection[Any],
    type_numbers: Callable[[set[str]], Mapping[str, int]],
    statement: str,
    description: Description,
    given: Sequence[str | None],
) -> Answer:
    """Run a query of the system catalogs in a read-only transaction and return its answer.

    Args:
        connection: to a database with the schema.
        type_numbers: returns the OIDs of types by their names.
        statement: the query.
        description: its description.
        given: the parameters, as texts.

    Raises:
        DescribeFailed: PostgreSQL cannot be reached, or is busy or shutting down.
    """
    import psycopg

    try:
        stable = _stable_oids(connection)
        to_server = {str(number): str(oid) for oid, number in stable.items()}
        to_stable = {str(oid): str(number) for oid, number in stable.items()}
        texts = [
            _renumbered(text, to_server) if kind in _SENT else text
            for text, kind in zip(given, description.parameters, strict=True)
        ]
        numbers = type_numbers(set(description.parameters))
        types = [numbers.get(kind, 0) for kind in description.parameters]
        found = _run(connection, statement, types, texts)
    except psycopg.Error as error:
        connection.close()
        raise cannot_ask(error) from error
    if isinstance(found, Refusal):
        return found
    are_oids = [column.type in _OID_TYPES for column in description.columns]
    return AnswerRows(
        tuple(
            tuple(
                _renumbered(text, to_stable) if is_oid else text
                for text, is_oid in zip(row, are_oids, strict=True)
            )
            for row in found
        )
    )


def _run(
    connection: psycopg.Connection[Any],
    statement: str,
    types: Sequence[int],
    texts: Sequence[str | None],
) -> list[list[str | None]] | Refusal:
    from psycopg.pq import ExecStatus

    values = [None if text is None else text.encode() for text in texts]
    pgconn = connection.pgconn
    pgconn.exec_(b"BEGIN TRANSACTION READ ONLY")
    result = pgconn.exec_params(statement.encode(), values, types)
    pgconn.exec_(b"ROLLBACK")
    if result.status != ExecStatus.TUPLES_OK:
        refused = refusal_of(result)
        if refused.sqlstate.startswith(NO_VERDICT):
            raise no_verdict(statement, refused)
        return refused
    columns = range(result.nfields)
    cells = [[result.get_value(row, column) for column in columns] for row in range(result.ntuples)]
    return [[None if cell is None else bytes(cell).decode() for cell in row] for row in cells]


def _stable_oids(connection: psycopg.Connection[Any]) -> dict[int, int]:
    """Return the stable number of each object of the schema, by its OID on this server."""
    found: dict[int, int] = {}
    # Types first: their numbers must not depend on other objects.
    for query in (_TYPES, _OBJECTS):
        rows = connection.execute(query.encode(), prepare=True).fetchall()
        named = {oid: name for oid, name in rows if oid >= FIRST_OWN_OID}
        numbers = stable_oids(named.values(), found.values())
        found |= {oid: numbers[name] for oid, name in named.items()}
    return found


def _renumbered(text: str | None, numbers: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    return _DIGITS.sub(lambda match: numbers.get(match[0], match[0]), text)
