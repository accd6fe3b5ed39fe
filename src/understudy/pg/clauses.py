"""Read the structure of a statement from its tokens.

What cannot be read for certain is left out: a statement with unbalanced brackets, several
statements, MERGE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from understudy.pg import sql
from understudy.pg.conditions import Condition, Span, Tokens, read_condition
from understudy.pg.queries import Case, Clause, Join, Query, Statement

COMMANDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES"})
_SET_OPERATORS = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_ONE_WORD = frozenset(
    {"SELECT", "FROM", "WHERE", "HAVING", "WINDOW", "LIMIT", "OFFSET", "FETCH", "RETURNING"}
)
_TWO_WORDS = {"GROUP": "BY", "ORDER": "BY", "ON": "CONFLICT"}
_LOCKS = frozenset({"UPDATE", "NO", "SHARE", "KEY"})
_WITH_CONDITION = frozenset({"WHERE", "HAVING", "CONFLICT WHERE", "CONFLICT TARGET", "FILTER"})
_WITH_TABLES = frozenset({"FROM", "USING", "UPDATE", "DELETE"})
_JOIN_WORDS = frozenset({"LEFT", "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "OUTER"})


@lru_cache(maxsize=4096)
def read_statement(text: str) -> Statement | None:
    """Return the structure of a statement, or None if it cannot be read for certain."""
    pieces = sql.pieces(text)
    while pieces and pieces[-1].text == ";":
        pieces.pop()
    closing = _closing(pieces)
    if closing is None or any(piece.text == ";" for piece in pieces):
        return None
    tokens = Tokens(tuple(pieces), _words(pieces), closing)
    reader = _Reader(tokens)
    try:
        if not reader.read(0, len(pieces), "statement", None):
            return None
    except RecursionError:  # brackets in brackets, some hundred deep
        return None
    queries = tuple(query.finished() for query in reader.queries)
    return Statement(text, tokens, queries)


def _closing(pieces: list[sql.Piece]) -> dict[int, int] | None:
    opened: list[int] = []
    found: dict[int, int] = {}
    pairs = {")": "(", "]": "["}
    for at, piece in enumerate(pieces):
        if piece.text in ("(", "["):
            opened.append(at)
        elif piece.text in pairs:
            if not opened or pieces[opened[-1]].text != pairs[piece.text]:
                return None
            found[opened.pop()] = at
    return None if opened else found


def _words(pieces: list[sql.Piece]) -> tuple[str, ...]:
    before = ["", *(piece.text.upper() for piece in pieces)]
    return tuple(
        "" if previous in (".", "AS") and piece.text[0].isalpha() else piece.text.upper()
        for previous, piece in zip(before, pieces, strict=False)
    )


@dataclass
class _Open:
    """A query while it is read."""

    command: str
    role: str
    parent: int | None
    span: Span
    is_side: bool
    set_operator: Span | None
    clauses: list[Clause] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)

    def finished(self) -> Query:
        return Query(
            self.command,
            self.role,
            self.parent,
            *self.span,
            self.is_side,
            self.set_operator,
            tuple(sorted(self.clauses, key=lambda clause: (clause.start, -clause.end))),
            tuple(sorted(self.joins, key=lambda join: join.start)),
            tuple(sorted(self.cases, key=lambda case: case.start)),
        )


class _Reader:
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._words = tokens.words
        self.queries: list[_Open] = []

    def read(self, first: int, last: int, role: str, parent: int | None) -> bool:
        """Read what stands between two tokens; return whether it is a query that can be read."""
        while first < last and self._tokens.closing.get(first) == last - 1:
            first, last = first + 1, last - 1  # needless brackets
        begin = self._after_with(first, last)
        if begin is None:
            return False
        sides = self._sides(begin, last)
        number = len(self.queries)
        for operator, start, end in sides:
            if start >= end:
                return False
            if self._words[start] == "(":
                first_of_side = len(self.queries)
                if not self.read(start, self._tokens.closing[start] + 1, role, parent):
                    return False
                self.queries[first_of_side].is_side = len(sides) > 1
                self.queries[first_of_side].set_operator = operator
                continue
            if not self._begins_query(start, end):
                return False
            span = self._tokens.span(start, end)
            side = _Open(self._words[start], role, parent, span, len(sides) > 1, operator)
            self.queries.append(side)
            self._read_query(side, len(self.queries) - 1, start, end)
        if begin > first:
            if number == len(self.queries):
                return False
            span = self._tokens.span(first, begin)
            body = self._tokens.pieces[first + 1].start
            self.queries[number].clauses.append(Clause("WITH", span.start, body, span.end))
            return self._read_ctes(first, begin, number)
        return True

    def _begins_query(self, start: int, end: int) -> bool:
        word = self._words[start]
        has_row = start + 1 < end and self._words[start + 1] == "("
        return word in COMMANDS and (word != "VALUES" or has_row)

    def _after_with(self, first: int, last: int) -> int | None:
        """Return the token with which the query after WITH begins."""
        if first >= last or self._words[first] != "WITH":
            return first
        outside = self._tokens.outside_brackets(first, last)
        return next((at for at in outside if self._words[at] in COMMANDS), None)

    def _read_ctes(self, first: int, last: int, number: int) -> bool:
        for at in self._tokens.outside_brackets(first, last):
            is_body = at in self._tokens.closing and self._tokens.pieces[at - 1].text.upper() in (
                ("AS", "MATERIALIZED")
            )
            if is_body and not self.read(at + 1, self._tokens.closing[at], "cte", number):
                return False
        return True

    def _sides(self, first: int, last: int) -> list[tuple[Span | None, int, int]]:
        found: list[tuple[Span | None, int, int]] = []
        operator: Span | None = None
        start = first
        for at in self._tokens.outside_brackets(first, last):
            if self._words[at] in _SET_OPERATORS:
                found.append((operator, start, at))
                start = at + 1
                if start < last and self._words[start] in ("ALL", "DISTINCT"):
                    start += 1
                operator = self._tokens.span(at, start)
        return [*found, (operator, start, last)]

    def _read_query(self, query: _Open, number: int, first: int, last: int) -> None:
        starts = list(self._clause_starts(query.command, first, last))
        ends = [at for _, at, _ in starts[1:]] + [last]
        conflict: int | None = None
        for (keyword, at, body), end in zip(starts, ends, strict=True):
            if keyword == "ON CONFLICT":
                conflict = at
            elif keyword == "SELECT":
                body = self._after_distinct(query, body, end)
            query.clauses.append(self._clause(keyword, at, body, end))
            if keyword in _WITH_TABLES:
                self._read_joins(query, body, end)
        if conflict is not None:
            after = next((at for keyword, at, _ in starts if keyword == "RETURNING"), last)
            first_part = next(c for c in query.clauses if c.keyword == "ON CONFLICT")
            query.clauses.remove(first_part)
            end = self._tokens.span(conflict, after).end
            whole = Clause("ON CONFLICT", first_part.start, first_part.body, end)
            query.clauses.append(whole)
        self._read_inside(query, number, first, last)
        self._read_cases(query, first, last)

    def _clause_starts(self, command: str, first: int, last: int) -> Iterator[tuple[str, int, int]]:
        """Yield the keyword, the first token and the token after the keyword of each clause."""
        in_conflict = has_using = False
        for at in self._tokens.outside_brackets(first, last):
            word = self._words[at]
            after = self._words[at + 1] if at + 1 < last else ""
            before = self._words[at - 1] if at > first else ""
            if word == "FROM" and before in ("DISTINCT", "DELETE"):
                continue
            if word == "WHERE" and in_conflict:
                is_index = "DO" in self._words[at:last]
                yield "CONFLICT TARGET" if is_index else "CONFLICT WHERE", at, at + 1
            elif word in _ONE_WORD or (word == "VALUES" and after == "("):
                in_conflict = in_conflict and word != "RETURNING"
                yield word, at, at + 1
            elif word in ("INSERT", "UPDATE", "DELETE") and at == first:
                yield word, at, at + (2 if after in ("INTO", "FROM") else 1)
            elif word == "DO" and in_conflict:
                yield f"DO {after}", at, at + 2
            elif _TWO_WORDS.get(word) == after and before != "WITHIN":
                in_conflict = word == "ON"
                yield f"{word} {after}", at, at + 2
            elif word == "SET" and (command == "UPDATE" or in_conflict):
                yield "CONFLICT SET" if in_conflict else "SET", at, at + 1
            elif word == "FOR" and after in _LOCKS:
                yield word, at, at + 1
            elif word == "USING" and command == "DELETE" and not has_using:
                has_using = True
                yield word, at, at + 1

    def _after_distinct(self, query: _Open, first: int, last: int) -> int:
        if first < last and self._words[first] == "ALL":
            return first + 1
        if first >= last or self._words[first] != "DISTINCT":
            return first
        body = after = first + 1
        if after + 1 < last and self._words[after] == "ON" and after + 1 in self._tokens.closing:
            body = after + 1
            after = self._tokens.closing[after + 1] + 1
        span = self._tokens.span(first, after)
        start = self._tokens.pieces[body].start if body < after else span.end
        query.clauses.append(Clause("DISTINCT", span.start, start, span.end))
        return after

    def _clause(
        self, keyword: str, at: int, body: int, end: int, *, is_inner: bool = False
    ) -> Clause:
        span = self._tokens.span(at, end)
        items: tuple[Span, ...] = ()
        condition = None
        if body < end:
            if keyword in _WITH_CONDITION:
                condition = read_condition(self._tokens, body, end)
            else:
                ranges = self._tokens.split(body, end, ",")
                items = tuple(self._tokens.span(*part) for part in ranges if part[0] < part[1])
        start = self._tokens.pieces[body].start if body < end else span.end
        return Clause(keyword, span.start, start, span.end, items, condition, is_inner)

    def _read_joins(self, query: _Open, first: int, last: int) -> None:
        """Read the joins of FROM, in brackets too."""
        waiting: list[int] = []
        conditions: dict[int, Condition | None] = {}
        ends: dict[int, int] = {}
        marks = [
            at
            for at in self._tokens.outside_cases(first, last)
            if self._words[at] in ("JOIN", "ON", ",", "USING")
        ]
        for at, after in zip(marks, [*marks[1:], last], strict=False):
            end = self._first_join_word(after) if after < last else after
            if self._words[at] == "JOIN":
                waiting.append(at)
                conditions[at] = None
                ends[at] = end
            elif self._words[at] == "USING" and waiting:
                waiting.pop()
            elif self._words[at] == "ON" and waiting:
                conditions[waiting.pop()] = read_condition(self._tokens, at + 1, end)
        for at, condition in conditions.items():
            if ends[at] > at + 1:
                query.joins.append(self._join(at, ends[at], condition))
        for at in self._tokens.outside_brackets(first, last):
            is_tables = at == first or self._words[at - 1] in ("JOIN", ",")
            if is_tables and self._words[at] == "(" and not self._tokens.is_query(at):
                self._read_joins(query, at + 1, self._tokens.closing[at])

    def _join(self, at: int, end: int, condition: Condition | None) -> Join:
        start = self._first_join_word(at)
        words = self._words[start:at]
        kind = next((word for word in words if word in ("LEFT", "RIGHT", "FULL", "CROSS")), "INNER")
        joined = self._tokens.span(at + 1, end)
        return Join(kind, *self._tokens.span(start, at + 1), "NATURAL" in words, joined, condition)

    def _first_join_word(self, at: int) -> int:
        while at and self._words[at - 1] in _JOIN_WORDS and self._words[at] != ",":
            at -= 1
        return at

    def _read_inside(self, query: _Open, number: int, first: int, last: int) -> None:
        """Read the subqueries, and the clauses of calls and windows."""
        at = first
        while at < last:
            if self._words[at] == "(":
                closing = self._tokens.closing[at]
                if self._tokens.is_query(at):
                    self.read(at + 1, closing, "subquery", number)
                    at = closing
                else:
                    self._read_call(query, at + 1, closing)
            at += 1

    def _read_call(self, query: _Open, first: int, last: int) -> None:
        for at in self._tokens.outside_brackets(first, last):
            if self._words[at : at + 2] == ("ORDER", "BY"):
                frames = ("ROWS", "RANGE", "GROUPS")
                rest = self._tokens.outside_brackets(at + 2, last)
                end = next((n for n in rest if self._words[n] in frames), last)
                query.clauses.append(self._clause("ORDER BY", at, at + 2, end, is_inner=True))
            elif self._words[at] == "WHERE" and self._words[first - 2] == "FILTER":
                query.clauses.append(self._clause("FILTER", at, at + 1, last, is_inner=True))

    def _read_cases(self, query: _Open, first: int, last: int) -> None:
        at = first
        while at < last:
            if at in self._tokens.closing and self._tokens.is_query(at):
                at = self._tokens.closing[at]
            elif self._words[at] == "CASE" and at + 1 < last and self._words[at + 1] == "WHEN":
                self._read_case(query, at, last)
            at += 1

    def _read_case(self, query: _Open, case: int, last: int) -> None:
        conditions: list[Condition | None] = []
        depth = 0
        when: int | None = None
        for at in self._tokens.outside_brackets(case, last):
            word = self._words[at]
            depth += word == "CASE"
            if word == "WHEN" and depth == 1:
                when = at + 1
            elif word == "THEN" and depth == 1 and when is not None:
                conditions.append(read_condition(self._tokens, when, at))
                when = None
            elif word == "END":
                depth -= 1
                if not depth:
                    known = tuple(c for c in conditions if c is not None)
                    query.cases.append(Case(*self._tokens.span(case, at + 1), known))
                    return
