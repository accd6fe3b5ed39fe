"""Choose the trials that are written: the fewest that show all that any of them shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set


def cover(shown: Sequence[Set[object]]) -> list[int]:
    """Return the positions of few sets that have all the items, in order.

    The set with the most new items comes first, and of equal ones the earlier. At last those are
    dropped all of whose items others have, too.
    """
    left = set().union(*shown)
    chosen: list[int] = []
    while left:
        best = max(range(len(shown)), key=lambda at: (len(shown[at] & left), -at))
        chosen.append(best)
        left -= shown[best]
    counts = Counter(item for at in chosen for item in shown[at])
    for at in sorted(chosen, reverse=True):
        if all(counts[item] > 1 for item in shown[at]):
            chosen.remove(at)
            counts.subtract(shown[at])
    return sorted(chosen)


def only(shown: Sequence[Set[object]]) -> list[set[object]]:
    """Return for each set the items that no other has."""
    counts = Counter(item for items in shown for item in items)
    return [{item for item in items if counts[item] == 1} for items in shown]
