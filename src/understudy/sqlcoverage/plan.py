"""What can be seen of a statement when it runs, and the questions that show it.

A question is a query over the rows that a part of the statement looks at: it returns, for each
condition, a mask of the values that it has on them. It is built from the statement's own text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from understudy.pg.clauses import read_statement
from understudy.pg.conditions import Condition
from understudy.pg.queries import Clause, Join, Query, Statement
from understudy.sqlcoverage import names

# Rows that a question looks at.
MOST_ROWS = 10_000
# Questions about one statement; the rest of a larger one is left out.
MOST_QUESTIONS = 16
_SIDE = '"understudy: rows"'
_NUMBER = re.compile(r"(\$?\d+)\s*(?:::\s*\w+\s*)?")
_NULLABLE = frozenset({"WHERE", "ON", "OUTER ON"})
_OUTER = frozenset({"LEFT", "RIGHT", "FULL"})


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a statement that can have several outcomes.

    Attributes:
        clause: "WHERE", "ON", "OUTER ON" (of an outer join), "HAVING" or "CASE" for a condition;
            "spared" for WHERE as a whole, and "matched" for an outer join.
        text: its text, on one line; "" for the WHERE of the statement itself.
        start: its offset in the statement.
        columns: a query of the columns without one of which it cannot be NULL; "" if that is not
            certain.
        is_alone: whether it is the whole condition of its clause.
    """

    clause: str
    text: str
    start: int
    columns: str = ""
    is_alone: bool = False

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Its outcomes, in the order of the bits of a mask."""
        if self.clause == "spared":
            return ("taken", "spared")
        if self.clause == "matched":
            return ("matched", "unmatched")
        return ("true", "false", "NULL")


@dataclass(frozen=True, slots=True)
class Question:
    """A query about the outcomes of some parts.

    Attributes:
        sql: returns one row: the number of rows that it has looked at, and a mask for each part.
        parts: the parts.
    """

    sql: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be seen of a statement.

    Attributes:
        questions: what is asked before it runs.
        counted: the table whose rows are counted before and after it, or "".
        conflict: "nothing" or "update" for an ON CONFLICT whose outcome can be told, else "".
        proposed: the number of rows in VALUES; 0 if it is unknown.
        limit: the number in LIMIT, or its parameter as "$1"; "" for none that can be told.
        returns: whether its result has as many rows as it finds.
        is_single: whether these are rows of one table.
        why_not: why its conditions cannot be asked about; "" if they can.
    """

    questions: tuple[Question, ...] = ()
    counted: str = ""
    conflict: str = ""
    proposed: int = 0
    limit: str = ""
    returns: bool = False
    is_single: bool = False
    why_not: str = ""

    @property
    def parts(self) -> list[Part]:
        """The parts of all questions, in their order."""
        return [part for question in self.questions for part in question.parts]


@lru_cache(maxsize=4096)
def plan_of(text: str) -> Plan:
    """Return what can be seen of a statement."""
    try:
        return _planned(text)
    except Exception as error:  # noqa: BLE001 # reported; the coverage may not fail a test
        return Plan(why_not=f"{type(error).__name__}: {error}")


def _planned(text: str) -> Plan:
    statement = read_statement(text)
    if statement is None:
        return Plan(why_not="its structure cannot be read for certain")
    main = statement.queries[0]
    if any(query.role == "cte" and query.command != "SELECT" for query in statement.queries):
        return Plan(why_not="a WITH that changes data")
    builder = _Builder(statement)
    questions = tuple(
        question
        for query in statement.queries
        for question in builder.questions(query)
        if question.parts
    )[:MOST_QUESTIONS]
    counted, conflict, proposed = _conflict(statement, main)
    is_plain = not main.is_side
    return Plan(
        questions,
        counted,
        conflict,
        proposed,
        _limit(text, main) if is_plain else "",
        main.command in ("SELECT", "UPDATE", "DELETE"),
        is_plain and builder.is_single(main),
    )


def _limit(text: str, query: Query) -> str:
    limit = query.clause("LIMIT")
    expression = "" if limit is None else text[limit.body : limit.end]
    number = _NUMBER.fullmatch(expression)
    return number[1] if number else ""


def _conflict(statement: Statement, query: Query) -> tuple[str, str, int]:
    """Return the table to count, what ON CONFLICT does, and the number of rows in VALUES."""
    insert, values = query.clause("INSERT"), query.clause("VALUES")
    if query.command != "INSERT" or insert is None or query.clause("ON CONFLICT") is None:
        return "", "", 0
    proposed = 0 if values is None else len(values.items)
    if query.clause("DO NOTHING") is not None:
        return "", "nothing" if proposed else "", proposed
    body = statement.text[insert.body : insert.end]
    table = re.match(r'(?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))*', body)
    return (table[0], "update", proposed) if table else ("", "", 0)


class _Builder:
    """Builds the questions about one statement."""

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._text = statement.text
        first = statement.queries[0].clause("WITH")
        self._with = "" if first is None else f"{self._of(*first.span)} "

    def questions(self, query: Query) -> Iterator[Question]:
        """Yield the questions about one query of the statement."""
        chain = self._chain(query)
        if chain is None:
            return
        source = self._source(query)
        where = query.clause("WHERE")
        if where is not None and where.condition is not None and source:
            yield self._question(source, chain, self._about_where(query, where.condition, source))
        if query.command in ("SELECT", "INSERT"):
            yield from self._about_joins(query, chain)
            yield from self._about_having(query, source, chain)
        yield from self._about_cases(query, source, chain)

    def _of(self, start: int, end: int) -> str:
        return self._text[start:end]

    def _body(self, clause: Clause | None) -> str:
        return "" if clause is None else self._of(clause.body, clause.end)

    def is_single(self, query: Query) -> bool:
        """Return whether a query looks at the rows of one table."""
        tables = query.clause("FROM" if query.command == "SELECT" else query.command)
        others = query.clause("FROM" if query.command == "UPDATE" else "USING")
        if query.joins or tables is None or len(tables.items) != 1:
            return False
        return "(" not in self._body(tables) and (query.command == "SELECT" or others is None)

    # The rows ------------------------------------------------------------------------------------

    def _source(self, query: Query) -> str:
        """Return the FROM of the rows that the WHERE of a query looks at."""
        if query.command in ("SELECT", "INSERT"):
            return self._body(query.clause("FROM"))
        target = self._body(query.clause(query.command))
        others = self._body(query.clause("FROM" if query.command == "UPDATE" else "USING"))
        if query.command not in ("UPDATE", "DELETE"):
            return ""
        return f"{target}, {others}" if others else target

    def _chain(self, query: Query) -> list[str] | None:
        """Return the FROM of each query around one, from the inside; None if it is not certain."""
        found: list[str] = []
        while query.parent is not None:
            if query.clause("WITH") is not None:
                return None
            parent = self._statement.queries[query.parent]
            if query.role == "cte":
                return None if parent.parent is not None else found
            tables = [parent.clause("FROM"), parent.clause("USING")]
            is_table = any(c is not None and c.start <= query.start < c.end for c in tables)
            if is_table and "LATERAL" in self._statement.tokens.words:
                return None
            if not is_table and (source := self._source(parent)):
                found.append(source)
            query = parent
        return found

    # Questions -----------------------------------------------------------------------------------

    def _question(
        self,
        source: str,
        chain: list[str],
        parts: list[tuple[Part, str]],
        *,
        listed: str = "",
        after: str = "",
    ) -> Question:
        """Return a question.

        Args:
            source: the FROM of its rows.
            chain: the FROM of each query around it.
            parts: each with an expression for its code on one row.
            listed: what stands before them in the SELECT.
            after: what stands after FROM.
        """
        aliases = [f'"understudy: {number}"' for number in range(len(parts))]
        coded = zip(parts, aliases, strict=True)
        codes = ", ".join(f"{code} AS {name}" for (_, code), name in coded)
        rows = f"SELECT {listed}{codes}"
        rows += f" FROM {source}" if source else ""
        rows += f" {after}" if after else ""
        for outer in chain:
            rows = f"SELECT {_SIDE}.* FROM {outer}, LATERAL ({rows}\n) {_SIDE}"
        masks = ", ".join(f"pg_catalog.bit_or({name})" for name in aliases)
        sql = (
            f"{self._with}SELECT pg_catalog.count(*), {masks} "
            f"FROM ({rows}\nLIMIT {MOST_ROWS}) {_SIDE}"
        )
        return Question(sql, tuple(part for part, _ in parts))

    def _code(self, condition: Condition) -> str:
        text = self._of(*condition.span)
        return f"CASE ({text}\n) WHEN true THEN 1 WHEN false THEN 2 ELSE 4 END"

    def _leaves(self, clause: str, whole: Condition, source: str) -> list[tuple[Part, str]]:
        """Return the parts of a condition that depend on a row or a parameter."""
        found = []
        for leaf in whole.leaves():
            text = self._of(*leaf.span)
            if not names.depends_on_something(text):
                continue
            columns = names.columns_of(text) if clause in _NULLABLE else ()
            query = f"{self._with}SELECT {', '.join(columns)} FROM {source}" if columns else ""
            part = Part(clause, names.shown(text), leaf.start, query, leaf is whole)
            found.append((part, self._code(leaf)))
        return found

    def _about_where(self, query: Query, whole: Condition, source: str) -> list[tuple[Part, str]]:
        text = self._of(*whole.span)
        code = f"CASE ({text}\n) WHEN true THEN 1 ELSE 2 END"
        is_main = query is self._statement.queries[0]
        part = Part("spared", "" if is_main else names.shown(text), whole.start)
        leaves = self._leaves("WHERE", whole, source)
        return [(part, code), *leaves] if leaves else []

    def _about_joins(self, query: Query, chain: list[str]) -> Iterator[Question]:
        tables = query.clause("FROM")
        for join in query.joins:
            if join.condition is None or tables is None:
                continue
            left = self._of(tables.body, join.start)
            right = self._joined(join)
            if right is None or left.count("(") != left.count(")"):
                continue  # inside of brackets
            source = f"{left} CROSS JOIN {right}"
            is_outer = join.kind in _OUTER
            leaves = self._leaves("OUTER ON" if is_outer else "ON", join.condition, source)
            yield self._question(source, chain, leaves)
            if is_outer and "LATERAL" not in right.upper():
                yield self._matches(join, left, right, chain)

    def _joined(self, join: Join) -> str | None:
        """Return the table that is joined, without its ON."""
        assert join.condition is not None
        before = [
            piece
            for piece in self._statement.tokens.pieces
            if join.end <= piece.start < join.condition.start
        ]
        if not before or before[-1].text.upper() != "ON":
            return None
        return self._of(join.end, before[-1].start)

    def _matches(self, join: Join, left: str, right: str, chain: list[str]) -> Question:
        """Return the question whether each row of the kept side has a row that matches."""
        assert join.condition is not None
        kept, other = (right, left) if join.kind == "RIGHT" else (left, right)
        condition = self._of(join.condition.start, join.condition.end)
        code = f"CASE WHEN EXISTS (SELECT FROM {other} WHERE {condition}\n) THEN 1 ELSE 2 END"
        part = Part("matched", f"{join.kind} JOIN {names.shown(right)}", join.start)
        return self._question(kept, chain, [(part, code)])

    def _about_having(self, query: Query, source: str, chain: list[str]) -> Iterator[Question]:
        having, listed = query.clause("HAVING"), query.clause("SELECT")
        if having is None or having.condition is None or listed is None:
            return
        parts = self._leaves("HAVING", having.condition, source)
        clauses = [query.clause("WHERE"), query.clause("GROUP BY")]
        after = " ".join(self._of(*c.span) for c in clauses if c is not None)
        columns = f"{self._body(listed)}, "  # GROUP BY may name them
        yield self._question(source, chain, parts, listed=columns, after=after)

    def _about_cases(self, query: Query, source: str, chain: list[str]) -> Iterator[Question]:
        where = query.clause("WHERE")
        for case in query.cases:
            parts = []
            earlier = ""
            for condition in case.conditions:
                text = self._of(*condition.span)
                code = f"CASE WHEN true{earlier} THEN {self._code(condition)} END"
                parts.append((Part("CASE", names.shown(text), condition.start), code))
                earlier += f" AND ({text}\n) IS NOT TRUE"
            if not parts:
                continue
            is_later = where is not None and not where.start <= case.start < where.end
            after = self._of(*where.span) if where is not None and is_later else ""
            yield self._question(source, chain, parts, after=after)
