"""What else a column might hold, where a check refuses what was made up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
# PostgreSQL prints `x IN (1, 2)` as `x = ANY (ARRAY[1, 2])`.
_LIST = re.compile(r"= ANY \(+ARRAY\[([^\]]*)\]")
_LONGEST = 255
_CHARACTERS = (digits, ascii_lowercase, ascii_uppercase)
# For what no literal of the definition helps with: signs, times before and after, shapes of text.
_ANYTHING = (
    *(
        "0",
        "1",
        "-1",
        "0.5",
        "30000",
        "1000000000",
        "-30000",
        "true",
        "false",
        "1990-01-01",
        "2099-12-31",
        "00:00",
        "23:59",
    ),
    *("[]", "{}", "a", "A", "a@example.com", "https://example.com", "/a", ""),
)


def listed(definitions: Sequence[str]) -> list[str]:
    """The values of which a check demands one, where it is a list of them."""
    for definition in definitions:
        found = _LIST.search(definition)
        if found:
            return _literals(found[1]) or _NUMBER.findall(found[1])
    return []


def other_values(definitions: Sequence[str], others: Sequence[object], random: Random) -> list[str]:
    """Texts to try, the likeliest first.

    Args:
        definitions: Every check that the column is in, as PostgreSQL prints it.
        others: The values of the other columns of these checks, which it may be compared with.
        random: Draws the characters of texts that have the length of a number in a check.
    """
    found: list[object] = []
    for definition in definitions:
        found += _literals(definition)
        for number in map(Decimal, _NUMBER.findall(definition)):
            found += [number, number + 1, number - 1]
            if 0 < number <= _LONGEST:
                found += ["".join(random.choices(kind, k=int(number))) for kind in _CHARACTERS]
    for other in others:
        found += _beside(other)
    return list(dict.fromkeys(map(str, [*found, *_ANYTHING])))


def _beside(other: object) -> list[object]:
    """The value itself, one above and one below."""
    if isinstance(other, date):
        return [other + timedelta(days=1), other - timedelta(days=1), other]
    if isinstance(other, int | Decimal):
        return [other + 1, other - 1, other]
    return [other] if isinstance(other, str) else []


def _literals(text: str) -> list[str]:
    return [literal.replace("''", "'") for literal in _LITERAL.findall(text)]
