"""Parameters whose types a driver declares, and when that makes no difference.

Most drivers leave the types of parameters to PostgreSQL. psycopg declares them by the Python value,
an int as the smallest type that holds it. What PostgreSQL says then is mostly what it says without,
so that most calls need no entry of their own in the catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from understudy.catalog.description import Description, Verdict

_WIDTHS = {"smallint": 0, "integer": 1, "bigint": 2}
# What is computed and has one of these types may owe it to the width of a parameter: `$1 << 2` is
# as wide as $1. A column of a table has its own type.
_NUMBERS = (*_WIDTHS, "numeric", "real", "double precision", "oid")


def known_from(verdict: Verdict, declared: Sequence[str]) -> Verdict | None:
    """Return what PostgreSQL says of a statement with declared types, from what it says without.

    Args:
        verdict: what it says where all types are left to it.
        declared: the types of the first parameters, "" for one that is left to it.

    Returns:
        None where it has to be asked. An integer that PostgreSQL widens changes nothing but the
        parameter itself, unless the type of a computed column may come from it.
    """
    if not any(declared):
        return verdict
    if not isinstance(verdict, Description) or len(declared) > len(verdict.parameters):
        return None
    left = len(verdict.parameters) - len(declared)
    parameters = [
        given or described
        for given, described in zip([*declared, *[""] * left], verdict.parameters, strict=True)
    ]
    changed = [
        pair for pair in zip(parameters, verdict.parameters, strict=True) if len({*pair}) > 1
    ]
    if not changed:
        return verdict
    if not all(map(_widens, *zip(*changed, strict=True))) or _may_follow(verdict, declared):
        return None
    return replace(verdict, parameters=tuple(parameters))


def _widens(given: str, described: str) -> bool:
    return _WIDTHS.get(given, 9) < _WIDTHS.get(described, -1)


def _may_follow(description: Description, declared: Sequence[str]) -> bool:
    """Say whether the type of a column, or of another parameter, may come from a declared one."""
    free = (
        kind
        for number, kind in enumerate(description.parameters)
        if number >= len(declared) or not declared[number]
    )
    computed = (column.type for column in description.columns if column.origin is None)
    return any(kind.removesuffix("[]") in _NUMBERS for kind in (*free, *computed))
