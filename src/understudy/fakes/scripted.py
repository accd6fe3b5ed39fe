"""What every fake with a script offers to the test: `on`, `calls` and `assert_called`."""

from __future__ import annotations

import re
from typing import Any

from understudy.script.call_log import CallLog
from understudy.script.origin import caller
from understudy.script.parameter_matching import Parameters
from understudy.script.script import Script
from understudy.script.statement_rules import StatementRule


class Scripted:
    """A fake that answers statements from a script.

    Args:
        script: its rules and its call log.
        strict: True to be strict from the start, False never to be; None from the first rule on.
    """

    def __init__(self, script: Script, strict: bool | None) -> None:
        self._script = script
        self._strict = strict

    def on(self, statement: str | re.Pattern[str], *parameters: Any) -> StatementRule:
        """Expect a statement; the verbs of the returned rule say what it is answered with.

        The latest rule that matches a call and has an answer left is the one that answers.

        Args:
            statement: literal SQL, compared without regard to white space, comments and a final
                semicolon, in which `...` stands for anything; or a compiled regular expression,
                searched in the statement on one line.
            *parameters: a value (compared with ==) or a predicate for each parameter; none means
                any. For `execute_many` one row for each, for named parameters one mapping.
        """
        return self._script.add(StatementRule(statement, Parameters(parameters), caller()))

    @property
    def calls(self) -> CallLog:
        """Every call, oldest first, of any method and connection."""
        self._script.calls.was_read = True
        return self._script.calls

    def assert_called(
        self, statement: str | re.Pattern[str], *parameters: Any, times: int | None = None
    ) -> None:
        """Assert that a statement was executed: see `CallLog.assert_called`."""
        __tracebackhide__ = True
        self._script.calls.assert_called(statement, *parameters, times=times)

    @property
    def _is_strict(self) -> bool:
        return bool(self._script.rules) if self._strict is None else self._strict
