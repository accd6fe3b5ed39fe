"""Lists in SQL: what commas separate, and what brackets enclose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from understudy.pg.sql import Tokens

# Words that end a list elsewhere, and here belong to an item.
_INSIDE = (("DISTINCT", "FROM"), ("WITHIN", "GROUP"))


def items(tokens: Tokens, start: int = 0, ends: Set[str] = frozenset()) -> tuple[list[Tokens], int]:
    """Return the items of a list, and the place after the last one.

    Args:
        tokens: of a statement.
        start: the place of the first item.
        ends: the words after the list, in upper case. A closing bracket ends it, too.
    """
    found: list[Tokens] = []
    depth = 0
    for at in range(start, len(tokens)):
        token = tokens[at]
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if depth < 0:
            return [*found, tokens[start:at]], at
        if depth:
            continue
        word = token.upper()
        if word == ",":
            found.append(tokens[start:at])
            start = at + 1
        elif word in ends and (tokens[at - 1].upper(), word) not in _INSIDE:
            return [*found, tokens[start:at]], at
    return [*found, tokens[start:]], len(tokens)


def outside_brackets(tokens: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the tokens that no brackets enclose, each after its place."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if not depth:
            yield at, token


def after_brackets(tokens: Tokens) -> Tokens:
    """Return what follows the brackets with which the tokens begin."""
    return tokens[items(tokens, 1)[1] + 1 :]
