"""Checks of calls, answers and errors against what MySQL or MariaDB says of their statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace
from functools import cached_property, partial
from typing import Any

from understudy.catalog import answer_checks as answers
from understudy.catalog import outcome_checks
from understudy.catalog.check_conditions import is_violated
from understudy.catalog.checks import Checker
from understudy.catalog.description import Comparison, Description, Refusal, RowBounds
from understudy.catalog.errors import ParametersRefused, StatementRefused
from understudy.catalog.row_checks import known_row
from understudy.catalog.session_schema import NO_CONTEXT, Context
from understudy.mysql import sql
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.mysql.templates import Parameter, Template, template
from understudy.mysql_catalog import report
from understudy.mysql_catalog.casts import is_number_for_text, taken_for
from understudy.mysql_catalog.error_checks import reason_against
from understudy.mysql_catalog.error_details import with_entry
from understudy.mysql_catalog.made_up_values import MysqlRowFiller
from understudy.mysql_catalog.result_values import mismatch as impossible_value
from understudy.mysql_catalog.row_bounds import has_wrong_limit
from understudy.mysql_catalog.stored_values import (
    as_number,
    as_stored_number,
    check_refused,
    null_refused,
    refusal,
)
from understudy.pg.errors import ErrorFields
from understudy.script.answers import Rows, Value
from understudy.script.calls import Call
from understudy.script.mysql_calls import MysqlCall

_SYNTAX = 1064
_INSERTS = ("INSERT", "REPLACE")


class MysqlChecker(Checker):
    """Checks calls, answers and errors against the catalog of a MySQL or MariaDB server.

    Values are checked when a statement is answered with a success: a scripted error may be just
    what the server says of them.
    """

    @property
    def server(self) -> str:  # type: ignore[override] # it is known when the file has been read
        """The name of the server, for messages."""
        found = str(self.catalog.server or "")
        return found.partition(" ")[0] or "MySQL"

    def describe(
        self, call: Call, declared: Sequence[str] = (), context: Context = NO_CONTEXT
    ) -> Description | None:
        """Return what the server says of a statement; see `Checker`. None is declared to it."""
        __tracebackhide__ = True
        found = _template(call)
        text, literal = found.text, sql.one_line(call.statement)
        verdict = self._verdict(call, text, context=context)
        is_wrong_limit = isinstance(verdict, Description) and has_wrong_limit(found)
        is_refused = isinstance(verdict, Refusal) and verdict.code == _SYNTAX
        if literal != text and (is_wrong_limit or is_refused):
            # The grammar has a literal at this place, and may demand or forbid this one.
            other = self._verdict(call, literal, context=context)
            if is_wrong_limit:
                verdict, text = other, literal
            elif not isinstance(other, Refusal):
                verdict = None
        return self._description(call, verdict, text, lambda position: position)

    def check_answer(
        self,
        call: Call,
        description: Description,
        outcome: Rows | Value,
        mismatch: answers.Mismatch | None = None,
    ) -> bool:
        """Check that a statement could return what it is answered with; see `Checker`."""
        __tracebackhide__ = True
        if isinstance(outcome, Rows) and outcome.tag is not None:
            if description.columns and self._level("answers", call) != "off":
                names = ", ".join(column.name for column in description.columns)
                reason = f"this {description.command} returns rows: {names}"
                found = answers.Difference(reason, remedy=("Write .rows(...), or .row(...).",))
                self._report_answer(call, found)
            return True
        return super().check_answer(call, description, outcome, mismatch)

    def check_success(
        self,
        call: Call,
        description: Description,
        outcome: Rows | Value | None,
        *,
        is_whole: bool = True,
    ) -> None:
        """Check that a statement could succeed with its values; see `Checker`.

        Raises:
            StatementRefused: it fails for any values.
            ParametersRefused: the server would not store a value, or it compares another one.
            AnswerImpossible: it could not return or change so many rows.
        """
        __tracebackhide__ = True
        count = answers.count(description, outcome)
        if description.fails is not None and self._level("statements", call) != "off":
            text = self._refused_text(call, description.fails, [])
            make = partial(StatementRefused, refusal=description.fails)
            self._report("statements", make, text, call)
            return
        rows = _rows(call)
        if self._level("parameters", call) != "off":
            self._check_values(call, description, rows, count)
        if self._level("answers", call) != "off" and count is not None:
            self._check_count(call, description, rows, count, is_whole=is_whole)

    def _impossible_error(self, description: Description, fields: ErrorFields) -> list[str] | None:
        if not isinstance(fields, MysqlErrorFields):
            return None
        return reason_against(description, fields.code, fields.message, self.catalog.facts)

    def with_details(
        self, call: Call, description: Description, fields: ErrorFields
    ) -> ErrorFields:
        """Return a scripted error with the values of the key that has them twice."""
        rows = _rows(call)
        if not isinstance(fields, MysqlErrorFields) or not rows:
            return fields
        return with_entry(fields, description, rows[0], self.catalog.facts)

    def _refused_text(self, call: Call, refusal: Refusal, excerpt: Sequence[str]) -> str:
        return report.statement_refused(self.server, call, refusal, excerpt)

    def _check_values(
        self, call: Call, description: Description, rows: Sequence[Sequence[Any]], count: int | None
    ) -> None:
        __tracebackhide__ = True
        is_mariadb = self.server == "MariaDB"
        for number, row in enumerate(rows):
            where = answers.in_row(number, len(rows))
            # An UPDATE of no row stores nothing.
            if description.command in _INSERTS or count:
                for column, kind, value, refused in _refused(
                    description, row, is_mariadb=is_mariadb
                ):
                    text = report.value_refused(
                        self.server, call, refused, column, kind, value, where
                    )
                    self._report("parameters", ParametersRefused, text, call)
                    return
            for comparison, value, other in _casts(description, row):
                column, kind = comparison.column, comparison.type
                text = report.cast(self.server, call, column, kind, value, other)
                self._report("parameters", ParametersRefused, text, call)
                return

    def _check_count(
        self,
        call: Call,
        description: Description,
        rows: Sequence[Sequence[Any]],
        count: int,
        *,
        is_whole: bool,
    ) -> None:
        __tracebackhide__ = True
        if rows and any(is_number_for_text(*found) for found in _compared(description, rows[0])):
            return  # many texts are equal to one number
        if len(rows) != 1:  # the bounds are those of one row
            least, most, _ = astuple(description.rows)
            total = RowBounds(least * len(rows), None if most is None else most * len(rows))
            description = replace(description, rows=total)
        wrong = outcome_checks.wrong_count(
            description, rows[0] if rows else (), count, is_whole=is_whole
        )
        if wrong is not None:
            self._report_answer(call, answers.Difference(wrong))

    @property
    def _mismatch(self) -> answers.Mismatch:
        return impossible_value

    @cached_property
    def _filler(self) -> MysqlRowFiller:
        return MysqlRowFiller()


def _template(call: Call) -> Template:
    return call.template if isinstance(call, MysqlCall) else template(call.statement)


def _rows(call: Call) -> list[Sequence[Any]]:
    """Return what stands at each `?` of a call's statement: one row, several for a bulk INSERT."""
    values = _template(call).values
    return list(values) if isinstance(values, list) else [values]


def _refused(
    description: Description, row: Sequence[Any], *, is_mariadb: bool
) -> Iterator[tuple[str, str | None, Any, Refusal]]:
    """Yield the values that cannot be stored: the column, its type, the value, the error."""
    for assignment in description.assigned:
        number = assignment.parameter
        if number is not None and number > len(row):
            continue
        value = None if number is None else row[number - 1]
        column = assignment.column.rpartition(".")[2]
        found = None
        if value is None:
            found = null_refused(column) if assignment.required else None
        elif assignment.type is not None and not isinstance(value, Parameter):
            found = refusal(column, assignment.type, value)
        if found is not None:
            yield assignment.column, assignment.type, value, found
    numbers = list(map(as_number, row))
    for check in description.checks:
        for _, kind, number, _ in check.values:
            if number is not None and number <= len(numbers):
                numbers[number - 1] = as_stored_number(numbers[number - 1], kind)
        if is_violated(check.condition, known_row(check.values, numbers)):
            name, _, number, _ = check.values[0]
            at = (number or 1) - 1
            error = check_refused(check, is_mariadb=is_mariadb)
            yield f"{check.table}.{name}", description.parameters[at], row[at], error


def _compared(description: Description, row: Sequence[Any]) -> Iterator[tuple[Comparison, Any]]:
    """Yield what is compared with a column, and the column."""
    for comparison in description.compared:
        if comparison.parameter <= len(row):
            yield comparison, row[comparison.parameter - 1]


def _casts(description: Description, row: Sequence[Any]) -> Iterator[tuple[Comparison, Any, str]]:
    """Yield the texts that are compared as something else: the column, the text, and as what."""
    for comparison, value in _compared(description, row):
        items = value if isinstance(value, tuple) else (value,)
        for item in items:
            other = taken_for(comparison.type, item, items)
            if other is not None:
                yield comparison, item, other
