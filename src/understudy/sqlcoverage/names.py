"""What the text of a condition names: columns, parameters, functions."""

from __future__ import annotations

import re

from understudy.pg import sql
from understudy.script.formatting import shortened

_NAME = re.compile(r'[^\W\d][\w$]*|"(?:[^"]|"")+"')
_CONSTANT = re.compile(r"\d.*|[eEbBxXnN]?'.*|TRUE|FALSE|NULL|[^\w\"$:%]+", re.DOTALL)
# Words between the operands of an operator that is NULL if one of them is.
_OPERATORS = frozenset(
    {"LIKE", "ILIKE", "BETWEEN", "AND", "SYMMETRIC", "IN", "ANY", "SOME", "ALL", "NOT"}
    | {"SIMILAR", "TO", "TRUE", "FALSE", "NULL"}
)
_STRICT = frozenset(
    {"abs", "btrim", "ceil", "char_length", "date_trunc", "floor", "length", "lower", "ltrim"}
    | {"position", "round", "rtrim", "strpos", "upper"}
)
# Words with which a condition may be true or false although an operand is NULL.
_WORDS = frozenset(
    {"IS", "ISNULL", "NOTNULL", "DISTINCT", "CASE", "EXISTS", "COALESCE", "SELECT", "ARRAY", "ROW"}
    | {"OVERLAPS", "AT", "COLLATE", "INTERVAL", "DATE", "TIMESTAMP", "TIME", "CURRENT_DATE"}
    | {"CURRENT_TIMESTAMP", "CURRENT_USER", "SESSION_USER", "LOCALTIMESTAMP", "ESCAPE", "USER"}
)


def shown(text: str) -> str:
    """Return SQL as a report shows it: on one line, and not too long."""
    return shortened(sql.one_line(text))


def depends_on_something(text: str) -> bool:
    """Return whether a condition is not a constant, such as `true` or `1 = 1`."""
    return not all(_CONSTANT.fullmatch(token.upper()) for token in sql.tokens(text))


def columns_of(text: str) -> tuple[str, ...]:
    """Return the columns of a condition that is NULL for a row in which one of them is.

    Returns:
        Nothing if that is not certain, or if there are none.
    """
    tokens = sql.tokens(text)
    found: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        if token == "::":
            at += 2
            continue
        if not _NAME.fullmatch(token) or token.upper() in _OPERATORS:
            if token.upper() == "IN" and tokens[at + 1 : at + 3] == ("(", "SELECT"):
                return ()
            at += 1
            continue
        if following == "(":
            if token.lower() not in _STRICT:
                return ()
            at += 1
            continue
        name = [token]
        while tokens[at + 1 : at + 2] == (".",) and at + 2 < len(tokens):
            name.append(tokens[at + 2])
            at += 2
        if any(_NAME.fullmatch(part) is None for part in name) or token.upper() in _WORDS:
            return ()
        found.append(".".join(name))
        at += 1
    return tuple(dict.fromkeys(found))
