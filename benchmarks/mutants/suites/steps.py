"""A call of a DAO method, and the assertions of a careful test.

They look for two or three substrings of each statement, and compare all parameters and the whole
result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """One call on the connection: method, substrings of its statement, parameters, answer."""

    call: str
    parts: tuple[str, ...]
    parameters: list[Any] | None
    answer: Any = None


@dataclass(frozen=True)
class Case:
    """One call of a DAO method, the calls it makes on the connection, and its result."""

    dao: type[Any]
    method: str
    arguments: tuple[Any, ...]
    steps: tuple[Step, ...]
    result: Any = None

    def __str__(self) -> str:
        return f"{self.dao.__name__}.{self.method}"
