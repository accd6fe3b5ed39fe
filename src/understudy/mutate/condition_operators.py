"""Changes of the conditions of WHERE, ON, HAVING, FILTER and CASE.

Operators of Tuya et al. (2007): ROR, LCR, UOI, BTW, LKE, the NULLs, and conditions that are lost. A
condition is lost as `(condition OR TRUE)`, so that the statement takes the same parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from understudy.mutate.changes import Change, Edit, Numbers, change, place, quoted, shown
from understudy.pg.conditions import Condition
from understudy.pg.queries import Query, Statement

_COMPARISONS = {
    "=": ("<>",),
    "<>": ("=",),
    "!=": ("=",),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
}
_OTHER_MATCH = {"LIKE": "ILIKE", "ILIKE": "LIKE", "~": "~*", "~*": "~", "!~": "!~*", "!~*": "!~"}
_NEGATABLE = frozenset({"IN", "LIKE", "ILIKE", "BETWEEN", "SIMILAR", "EXISTS"})
_OF_ARRAYS = {("=", "ANY"): "<> ALL", ("=", "SOME"): "<> ALL", ("<>", "ALL"): "= ANY"}
# Operators in whose place a condition with NULL is a usual mistake.
_NEGATIVE = frozenset({"<>", "!=", "NOT", "!~", "!~*"})
_LOST = {
    "ON": ("on-lost", "JOIN without its condition"),
    "HAVING": ("having-lost", "{command} without HAVING"),
    "FILTER": ("filter-lost", "an aggregate without FILTER"),
    "WHERE": ("where-lost", "{command} without WHERE"),
    "CONFLICT WHERE": ("conflict-where-lost", "ON CONFLICT DO UPDATE without WHERE"),
}


def changes(statement: Statement) -> Iterator[Change]:
    """Yield the changes of every condition."""
    numbers = Numbers(statement)
    for query in statement.queries:
        for keyword, condition in query.conditions():
            if keyword == "CONFLICT TARGET":
                continue  # it names an index
            yield from _lost(statement, query, keyword, condition)
            negated: set[Condition] = set()
            for part in condition.all():
                yield from _of_parts(statement, part)
                negated.update(part.parts if part.kind == "not" else ())
                if part.kind == "leaf":
                    yield from _Leaf(statement, numbers, part).changes(part in negated)


def _lost(
    statement: Statement, query: Query, keyword: str, condition: Condition
) -> Iterator[Change]:
    span = condition.span
    text = statement.text[slice(*span)]
    if keyword == "CASE":
        sentence = f"CASE without WHEN {shown(statement, span)}"
        yield change("case-branch-lost", span, f"({text}) AND FALSE", sentence)
    else:
        operator, sentence = _LOST[keyword]
        command = "INSERT ... SELECT" if query.command == "INSERT" else query.command
        sentence = sentence.format(command=command) + place(query)
        yield change(operator, span, f"({text}) OR TRUE", sentence)


def _of_parts(statement: Statement, condition: Condition) -> Iterator[Change]:
    """Yield the loss of each part of an AND or OR, the other word, and NOT lost."""
    text = statement.text
    if condition.kind == "not":
        (part,) = condition.parts
        words = zip(statement.tokens.pieces, statement.tokens.words, strict=True)
        word = next(p for p, word in words if p.start >= condition.start and word == "NOT")
        span = (word.start, part.start)
        yield change("not-lost", span, "", f"without NOT before {_of(text, part)}")
        return
    neutral = "OR TRUE" if condition.kind == "and" else "AND FALSE"
    for part in condition.parts:
        lost = f"({text[part.start : part.end]} {neutral})"
        sentence = f"without the condition {_of(text, part)}"
        yield change("condition-lost", part.span, lost, sentence)
    pieces = statement.tokens.pieces
    for one, other in pairwise(condition.parts):
        word = next(p for p in pieces if one.end <= p.start < other.start)
        new = "OR" if condition.kind == "and" else "AND"
        sentence = f"{new} instead of {word.text.upper()} before {_of(text, other)}"
        yield change("and-or", (word.start, word.end), new, sentence)


def _of(text: str, condition: Condition) -> str:
    return quoted(text[condition.start : condition.end])


class _Leaf:
    """A condition that AND, OR and NOT do not divide."""

    def __init__(self, statement: Statement, numbers: Numbers, leaf: Condition) -> None:
        self._statement = statement
        self._span = leaf.span
        tokens = statement.tokens
        first, last = numbers.of(self._span)
        while tokens.closing.get(first) == last - 1 and not tokens.is_query(first):
            first, last = first + 1, last - 1
        self._first, self._last = first, last
        self._places = list(tokens.outside_cases(first, last))

    def changes(self, is_negated: bool) -> Iterator[Change]:
        """Yield the changes of this leaf; a NOT before it is changed elsewhere."""
        for at in self._places:
            word = self._word(at)
            if word in _COMPARISONS:
                yield from self._comparison(at, word)
            elif word in _OTHER_MATCH:
                new = _OTHER_MATCH[word]
                yield self._instead("match", at, at + 1, new)
            if word == "IS":
                yield self._is(at)
            elif word in _NEGATABLE and not (word == "EXISTS" and is_negated):
                yield self._negated(at, word)
            if word == "BETWEEN":
                yield from self._bounds(at)
        if self._is_name() and not is_negated:
            sentence = f"NOT before {shown(self._statement, self._span)}"
            yield change("negated", (self._span[0], self._span[0]), "NOT ", sentence)
        yield from self._nulls()

    def _word(self, at: int) -> str:
        return self._statement.tokens.words[at] if at < self._last else ""

    def _tokens(self, first: int, last: int) -> tuple[int, int]:
        return self._statement.tokens.span(first, last)

    def _text(self, first: int, last: int) -> str:
        return self._statement.text[slice(*self._tokens(first, last))]

    def _instead(self, operator: str, first: int, last: int, new: str) -> Change:
        inside = shown(self._statement, self._span)
        old = quoted(self._text(first, last))
        sentence = f"{quoted(new)} instead of {old} in {inside}"
        return change(operator, self._tokens(first, last), new, sentence)

    def _comparison(self, at: int, word: str) -> Iterator[Change]:
        pair = (word, self._word(at + 1))
        if pair in _OF_ARRAYS:
            yield self._instead("in-negated", at, at + 2, _OF_ARRAYS[pair])
            return
        for new in _COMPARISONS[word]:
            yield self._instead("comparison", at, at + 1, new)

    def _is(self, at: int) -> Change:
        has_not = self._word(at + 1) == "NOT"
        operator = "is-null-negated" if self._word(self._last - 1) == "NULL" else "is-negated"
        return self._instead(operator, at, at + 1 + has_not, "IS" if has_not else "IS NOT")

    def _negated(self, at: int, word: str) -> Change:
        has_not = at > self._first and self._word(at - 1) == "NOT"
        new = word if has_not else f"NOT {word}"
        return self._instead(f"{word.lower()}-negated", at - has_not, at + 1, new)

    def _bounds(self, between: int) -> Iterator[Change]:
        """Yield BETWEEN without its lower and without its upper bound."""
        is_negated = self._word(between - 1) == "NOT"
        if self._word(between + 1) == "SYMMETRIC" or is_negated or between == self._first:
            return
        middle = next((at for at in self._places if at > between and self._word(at) == "AND"), None)
        if middle is None or middle + 1 >= self._last:
            return
        value = self._text(self._first, between)
        low = self._text(between + 1, middle)
        high = self._text(middle + 1, self._last)
        whole = shown(self._statement, self._span)
        for first, second, lost in ((">", "<=", "lower"), (">=", "<", "upper")):
            text = f"({value} {first} {low} AND {value} {second} {high})"
            sentence = f"without the {lost} bound of {whole}"
            yield change("between-bound", self._tokens(self._first, self._last), text, sentence)

    def _is_name(self) -> bool:
        """Return whether this is a boolean column, such as `t.active`."""
        words = [self._statement.tokens.pieces[at].text for at in range(self._first, self._last)]
        names, dots = words[::2], words[1::2]
        constants = {"TRUE", "FALSE", "NULL", "DEFAULT"}
        return set(dots) <= {"."} and all(
            (name[0].isalpha() or name[0] in '"_') and name.upper() not in constants
            for name in names
        )

    def _nulls(self) -> Iterator[Change]:
        """Yield a condition that is true if it is NULL: it often should be, or should not."""
        words = {self._word(at) for at in self._places}
        if words & _NEGATIVE and "IS" not in words and "EXISTS" not in words:
            start, end = self._span
            edits = (Edit(start, start, "(("), Edit(end, end, ") IS NOT FALSE)"))
            sentence = f"{shown(self._statement, self._span)} also if that is NULL"
            yield Change("null", edits, sentence)
