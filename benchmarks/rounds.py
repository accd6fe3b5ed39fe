"""Interleaved rounds, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

Round = Mapping[str, float]


def interleaved(rounds: int, candidates: Mapping[str, Callable[[], float]]) -> list[Round]:
    """Measure every candidate once in each round, each round beginning with another one.

    A machine that slows down does so for all of them; each ratio is taken inside one round.
    """
    names = list(candidates)
    found: list[Round] = []
    for number in range(rounds):
        first = number % len(names)
        order = names[first:] + names[:first]
        found.append({name: candidates[name]() for name in order})
    return found


def typical(rounds: Sequence[Round], name: str) -> float:
    """The median of a candidate's measurements."""
    return median(one[name] for one in rounds)


def ratio(rounds: Sequence[Round], name: str, to: str) -> float:
    """The median over the rounds of one candidate's measurement divided by another's."""
    return median(one[name] / one[to] for one in rounds)


def apart(rounds: Sequence[Round], name: str, to: str) -> float:
    """The median over the rounds of one candidate's measurement minus another's."""
    return median(one[name] - one[to] for one in rounds)
