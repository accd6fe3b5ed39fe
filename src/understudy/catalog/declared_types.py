"""Verdicts on statements whose parameter types the driver declares.

Most drivers leave the types of parameters to PostgreSQL. psycopg declares them by the Python value:
an int as the smallest integer type that fits. Usually PostgreSQL's verdict differs only in the
parameters themselves, so that most calls need no separate entry in the catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from understudy.catalog.description import Description, Verdict

_WIDTHS = {"smallint": 0, "integer": 1, "bigint": 2}
# A computed column with one of these types may depend on the width of a parameter: `$1 << 2` is as
# wide as $1. A table's column has a type of its own.
_NUMBERS = (*_WIDTHS, "numeric", "real", "double precision", "oid")


def with_declared_types(verdict: Verdict, declared: Sequence[str]) -> Verdict | None:
    """Derive the verdict on a statement with declared types from the one without.

    Args:
        verdict: the verdict with undeclared types.
        declared: the declared types of the first parameters, "" for an undeclared one.

    Returns:
        The verdict, or None if PostgreSQL has to be asked. An integer that PostgreSQL widens
        changes the parameter alone, unless the type of a computed column may depend on it.
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
    """Return whether the type of a column, or of another parameter, may depend on the declared."""
    free = (
        kind
        for number, kind in enumerate(description.parameters)
        if number >= len(declared) or not declared[number]
    )
    computed = (column.type for column in description.columns if column.origin is None)
    return any(kind.removesuffix("[]") in _NUMBERS for kind in (*free, *computed))
