"""What each check does with what it finds: fail the test, warn, or not check at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warn", "off"]
# What the running test has set for itself, by the name of the check ("answers").
marked: Mapping[str, Level] = {}


@dataclass(frozen=True, slots=True)
class Levels:
    """The configured level of each check."""

    statements: Level = "error"
    parameters: Level = "error"
    answers: Level = "error"
    errors: Level = "error"


def mark(levels: Mapping[str, Level]) -> None:
    """Check at these levels until the next call, whatever is configured."""
    global marked
    marked = levels
