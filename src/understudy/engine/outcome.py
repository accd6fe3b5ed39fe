"""What the engine finds for a call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from understudy.catalog import active_checker
from understudy.catalog.answer_checks import Mismatch
from understudy.catalog.description import Description
from understudy.pg.errors import ErrorFields
from understudy.script.answers import Answer, Computed, Rows, Value
from understudy.script.calls import Call
from understudy.script.rules import StatementRule


@dataclass(slots=True)
class Outcome:
    """What the script and the catalog have for a call.

    Attributes:
        call: the call.
        answer: the scripted answer; None if no rule has one for the call.
        description: what PostgreSQL says of the statement; None if it was not asked about it.
    """

    call: Call
    answer: Answer | None
    description: Description | None

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
        checker = active_checker.checker()
        return checker is not None and checker.check_answer(
            self.call, self.description, result, mismatch
        )

    def fail(self, fields: ErrorFields | None) -> None:
        """Record that the call is answered with an error, and check that it could fail with it.

        Args:
            fields: what PostgreSQL reports; None if the error is not the database's.

        Raises:
            ErrorImpossible: the statement could not fail like this.
        """
        __tracebackhide__ = True
        self.call.fail()
        if fields is not None and self.description is not None:
            checker = active_checker.checker()
            if checker is not None:
                checker.check_error(self.call, self.description, fields)

    def compute(self, computed: Computed) -> Any:
        """Call the function that answers; what it returns may be awaitable."""
        rule = self.call.rule
        groups = rule.groups(self.call) if isinstance(rule, StatementRule) else {}
        return computed.function(self.call, **groups)
