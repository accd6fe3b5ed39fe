"""Which columns the parameters and literals of a statement are compared with or stored in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from understudy.mutate.changes import Numbers
from understudy.pg.queries import Clause, Query, Statement
from understudy.pg.sql_spelling import name_of, text_of
from understudy.rows.table_facts import Table

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAME = re.compile(r'[^\W\d][\w$]*|"(?:[^"]|"")+"')
_ASSIGNED = re.compile(r'\s*([^\W\d][\w$]*|"(?:[^"]|"")+")\s*=(?!=)')


class ColumnId(NamedTuple):
    """A column, by the OID of its table and its name."""

    table: int
    name: str


@dataclass
class Uses:
    """What a statement does with its parameters and literals.

    Attributes:
        compared: by the number of a parameter, the columns in the same condition.
        stored: by the number of a parameter, the columns that it is stored in.
        counts: the parameters that are a LIMIT or OFFSET.
        literals: by column, the texts of the literals in the same condition.
        columns: the columns in conditions, joins and sorts.
        paired: the columns in a condition with another one.
        named: all columns that the statement names.
    """

    compared: dict[int, set[ColumnId]] = field(default_factory=lambda: defaultdict(set))
    stored: dict[int, set[ColumnId]] = field(default_factory=lambda: defaultdict(set))
    counts: set[int] = field(default_factory=set)
    literals: dict[ColumnId, set[str]] = field(default_factory=lambda: defaultdict(set))
    columns: set[ColumnId] = field(default_factory=set)
    paired: set[ColumnId] = field(default_factory=set)
    named: set[ColumnId] = field(default_factory=set)


def uses_of(statement: Statement, tables: list[Table]) -> Uses:
    """Return the uses, as far as names of columns tell them.

    Args:
        statement: the statement.
        tables: those that it reads or writes.
    """
    return ColumnReader(statement, tables).read()


class ColumnReader:
    """Finds the columns and parameters in parts of a statement.

    Args:
        statement: the statement.
        tables: those that it reads or writes.
    """

    def __init__(self, statement: Statement, tables: list[Table]) -> None:
        self._statement = statement
        self._tables = tables
        self._tokens = statement.tokens
        self._numbers = Numbers(statement)
        self._names: dict[str, set[ColumnId]] = defaultdict(set)
        for table in tables:
            for column in table.columns:
                self._names[column.name].add(ColumnId(table.oid, column.name))
        self._aliases = dict(self._named_tables())
        self._uses = Uses()

    def read(self) -> Uses:
        """Return what the statement does with its parameters and literals."""
        self._uses.named = self.columns(0, len(self._tokens.pieces))
        for query in self._statement.queries:
            for _, condition in query.conditions():
                for leaf in condition.leaves():
                    self._compare(*self._numbers.of(leaf.span))
            for clause in query.clauses:
                self._read_clause(query, clause)
        return self._uses

    def _named_tables(self) -> Iterator[tuple[str, int]]:
        """Yield each table and alias of the statement, and the table's OID."""
        pieces = self._tokens.pieces
        by_name = {table.table: table.oid for table in self._tables}
        for at, piece in enumerate(pieces):
            oid = by_name.get(name_of(piece.text))
            if oid is None or not _NAME.fullmatch(piece.text):
                continue
            yield name_of(piece.text), oid
            after = at + 1 + (at + 1 < len(pieces) and self._tokens.words[at + 1] == "AS")
            if after < len(pieces) and _NAME.fullmatch(pieces[after].text):
                yield name_of(pieces[after].text), oid

    def _read_clause(self, query: Query, clause: Clause) -> None:
        if clause.keyword in ("LIMIT", "OFFSET"):
            first, last = self._numbers.of(clause.span)
            self._uses.counts.update(n for n, _ in self.parameters(first, last))
        elif clause.keyword in ("ORDER BY", "GROUP BY"):
            for item in clause.items:
                self._uses.columns |= self.columns(*self._numbers.of(item))
        elif clause.keyword in ("SET", "CONFLICT SET"):
            for item in clause.items:
                match = _ASSIGNED.match(self._statement.text, *item)
                if match:
                    self._store(match[1], *self._numbers.of(item))
        elif clause.keyword == "VALUES" and (insert := query.clause("INSERT")):
            names = self._inserted(insert)
            for row in clause.items:
                opening, end = self._numbers.of(row)
                ranges = self._tokens.split(opening + 1, end - 1, ",")
                for name, (first, last) in zip(names, ranges, strict=False):
                    self._store(name, first, last)

    def _inserted(self, insert: Clause) -> list[str]:
        first, last = self._numbers.of(insert.span)
        opening = next((at for at in range(first, last) if at in self._tokens.closing), None)
        if opening is None:
            names = (name_of(self._tokens.pieces[at].text) for at in range(first, last))
            oid = next((self._aliases[name] for name in names if name in self._aliases), None)
            return [c.name for table in self._tables if table.oid == oid for c in table.columns]
        closing = self._tokens.closing[opening]
        return [
            self._tokens.pieces[start].text
            for start, end in self._tokens.split(opening + 1, closing, ",")
            if start < end
        ]

    def _compare(self, first: int, last: int) -> None:
        columns = self.columns(first, last)
        self._uses.columns |= columns
        self._uses.paired |= columns if len(columns) > 1 else set()
        for number, _ in self.parameters(first, last):
            self._uses.compared[number] |= columns
        for at in range(first, last):
            piece = self._tokens.pieces[at].text
            text = piece if _NUMBER.fullmatch(piece) else text_of(piece)
            if text is not None:
                for column in columns:
                    self._uses.literals[column].add(text)

    def _store(self, name: str, first: int, last: int) -> None:
        columns = self._names.get(name_of(name), set())
        for number, _ in self.parameters(first, last):
            self._uses.stored[number] |= columns

    def parameters(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the number and the place of each parameter between two tokens."""
        for at in range(first, last):
            text = self._tokens.pieces[at].text
            if text[:1] == "$" and text[1:].isdecimal():
                yield int(text[1:]), at

    def columns(self, first: int, last: int, *, is_strict: bool = False) -> set[ColumnId]:
        """Return the columns that are named between two tokens.

        Args:
            first: the number of the first token.
            last: the number after that of the last.
            is_strict: whether to leave out columns of what is not a table, such as a CTE.
        """
        found: set[ColumnId] = set()
        pieces = self._tokens.pieces
        for at in range(first, last):
            columns = self._names.get(name_of(pieces[at].text), set())
            if columns and at >= 2 and pieces[at - 1].text == ".":
                oid = self._aliases.get(name_of(pieces[at - 2].text))
                of_table = {c for c in columns if oid == c.table or (oid is None and not is_strict)}
                columns = of_table or (set() if is_strict else columns)
            if columns and not pieces[at].text.startswith("'"):
                found |= columns
        return found
