"""The parts of a statement: its queries, their clauses, joins and conditions, with places.

Every place is an offset in the original text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.pg.conditions import Condition, Span, Tokens


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a query.

    Attributes:
        keyword: "SELECT", "FROM", "WHERE", "GROUP BY", "ON CONFLICT", ... Also "DISTINCT", the
            word with its ON (...); "FOR", the lock; "FILTER", the condition of an aggregate.
            Inside of "ON CONFLICT" are "CONFLICT TARGET" (the condition of the index),
            "DO NOTHING" or "DO UPDATE", "CONFLICT SET" and "CONFLICT WHERE".
        start: the offset of its keyword.
        body: the offset of what follows the keyword; `end` if nothing does.
        end: the offset after it.
        items: the range of each item that a comma separates from the next.
        condition: that of WHERE, HAVING, FILTER or an ON CONFLICT.
        is_inner: whether it belongs to a call, such as `array_agg(a ORDER BY b)`, or to a window.
    """

    keyword: str
    start: int
    body: int
    end: int
    items: tuple[Span, ...] = ()
    condition: Condition | None = None
    is_inner: bool = False

    @property
    def span(self) -> Span:
        """Its range in the statement."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Join:
    """A join in FROM.

    Attributes:
        kind: "INNER", "LEFT", "RIGHT", "FULL" or "CROSS".
        start: the offset of its first word, such as LEFT.
        end: the offset after the word JOIN.
        is_natural: whether it is a NATURAL join.
        joined: the range of what follows, up to ON or USING. What precedes begins with the item of
            FROM in which the join stands.
        condition: that of ON; None for USING (...), NATURAL and CROSS.
    """

    kind: str
    start: int
    end: int
    is_natural: bool
    joined: Span
    condition: Condition | None

    @property
    def span(self) -> Span:
        """The range of its words, up to JOIN."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Case:
    """A CASE without an expression after the word.

    Attributes:
        start: its offset.
        end: the offset after END.
        conditions: that of each WHEN.
    """

    start: int
    end: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """One level of a statement: the statement itself, a subquery, or one side of a UNION.

    Attributes:
        command: "SELECT", "INSERT", "UPDATE", "DELETE" or "VALUES".
        role: "statement", "cte" or "subquery".
        parent: the number of the query that contains it, in `Statement.queries`.
        start: its offset, inside of its brackets.
        end: the offset after it. ORDER BY and LIMIT after a UNION belong to its last side.
        is_side: whether UNION, INTERSECT or EXCEPT joins it with another query.
        set_operator: the range of the words before it, such as UNION ALL.
        clauses: in the order of the text; "WITH" is that of the statement's first query.
        joins: in the order of the text.
        cases: in the order of the text.
    """

    command: str
    role: str
    parent: int | None
    start: int
    end: int
    is_side: bool
    set_operator: Span | None
    clauses: tuple[Clause, ...]
    joins: tuple[Join, ...]
    cases: tuple[Case, ...]

    def clause(self, keyword: str) -> Clause | None:
        """Return its clause with this keyword, or None."""
        found = (c for c in self.clauses if c.keyword == keyword and not c.is_inner)
        return next(found, None)

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Yield each of its conditions after its keyword: WHERE, ON, HAVING, CASE, ..."""
        for clause in self.clauses:
            if clause.condition is not None:
                yield clause.keyword, clause.condition
        for join in self.joins:
            if join.condition is not None:
                yield "ON", join.condition
        for case in self.cases:
            for condition in case.conditions:
                yield "CASE", condition


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that could be read.

    Attributes:
        text: the statement.
        tokens: its tokens, without semicolons at the end.
        queries: each query, one that contains another before it.
    """

    text: str
    tokens: Tokens
    queries: tuple[Query, ...]
