"""How many rows a statement returns or changes, for any data."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.catalog.description import RowBounds
from understudy.mysql import sql
from understudy.mysql.sql import Piece
from understudy.mysql.templates import Parameter, Template
from understudy.mysql_catalog.compared_columns import equal_columns
from understudy.mysql_catalog.schema import Schema
from understudy.mysql_catalog.scopes import Scope, closing, outside_brackets, word_at, words

_AGGREGATES = words(
    """COUNT SUM MIN MAX AVG GROUP_CONCAT BIT_AND BIT_OR BIT_XOR STD STDDEV VARIANCE JSON_ARRAYAGG
    JSON_OBJECTAGG STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP"""
)
_COMBINED = frozenset(["UNION", "EXCEPT", "INTERSECT"])
_GROUPED = frozenset(["GROUP", "HAVING", "LIMIT"])


def bounds(
    pieces: Sequence[Piece], schema: Schema, scope: Scope, inserted: int | None
) -> RowBounds:
    """Return the bounds that are certain.

    Args:
        pieces: the statement.
        schema: the schema.
        scope: its tables.
        inserted: how many rows an INSERT of values has.
    """
    if inserted is not None:
        return RowBounds(inserted, inserted)
    command = word_at(pieces, 0)
    places = outside_brackets(pieces)
    outer = [word_at(pieces, at) for at in places]
    if command not in ("SELECT", "UPDATE", "DELETE") or not _COMBINED.isdisjoint(outer):
        return RowBounds()
    is_ungrouped = command == "SELECT" and _GROUPED.isdisjoint(outer)
    has_one = _is_aggregated(pieces, places) or not {"FROM", "WHERE"} & set(outer)
    if is_ungrouped and has_one:
        return RowBounds(1, 1)
    most = 1 if _has_whole_key(pieces, outer, schema, scope) else None
    return _limited(pieces, places, outer, most)


def has_wrong_limit(found: Template) -> bool:
    """Return whether LIMIT or OFFSET has a literal that is no number of rows: `LIMIT '10'`."""
    pieces = sql.pieces(found.text)
    places = [at for at, piece in enumerate(pieces) if piece.kind == "parameter"]
    rows = found.values if isinstance(found.values, list) else [found.values]
    for at, value in zip(places, rows[0], strict=False):
        before = word_at(pieces, at - 1)
        is_count = before in ("LIMIT", "OFFSET") or (
            before == "," and word_at(pieces, at - 3) == "LIMIT"
        )
        is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if is_count and not is_number and not isinstance(value, Parameter):
            return True
    return False


def _is_aggregated(pieces: Sequence[Piece], places: Sequence[int]) -> bool:
    """Return whether an aggregate of the select list makes one row of all."""
    end = next((at for at in places if word_at(pieces, at) == "FROM"), len(pieces))
    at = 1
    while at < end:
        if word_at(pieces, at) == "(" and word_at(pieces, at + 1) == "SELECT":
            at = closing(pieces, at)
        elif word_at(pieces, at) in _AGGREGATES and word_at(pieces, at + 1) == "(":
            is_window = word_at(pieces, closing(pieces, at + 1) + 1) == "OVER"
            if not is_window:
                return True
        at += 1
    return False


def _has_whole_key(
    pieces: Sequence[Piece], outer: Sequence[str], schema: Schema, scope: Scope
) -> bool:
    """Return whether the condition names one value for each column of a unique key."""
    if scope.count != 1 or scope.derived or {"JOIN", "STRAIGHT_JOIN", "OR"} & set(outer):
        return False
    table = schema.table(scope.tables[0])
    if table is None or not table.is_base or "WHERE" not in outer or "SELECT" in outer[1:]:
        return False
    names = {name.lower() for name in equal_columns(pieces, scope)}
    return any(key and key <= names for key in table.keys)


def _limited(
    pieces: Sequence[Piece], places: Sequence[int], outer: Sequence[str], most: int | None
) -> RowBounds:
    """Return the bounds with those of LIMIT."""
    if "LIMIT" not in outer:
        return RowBounds(0, most)
    at = places[outer.index("LIMIT")] + 1
    if word_at(pieces, at + 1) == ",":  # LIMIT offset, count
        at += 2
    if at >= len(pieces) or pieces[at].kind != "parameter":
        return RowBounds(0, most)
    number = sum(piece.kind == "parameter" for piece in pieces[: at + 1])
    return RowBounds(0, most, number)
