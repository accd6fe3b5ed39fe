"""The script of one fake: its rules, its calls, and the search for the rule that answers."""

from __future__ import annotations

from typing import Any, TypeVar

from understudy.script import expectations, report
from understudy.script.answers import Answer
from understudy.script.call_log import CallLog
from understudy.script.calls import Call
from understudy.script.failures import (
    Failure,
    PredicateFailed,
    UnexpectedCall,
    UnexpectedStatement,
    UnusedAnswers,
)
from understudy.script.rule_index import RuleIndex, StatementRules
from understudy.script.rules import Rule

RuleT = TypeVar("RuleT", bound=Rule)


class _AllUsed:
    """The expectation that a test uses every answer of a rule."""

    def __init__(self, rule: Rule, calls: CallLog) -> None:
        self._rule = rule
        self._calls = calls

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure to report at the end of a test, or None if the rule is satisfied."""
        if self._rule.satisfied:
            return None
        return UnusedAnswers(report.unused(self._rule, self._calls))


class Script:
    """Rules, and the log of the calls that were matched with them.

    Args:
        receiver: the name of the fake in lines to paste ("conn", "pool").
        refusal: the failure raised for an unscripted call.
    """

    def __init__(
        self,
        receiver: str = "conn",
        refusal: type[UnexpectedStatement | UnexpectedCall] = UnexpectedStatement,
    ) -> None:
        self.receiver = receiver
        self.rules: list[Rule] = []
        self.calls = CallLog()
        # What the statements of this test have changed of the schema; the engine's.
        self.changes: list[Any] = []
        self._refusal = refusal
        self._index = RuleIndex()

    def add(self, rule: RuleT) -> RuleT:
        """Add `rule`, before all earlier ones; the running test fails if it stays unused."""
        self.rules.append(rule)
        self._index.add(rule)
        expectations.expect(_AllUsed(rule, self.calls))
        return rule

    def rules_for(self, call: Call) -> StatementRules:
        """Return the rules for the statement of `call`, latest first."""
        return self._index.rules_for(call)

    def answer(self, call: Call) -> Answer | None:
        """Return the answer of the latest rule that matches `call` and has one left, else None.

        Raises:
            PredicateFailed: a predicate of a rule raised.
        """
        for rule in self.rules_for(call).candidates(call.parameters):
            if not rule.matches_sender(call):
                continue
            try:
                matches = rule.matches_parameters(call)
            except PredicateFailed as failure:
                text = f"{failure}\n  rule: {rule.origin}  {rule.shown}\n  call: {call.line}"
                raise expectations.record_failure(PredicateFailed(text)) from failure.__cause__
            if matches and (answer := rule.next_answer()) is not None:
                call.rule = rule
                return answer
        return None

    def refuse(self, call: Call) -> Failure:
        """Record and return the failure for a call that no rule answers, to be raised."""
        return expectations.record_failure(
            self._refusal(report.unexpected(self.receiver, self.rules, call, self.calls))
        )
