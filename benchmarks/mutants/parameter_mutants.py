"""Mutants of a statement's parameters: too few, too many, swapped or of a wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.sources import Statement

# For each PostgreSQL type the mistakes, and the replacements of a parameter {0}.
_WRONG = {
    "bigint": (("str of it", "str({0})"), ("a list of it", "[{0}]")),
    "text": (("a number", "7"), ("a list of it", "[{0}]")),
    "jsonb": (("str of it", "str({0})"), ("a number", "7")),
    "bigint[]": (("str of it", "str({0})"), ("a number", "7")),
}


def mutants_of(statement: Statement, types: Sequence[str]) -> Iterator[Mutant]:
    """Yield every mutant of the parameters of a statement.

    Args:
        statement: the statement in the source.
        types: the PostgreSQL type of each parameter.
    """
    number = 0
    for items in statement.parameters:
        source = statement.method.file.read_text(encoding="utf-8")
        texts = [source[start:end] for start, end in items]
        for edits, kind in (
            *_counts(items, texts),
            *_swaps(items, texts),
            *_types(items, texts, types[number : number + len(items)]),
        ):
            yield Mutant(statement.method, "parameters", kind, edits)
        number += len(items)


Edits = tuple[tuple[int, int, str], ...]
Found = Iterator[tuple[Edits, str]]


def _counts(items: Sequence[tuple[int, int]], texts: Sequence[str]) -> Found:
    for number, (start, end) in enumerate(items):
        if number + 1 < len(items):
            yield ((start, items[number + 1][0], ""),), "one too few"
        else:
            yield ((items[number - 1][1] if number else start, end, ""),), "one too few"
    end = items[-1][1]
    yield ((end, end, f", {texts[-1]}"),), "one too many"


def _swaps(items: Sequence[tuple[int, int]], texts: Sequence[str]) -> Found:
    for number, (one, other) in enumerate(pairwise(items)):
        yield ((*one, texts[number + 1]), (*other, texts[number])), "two swapped"


def _types(items: Sequence[tuple[int, int]], texts: Sequence[str], types: Sequence[str]) -> Found:
    for place, text, kind in zip(items, texts, types, strict=True):
        for mistake, template in _WRONG[kind]:
            yield ((*place, template.format(text)),), f"wrong type: {mistake}"
