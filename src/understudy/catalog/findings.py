"""Findings of the checks: each is a failure, a warning, or nothing, by its level."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from understudy.catalog import levels as level_settings
from understudy.catalog import report
from understudy.catalog.answer_checks import Difference
from understudy.catalog.errors import AnswerImpossible, UncheckedWarning
from understudy.catalog.levels import Level, Levels
from understudy.script import expectations
from understudy.script.calls import Call
from understudy.script.failures import Failure


class Findings:
    """Fails or warns at the level of each check.

    Args:
        levels: what is configured.
    """

    def __init__(self, levels: Levels) -> None:
        self._levels = levels

    def _level(self, check: str, call: Call | None = None) -> Level:
        """Return what a check does with what it finds in an answer to `call`, or in the call."""
        if call is not None and call.rule is not None and call.rule.is_unchecked:
            return "off"
        level: Level = level_settings.marked.get(check) or getattr(self._levels, check)
        return level

    def _report(self, check: str, make: Callable[[str], Failure], text: str, call: Call) -> None:
        __tracebackhide__ = True
        is_about_answer = check in ("answers", "errors") and call.rule is not None
        failure = make(f"{text}\n{report.how_to_switch_off(check, with_rule=is_about_answer)}")
        if self._level(check) == "error":
            raise expectations.record_failure(failure)
        code, line = call.origin
        text = f"{type(failure).__name__}: {failure}"
        try:
            warnings.warn_explicit(text, UncheckedWarning, code.co_filename, line)
        except UncheckedWarning:
            # With warnings as errors, the code under test must not be able to catch this one.
            raise expectations.record_failure(failure) from None

    def _report_answer(self, call: Call, found: Difference) -> None:
        """Report an answer that is not possible."""
        __tracebackhide__ = True
        self._report("answers", AnswerImpossible, report.answer_impossible(call, found), call)
