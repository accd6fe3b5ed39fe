"""Interleaved rounds of measurements, and their medians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

Round = Mapping[str, float]


def interleaved(rounds: int, candidates: Mapping[str, Callable[[], float]]) -> list[Round]:
    """Measure every candidate once in each round; each round starts with another candidate.

    A slowdown of the machine affects all candidates of a round, and so cancels out in a ratio.
    """
    names = list(candidates)
    found: list[Round] = []
    for number in range(rounds):
        first = number % len(names)
        order = names[first:] + names[:first]
        found.append({name: candidates[name]() for name in order})
    return found


def typical(rounds: Sequence[Round], name: str) -> float:
    """Return the median of a candidate's measurements."""
    return median(values[name] for values in rounds)


def ratio(rounds: Sequence[Round], name: str, to: str) -> float:
    """Return the median over the rounds of one candidate's measurement divided by another's."""
    return median(values[name] / values[to] for values in rounds)


def difference(rounds: Sequence[Round], name: str, to: str) -> float:
    """Return the median over the rounds of one candidate's measurement minus another's."""
    return median(values[name] - values[to] for values in rounds)
