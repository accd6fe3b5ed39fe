"""A condition of SQL as a tree: what AND, OR and NOT combine, each part with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from understudy.pg.sql import Piece


class Span(NamedTuple):
    """A range of a text: the offset of its first character, and that after its last."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, or a part of one.

    Attributes:
        kind: what combines its parts; a "leaf" has none.
        start: its offset in the statement, with the brackets around it.
        end: the offset after it.
        parts: the conditions that it consists of, in order; one for "not".
        is_bracketed: whether `start` and `end` are those of brackets around it.
    """

    kind: Literal["and", "or", "not", "leaf"]
    start: int
    end: int
    parts: tuple[Condition, ...] = ()
    is_bracketed: bool = False

    @property
    def span(self) -> Span:
        """Its range in the statement."""
        return Span(self.start, self.end)

    def leaves(self) -> Iterator[Condition]:
        """Yield the parts that AND, OR and NOT do not divide."""
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def all(self) -> Iterator[Condition]:
        """Yield this condition and every part of it, the whole before its parts."""
        yield self
        for part in self.parts:
            yield from part.all()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a statement, as far as its structure is told by them.

    Attributes:
        pieces: the tokens.
        words: for each token its upper case; "" for one that must be a name, such as
            `order` in `t.order`.
        closing: the number of the closing bracket for that of each opening one.
    """

    pieces: tuple[Piece, ...]
    words: tuple[str, ...]
    closing: dict[int, int]

    def span(self, first: int, last: int) -> Span:
        """Return the range of the tokens from `first` to that before `last`."""
        return Span(self.pieces[first].start, self.pieces[last - 1].end)

    def outside_brackets(self, first: int, last: int) -> Iterator[int]:
        """Yield the number of each token that no brackets enclose, and of opening brackets."""
        at = first
        while at < last:
            yield at
            at = self.closing.get(at, at) + 1

    def outside_cases(self, first: int, last: int) -> Iterator[int]:
        """Yield the same, without what stands between CASE and its END."""
        depth = 0
        for at in self.outside_brackets(first, last):
            depth -= self.words[at] == "END" and depth > 0
            if not depth:
                yield at
            depth += self.words[at] == "CASE"

    def split(self, first: int, last: int, separator: str) -> list[tuple[int, int]]:
        """Return the ranges of tokens between separators that nothing encloses."""
        found = []
        start = first
        is_between = False
        for at in self.outside_cases(first, last):
            word = self.words[at]
            if word == "BETWEEN":
                is_between = True
            elif word == "AND" and is_between:
                is_between = False
            elif word == separator:
                found.append((start, at))
                start = at + 1
        return [*found, (start, last)]

    def is_query(self, opening: int) -> bool:
        """Return whether an opening bracket begins a query, perhaps in more brackets."""
        at = opening + 1
        while at in self.closing:
            at += 1
        words = self.words[at : at + 2]
        return words[:1] in (("SELECT",), ("WITH",)) or words == ("VALUES", "(")


def read_condition(tokens: Tokens, first: int, last: int) -> Condition | None:
    """Return the condition from the token `first` to that before `last`.

    Returns:
        None if a part of it is empty, so that it cannot be understood.
    """
    if first >= last:
        return None
    start, end = tokens.span(first, last)
    for kind, word in (("or", "OR"), ("and", "AND")):
        ranges = tokens.split(first, last, word)
        if len(ranges) > 1:
            parts = [read_condition(tokens, *part) for part in ranges]
            known = tuple(part for part in parts if part is not None)
            if len(known) < len(parts):
                return None
            return Condition("or" if kind == "or" else "and", start, end, known)
    if tokens.words[first] == "NOT":
        part = read_condition(tokens, first + 1, last)
        return None if part is None else Condition("not", start, end, (part,))
    is_group = tokens.closing.get(first) == last - 1
    if is_group and not tokens.is_query(first):
        inner = read_condition(tokens, first + 1, last - 1)
        is_row = len(tokens.split(first + 1, last - 1, ",")) > 1
        if inner is not None and not is_row:
            return Condition(inner.kind, start, end, inner.parts, is_bracketed=True)
        return None if inner is None else Condition("leaf", start, end)
    return Condition("leaf", start, end)
