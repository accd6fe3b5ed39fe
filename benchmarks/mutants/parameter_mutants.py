"""Every mutant of a statement's parameters: too few, too many, swapped, of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.mutants.mutant import Mutant
from benchmarks.mutants.sources import Statement

# What stands instead of a parameter {0} of a PostgreSQL type, and what mistake that is.
_WRONG = {
    "bigint": (("str of it", "str({0})"), ("a list of it", "[{0}]")),
    "text": (("a number", "7"), ("a list of it", "[{0}]")),
    "jsonb": (("str of it", "str({0})"), ("a number", "7")),
    "bigint[]": (("str of it", "str({0})"), ("a number", "7")),
}


def mutants_of(statement: Statement, types: Sequence[str]) -> Iterator[Mutant]:
    """Every mutant of the parameters that are given to a statement.

    Args:
        statement: the statement, as found in the source.
        types: PostgreSQL's type of each parameter.
    """
    number = 0
    for items in statement.parameters:
        source = statement.spot.file.read_text(encoding="utf-8")
        texts = [source[start:end] for start, end in items]
        for edits, kind in (
            *_counts(items, texts),
            *_swaps(items, texts),
            *_types(items, texts, types[number : number + len(items)]),
        ):
            yield Mutant(statement.spot, "parameters", kind, edits)
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
