"""What the statements of a trial compare, sort, join and store, with the values that were sent."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from understudy.mutate.changes import Numbers
from understudy.mutate.column_uses import ColumnId, ColumnReader, uses_of
from understudy.pg.clauses import read_statement
from understudy.pg.conditions import Condition
from understudy.pg.queries import Clause, Query, Statement
from understudy.pg.sql_spelling import name_of, text_of
from understudy.rows.table_facts import Column, Schema, Table
from understudy.script.boundary import Event
from understudy.write.readings import Clock, Comparison, MomentPart, Reading

_OPERATORS = frozenset(
    {"=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE", "IN", "IS", "BETWEEN", "@>", "&&"}
)
_NUMBERS = (int, float, Decimal)
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NUMBER = re.compile(r"\d+(\.\d+)?")
_WITH_TABLES = frozenset({"FROM", "USING", "UPDATE", "DELETE", "INSERT"})
_CLOCK = frozenset({"NOW", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP"})
_MIDDLE = dt.datetime(2026, 1, 15, 12)
_SAME_DAY = dt.timedelta(days=40)


def read(events: Sequence[Event], schema: Schema) -> Reading:
    """Return what the statements of events do together."""
    whole = Reading()
    for event in events:
        if event.kind != "statement":
            continue
        found = read_one(event, schema)
        if found is not None:
            whole.add(found)
    return whole


def read_one(event: Event, schema: Schema) -> Reading | None:
    """Return what the statement of an event does; None if it cannot be read."""
    statement = read_statement(event.call.statement)
    if statement is None:
        return None
    tables = _tables(statement, schema)
    given = event.call.parameters
    return _Reader(statement, tables, list(given) if isinstance(given, list | tuple) else []).read()


def _tables(statement: Statement, schema: Schema) -> list[Table]:
    """Return the tables that a statement names, in that order."""
    found: dict[int, Table] = {}
    words = [piece.text for piece in statement.tokens.pieces]
    before = [""] + [word.upper() for word in words]
    for previous, word in zip(before, words, strict=False):
        oid = schema.names.get(name_of(word))
        if oid is None or previous not in ("FROM", "JOIN", "INTO", "UPDATE", ",", ".", "ONLY", "("):
            continue
        table = schema.tables[oid]
        for source in table.sources if table.is_view else (oid,):
            if source in schema.tables:
                found.setdefault(source, schema.tables[source])
    return list(found.values())


class _Reader:
    def __init__(self, statement: Statement, tables: list[Table], given: list[Any]) -> None:
        self._statement = statement
        self._tables = tables
        self._given = given
        self._tokens = statement.tokens
        self._numbers = Numbers(statement)
        self._columns = ColumnReader(statement, tables)
        self._own: set[int] = set()
        self._parts: dict[ColumnId, dict[str, int]] = {}
        self._found = Reading(tables)

    def read(self) -> Reading:
        found = self._found
        uses = uses_of(self._statement, self._tables)
        found.named = set(uses.named)
        found.is_recursive = "RECURSIVE" in self._tokens.words
        if "*" in self._tokens.words:
            found.named |= {ColumnId(t.oid, c.name) for t in self._tables for c in t.columns}
        for number, columns in uses.stored.items():
            for column in columns:
                if 0 < number <= len(self._given) and column.table == self._written():
                    found.stored[column] = self._typed(column, self._given[number - 1])
        for query in self._statement.queries:
            self._own = self._tables_of(query)
            for keyword, condition in query.conditions():
                if keyword != "CASE":
                    self._walk(condition, is_negated=False)
            self._read_parts()
            for clause in query.clauses:
                self._read_clause(clause)
            if query.command in ("UPDATE", "DELETE", "INSERT") and (written := self._written()):
                if query.command == "INSERT":
                    found.inserted.add(written)
                if query.command != "INSERT" or query.clause("DO UPDATE"):
                    found.changed.add(written)
        found.links += [
            (ColumnId(table.oid, name), ColumnId(key.parent, parent))
            for table in self._tables
            for key in table.foreign_keys
            if key.parent != table.oid and key.parent in {one.oid for one in self._tables}
            for name, parent in zip(key.columns, key.parent_columns, strict=True)
        ]
        return found

    def _tables_of(self, query: Query) -> set[int]:
        """Return the tables that a query itself names."""
        spans = [clause.span for clause in query.clauses if clause.keyword in _WITH_TABLES]
        names = {
            name_of(self._tokens.pieces[at].text)
            for span in spans
            for at in range(*self._numbers.of(span))
        }
        return {table.oid for table in self._tables if table.table in names}

    def _read_clause(self, clause: Clause) -> None:
        if clause.keyword in ("ORDER BY", "GROUP BY") and not clause.is_inner:
            columns_of = [self._named(*self._numbers.of(item)) for item in clause.items]
            self._found.sorts.append([min(columns) for columns in columns_of if columns])
        elif clause.keyword == "SET":
            for item in clause.items:
                first, last = self._numbers.of(item)
                columns = self._named(first, first + 1)
                self._found.assigned |= columns
                value = self._value(first + 2, last) if last - first == 3 else None
                if value is not None and value is not Clock.NOW:  # `done = true`
                    self._found.stored = dict.fromkeys(columns, value) | self._found.stored

    def _named(self, first: int, last: int) -> set[ColumnId]:
        """Return the columns between two tokens: of the query's own tables if they have them."""
        found = self._columns.columns(first, last, is_strict=True)
        own = {column.name for column in found if column.table in self._own}
        return {c for c in found if c.name not in own or c.table in self._own}

    def _written(self) -> int | None:
        """Return the table that the statement writes."""
        words = self._tokens.words
        for at, word in enumerate(words):
            if word in ("INTO", "UPDATE", "DELETE") and words[at - 1 : at] != ("DO",):
                for piece in self._tokens.pieces[at + 1 : at + 6]:
                    for table in self._tables:
                        if table.table == name_of(piece.text):
                            return table.oid
        return None

    def _walk(self, condition: Condition, *, is_negated: bool) -> None:
        if not condition.parts:
            self._compare(*self._numbers.of(condition.span), is_negated)
        for part in condition.parts:
            self._walk(part, is_negated=is_negated != (condition.kind == "not"))

    def _compare(self, first: int, last: int, is_negated: bool) -> None:
        words = self._tokens.words
        while self._tokens.closing.get(first) == last - 1:
            first, last = first + 1, last - 1
        if words[first] in ("EXISTS", "SELECT"):
            return
        at = next(
            (n for n in self._tokens.outside_brackets(first, last) if words[n] in _OPERATORS), None
        )
        if at is None:
            for column in self._named(first, last) if last - first <= 3 else ():
                self._add(Comparison(column, "true"), is_negated)
            return
        left = self._named(first, at)
        right = set() if self._is_query(at + 1, last) else self._named(at + 1, last)
        operator = words[at]
        if operator == "IS":
            is_null = words[at + 1 : at + 2] == ("NULL",)
            if is_null or words[at + 1 : at + 3] == ("NOT", "NULL"):
                for column in left:
                    self._add(Comparison(column, "null" if is_null else "not null"), is_negated)
        elif len(left) == 1 and len(right) == 1 and operator == "=":
            if min(left).table == min(right).table:
                self._found.is_recursive = True
            else:
                self._found.links.append((min(left), min(right)))
        elif left and not right and {"STRPOS", "POSITION"} & set(words[first:at]):
            self._add(Comparison(min(left), "like", self._value(first, at)), is_negated)
        elif left and not right and (part := self._part(first, at)):
            value = self._value(at + 1, last)
            if operator == "=" and not is_negated and isinstance(value, _NUMBERS):
                self._parts.setdefault(min(left), {})[part] = int(value)
        elif left and not right:
            is_negated = is_negated != (words[at - 1] == "NOT")
            self._against(min(left), operator, at + 1, last, is_negated, self._added(first, at))
        elif right and not left:
            self._against(min(right), _FLIPPED.get(operator, operator), first, at, is_negated)

    def _part(self, first: int, last: int) -> str:
        """Return the part of a date in `EXTRACT(year FROM day)` or `date_part('year', day)`."""
        words = self._tokens.words
        if words[first] not in ("EXTRACT", "DATE_PART"):
            return ""
        if self._tokens.closing.get(first + 1) != last - 1:
            return ""
        return (text_of(self._tokens.pieces[first + 2].text) or words[first + 2]).lower()

    def _read_parts(self) -> None:
        """Add the comparisons of parts of dates, if there is a date with all of them."""
        for column, parts in self._parts.items():
            try:
                moment = _MIDDLE.replace(**parts)  # type: ignore[arg-type] # refused if unknown
            except (TypeError, ValueError):
                continue
            for part in parts:
                self._add(Comparison(column, "part", MomentPart(part, moment)), is_negated=False)
        self._parts.clear()

    def _against(
        self,
        column: ColumnId,
        operator: str,
        first: int,
        last: int,
        is_negated: bool,
        added: Decimal | int = 0,
    ) -> None:
        """Add the comparison of a column, to which a number is added, with what two tokens hold."""
        words = self._tokens.words
        values = self._values(first, last)
        if self._is_query(first, last) or not values:
            return
        if operator == "IN" or words[first] in ("ANY", "ALL"):
            flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
            is_all = words[first] == "ALL" or operator == "<>"
            self._add(Comparison(column, "not in" if is_all else "in", flat), is_negated)
        elif operator in ("LIKE", "ILIKE"):
            pattern = self._pattern(first, last) or values[0]
            self._add(Comparison(column, operator.lower(), pattern), is_negated)
        elif operator == "BETWEEN":
            self._add(Comparison(column, ">=", values[0]), is_negated)
            self._add(Comparison(column, "<=", values[-1]), is_negated)
        elif operator in ("@>", "&&"):
            self._add(Comparison(column, "=", values[0]), is_negated)
        else:
            operator = "<>" if operator == "!=" else operator
            value = values[0]
            if added and isinstance(value, _NUMBERS):
                value = type(value)(Decimal(str(value)) - added)
            self._add(Comparison(column, operator, value), is_negated)

    def _added(self, first: int, last: int) -> Decimal | int:
        """Return the number that is added to a column: `stock - $1 >= 0`."""
        words = self._tokens.words
        signs = [at for at in self._tokens.outside_brackets(first, last) if words[at] in ("+", "-")]
        value = self._value(signs[0] + 1, last) if len(signs) == 1 else None
        if not isinstance(value, _NUMBERS):
            return 0
        return Decimal(str(value)) * (1 if words[signs[0]] == "+" else -1)

    def _add(self, comparison: Comparison, is_negated: bool) -> None:
        if is_negated:
            comparison = comparison.opposite
        if comparison.operator == "null" and self._is_never_null(comparison.column):
            return  # an ORM's spelling of a filter that is not given, or a join without a partner
        if comparison.value is None and comparison.operator in ("=", "<>", "<", ">", "<=", ">="):
            return  # a filter that is not given
        comparison = replace(comparison, value=self._typed(comparison.column, comparison.value))
        if comparison not in self._found.comparisons:
            self._found.comparisons.append(comparison)

    def _pattern(self, first: int, last: int) -> str:
        """Return a pattern that is put together: `'%' || $1 || '%'`; "" if it is not."""
        words = self._tokens.words[first:last]
        end = first + words.index("ESCAPE") if "ESCAPE" in words else last
        parts = self._values(first, end)
        is_text = all(isinstance(part, str) for part in parts)
        return "".join(parts) if len(parts) > 1 and is_text else ""

    def _typed(self, column: ColumnId, value: Any) -> Any:
        """Return a UUID for the text of one, so that the rows that refer to it are alike."""
        if isinstance(value, str) and self._column(column).type.name == "uuid":
            with contextlib.suppress(ValueError):  # another text is refused when it is sent
                return UUID(value)
        return value

    def _column(self, column: ColumnId) -> Column:
        return next(one for one in self._tables if one.oid == column.table).column(column.name)

    def _is_never_null(self, column: ColumnId) -> bool:
        found = self._column(column)
        return found.not_null or found.type.not_null

    def _is_query(self, first: int, last: int) -> bool:
        return "SELECT" in self._tokens.words[first:last]

    def _value(self, first: int, last: int) -> Any:
        values = self._values(first, last)
        return values[0] if values else None

    def _values(self, first: int, last: int) -> list[Any]:
        """Return the parameters and literals between two tokens, as they were sent."""
        found: list[Any] = []
        words = self._tokens.words
        for at, sent in self._sent(first, last):
            before = words[max(first, at - 2) : at]
            if isinstance(sent, str) and "LOWER" in before:
                sent = sent.lower()
            elif isinstance(sent, str) and "UPPER" in before:
                sent = sent.upper()
            elif isinstance(sent, dt.datetime) and _is_present(sent):
                sent = Clock.NOW
            found.append(sent)
        return found

    def _sent(self, first: int, last: int) -> Iterator[tuple[int, Any]]:
        places = {at: number for number, at in self._columns.parameters(first, last)}
        for at in range(first, last):
            piece, word = self._tokens.pieces[at].text, self._tokens.words[at]
            if at in places:
                if 0 < places[at] <= len(self._given):
                    yield at, self._given[places[at] - 1]
            elif word in _CLOCK:
                yield at, Clock.NOW
            elif word in ("TRUE", "FALSE"):
                yield at, word == "TRUE"
            elif _NUMBER.fullmatch(piece):
                sign = -1 if self._tokens.words[at - 1] == "-" and at - 1 >= first else 1
                yield at, sign * (float(piece) if "." in piece else int(piece))
            elif (text := text_of(piece)) is not None:
                yield at, text


def _is_present(moment: dt.datetime) -> bool:
    """Return whether a moment is that of the run, or one near it."""
    now = dt.datetime.now(dt.UTC)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return abs(moment - now) < _SAME_DAY
