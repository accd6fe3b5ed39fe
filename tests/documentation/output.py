"""Printed output, compared without what differs from run to run."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANYTHING = "..."


def lines_of(text: str) -> list[str]:
    """The lines of an output, with times and the length of rulers taken out, and no empty ones."""
    text = re.sub(r"\b\d+\.\d+s\b", "<seconds>", text)
    text = re.sub(r"([=_!-])\1{3,}", r"\1\1\1\1", text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def first_missing(expected: Sequence[str], actual: Sequence[str]) -> str | None:
    """Return the first expected line that does not come where it should; None if all do.

    A line `...` stands for any number of lines.
    """
    position = 0
    jumped = False
    for line in expected:
        if line.strip() == ANYTHING:
            jumped = True
            continue
        found = actual.index(line, position) if line in actual[position:] else None
        if found is None or (found != position and not jumped):
            return line
        position = found + 1
        jumped = False
    if position < len(actual) and not jumped:
        return f"(nothing more; printed was {actual[position]!r})"
    return None
