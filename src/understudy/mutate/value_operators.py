"""Changes of values: literals, arithmetic, functions, aggregates, parameters and columns.

Operators of Tuya et al. (2007): AOR, UOI, AGR and, if PostgreSQL has described the statement, the
identifiers: two parameters or two columns of one type mixed up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from understudy.catalog.description import Column, Description
from understudy.mutate.changes import Change, Edit, Numbers, change, instead, quoted, shown
from understudy.pg.conditions import Span
from understudy.pg.queries import Query, Statement
from understudy.pg.sql_spelling import name_of, text_of

_OTHER_ARITHMETIC = {"+": "-", "-": "+", "*": "/", "/": "*"}
_COMPARISONS = frozenset({"=", "<>", "!=", "<", ">", "<=", ">="})
_OTHER_FUNCTION = {
    "MAX": "min",
    "MIN": "max",
    "SUM": "max",
    "AVG": "max",
    "EVERY": "bool_or",
    "BOOL_AND": "bool_or",
    "BOOL_OR": "bool_and",
    "GREATEST": "least",
    "LEAST": "greatest",
    "RANK": "dense_rank",
    "DENSE_RANK": "rank",
    "FIRST_VALUE": "last_value",
    "LAST_VALUE": "first_value",
    "LAG": "lead",
    "LEAD": "lag",
}
_LOST_FUNCTIONS = frozenset({"LOWER", "UPPER", "TRIM", "BTRIM", "LTRIM", "RTRIM", "ABS"})
# Words after which + - * / does not stand between two values.
_NO_VALUE = frozenset(
    {"SELECT", "DISTINCT", "ALL", "RETURNING", "BY", "WHERE", "AND", "OR", "NOT", "ON", "THEN"}
    | {"ELSE", "WHEN", "CASE", "IN", "LIKE", "ILIKE", "BETWEEN", "LIMIT", "OFFSET", "SET"}
    | {"VALUES", "AS", "HAVING", "ANY", "SOME"}
)
_INTEGER = re.compile(r"\d+")
_NAME = re.compile(r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")(?:\.(?:[^\W\d][\w$]*|"(?:[^"]|"")+"))?')


def changes(statement: Statement, description: Description | None) -> Iterator[Change]:
    """Yield the changes of every value; those of identifiers need a description."""
    targets = [
        (clause.start, do.start)
        for query in statement.queries
        if (clause := query.clause("ON CONFLICT"))
        and (do := query.clause("DO UPDATE") or query.clause("DO NOTHING"))
    ]
    for at, piece in enumerate(statement.tokens.pieces):
        if not any(start <= piece.start < end for start, end in targets):  # it names an index
            yield from _Token(statement, at).changes()
    if description is not None:
        yield from _parameters_swapped(statement, description)
        yield from _columns_swapped(statement, description)
        yield from _other_column(statement, description)


class _Token:
    """A token and its neighbours."""

    def __init__(self, statement: Statement, at: int) -> None:
        self._statement = statement
        self._at = at
        self._text = statement.tokens.pieces[at].text
        self._word = statement.tokens.words[at]
        self._span = statement.tokens.span(at, at + 1)

    def changes(self) -> Iterator[Change]:
        is_call = self._near(1) == "("
        if self._text in _OTHER_ARITHMETIC and self._is_between_values():
            new = _OTHER_ARITHMETIC[self._text]
            sentence = f"{quoted(new)} instead of {quoted(self._text)} before {self._after()}"
            yield change("arithmetic", self._span, new, sentence)
        elif _INTEGER.fullmatch(self._text) and self._is_compared():
            yield instead("literal", self._statement, self._span, str(int(self._text) + 1))
        elif self._text.startswith("'"):
            yield from self._literal()
        elif is_call and self._word in _OTHER_FUNCTION:
            yield instead("aggregate", self._statement, self._span, _OTHER_FUNCTION[self._word])
        elif is_call and self._word in _LOST_FUNCTIONS:
            yield from self._function_lost()
        elif is_call and self._word == "COUNT":
            yield from self._count()
        elif is_call and self._word == "COALESCE":
            yield from self._coalesce()
        elif self._word == "DISTINCT" and self._near(-1) == "(":
            sentence = f"{self._near(-2).lower()}() without DISTINCT"
            yield change("distinct-lost", self._span, "", sentence)

    def _near(self, steps: int) -> str:
        at = self._at + steps
        words = self._statement.tokens.words
        return words[at] if 0 <= at < len(words) else ""

    def _after(self) -> str:
        return shown(self._statement, self._statement.tokens.span(self._at + 1, self._at + 2))

    def _is_between_values(self) -> bool:
        before, after = self._near(-1), self._near(1)
        return (
            before not in _NO_VALUE
            and (before[-1:].isalnum() or before[-1:] in ('"', "'", ")", "]", "_"))
            and (after[:1].isalnum() or after[:1] in ('"', "'", "(", "$", "_"))
        )

    def _is_compared(self) -> bool:
        marks = _COMPARISONS | {*_OTHER_ARITHMETIC}
        return self._near(-1) in marks or (self._near(1) in marks and self._near(-1) != "BY")

    def _literal(self) -> Iterator[Change]:
        """Yield changes of a text that is compared or assigned, and of a pattern."""
        text = text_of(self._text)
        before, after = self._near(-1), self._near(1)
        if text is None:
            return
        if before in _COMPARISONS and after not in ("::", "||"):
            yield instead("literal", self._statement, self._span, f"{self._text[:-1]}x'")
        if before in ("LIKE", "ILIKE") and len(text) > 1:
            for part in sorted({text.removeprefix("%"), text.removesuffix("%")} - {text, ""}):
                new = "'" + part.replace("'", "''") + "'"
                yield instead("wildcard", self._statement, self._span, new)
        pieces = self._statement.tokens.pieces
        if text == "%" and after == "||":
            span = (self._span.start, pieces[self._at + 2].start)
            yield change("wildcard", span, "", f"without `'%'` before {self._near(2).lower()}")
        elif text == "%" and before == "||":
            span = (pieces[self._at - 2].end, self._span.end)
            yield change("wildcard", span, "", f"without `'%'` after {self._near(-2).lower()}")

    def _arguments(self) -> list[Span]:
        tokens = self._statement.tokens
        opening = self._at + 1
        ranges = tokens.split(opening + 1, tokens.closing[opening], ",")
        return [tokens.span(*part) for part in ranges if part[0] < part[1]]

    def _function_lost(self) -> Iterator[Change]:
        arguments = self._arguments()
        words = self._statement.tokens.words[
            self._at : self._statement.tokens.closing[self._at + 1]
        ]
        if len(arguments) == 1 and "FROM" not in words:
            name = self._word.lower()
            sentence = f"without {name}() around {shown(self._statement, arguments[0])}"
            yield change("function-lost", self._span, "", sentence)

    def _count(self) -> Iterator[Change]:
        arguments = self._arguments()
        if len(arguments) == 1 and self._near(2) not in ("*", "DISTINCT", "ALL"):
            yield instead("count", self._statement, arguments[0], "*")

    def _coalesce(self) -> Iterator[Change]:
        arguments = self._arguments()
        closing = self._statement.tokens.closing[self._at + 1]
        whole = self._statement.tokens.span(self._at, closing + 1)
        if len(arguments) < 2:
            return
        first, last = (self._statement.text[slice(*arguments[n])] for n in (0, -1))
        yield instead("coalesce", self._statement, whole, f"({first})")
        edits = (Edit(*arguments[0], last), Edit(*arguments[-1], first))
        sentence = f"the arguments of {shown(self._statement, whole)} in another order"
        yield Change("coalesce", edits, sentence)


def _parameters_swapped(statement: Statement, description: Description) -> Iterator[Change]:
    types = description.parameters
    for number, (one, other) in enumerate(pairwise(types), 1):
        if one != other:
            continue
        names = {f"${number}": f"${number + 1}", f"${number + 1}": f"${number}"}
        edits = tuple(
            Edit(piece.start, piece.end, names[piece.text])
            for piece in statement.tokens.pieces
            if piece.text in names
        )
        if edits:
            sentence = f"`${number}` and `${number + 1}` swapped"
            yield Change("parameters-swapped", edits, sentence)


def _columns_swapped(statement: Statement, description: Description) -> Iterator[Change]:
    """Yield two columns of the result with each other's names."""
    query = statement.queries[0]
    clause = query.clause("RETURNING") or query.clause("SELECT")
    columns = description.columns
    if clause is None or query.is_side or len(clause.items) != len(columns):
        return
    found = [
        (item, column)
        for item, column in zip(clause.items, columns, strict=True)
        if _NAME.fullmatch(statement.text[slice(*item)])
    ]
    for (one, first), (other, second) in pairwise(found):
        if first.type == second.type and first.name != second.name:
            labels = [_label(column) for column in (first, second)]
            texts = [statement.text[slice(*item)] for item in (one, other)]
            edits = (
                Edit(*one, f"{texts[1]} AS {labels[0]}"),
                Edit(*other, f"{texts[0]} AS {labels[1]}"),
            )
            sentence = f"{quoted(texts[0])} and {quoted(texts[1])} of the result swapped"
            yield Change("columns-swapped", edits, sentence)


def _label(column: Column) -> str:
    return '"' + column.name.replace('"', '""') + '"'


def _other_column(statement: Statement, description: Description) -> Iterator[Change]:
    """Yield a condition on another column of the same table and type."""
    known = {column.origin: column.type for column in description.columns if column.origin}
    numbers = Numbers(statement)
    for query in statement.queries:
        for _, condition in query.conditions():
            for leaf in condition.leaves():
                first, last = numbers.of(leaf.span)
                yield from _renamed(statement, query, known, first, last)


def _renamed(
    statement: Statement, query: Query, known: dict[str, str], first: int, last: int
) -> Iterator[Change]:
    if query.parent is not None:
        return  # its columns need not be those of the result
    pieces = statement.tokens.pieces
    is_qualified = last > first + 3 and pieces[first + 1].text == "."
    if is_qualified and len({origin.rpartition(".")[0] for origin in known}) > 1:
        return  # which table an alias means is not known
    at = first + 2 * is_qualified
    if at + 1 >= last or statement.tokens.words[at + 1] not in _COMPARISONS:
        return
    name = name_of(pieces[at].text)
    for origin in known:
        table, _, column = origin.rpartition(".")
        if column == name:
            others = [
                other.rpartition(".")[2]
                for other, kind in known.items()
                if other.rpartition(".")[0] == table and kind == known[origin] and other != origin
            ]
            if others:
                new = others[0] if others[0].islower() and others[0].isidentifier() else None
                if new is not None:
                    yield instead("column", statement, statement.tokens.span(at, at + 1), new)
            return
