"""Which column each parameter of a statement is stored in or compared with, if its text says so."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from understudy.pg import sql
from understudy.pg.sql import Tokens
from understudy.pg.sql_lists import items
from understudy.pg.sql_spelling import name_of

_COMPARED = frozenset({"=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE"})
# Before a column that is compared or set as it is, and not a part of an expression.
_BEFORE = frozenset({"WHERE", "AND", "OR", "NOT", "ON", "SET", "HAVING", "WHEN", "(", ","})
_COUNTS = frozenset({"LIMIT", "OFFSET"})
# After a whole value. Of `name = $1 || email`, $1 is a part.
_AFTER = frozenset(
    {"AND", "OR", "THEN", "WHERE", "FROM", "RETURNING", "GROUP", "HAVING", "WINDOW", "ORDER"}
    | {"LIMIT", "OFFSET", "FETCH", "FOR", "ON", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS"}
    | {"UNION", "INTERSECT", "EXCEPT", ")", ",", ";"}
)
_BEFORE_BRACKETS = frozenset(
    {"WHERE", "ON", "USING", "IN", "LIKE", "ILIKE", "BETWEEN", "AND", "OR", "JOIN", "NOT", "BY"}
)
_QUERIES = frozenset({"SELECT", "VALUES", "TABLE", "WITH", "("})
NUMBER = "number of rows"


def parameter_columns(statement: str) -> dict[int, set[str]]:
    """Return the columns of parameters, without their tables, by the number of the parameter.

    A parameter is missing if only one of its uses is not certain. The column of a LIMIT is NUMBER.
    """
    tokens = sql.tokens(statement)
    words = [token.upper() for token in tokens]
    if _renames(words):
        return {}
    uses = Counter(number for token in tokens if (number := _number(token)) is not None)
    found: dict[int, list[str]] = defaultdict(list)
    for number, column in (*_compared(tokens, words), *_inserted(tokens, words)):
        found[number].append(column)
    return {
        number: set(columns) for number, columns in found.items() if len(columns) == uses[number]
    }


def _renames(words: Sequence[str]) -> bool:
    """Return whether a name in a statement may mean the column of a query, not of a table."""
    for at, word in enumerate(words):
        if word in ("WITH", "MERGE", "LATERAL"):
            return True
        before = words[at - 1] if at else ""
        after = words[at + 1] if at + 1 < len(words) else ""
        if word == "(" and before in ("FROM", "JOIN", ",") and after in _QUERIES:
            return True
        if word == "(" and at > 2 and _is_alias(words, at):
            return True
    return False


def _is_alias(words: Sequence[str], at: int) -> bool:
    """Return whether a bracket is after an alias: FROM users AS u (id), FROM app.users u (id)."""
    name, before = words[at - 1], words[at - 2]
    if before == "AS":
        return words[0] != "INSERT"
    is_name = name[0].isalpha() and name not in _BEFORE_BRACKETS
    return is_name and words[at - 3] in ("FROM", "JOIN", ".")


def _compared(tokens: Tokens, words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the parameters after `column =` and the like, and after LIMIT and OFFSET."""
    for at, word in enumerate(words):
        number = _number(tokens[at])
        if number is None or not at:
            continue
        before = at - 1
        if words[before] == "(" and words[before - 1 : before] == ["ANY"]:
            before -= 2
        if words[at - 1] in _COUNTS:
            yield number, NUMBER
        elif words[before] in _COMPARED and before and word and _is_whole(words, at + 1):
            column = _column(tokens, words, before - 1)
            if column:
                yield number, column


def _is_whole(words: Sequence[str], at: int) -> bool:
    """Return whether the value that ends before a place is no operand of an expression."""
    if words[at : at + 1] == ["::"]:  # the name of a type, such as varchar(3)[] or double precision
        at += 1
        while at < len(words) and _is_of_type(words[at]):
            at += 1
    return at >= len(words) or words[at] in _AFTER


def _is_of_type(word: str) -> bool:
    return word in ("(", ")", "[", "]") or (word[0].isalnum() and word not in _AFTER)


def _column(tokens: Tokens, words: Sequence[str], at: int) -> str:
    """Return the column that ends at a place; "" for the end of an expression."""
    name = tokens[at]
    if not (name[0].isalpha() or name[0] in '_"'):
        return ""
    before = at - 1
    while before > 0 and tokens[before] == ".":
        before -= 2
    return name_of(name) if words[before : before + 1] and words[before] in _BEFORE else ""


def _inserted(tokens: Tokens, words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the parameters in VALUES of an INSERT that names its columns."""
    if "INSERT" not in words or "VALUES" not in words:
        return
    at = words.index("INSERT")
    opening = words.index("(", at) if "(" in words[at:] else len(words)
    names, end = items(tokens, opening + 1)
    # Directly after the names, or after OVERRIDING SYSTEM VALUE.
    rows = next((end + n for n in (1, 4) if words[end + n : end + n + 1] == ["VALUES"]), 0)
    if not rows:
        return
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
