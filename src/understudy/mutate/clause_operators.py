"""Changes of clauses: joins, order, limits, duplicates, set operators, and those of DML.

Operators of Tuya et al. (2007): SEL, JOI, UNI, ORD. A change that would lose a
parameter keeps it without effect, so that the statement takes the same parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from understudy.catalog.description import Description
from understudy.mutate.changes import (
    Change,
    Edit,
    Numbers,
    change,
    instead,
    parameters,
    place,
    quoted,
    shown,
)
from understudy.pg import sql
from understudy.pg.conditions import Span
from understudy.pg.queries import Clause, Query, Statement
from understudy.pg.sql_spelling import name_of

_OTHER_JOIN = {"INNER": "LEFT JOIN", "LEFT": "JOIN", "RIGHT": "JOIN", "FULL": "LEFT JOIN"}
_OTHER_SET_OPERATOR = {
    "UNION": "UNION ALL",
    "UNION DISTINCT": "UNION ALL",
    "UNION ALL": "UNION",
    "INTERSECT": "EXCEPT",
    "EXCEPT": "INTERSECT",
}
_ASSIGNMENT = re.compile(r'\s*((?:[^\W\d][\w$]*|"(?:[^"]|"")+"))\s*=(?!=)\s*(.*)', re.DOTALL)
_INTEGER = re.compile(r"\d+")


def changes(statement: Statement, description: Description | None) -> Iterator[Change]:
    """Yield the changes of every clause; some need a description."""
    for query in statement.queries:
        yield from _joins(statement, query)
        yield from _duplicates(statement, query)
        for clause in query.clauses:
            if clause.keyword == "ORDER BY":
                yield from _order(statement, query, clause)
            elif clause.keyword in ("LIMIT", "OFFSET"):
                yield from _limit(statement, query, clause)
            elif clause.keyword in ("SET", "CONFLICT SET"):
                yield from _assignments(statement, query, clause)
        yield from _conflict(statement, query)
        if query.set_operator is not None:
            yield from _set_operator(statement, query.set_operator)
        if description is not None and query.command == "INSERT":
            yield from _inserted_nulls(statement, query, description)


def _joins(statement: Statement, query: Query) -> Iterator[Change]:
    for join in query.joins:
        if join.kind in _OTHER_JOIN:
            natural = "NATURAL " if join.is_natural else ""
            new = natural + _OTHER_JOIN[join.kind]
            sentence = (
                f"{quoted(new)} instead of {shown(statement, join.span)} "
                f"before {shown(statement, join.joined)}"
            )
            yield change("join-kind", join.span, new, sentence)


def _duplicates(statement: Statement, query: Query) -> Iterator[Change]:
    """Yield SELECT without its DISTINCT, and a join with one."""
    distinct = query.clause("DISTINCT")
    select = query.clause("SELECT")
    if distinct is not None:
        text = statement.text[distinct.start : distinct.end]
        sentence = f"SELECT without {quoted(text)}{place(query)}"
        yield change("distinct-lost", distinct.span, "", sentence)
    elif select is not None and query.joins and query.clause("GROUP BY") is None and select.items:
        at = select.start + len("SELECT")
        sentence = f"SELECT DISTINCT instead of SELECT{place(query)}"
        yield change("distinct-added", (at, at), " DISTINCT", sentence)


def _order(statement: Statement, query: Query, clause: Clause) -> Iterator[Change]:
    numbers = Numbers(statement)
    words = statement.tokens.words
    first, _ = numbers.of(clause.span)
    is_within = words[first - 2 : first] == ("GROUP", "(") and words[first - 3] == "WITHIN"
    where = " in a call or window" if clause.is_inner else place(query)
    span = clause.span
    if not is_within and not parameters(statement.text[slice(*span)]):
        yield change("order-lost", span, "", f"without {shown(statement, span)}{where}")
    for item in clause.items:
        begin, end = numbers.of(item)
        nulls = next((n for n in range(begin, end) if words[n] == "NULLS"), end)
        if "USING" in words[begin:end] or nulls == begin:
            continue
        direction = words[nulls - 1]
        if direction in ("ASC", "DESC") and nulls - 1 > begin:
            new = "DESC" if direction == "ASC" else "ASC"
            place_ = statement.tokens.span(nulls - 1, nulls)
        else:
            after = statement.tokens.span(begin, nulls).end
            new, place_ = " DESC", Span(after, after)
        sentence = f"{new.strip()} for {shown(statement, item)}{where}"
        yield change("order-direction", place_, new, sentence)
        if nulls + 1 < end:
            old = words[nulls + 1]
            last = statement.tokens.span(nulls + 1, nulls + 2)
            yield instead("order-nulls", statement, last, "LAST" if old == "FIRST" else "FIRST")
    for one, other in pairwise(clause.items):
        texts = [statement.text[slice(*item)] for item in (one, other)]
        edits = (Edit(*one, texts[1]), Edit(*other, texts[0]))
        sentence = f"ORDER BY {', '.join(reversed(texts))} instead of {', '.join(texts)}"
        yield Change("order-swapped", edits, sentence)


def _limit(statement: Statement, query: Query, clause: Clause) -> Iterator[Change]:
    span = clause.span
    value = statement.text[clause.body : clause.end]
    sentence = f"without {clause.keyword}{place(query)}"
    operator = f"{clause.keyword.lower()}-lost"
    if parameters(value):
        none = f"{clause.keyword} NULLIF(({value})::bigint, ({value})::bigint)"
        yield change(operator, span, none, sentence)
    else:
        yield change(operator, span, "", sentence)
        if _INTEGER.fullmatch(value):
            new = str(int(value) + 1)
            yield instead("literal", statement, span, f"{clause.keyword} {new}")


def _set_operator(statement: Statement, span: Span) -> Iterator[Change]:
    words = " ".join(sql.tokens(statement.text[slice(*span)])).upper()
    if words in _OTHER_SET_OPERATOR:
        yield instead("set-operator", statement, span, _OTHER_SET_OPERATOR[words])


# What INSERT, UPDATE and DELETE write -------------------------------------------------------------


def _target(statement: Statement, query: Query) -> str | None:
    """Return how expressions of the statement name the table that it changes."""
    clause = query.clause(query.command)
    if clause is None or len(clause.items) != 1:
        return None
    tokens = [*sql.tokens(statement.text[slice(*clause.items[0])])]
    if "(" in tokens:
        tokens = tokens[: tokens.index("(")]
    tokens = [token for token in tokens if token.upper() not in ("ONLY", "AS", "*")]
    return tokens[-1] if tokens else None


def _assignments(statement: Statement, query: Query, clause: Clause) -> Iterator[Change]:
    """Yield each assignment as one that keeps the column's value."""
    target = _target(statement, query)
    for item in clause.items:
        match = _ASSIGNMENT.fullmatch(statement.text[slice(*item)])
        if match is None or target is None:
            continue
        column, value = match.groups()
        kept = f"{target}.{column}"
        if parameters(value):
            kept = f"CASE WHEN TRUE THEN {kept} ELSE {value} END"
        sentence = f"{query.command} without SET {quoted(f'{column} = {value}')}"
        yield change("set-lost", item, f"{column} = {kept}", sentence)


def _conflict(statement: Statement, query: Query) -> Iterator[Change]:
    clause = query.clause("ON CONFLICT")
    if clause is None:
        return
    whole = clause.span
    yield change("conflict-lost", whole, "", "INSERT without ON CONFLICT")
    update, nothing = query.clause("DO UPDATE"), query.clause("DO NOTHING")
    if update is not None:
        condition = query.clause("CONFLICT WHERE")
        start = clause.end if condition is None else condition.start
        if condition is None:
            edit = Edit(start, start, " WHERE FALSE")
        else:
            text = statement.text[condition.body : condition.end]
            edit = Edit(start, condition.end, f"WHERE ({text}) AND FALSE")
        sentence = "ON CONFLICT DO NOTHING instead of DO UPDATE"
        yield Change("conflict-nothing", (edit,), sentence)
    elif nothing is not None:
        columns = _names_in_brackets(statement, query.clause("INSERT"))
        key = _names_in_brackets(statement, clause)
        others = [column for column in columns if column not in key]
        if key and others:
            values = ", ".join(f"{column} = EXCLUDED.{column}" for column in others)
            sentence = "ON CONFLICT DO UPDATE instead of DO NOTHING"
            span = nothing.span
            yield change("conflict-update", span, f"DO UPDATE SET {values}", sentence)


def _names_in_brackets(statement: Statement, clause: Clause | None) -> list[str]:
    """Return the columns of `INTO table (a, b)` or of `ON CONFLICT (a, b)`; else nothing."""
    if clause is None:
        return []
    tokens = statement.tokens
    first, last = Numbers(statement).of(clause.span)
    opening = next((at for at in range(first, last) if at in tokens.closing), None)
    if opening is None:
        return []
    ranges = tokens.split(opening + 1, tokens.closing[opening], ",")
    names = [tokens.pieces[start].text for start, end in ranges if end == start + 1]
    return names if len(names) == len(ranges) else []


def _inserted_nulls(
    statement: Statement, query: Query, description: Description
) -> Iterator[Change]:
    """Yield each parameter that is stored in a column without NOT NULL as a NULL."""
    values = query.clause("VALUES")
    columns = _names_in_brackets(statement, query.clause("INSERT"))
    if values is None or len(values.items) != 1:
        return
    required = {a.column.rpartition(".")[2] for a in description.assigned if a.required}
    tokens = statement.tokens
    opening, end = Numbers(statement).of(values.items[0])
    ranges = tokens.split(opening + 1, end - 1, ",")
    if len(ranges) != len(columns):
        return
    for column, (first, last) in zip(columns, ranges, strict=True):
        parameter = tokens.pieces[first].text
        is_one = last == first + 1 and parameters(parameter)
        number = int(parameter[1:]) if is_one else 0
        if 0 < number <= len(description.parameters) and name_of(column) not in required:
            kind = description.parameters[number - 1]
            text = f"CASE WHEN TRUE THEN NULL ELSE {parameter}::{kind} END"
            sentence = f"INSERT of NULL instead of {parameter} in {quoted(column)}"
            yield change("value-lost", tokens.span(first, last), text, sentence)
