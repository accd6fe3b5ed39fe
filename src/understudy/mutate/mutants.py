"""A mutant, a statement with one change, and what is known of it before any test runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Verdict = Literal["refused", "equivalent", "different", "unknown"]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A statement with one change; nothing else of its text differs.

    Attributes:
        statement: the original text.
        sql: the changed text. It takes the same parameters.
        operator: what kind of change it is, such as "where-lost".
        start: the offset in the original of what was changed.
        end: the offset after it; equal to `start` if something was only added.
        sentence: the change in words, such as "DELETE without WHERE".
    """

    statement: str
    sql: str
    operator: str
    start: int
    end: int
    sentence: str

    @property
    def swaps_columns(self) -> bool:
        """Whether two columns of the result have each other's names."""
        return self.operator == "columns-swapped"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What PostgreSQL and generated rows tell of a mutant.

    Attributes:
        verdict: "refused" if PostgreSQL does not accept it, "equivalent" if it did the same as the
            original on all generated rows, "different" if not, "unknown" if that could not be told.
        reason: for "refused" PostgreSQL's SQLSTATE and message, for "unknown" why; else "".
        telling: for "different" the line that inserts the row which tells the two apart, such as
            `real_postgres.insert("users", id=2)`; "" if no single row does.
        call: the number of the recorded call that the rows tell; None if it is another one.
    """

    verdict: Verdict
    reason: str = ""
    telling: str = ""
    call: int | None = None


class Telling(NamedTuple):
    """Rows that tell a mutant from its original.

    Attributes:
        lines: insert them.
        call: the parameters of a recorded call that they tell; None if it is another one.
    """

    lines: str
    call: Sequence[Any] | None
