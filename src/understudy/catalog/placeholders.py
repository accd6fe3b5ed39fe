"""Write psqlpy's named placeholders as PostgreSQL's own: $1, $2, ...

psqlpy replaces them by a pattern, without a look at SQL: it replaces what stands in a literal or in
a comment too, and so does this.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

_NAMED = re.compile(r"\$\(([^)]+)\)p")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A statement with numbered placeholders.

    Attributes:
        text: what PostgreSQL gets.
        names: the name of each parameter, in the order of their numbers; empty if the statement
            had numbers. A name gets a new number each time it occurs.
    """

    text: str
    names: tuple[str, ...] = ()
    # The pieces of `text`: where each begins, there and in the driver's text.
    _starts: tuple[int, ...] = field(default=(0,), repr=False)
    _origins: tuple[int, ...] = field(default=(0,), repr=False)

    def original_position(self, position: int) -> int:
        """Return where a character of `text` was in the driver's text, both counted from 1."""
        piece = bisect_right(self._starts, position - 1) - 1
        # Every other piece is a placeholder.
        inside = 0 if piece % 2 else position - 1 - self._starts[piece]
        return self._origins[piece] + inside + 1


def to_numbered(statement: str) -> Numbered:
    """Rewrite the placeholders of a statement that is given parameters."""
    names: list[str] = []
    pieces: list[str] = []
    starts, origins = [], []
    length = end = 0

    def add(text: str, origin: int) -> None:
        nonlocal length
        starts.append(length)
        origins.append(origin)
        pieces.append(text)
        length += len(text)

    for match in _NAMED.finditer(statement):
        add(statement[end : match.start()], end)
        names.append(match[1])
        add(f"${len(names)}", match.start())
        end = match.end()
    add(statement[end:], end)
    return Numbered("".join(pieces), tuple(names), tuple(starts), tuple(origins))
