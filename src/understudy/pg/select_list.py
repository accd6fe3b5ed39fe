"""The columns of a statement's result, as far as its text alone tells them.

A name is only given if it is certain: PostgreSQL has many rules for names (FigureColname in
parse_target.c), and the ones below are those of a column, a label, a call and a plain literal.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from understudy.pg import sql
from understudy.pg.sql_lists import after_brackets, items, outside_brackets
from understudy.pg.sql_spelling import name_of

_COMMANDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE"})
_ENDS = frozenset(
    {"FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER"}
    | {"LIMIT", "OFFSET", "FETCH", "FOR", "INTO"}
)
# Words that begin something else than a column or a call, or that have a name of their own.
_SPECIAL = frozenset(
    {"all", "analyse", "analyze", "and", "any", "array", "as", "between", "binary", "bit"}
    | {"boolean", "both", "case", "cast", "char", "character", "coalesce", "collate", "collation"}
    | {"current_catalog", "current_date", "current_role", "current_schema", "current_time"}
    | {"current_timestamp", "current_user", "dec", "decimal", "default", "distinct", "else", "end"}
    | {"except", "exists", "extract", "false", "float", "greatest", "grouping", "ilike", "in"}
    | {"inout", "int", "integer", "interval", "is", "isnull", "json", "json_array"}
    | {"json_arrayagg", "json_exists", "json_object", "json_objectagg", "json_query"}
    | {"json_scalar", "json_serialize", "json_table", "json_value", "leading", "least", "like"}
    | {"localtime", "localtimestamp", "merge_action", "national", "nchar", "none", "normalize"}
    | {"not", "notnull", "null", "nullif", "numeric", "only", "operator", "or", "out", "overlaps"}
    | {"overlay", "position", "precision", "real", "row", "session_user", "setof", "similar"}
    | {"smallint", "some", "substring", "symmetric", "system_user", "then", "time", "timestamp"}
    | {"trailing", "treat", "trim", "true", "user", "values", "varchar", "verbose", "when"}
    | {"xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest", "xmlnamespaces"}
    | {"xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable"}
)
_UNNAMED = "?column?"
_LONGEST = 63  # bytes of a name (NAMEDATALEN - 1)
_WORD = re.compile(r"[^\W\d]\w*[\w$]*")
_LITERAL = re.compile(r"\d[\d_]*(?:\.[\d_]*)?|'.*'|\$\d+", re.DOTALL)


@lru_cache(maxsize=4096)
def column_names(statement: str) -> tuple[str | None, ...] | None:
    """Return the names of the columns of a statement's result.

    Returns:
        The name of each column, None for one that is not certain; the whole is None if the number
        of columns is not certain (`SELECT *`), or if this is a statement without a list.
    """
    tokens = sql.tokens(statement)
    if ";" in tokens or (listed := _listed(tokens)) is None:
        return None
    names: list[str | None] = []
    for item in listed:
        if not item or _is_star(item):
            return None
        names.append(_name(item))
    return tuple(names)


def _listed(tokens: sql.Tokens) -> list[sql.Tokens] | None:
    """Return the items between SELECT or RETURNING and what follows."""
    command = ""
    for at, token in outside_brackets(tokens):
        word = token.upper()
        if not command and word in _COMMANDS:
            command = word
        if command == "SELECT":
            return _without_quantifier(items(tokens, at + 1, _ENDS)[0])
        if word == "RETURNING" and command:
            return _without_quantifier(items(tokens, at + 1)[0])
    return None


def _is_star(item: sql.Tokens) -> bool:
    """Return whether an item may stand for several columns: `*`, `t.*`, `(t).*`."""
    if item == ("*",):
        return True
    depth = 0
    for before, token in pairwise(item):
        depth += (before == "(") - (before == ")")
        if not depth and (before, token) == (".", "*"):
            return True
    return False


def _without_quantifier(listed: list[sql.Tokens]) -> list[sql.Tokens] | None:
    """Return the items without the DISTINCT or ALL before the first, and without WITH (...)."""
    first = listed[0]
    word = first[0].upper() if first else ""
    if word == "ALL" and first[1:]:
        return [first[1:], *listed[1:]]
    if word == "DISTINCT":
        rest = first[1:]
        if rest[:1] and rest[0].upper() == "ON":
            rest = after_brackets(rest[1:])
        return [rest, *listed[1:]]
    # RETURNING WITH (OLD AS o) ..., which is PostgreSQL 18's.
    return None if word == "WITH" else listed


def _name(item: sql.Tokens) -> str | None:
    """Return the name of a column of the result, None if it is not certain."""
    if len(item) > 1 and item[-2].upper() == "AS":
        return _identifier(item[-1], is_label=True)
    if len(item) == 1 and _LITERAL.fullmatch(item[0]):
        return _UNNAMED
    name, rest = _qualified(item)
    if name is None or not rest:
        return name
    if rest[0] == "(":
        rest = after_brackets(rest)
        while rest and rest[0].upper() in ("FILTER", "OVER") and rest[1:2] == ("(",):
            rest = after_brackets(rest[1:])
        return name if not rest else None
    # A label without AS.
    if len(rest) == 1 and rest[0].lower() not in ("isnull", "notnull"):
        return _identifier(rest[0], is_label=True)
    return None


def _qualified(tokens: sql.Tokens) -> tuple[str | None, sql.Tokens]:
    """Read `a.b.c`: return the last name, and what follows."""
    name = _identifier(tokens[0], is_label=False)
    at = 1
    while name is not None and tokens[at : at + 1] == (".",) and at + 1 < len(tokens):
        name = _identifier(tokens[at + 1], is_label=True)
        at += 2
    return name, tokens[at:]


def _identifier(token: str, *, is_label: bool) -> str | None:
    if token.startswith('"') and len(token) > 2:
        name = name_of(token)
    elif _WORD.fullmatch(token) and token.isascii():
        name = token.lower()
        if not is_label and name in _SPECIAL:
            return None
    else:
        return None
    return name if len(name.encode()) <= _LONGEST else None
