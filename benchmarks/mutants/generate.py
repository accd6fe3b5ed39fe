"""Generating all mutants of the DAO layer."""

from __future__ import annotations

import psycopg

from benchmarks.mutants import parameter_mutants, sql_mutants
from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.sources import Statement, statements
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description

_COLUMNS = """
    SELECT table_name::text, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns WHERE table_schema = 'public' GROUP BY 1 ORDER BY 1
"""


def everything(dsn: str) -> tuple[list[Statement], list[Mutant]]:
    """Return the statements of the DAO layer and all their mutants, in the order of the source.

    Args:
        dsn: the URL of a database with the schema, to look up tables and columns.

    Raises:
        ValueError: if PostgreSQL rejects a statement without a change.
    """
    found = list(statements())
    with psycopg.connect(dsn) as connection:
        tables: dict[str, list[str]] = dict(connection.execute(_COLUMNS).fetchall())
    describer = Describer(dsn)
    verdicts = describer.describe([statement.text for statement in found])
    describer.close()
    mutants: list[Mutant] = []
    for statement, verdict in zip(found, verdicts, strict=True):
        if not isinstance(verdict, Description):
            raise ValueError(f"{statement.method.name}: {verdict}")
        mutants.extend(sql_mutants.mutants_of(statement, tables))
        mutants.extend(parameter_mutants.mutants_of(statement, verdict.parameters))
    return found, mutants
