"""Candidate values for a column whose check refuses a random one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from understudy.rows.pattern_examples import example

_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
# PostgreSQL prints `x IN (1, 2)` as `x = ANY (ARRAY[1, 2])`.
_LIST = re.compile(r"= ANY \(+ARRAY\[([^\]]*)\]")
# The operators and the function that match a regular expression.
_MATCHES = re.compile(r"(?<![!~])~\*? '|regexp_like")
_EXAMPLES = 10  # of each regular expression, so that a unique column finds one that is not taken
_LONGEST = 255
_CHARACTERS = (digits, ascii_lowercase, ascii_uppercase)
# Tried last: signs, early and late times, common shapes of text.
_COMMON = (
    *("0", "1", "-1", "0.5", "30000", "1000000000", "-30000", "true", "false"),
    *("1990-01-01", "2099-12-31", "00:00", "23:59"),
    *("[]", "{}", "a", "A", "a@example.com", "https://example.com", "/a", ""),
)


def listed_values(definitions: Sequence[str]) -> list[str]:
    """Return the values of the first check that lists the allowed ones (`IN (...)`)."""
    for definition in definitions:
        match = _LIST.search(definition)
        if match:
            return _literals(match[1]) or _NUMBER.findall(match[1])
    return []


def alternatives(definitions: Sequence[str], others: Sequence[object], random: Random) -> list[str]:
    """Return values to try, as texts, likeliest first.

    Args:
        definitions: every check that mentions the column, as PostgreSQL prints it.
        others: the values of the other columns in these checks.
        random: the source for texts whose length a check mentions.
    """
    values: list[object] = []
    for definition in definitions:
        literals = _literals(definition)
        if _MATCHES.search(definition):
            examples = [example(text, random) for text in literals for _ in range(_EXAMPLES)]
            values += [text for text in examples if text is not None]
        values += literals
        for number in map(Decimal, _NUMBER.findall(definition)):
            values += [number, number + 1, number - 1]
            if 0 < number <= _LONGEST:
                values += ["".join(random.choices(kind, k=int(number))) for kind in _CHARACTERS]
    for other in others:
        values += _neighbours(other)
    return list(dict.fromkeys(map(str, [*values, *_COMMON])))


def _neighbours(value: object) -> list[object]:
    if isinstance(value, date):
        return [value + timedelta(days=1), value - timedelta(days=1), value]
    if isinstance(value, int | Decimal):
        return [value + 1, value - 1, value]
    return [value] if isinstance(value, str) else []


def _literals(text: str) -> list[str]:
    return [literal.replace("''", "'") for literal in _LITERAL.findall(text)]
