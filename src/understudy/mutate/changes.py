"""Changes of a statement's text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from understudy.pg import sql
from understudy.pg.conditions import Span
from understudy.pg.queries import Query, Statement
from understudy.script.formatting import shortened

_PARAMETER = re.compile(r"\$\d+")


class Edit(NamedTuple):
    """A range of the original text, and what stands there instead."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change that an operator proposes.

    Attributes:
        operator: the kind of change, such as "where-lost".
        edits: what changes, in the order of the text.
        sentence: the change in words.
    """

    operator: str
    edits: tuple[Edit, ...]
    sentence: str

    def applied(self, text: str) -> str:
        """Return the changed text."""
        for start, end, replacement in reversed(self.edits):
            text = text[:start] + replacement + text[end:]
        return text


def change(operator: str, span: tuple[int, int], text: str, sentence: str) -> Change:
    """Return a change that replaces one range."""
    return Change(operator, (Edit(*span, text),), sentence)


def instead(operator: str, statement: Statement, span: tuple[int, int], text: str) -> Change:
    """Return a change that replaces one range, and says so by both texts."""
    return change(operator, span, text, f"{quoted(text)} instead of {shown(statement, span)}")


def parameters(text: str) -> frozenset[str]:
    """Return the parameters that a text mentions, such as `$1`."""
    return frozenset(token for token in sql.tokens(text) if _PARAMETER.fullmatch(token))


def shown(statement: Statement, span: tuple[int, int]) -> str:
    """Return a part of the statement as a sentence mentions it."""
    return quoted(statement.text[slice(*span)])


def quoted(text: str) -> str:
    """Return SQL as a sentence mentions it: in backticks, on one line, and not too long."""
    return f"`{shortened(sql.one_line(text))}`"


def place(query: Query) -> str:
    """Return where a query stands, to be added to a sentence; "" for the statement itself."""
    if query.role == "subquery":
        return " in a subquery"
    inside = " in WITH" if query.role == "cte" else ""
    if query.is_side:
        return f"{inside}, {'after' if query.set_operator else 'before'} the UNION"
    return inside


class Numbers:
    """Finds tokens by their offsets."""

    def __init__(self, statement: Statement) -> None:
        self._starts = {piece.start: at for at, piece in enumerate(statement.tokens.pieces)}
        self._ends = {piece.end: at + 1 for at, piece in enumerate(statement.tokens.pieces)}

    def of(self, span: Span | tuple[int, int]) -> tuple[int, int]:
        """Return the number of the first token of a range, and that after its last."""
        return self._starts[span[0]], self._ends[span[1]]
