"""How far the statements of a run were checked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Coverage:
    """How far the statements of a run were checked, on one line each.

    Attributes:
        checked: those whose meaning PostgreSQL has checked.
        parsed: those of which it has checked the grammar alone.
        unchecked: those it was not asked about, and why.
    """

    checked: set[str] = field(default_factory=set)
    parsed: set[str] = field(default_factory=set)
    unchecked: dict[str, str] = field(default_factory=dict)
