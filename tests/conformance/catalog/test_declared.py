"""Verdicts that are derived for declared types equal PostgreSQL's."""

from __future__ import annotations

from tests.conformance.catalog.corpus import statements
from understudy.catalog.declared_types import with_declared_types
from understudy.catalog.describer import Describer
from understudy.catalog.description import Description

# Statements whose result is as wide as a parameter, or whose parameter may be of any width.
TRICKY = (
    "SELECT $1 << 2",
    "SELECT nullif($1, 1)",
    "SELECT coalesce($1, 1)",
    "SELECT $1 + 1",
    "SELECT ARRAY[$1, 1]",
    "SELECT $1::bigint",
    "SELECT abs($1 - 7)",
    "SELECT current_date + $1",
    "SELECT left('abc', $1)",
    "SELECT round(1.5, $1)",
    "SELECT (ARRAY['a', 'b'])[$1]",
    "SELECT repeat('x', $1)",
    "SELECT lpad('x', $1, 'y') AS padded, to_char(now(), 'YYYY')",
    "SELECT n FROM generate_series(1, $1) AS n",
    "SELECT int4range($1, $2)",
    "SELECT '[1, 2]'::jsonb -> $1::integer",
    "SELECT pg_typeof($1 + 1)::text",
    "SELECT 1 = $1 AS same",
    "SELECT CASE WHEN 1 = $1 THEN 'a' ELSE 'b' END",
    "SELECT 'a' WHERE $1 BETWEEN 1 AND $2",
    "SELECT 'a' ORDER BY $1 + 1 LIMIT $2 OFFSET $3",
    "SELECT $1 + 1 AS n UNION SELECT 2::bigint",
    "SELECT pg_sleep($1)",
    "SELECT make_date($1, $2, $3)",
    "SELECT to_timestamp($1)",
    "SELECT substr('abc', $1, $2)",
    "SELECT width_bucket(1.0, 2.0, 3.0, $1)",
    "SELECT count(*) FILTER (WHERE 1 < $1) FROM generate_series(1, 2)",
    "SELECT 'x' = ANY (ARRAY['a']) AND 5 % $1 = 0",
)
_INTEGERS = ("smallint", "integer", "bigint")


def test_a_declared_integer_that_is_widened_changes_nothing_but_itself(
    describer: Describer,
) -> None:
    subjects = [*statements(describer.major), *TRICKY]
    asked: list[tuple[str, Description, list[str]]] = []
    for statement, verdict in zip(subjects, describer.describe(subjects), strict=True):
        if isinstance(verdict, Description):
            asked += [
                (statement, verdict, declaration)
                for declaration in _declarations(verdict.parameters)
            ]
    real = describer.describe([item for item, _, _ in asked], [types for _, _, types in asked])

    known = 0
    for (statement, base, types), verdict in zip(asked, real, strict=True):
        found = with_declared_types(base, types)
        if found is not None:
            known += 1
            assert found == verdict, (statement, types)

    # Most need no entry of their own, and there is something to be proven.
    assert known > 250


def _declarations(parameters: tuple[str, ...]) -> list[list[str]]:
    """Each integer type for each parameter, alone and together with the others."""
    found = []
    for given in _INTEGERS:
        numbers = [n for n, parameter in enumerate(parameters) if parameter in _INTEGERS]
        found += [[given if m == n else "" for m in range(len(parameters))] for n in numbers]
        if numbers:
            found.append([given if n in numbers else "" for n in range(len(parameters))])
            found.append(
                [given if n in numbers else parameter for n, parameter in enumerate(parameters)]
            )
    return found
