"""Which column each parameter of a statement is stored in or compared with, if its text says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from understudy.pg import sql
from understudy.pg.sql import Tokens
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of

_COMPARED = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE"})
# Before a column that is compared or set as it is, and not a part of an expression.
_BEFORE = frozenset({"WHERE", "AND", "OR", "NOT", "ON", "SET", "HAVING", "WHEN", "(", ","})
_COUNTS = frozenset({"LIMIT", "OFFSET"})
NUMBER = "number of rows"


def parameter_columns(statement: str) -> dict[int, set[str]]:
    """Return the columns of parameters, without their tables, by the number of the parameter.

    A parameter is missing if only one of its uses is not certain. The column of a LIMIT is NUMBER.
    """
    tokens = sql.tokens(statement)
    uses = Counter(number for token in tokens if (number := _number(token)) is not None)
    found: dict[int, list[str]] = defaultdict(list)
    for number, column in (*_compared(tokens), *_inserted(tokens)):
        found[number].append(column)
    return {
        number: set(columns) for number, columns in found.items() if len(columns) == uses[number]
    }


def _compared(tokens: Tokens) -> Iterator[tuple[int, str]]:
    """Yield the parameters after `column =` and the like, and after LIMIT and OFFSET."""
    words = [token.upper() for token in tokens]
    for at, word in enumerate(words):
        number = _number(tokens[at])
        if number is None or not at:
            continue
        before = at - 1
        if words[before] == "(" and words[before - 1 : before] == ["ANY"]:
            before -= 2
        if words[at - 1] in _COUNTS:
            yield number, NUMBER
        elif words[before] in _COMPARED and before and word:
            column = _column(tokens, words, before - 1)
            if column:
                yield number, column


def _column(tokens: Tokens, words: list[str], at: int) -> str:
    """Return the column that ends at a place; "" for the end of an expression."""
    name = tokens[at]
    if not (name[0].isalpha() or name[0] in '_"'):
        return ""
    before = at - 1
    while before > 0 and tokens[before] == ".":
        before -= 2
    return name_of(name) if words[before : before + 1] and words[before] in _BEFORE else ""


def _inserted(tokens: Tokens) -> Iterator[tuple[int, str]]:
    """Yield the parameters in VALUES of an INSERT that names its columns."""
    words = [token.upper() for token in tokens]
    if "INSERT" not in words or "VALUES" not in words:
        return
    at = words.index("INSERT")
    opening = words.index("(", at) if "(" in words[at:] else len(words)
    rows = words.index("VALUES", at) if "VALUES" in words[at:] else 0
    if not opening < rows:
        return
    names, _ = items(tokens, opening + 1)
    columns = [name_of(name[0]) if len(name) == 1 else "" for name in names]
    at = rows + 1
    while words[at : at + 1] == ["("]:
        values, end = items(tokens, at + 1)
        for column, value in zip(columns, values, strict=False):
            number = _number(value[0]) if value else None
            if number is not None and (len(value) == 1 or value[1] == "::"):
                yield number, column
        at = end + 2  # after the bracket and the comma


def _number(token: str) -> int | None:
    return int(token[1:]) if token[:1] == "$" and token[1:].isdecimal() else None
