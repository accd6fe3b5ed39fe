"""Hides the values of columns: of parameters, rows and literals, and where texts repeat them.

What is not certain is hidden: the values of a statement that PostgreSQL has not described, and the
parameters and expressions of one that has to do with a redacted column or runs code of the schema.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from understudy.catalog.description import Description, Verdict
from understudy.pg import sql
from understudy.run_report.hidden_values import HIDDEN, HiddenValues
from understudy.run_report.parameter_columns import NUMBER, parameter_columns
from understudy.run_report.records import Statement, Test, TestEvent
from understudy.script.formatting import is_literal, shape

# What a line of Python has between quotes, also if the line ends in them; and numbers.
_LITERALS = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1?|\b\d[\d_.]*""")
_QUOTED = re.compile(r'".*"', re.DOTALL)
# Where a failure happened: "path:12: AssertionError", "path:12: in name".
_PLACE = re.compile(r"^\S+:\d+: (?:in )?[\w.<>]+$", re.MULTILINE)
_UNKNOWN = (
    "The rest of this failure is left out: report_redact hides values, and not all values of this "
    "test can be found in it."
)


class Redaction:
    """The columns of a run whose values are hidden.

    Args:
        patterns: the columns: "password", "users.email", "*token*"; in any case.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        self._patterns = [pattern.lower() for pattern in patterns]
        self._values = HiddenValues()  # of all tests so far: they may share fixtures

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
            conditions=list(map(shape, statement.conditions)),
        )

    def test(
        self, test: Test, texts: Mapping[int, str], verdict_on: Callable[[str], Verdict | None]
    ) -> Test:
        """Return a test with its values hidden.

        Args:
            test: as it was recorded.
            texts: the text of each statement, by what its events have as `statement`.
            verdict_on: returns what PostgreSQL says of a statement.
        """
        if not self._patterns:
            return test
        values = HiddenValues()
        events = [self._event(event, texts, verdict_on, values) for event in test.events]
        self._values.update(values)
        failure = test.failure
        is_unknown = test.unseen or test.left_out or values.is_partial
        if is_unknown or any(map(self._has_rows, texts.values())):
            failure = failure and "\n".join([*_PLACE.findall(failure), _UNKNOWN])
        return replace(
            test,
            events=[self._without(values, event, texts, verdict_on) for event in events],
            failure=self._cleaned(values, failure),
        )

    def learn(
        self, test: Test, texts: Mapping[int, str], verdict_on: Callable[[str], Verdict | None]
    ) -> None:
        """Note the values of a test, for the texts of others; for the arguments see `test`."""
        if self._patterns:
            for event in test.events:
                self._event(event, texts, verdict_on, self._values)

    def event(self, event: TestEvent, text: str, verdict: Verdict | None) -> TestEvent:
        """Return a single event with its values hidden; `text` is its statement."""
        if not self._patterns:
            return event
        values, texts = HiddenValues(), {0: text}
        numbered = replace(event, statement=None if event.statement is None else 0)
        found = self._event(numbered, texts, lambda _: verdict, values)
        self._values.update(values)
        found = self._without(values, found, texts, lambda _: verdict)
        return replace(found, statement=event.statement)

    def plain(self, value: Any) -> Any:
        """Return plain data of the run, without the values of its tests."""
        if not self._patterns or isinstance(value, int | float | None):
            return value
        if isinstance(value, str):
            return self._cleaned(HiddenValues(), value)
        if isinstance(value, Mapping):
            return {key: self.plain(item) for key, item in value.items()}
        return [self.plain(item) for item in value]

    def _event(
        self,
        event: TestEvent,
        texts: Mapping[int, str],
        verdict_on: Callable[[str], Verdict | None],
        hidden: HiddenValues,
    ) -> TestEvent:
        if event.statement is None:
            return event
        text = texts[event.statement]
        verdict = verdict_on(text)
        names = [self.matches(name) for name in event.columns]
        if not self.is_about(verdict):
            return replace(event, rows=_without_columns(event.rows, names, hidden))
        hidden.update(filter(is_literal, sql.tokens(text)))
        known = {}
        if isinstance(verdict, Description):
            known = {} if event.is_many else _known_columns(text, verdict)
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

    def _without(
        self,
        values: HiddenValues,
        event: TestEvent,
        texts: Mapping[int, str],
        verdict_on: Callable[[str], Verdict | None],
    ) -> TestEvent:
        """Return an event whose texts do not repeat hidden values."""
        text = "" if event.statement is None else texts[event.statement]
        source, error = event.source, event.error
        if text and self.is_about(verdict_on(text)):
            source = _LITERALS.sub(_masked, source)
        message = "" if error is None else error.message
        if self._has_rows(text):
            message = _QUOTED.sub(f'"{HIDDEN}"', message)
        return replace(
            event,
            text=self._cleaned(values, event.text),
            source=self._cleaned(values, source),
            error=error and replace(error, message=self._cleaned(values, message)),
        )

    def _cleaned(self, values: HiddenValues, text: str) -> str:
        return values.cleaned(text, self._values)

    @staticmethod
    def _has_rows(text: str) -> bool:
        """Return whether a statement may send rows which are not recorded."""
        return text.lstrip()[:4].upper() == "COPY"

    def _is_shown(self, columns: Iterable[str] | None) -> bool:
        return columns is not None and not any(
            column != NUMBER and self.matches(column) for column in columns
        )


def _hide(value: str, hidden: HiddenValues) -> str:
    hidden.add(value)
    return HIDDEN


def _without_columns(
    rows: Sequence[Sequence[str | None]] | None, is_hidden: Sequence[bool], hidden: HiddenValues
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


def _known_columns(text: str, verdict: Description) -> dict[int, set[str]]:
    """Return the columns of parameters that are certainly columns of a table."""
    names = {NUMBER, *(column.rpartition(".")[2] for column in verdict.touches)}
    found = parameter_columns(text)
    return {number: columns for number, columns in found.items() if columns <= names}


def _masked(found: re.Match[str]) -> str:
    quote = found.group(1)
    return "?" if quote is None else f"{quote}?{quote}"
