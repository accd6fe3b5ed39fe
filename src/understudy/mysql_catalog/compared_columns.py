"""Which columns a statement compares with its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.catalog.description import Comparison
from understudy.mysql.sql import Piece
from understudy.mysql_catalog.scopes import (
    FoundColumn,
    Scope,
    outside_brackets,
    qualified,
    qualified_before,
    word_at,
    words,
)

_OPERATORS = frozenset(["=", "<>", "!=", "<", ">", "<=", ">=", "<=>"])
# What may stand before an expression, and after it, so that no other operator belongs to it.
_BEFORE = frozenset(["WHERE", "AND", "OR", "XOR", "ON", "NOT", "(", "WHEN", "&&", "||"])
_AFTER = words(
    """AND OR XOR && || ) , ; THEN ORDER GROUP HAVING LIMIT UNION EXCEPT INTERSECT FOR LOCK WHERE ON
    INNER LEFT RIGHT CROSS NATURAL JOIN STRAIGHT_JOIN RETURNING WINDOW AS"""
) | {""}


def compared(pieces: Sequence[Piece], scope: Scope) -> Iterator[Comparison]:
    """Yield the parameters that are compared with a column as they are.

    Args:
        pieces: the statement.
        scope: its tables.
    """
    number = 0
    # An alias of the select list hides a column there.
    having = next((at for at in range(len(pieces)) if word_at(pieces, at) == "HAVING"), len(pieces))
    for at, piece in enumerate(pieces[:having]):
        if piece.kind != "parameter":
            continue
        number += 1
        found = _column(pieces, at, scope)
        if found is not None:
            yield Comparison(found.path, number, found.column.type)


def _column(pieces: Sequence[Piece], at: int, scope: Scope) -> FoundColumn | None:
    before, after = word_at(pieces, at - 1), word_at(pieces, at + 1)
    if before in _OPERATORS and after in _AFTER:
        return _ending(pieces, at - 2, scope)
    if before in _BEFORE and after in _OPERATORS:
        names, end = qualified(pieces, at + 2)
        return scope.column(names) if names and word_at(pieces, end) in _AFTER else None
    if before == "BETWEEN" and after == "AND":
        return _ending(pieces, _without_not(pieces, at - 2), scope)
    is_second = before == "AND" and word_at(pieces, at - 3) == "BETWEEN"
    if is_second and pieces[at - 2].kind == "parameter" and after in _AFTER:
        return _ending(pieces, _without_not(pieces, at - 4), scope)
    place = at - 1
    while word_at(pieces, place) == "," and pieces[place - 1].kind == "parameter":
        place -= 2
    if word_at(pieces, place) == "(" and word_at(pieces, place - 1) == "IN" and after in (",", ")"):
        return _ending(pieces, _without_not(pieces, place - 2), scope)
    return None


def _without_not(pieces: Sequence[Piece], at: int) -> int:
    return at - 1 if word_at(pieces, at) == "NOT" else at


def _ending(pieces: Sequence[Piece], at: int, scope: Scope) -> FoundColumn | None:
    """Return the column that is the whole expression that ends at a place."""
    names, before = qualified_before(pieces, at)
    if not names or word_at(pieces, before) not in _BEFORE or _is_of_between(pieces, before):
        return None
    return scope.column(names)


def _is_of_between(pieces: Sequence[Piece], at: int) -> bool:
    """Return whether an AND is that of BETWEEN, after which `b = ?` is no comparison of its own."""
    if word_at(pieces, at) != "AND":
        return False
    while word_at(pieces, at - 1) not in _BEFORE | {"BETWEEN", ")", ""}:
        at -= 1
    return word_at(pieces, at - 1) == "BETWEEN"


def equal_columns(pieces: Sequence[Piece], scope: Scope) -> Iterator[str]:
    """Yield the columns that must equal one value: `a = ?` between ANDs, after WHERE."""
    start = next(at for at in outside_brackets(pieces) if word_at(pieces, at) == "WHERE")
    for at in outside_brackets(pieces, start):
        is_equal = word_at(pieces, at - 1) == "=" and word_at(pieces, at + 1) in _AFTER
        if pieces[at].kind == "parameter" and is_equal:
            names, before = qualified_before(pieces, at - 2)
            found = scope.column(names) if names else None
            if found is not None and word_at(pieces, before) in ("WHERE", "AND"):
                yield found.column.name
