"""What the engine finds for a call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

from understudy.catalog import active_checker
from understudy.catalog.answer_checks import Difference, Mismatch, equal_names
from understudy.catalog.description import Description
from understudy.catalog.error_details import with_details
from understudy.catalog.errors import AnswerImpossible
from understudy.catalog.report import answer_impossible
from understudy.pg.errors import ErrorFields
from understudy.pg.select_list import column_names
from understudy.script.answers import Answer, Computed, Row, Rows, Value
from understudy.script.calls import Call
from understudy.script.expectations import record_failure
from understudy.script.formatting import counted
from understudy.script.statement_rules import StatementRule

if TYPE_CHECKING:
    from understudy.catalog.checks import Checker

UNNAMED = "a row in the order of the columns needs their names, and the statement tells not all"
NAME_THEM = "Name them: .rows((...), columns=[...]); or configure the schema, which tells them."


@dataclass(slots=True)
class Outcome:
    """What the script and the catalog have for a call.

    Attributes:
        call: the call.
        answer: the scripted answer; None if no rule has one for the call.
        description: what PostgreSQL says of the statement; None if it was not asked about it.
        find_checker: returns what checks the answer; None if nothing does.
    """

    call: Call
    answer: Answer | None
    description: Description | None
    find_checker: Callable[[], Checker | None] = active_checker.checker

    def complete(
        self,
        result: Rows | Value,
        names: Sequence[str | None] | None = None,
        mismatch: Mismatch | None = None,
    ) -> Rows | Value:
        """Return a result whose columns are known: with their names, and filled in if it asks so.

        Args:
            result: the scripted result.
            names: the columns of the statement; by default as the description or the text has them.
            mismatch: as for `check`.

        Raises:
            AnswerImpossible: the names are not known, the row is not as long as they are many, or
                it cannot be filled in.
        """
        __tracebackhide__ = True
        if not isinstance(result, Rows) or not result.rows:
            return result
        if result.is_filled:
            result = self._fill(result, mismatch)
        elif not isinstance(result.rows[0], tuple) and self.description is not None:
            return result  # the check compares the names
        if names is None:
            if self.description is None:
                names = column_names(self.call.statement)
            else:
                names = tuple(column.name for column in self.description.columns)
        first = result.rows[0]
        if isinstance(first, tuple):
            return self._named(result, first, names)
        is_known = self.description is not None or result.as_dicts or names is None
        if not is_known and names is not None and _is_ambiguous(tuple(names)):
            found = equal_names(list(map(str, names)), first, len(result.rows))
            self._refuse(found.reason, *found.remedy)
        return result

    def _named(self, rows: Rows, first: Row, names: Sequence[str | None] | None) -> Rows:
        """Return rows in the order of the columns with the columns' names."""
        __tracebackhide__ = True
        if rows.columns is not None:
            return rows
        if names is None or None in names:
            self._refuse(UNNAMED, NAME_THEM)
        columns = tuple(map(str, names))
        if self.description is None and len(first) != len(columns):
            self._refuse(wrong_length(columns, first))
        return replace(rows, columns=columns)

    def _fill(self, rows: Rows, mismatch: Mismatch | None) -> Rows:
        __tracebackhide__ = True
        checker = self.find_checker()
        description = self.description
        if checker is not None and description is None:  # the statement of a real server
            description = checker.describe(self.call)
        if checker is None or description is None:
            self._refuse(
                "filled_row() makes up the columns that PostgreSQL tells, and it was not asked",
                "Configure the schema (`schema` in [tool.understudy]), or give all columns: "
                ".row(...)",
            )
        return checker.fill(self.call, description, rows, mismatch)

    def _refuse(self, reason: str, *remedy: str) -> NoReturn:
        __tracebackhide__ = True
        text = answer_impossible(self.call, Difference(reason, remedy=remedy))
        raise record_failure(AnswerImpossible(text))

    def check(self, result: Rows | Value, mismatch: Mismatch | None = None) -> bool:
        """Check that the statement could return a result.

        Args:
            result: the scripted result.
            mismatch: tells why a value is not possible for a type; None for psqlpy's rules.

        Returns:
            Whether the result was checked and is possible.

        Raises:
            AnswerImpossible: it is not possible.
        """
        __tracebackhide__ = True
        if self.description is None:
            return False
        checker = self.find_checker()
        return checker is not None and checker.check_answer(
            self.call, self.description, result, mismatch
        )

    def check_success(self, result: Rows | Value | None, *, is_whole: bool = True) -> None:
        """Check that the statement could succeed, with its parameters and this number of rows.

        Args:
            result: the scripted result; None if it says nothing about rows.
            is_whole: whether it has all rows, and not those before a failure.

        Raises:
            AnswerImpossible: it could not.
        """
        __tracebackhide__ = True
        if self.description is None:
            return
        checker = self.find_checker()
        if checker is not None:
            checker.check_success(self.call, self.description, result, is_whole=is_whole)

    def fail(self, fields: ErrorFields) -> ErrorFields:
        """Record that the call is answered with an error, and check that it could fail with it.

        Args:
            fields: what PostgreSQL reports, as it is scripted.

        Returns:
            The same, with what PostgreSQL tells of the call.

        Raises:
            ErrorImpossible: the statement could not fail like this.
        """
        __tracebackhide__ = True
        self.call.fail()
        checker = self.find_checker()
        if checker is not None and self.description is not None:
            checker.check_error(self.call, self.description, fields)
            return checker.with_details(self.call, self.description, fields)
        types = () if self.description is None else self.description.parameters
        return with_details(fields, self.call, types, None if checker is None else checker.facts)

    def compute(self, computed: Computed) -> Any:
        """Call the function that answers; what it returns may be awaitable."""
        rule = self.call.rule
        groups = rule.groups(self.call) if isinstance(rule, StatementRule) else {}
        return computed.function(self.call, **groups)


@lru_cache(maxsize=1024)
def _is_ambiguous(names: tuple[str | None, ...]) -> bool:
    """Return whether columns have equal names."""
    return None not in names and len(set(names)) < len(names)


def wrong_length(names: Sequence[str], row: Row) -> str:
    """Return what is wrong with a row that has more or fewer values than there are columns."""
    columns = f"{counted(len(names), 'column')} ({', '.join(names)})"
    return f"it has {columns}, and a row of the answer has {counted(len(row), 'value')}"
