"""Hides the values of columns: of parameters, rows and literals, and where texts repeat them.

What is not certain is hidden: the values of a statement that PostgreSQL has not described, and the
parameters and expressions of one that has to do with a redacted column or runs code of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from understudy.catalog.description import Description, Verdict
from understudy.pg import sql
from understudy.pg.sql_spelling import text_of
from understudy.run_report.parameter_columns import NUMBER, parameter_columns
from understudy.run_report.records import Statement, Test, TestEvent
from understudy.script.boundary import shape

HIDDEN = "[redacted]"
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_SHORTEST = 3  # characters of a value that is looked for in other texts


class Redaction:
    """The columns of a run whose values are hidden.

    Args:
        patterns: the columns: "password", "users.email", "*token*"; in any case.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]

    def __bool__(self) -> bool:
        """Say whether anything is hidden."""
        return bool(self._patterns)

    def matches(self, column: str) -> bool:
        """Return whether a column is hidden.

        Args:
            column: its name, or "table.column", or "schema.table.column". Without its table, it may
                be of any.
        """
        place, _, own = column.lower().rpartition(".")
        # With its schema and without it.
        tables = {place, place.rpartition(".")[2]}
        for pattern in self._patterns:
            table, _, name = pattern.rpartition(".")
            is_there = not (table and place) or any(fnmatchcase(one, table) for one in tables)
            if is_there and fnmatchcase(own, name):
                return True
        return False

    def is_about(self, verdict: Verdict | None) -> bool:
        """Return whether a statement may have to do with a hidden column."""
        if not self._patterns:
            return False
        if not isinstance(verdict, Description):
            return True
        return verdict.runs_code or any(map(self.matches, verdict.touches))

    def text(self, text: str, verdict: Verdict | None) -> str:
        """Return the text of a statement, without literals if it may have hidden values."""
        return shape(text) if self.is_about(verdict) else text

    def statement(self, statement: Statement, verdict: Verdict | None) -> Statement:
        """Return a statement without literals if it may have hidden values."""
        if not self.is_about(verdict):
            return statement
        # PostgreSQL may quote the statement in the message, and conditions have literals.
        return replace(
            statement,
            sql=shape(statement.sql),
            refusal=statement.refusal.partition(":")[0],
            conditions=[_LITERAL.sub("?", condition) for condition in statement.conditions],
        )

    def test(
        self,
        test: Test,
        texts: Mapping[int, str],
        verdict_on: Callable[[str], Verdict | None],
    ) -> Test:
        """Return a test with its values hidden.

        Args:
            test: as it was recorded.
            texts: the text of each statement, by what its events have as `statement`.
            verdict_on: returns what PostgreSQL says of a statement.
        """
        if not self._patterns:
            return test
        hidden: set[str] = set()
        events = [self._event(event, texts, verdict_on, hidden) for event in test.events]
        values = _in_order(hidden)
        return replace(
            test,
            events=[_without(values, event) for event in events],
            failure=_cleaned(values, test.failure),
        )

    def event(self, event: TestEvent, text: str, verdict: Verdict | None) -> TestEvent:
        """Return a single event with its values hidden; `text` is its statement."""
        if not self._patterns:
            return event
        hidden: set[str] = set()
        numbered = replace(event, statement=None if event.statement is None else 0)
        found = self._event(numbered, {0: text}, lambda _: verdict, hidden)
        return _without(_in_order(hidden), replace(found, statement=event.statement))

    def _event(
        self,
        event: TestEvent,
        texts: Mapping[int, str],
        verdict_on: Callable[[str], Verdict | None],
        hidden: set[str],
    ) -> TestEvent:
        if event.statement is None:
            return event
        text = texts[event.statement]
        verdict = verdict_on(text)
        names = [self.matches(name) for name in event.columns]
        if not self.is_about(verdict):
            return replace(event, rows=_without_columns(event.rows, names, hidden))
        hidden.update(filter(None, map(text_of, sql.tokens(text))))
        known = {}
        if isinstance(verdict, Description):
            known = {} if event.is_many else parameter_columns(text)
            for number, column in enumerate(verdict.columns[: len(names)]):
                names[number] |= column.origin is None or self.matches(column.origin)
        else:
            names = [True] * len(names)
        parameters = [
            value if value is None or self._is_shown(known.get(number)) else _hide(value, hidden)
            for number, value in enumerate(event.parameters, 1)
        ]
        return replace(
            event, parameters=parameters, rows=_without_columns(event.rows, names, hidden)
        )

    def _is_shown(self, columns: Iterable[str] | None) -> bool:
        return columns is not None and not any(
            column != NUMBER and self.matches(column) for column in columns
        )


def _in_order(hidden: set[str]) -> list[str]:
    """Return the values that are looked for in texts, the longest first: it may have others."""
    return sorted((value for value in hidden if len(value) >= _SHORTEST), key=len, reverse=True)


def _hide(value: str, hidden: set[str]) -> str:
    hidden.add(value)
    return HIDDEN


def _without_columns(
    rows: Sequence[Sequence[str | None]] | None, is_hidden: Sequence[bool], hidden: set[str]
) -> Sequence[Sequence[str | None]] | None:
    if rows is None or not any(is_hidden):
        return rows
    return [
        [
            _hide(value, hidden) if secret and value is not None else value
            for value, secret in zip(row, is_hidden, strict=False)
        ]
        for row in rows
    ]


def _without(values: Sequence[str], event: TestEvent) -> TestEvent:
    """Return an event whose texts do not repeat hidden values."""
    error = event.error
    return replace(
        event,
        text=_cleaned(values, event.text),
        source=_cleaned(values, event.source),
        error=error and replace(error, message=_cleaned(values, error.message)),
    )


def _cleaned(values: Sequence[str], text: str) -> str:
    for value in values:
        text = text.replace(value, HIDDEN)
    return text
