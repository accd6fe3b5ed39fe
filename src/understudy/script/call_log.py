"""The call log: what was asked, in order, and assertions on it."""

from __future__ import annotations

from typing import Any

from understudy.script import report
from understudy.script.calls import Call
from understudy.script.failures import CallNotFound, ScriptError
from understudy.script.formatting import typed
from understudy.script.origin import caller
from understudy.script.parameter_matching import Parameters
from understudy.script.rules import Rule
from understudy.script.statement_rules import StatementRule


class CallLog(list[Call]):
    """Every call on a fake, oldest first: a list, with assertions.

    Attributes:
        was_read: whether a test has looked at it.
    """

    was_read = False

    def unread(self) -> list[Call]:
        """Return the calls whose statement nothing in the test has checked.

        A statement is checked if the test reads the log, or if the rule that answered says which
        statement it is for. A call that was answered with an error is there for the error.
        """
        if self.was_read:
            return []
        return [
            call
            for call in self
            if not call.failed and (call.rule is None or not call.rule.is_specific)
        ]

    def assert_called(self, statement: Any, *parameters: Any, times: int | None = None) -> None:
        """Assert that `statement` was executed, with `parameters` if any are given.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
            parameters: values or predicates, as for `on`; none means any.
            times: exactly how often (0: never); by default at least once.

        Raises:
            CallNotFound: the call was not made, or not that often.
            ScriptError: `statement` or `times` makes no sense.
        """
        rule = StatementRule(statement, Parameters(parameters), caller())
        self.assert_matching(rule, times)

    def assert_matching(self, rule: Rule, times: int | None) -> None:
        """Assert that `times` calls, by default at least one, match `rule`.

        Raises:
            CallNotFound: the call was not made, or not that often.
            ScriptError: `times` makes no sense.
        """
        if times is not None and (type(times) is not int or times < 0):
            raise ScriptError(
                f"assert_called() takes times as a whole number from 0, got {typed(times)}"
            )
        self.was_read = True
        found = sum(rule.matches(call) for call in self)
        if found != times if times is not None else not found:
            raise CallNotFound(report.call_not_found(rule, times, self))
