"""Which columns the names in a statement are, as far as that is certain.

The server resolves names by their place in nested queries. Here a name counts only if it can be one
column alone, wherever in the statement it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from understudy.mysql.sql import Piece, name_of
from understudy.mysql_catalog.schema import Schema, Table, TableColumn


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


_BEFORE_TABLES = frozenset(["FROM", "JOIN", "STRAIGHT_JOIN", "UPDATE", "INTO"])
_QUERY = frozenset(["SELECT", "WITH", "VALUES", "TABLE"])
_MODIFIERS = frozenset(["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "LATERAL"])
# Words after a table that are not its alias.
_NO_ALIAS = words(
    """ON USING WHERE SET JOIN INNER LEFT RIGHT CROSS NATURAL STRAIGHT_JOIN GROUP ORDER HAVING LIMIT
    UNION EXCEPT INTERSECT FOR LOCK VALUES VALUE SELECT USE FORCE IGNORE PARTITION WINDOW RETURNING
    PROCEDURE INTO WITH FETCH OFFSET"""
)


class FoundColumn(NamedTuple):
    """A column that a name is."""

    table: Table
    column: TableColumn

    @property
    def path(self) -> str:
        """Its name with its table's, as `Column.origin` has it."""
        return f"{self.table.name}.{self.column.name}"


class Scope:
    """The tables of a statement.

    Args:
        pieces: the statement.
        schema: the schema.

    Attributes:
        derived: the names of queries in brackets and of those after WITH, in lower case.
        is_closed: whether every table is one of the schema.
    """

    def __init__(self, pieces: Sequence[Piece], schema: Schema) -> None:
        self._pieces = pieces
        self._schema = schema
        self._aliases: dict[str, set[str]] = {}
        self.derived: set[str] = set()
        self.is_closed = True
        self._read_with()
        if word_at(pieces, 0) in ("INSERT", "REPLACE") and word_at(pieces, 1) != "INTO":
            at = 1
            while word_at(pieces, at) in _MODIFIERS:
                at += 1
            if word_at(pieces, at) != "INTO":  # it may be left out
                self._read_tables(at, is_list=False)
        for at, piece in enumerate(pieces):
            is_table = piece.word in _BEFORE_TABLES and word_at(pieces, at - 1) not in (
                "KEY",
                "FOR",
            )
            if piece.kind == "word" and is_table:
                self._read_tables(at + 1, is_list=piece.word in ("FROM", "UPDATE"))

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the schema's tables in it, sorted."""
        return tuple(sorted(set().union(*self._aliases.values()) if self._aliases else ()))

    @property
    def count(self) -> int:
        """How many aliases the schema's tables have in it."""
        return sum(map(len, self._aliases.values()))

    def column(self, names: Sequence[str]) -> FoundColumn | None:
        """Return the column that a name is; None if that is not certain.

        Args:
            names: its parts, at most database, table and column.
        """
        *qualifier, name = names
        if qualifier:
            alias = qualifier[-1].lower()
            tables = self._aliases.get(alias, set())
            if alias in self.derived or len(tables) != 1:
                return None
        else:
            if self.derived or not self.is_closed:
                return None
            tables = {table for found in self._aliases.values() for table in found}
        found = [
            FoundColumn(table, table.columns[name.lower()])
            for table in map(self._schema.table, sorted(tables))
            if table is not None and name.lower() in table.columns
        ]
        return found[0] if len(found) == 1 else None

    def _read_with(self) -> None:
        pieces = self._pieces
        for at, piece in enumerate(pieces):
            if piece.word == "AS" and word_at(pieces, at + 1) == "(":
                start = at - 1
                if word_at(pieces, start) == ")":  # WITH x (a, b) AS (
                    start = opening(pieces, start) - 1
                if word_at(pieces, start - 1) in ("WITH", "RECURSIVE", ","):
                    self.derived.add(name_of(pieces[start].text).lower())

    def _read_tables(self, at: int, *, is_list: bool) -> None:
        """Read tables after FROM, JOIN, UPDATE or INTO."""
        pieces = self._pieces
        while True:
            while word_at(pieces, at) in _MODIFIERS:
                at += 1
            nested = 0
            while word_at(pieces, at) == "(" and word_at(pieces, at + 1) not in _QUERY:
                at += 1
                nested += 1
            if word_at(pieces, at) == "(":
                at = self._alias(closing(pieces, at) + 1, None)
            else:
                names, at = qualified(pieces, at)
                if not names:
                    return
                if word_at(pieces, at) == "(" and is_list:  # JSON_TABLE(...), or a function's FROM
                    at = self._alias(closing(pieces, at) + 1, None)
                else:
                    at = self._alias(at, names)
            if not is_list or word_at(pieces, at) != ",":
                return
            at += 1

    def _alias(self, at: int, names: Sequence[str] | None) -> int:
        """Read the alias of a table, or of a query for None; return the place after it."""
        pieces = self._pieces
        if word_at(pieces, at) == "PARTITION":
            at = closing(pieces, at + 1) + 1
        if word_at(pieces, at) == "AS":
            at += 1
        alias = names[-1] if names else ""
        if at < len(pieces) and is_name(pieces[at]) and pieces[at].word not in _NO_ALIAS:
            alias = name_of(pieces[at].text)
            at += 1
        if names is None or names[-1].lower() in self.derived:
            self.derived.add(alias.lower())
            return at
        table = self._schema.table(names[-1])
        if table is None or (len(names) > 1 and names[0] != self._schema.database):
            self.is_closed = False
            self.derived.add(alias.lower())
        else:
            self._aliases.setdefault(alias.lower(), set()).add(table.name)
        return at


def word_at(pieces: Sequence[Piece], at: int) -> str:
    """Return a piece, a word in upper case; "" if there is none at this place."""
    return pieces[at].word if 0 <= at < len(pieces) else ""


def is_name(piece: Piece) -> bool:
    """Return whether a piece may be a name."""
    return piece.kind in ("word", "name")


def qualified(pieces: Sequence[Piece], at: int) -> tuple[list[str], int]:
    """Return the parts of the name `a.b` at a place, and the place after it."""
    names: list[str] = []
    while at < len(pieces) and is_name(pieces[at]):
        names.append(name_of(pieces[at].text))
        at += 1
        if word_at(pieces, at) != ".":
            break
        at += 1
    return names, at


def qualified_before(pieces: Sequence[Piece], at: int) -> tuple[list[str], int]:
    """Return the parts of the name that ends at a place, and the place before it."""
    names: list[str] = []
    while at >= 0 and is_name(pieces[at]):
        names.insert(0, name_of(pieces[at].text))
        at -= 1
        if word_at(pieces, at) != ".":
            break
        at -= 1
    return names, at


def closing(pieces: Sequence[Piece], at: int) -> int:
    """Return the place of the bracket that closes the one at a place; the end if none does."""
    depth = 0
    for place in range(at, len(pieces)):
        depth += (pieces[place].text == "(") - (pieces[place].text == ")")
        if depth == 0:
            return place
    return len(pieces)


def opening(pieces: Sequence[Piece], at: int) -> int:
    """Return the place of the bracket that opens what is closed at a place; -1 if none does."""
    depth = 0
    for place in range(at, -1, -1):
        depth += (pieces[place].text == ")") - (pieces[place].text == "(")
        if depth == 0:
            return place
    return -1


def outside_brackets(pieces: Sequence[Piece], start: int = 0) -> list[int]:
    """Return the places from `start` that are in no brackets, those of brackets left out."""
    found: list[int] = []
    depth = 0
    for at in range(start, len(pieces)):
        text = pieces[at].text
        depth += text == "("
        if depth == 0:
            found.append(at)
        depth -= text == ")"
    return found
