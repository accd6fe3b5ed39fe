"""Conditions of CHECK constraints, in the form that `catalog.check_conditions` evaluates.

Only numbers are compared there: whether two texts are equal depends on a collation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from understudy.mysql import sql
from understudy.mysql.sql import name_of
from understudy.mysql_catalog.column_types import INTEGERS, read_type

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS = frozenset(["AND", "OR", "NOT", "IS", "NULL"])
_SYMBOLS = frozenset(["(", ")", "=", "<>", "<", ">", "<=", ">="])
_BETWEEN = re.compile(r"(\w+) BETWEEN (-?[\d.]+) AND (-?[\d.]+)")


@lru_cache(maxsize=1024)
def readable(clause: str) -> str | None:
    """Return a condition that compares columns with numbers; None for any other."""
    parts: list[str] = []
    for piece in sql.pieces(clause):
        if piece.kind == "name":
            parts.append(name_of(piece.text))
            is_known = _NAME.fullmatch(parts[-1]) is not None
        elif piece.kind == "word":
            parts.append(piece.word)
            is_known = piece.word in _WORDS or piece.word == "BETWEEN"
        else:
            parts.append("<>" if piece.text == "!=" else piece.text)
            is_known = piece.kind == "number" or parts[-1] in _SYMBOLS
        if not is_known:
            return None
    text = _BETWEEN.sub(r"(\1 >= \2 AND \1 <= \3)", " ".join(parts))
    return None if "BETWEEN" in text else text


def numeric_type(type_name: str) -> str | None:
    """Return the name by which a type of numbers is known there; None for another type."""
    kind = read_type(type_name)
    if kind.name in INTEGERS:
        return "integer"
    if kind.name == "decimal" and kind.sizes:
        return f"numeric({','.join(map(str, kind.sizes))})"
    return None
