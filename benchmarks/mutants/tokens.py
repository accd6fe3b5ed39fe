"""The tokens of a statement with their positions, and the lists and conditions in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from understudy.pg import sql

KEYWORDS = frozenset(
    """
    all and any as asc at between by conflict default delete desc distinct do from in insert into
    is join limit not null nulls offset on or order recursive returning select set time union
    update values where with zone
    """.split()  # noqa: SIM905 # a list of words reads better as a text
)
_CLAUSES = frozenset(
    {"FROM", "WHERE", "ORDER", "LIMIT", "OFFSET", "RETURNING", "SET", "UNION", "JOIN", "ON"}
)


@dataclass(frozen=True)
class Token:
    """A token, its offset in the statement, and the number of open brackets around it."""

    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def word(self) -> str:
        return self.text.upper()

    @property
    def is_name(self) -> bool:
        plain = self.text.replace("_", "")
        return plain.isalnum() and not plain[0].isdigit() and self.text.lower() not in KEYWORDS


def tokens_of(statement: str) -> list[Token]:
    """Return the tokens of a statement, without comments and the final semicolon."""
    found: list[Token] = []
    depth = 0
    for text, start in sql.pieces(statement):
        depth -= text == ")"
        found.append(Token(text, start, depth))
        depth += text == "("
    while found and found[-1].text == ";":
        found.pop()
    return found


@dataclass(frozen=True)
class Items:
    """The items of a list, as indexes of tokens.

    Attributes:
        clause: the clause that contains the list, such as ORDER BY.
        begin: the first token of the clause.
        end: the token after the list.
        items: for each item its first token, and the token after it.
    """

    clause: str
    begin: int
    end: int
    items: tuple[tuple[int, int], ...]


def lists_of(tokens: Sequence[Token]) -> Iterator[Items]:
    """Yield every list of columns, values, assignments and sort keys, and of conditions."""
    for place, token in enumerate(tokens):
        before = tokens[place - 1].word if place else ""
        if token.word in ("SELECT", "RETURNING", "SET"):
            first = place + 1 + (_word(tokens, place + 1) == "DISTINCT")
            yield _items(tokens, token.word, place, first, {","})
        elif token.word == "BY" and before == "ORDER":
            yield _items(tokens, "ORDER BY", place - 1, place + 1, {","})
        elif token.text == "(" and before == "VALUES":
            yield _items(tokens, "VALUES", place, place + 1, {","})
        elif token.text == "(" and place >= 2 and tokens[place - 2].word == "INTO":
            yield _items(tokens, "INSERT", place, place + 1, {","})
        elif token.word in ("WHERE", "ON") and _word(tokens, place + 1) != "CONFLICT":
            yield _items(tokens, token.word, place, place + 1, {"AND", "OR"})


def _word(tokens: Sequence[Token], place: int) -> str:
    return tokens[place].word if place < len(tokens) else ""


def _items(
    tokens: Sequence[Token], clause: str, begin: int, first: int, marks: Collection[str]
) -> Items:
    depth = tokens[first].depth
    items = []
    place = start = first
    while place < len(tokens) and not _ends(tokens[place], depth):
        if tokens[place].depth == depth and tokens[place].word in marks:
            items.append((start, place))
            start = place + 1
        place += 1
    items.append((start, place))
    return Items(clause, begin, place, tuple(items))


def _ends(token: Token, depth: int) -> bool:
    return token.depth < depth or (token.depth == depth and token.word in _CLAUSES)
