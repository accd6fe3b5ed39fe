"""A call of a DAO method, and what a diligent person asserts of it.

It looks for two or three parts of each statement, and compares all parameters and the whole result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One call on the connection: which, what of its statement, its parameters, the answer."""

    call: str
    parts: tuple[str, ...]
    parameters: list[Any] | None
    answer: Any = None


@dataclass(frozen=True)
class Case:
    """One call of a DAO method, the calls that it makes, and what it returns."""

    dao: type[Any]
    method: str
    arguments: tuple[Any, ...]
    steps: tuple[Step, ...]
    result: Any = None

    def __str__(self) -> str:
        return f"{self.dao.__name__}.{self.method}"
