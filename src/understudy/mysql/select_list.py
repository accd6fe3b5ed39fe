"""The columns of a statement's result, as far as its text alone tells them.

MySQL names a column by its label, else by its own name, else by the text of the expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from understudy.mysql import sql
from understudy.mysql.effects import CHANGES
from understudy.mysql.sql import Piece

_ENDS = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "EXCEPT", "INTERSECT"}
    | {"ORDER", "LIMIT", "INTO", "FOR", "LOCK", "PROCEDURE"}
)
_MODIFIERS = frozenset(
    {"ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN"}
    | {"SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT", "SQL_NO_CACHE"}
    | {"SQL_CACHE", "SQL_CALC_FOUND_ROWS"}
)
# An item with one of these may end with a word that is no label.
_OPEN = frozenset(
    {"CASE", "INTERVAL", "IS", "NOT", "COLLATE", "OVER", "DIV", "MOD", "AND", "OR", "XOR"}
    | {"LIKE", "BINARY"}
)
_LONGEST = 60  # characters of an expression that is certainly a name as a whole
_WITHOUT_ROWS = CHANGES | frozenset(
    {"CREATE", "ALTER", "DROP", "TRUNCATE", "RENAME", "GRANT", "REVOKE", "LOAD", "DO"}
    | {"SET", "USE", "LOCK", "UNLOCK"}
)
_WITH_ROWS = frozenset(["SELECT", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN"])


def returns_rows(statement: str) -> bool | None:
    """Return whether a statement returns rows, judged by its words; None if they do not tell."""
    command = sql.command_of(statement)
    if command in CHANGES:
        return any(piece.word == "RETURNING" for piece in sql.pieces(statement))
    if command in _WITHOUT_ROWS:
        return False
    return True if command in _WITH_ROWS else None


@lru_cache(maxsize=4096)
def column_names(statement: str) -> tuple[str | None, ...] | None:
    """Return the names of the columns of a statement's result.

    Returns:
        The name of each column, None for one that is not certain; the whole is None if the number
        of columns is not certain (`SELECT *`), or if this is a statement without a list.
    """
    items = _items(sql.pieces(statement))
    if not items or any(not item or item[-1].text == "*" for item in items):
        return None
    return tuple(_name(statement, item) for item in items)


@lru_cache(maxsize=4096)
def column_tables(statement: str) -> tuple[str, ...]:
    """Return the table of each column whose name has one before it, as in `u.id`; else ""."""
    items = _items(sql.pieces(statement))
    return tuple(_label(item[0]) if _is_qualified(item) else "" for item in items)


def _is_qualified(item: list[Piece]) -> bool:
    """Return whether an item is a column with its table, and maybe a label."""
    is_label = len(item) == 3 or (len(item) in (4, 5) and item[-1].kind != "symbol")
    return is_label and item[1].text == "."


def _items(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return the items between SELECT or RETURNING and what follows."""
    items: list[list[Piece]] = []
    depth = 0
    for piece in pieces:
        depth += (piece.text == "(") - (piece.text == ")")
        if not items:
            if depth == 0 and piece.word in ("SELECT", "RETURNING"):
                items.append([])
        elif depth == 0 and (piece.word in _ENDS or piece.text == ";"):
            break
        elif depth == 0 and piece.text == ",":
            items.append([])
        elif items[-1] or len(items) > 1 or piece.word not in _MODIFIERS:
            items[-1].append(piece)
    return items


def _name(statement: str, item: list[Piece]) -> str | None:
    last = item[-1]
    words = {piece.word for piece in item if piece.kind == "word"}
    if len(item) > 1 and item[-2].word == "AS":
        return _label(last)
    is_qualified = len(item) % 2 and all(piece.text == "." for piece in item[1::2])
    if is_qualified and all(piece.kind in ("word", "name") for piece in item[::2]):
        return _label(last)
    if len(item) == 1 and last.kind == "text":
        return str(sql.text_of(last.text))
    if words & _OPEN:
        return None
    if last.kind in ("word", "name", "text") and item[-2].kind != "symbol":
        return _label(last)
    if last.kind in ("word", "name") and item[-2].text == ")":
        return _label(last)
    if last.kind in ("word", "name") and item[-2].text != "." and len(item) > 2:
        return None
    text = statement[item[0].start : last.end]
    return text if len(text) <= _LONGEST and "/*" not in text else None


def _label(piece: Piece) -> str:
    if piece.kind == "text":
        return str(sql.text_of(piece.text))
    return sql.name_of(piece.text)
