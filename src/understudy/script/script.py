"""The script of one fake: its rules, its calls, and how one finds the other."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TypeVar

from understudy.script import answers, expectations, messages, waiting
from understudy.script.answers import Answer, Computed, Drop, Error, Hang, Rows, Value
from understudy.script.calls import Call, CallLog
from understudy.script.failures import (
    Failure,
    PredicateFailed,
    UnexpectedCall,
    UnexpectedStatement,
)
from understudy.script.rules import Rule, StatementRule

RuleT = TypeVar("RuleT", bound=Rule)


class Script:
    """Rules, and the log of the calls that were held against them.

    Args:
        receiver: what a test would call the fake, for the lines to paste ("conn", "pool").
        refusal: the failure with which an unscripted call ends.
    """

    def __init__(
        self,
        receiver: str = "conn",
        refusal: type[UnexpectedStatement | UnexpectedCall] = UnexpectedStatement,
    ) -> None:
        self.receiver = receiver
        self.rules: list[Rule] = []
        self.calls = CallLog()
        self._refusal = refusal
        # The rules for each statement that was asked, the latest first: most statements are asked
        # again and again, and to compare one with every rule costs more than all the rest.
        self._rules_for: dict[str, list[Rule]] = {}

    def add(self, rule: RuleT) -> RuleT:
        """Add `rule`; it comes before all earlier ones, and is owed to the running test."""
        rule.calls = self.calls
        self.rules.append(rule)
        self._rules_for.clear()
        expectations.expect(rule)
        return rule

    def rules_for(self, call: Call) -> Sequence[Rule]:
        """Return the rules for the statement of `call`, whatever its parameters, latest first."""
        rules = self._rules_for.get(call.statement)
        if rules is None:
            rules = [rule for rule in reversed(self.rules) if rule.matches_statement(call)]
            self._rules_for[call.statement] = rules
        return rules

    def answer(self, call: Call) -> Answer | None:
        """Return the answer of the latest rule that fits `call` and has one left, else None.

        Raises:
            PredicateFailed: a predicate of a rule raised.
        """
        for rule in self.rules_for(call):
            try:
                fits = rule.parameters.match(call.parameters)
            except PredicateFailed as failure:
                text = messages.failed_predicate(rule, call, str(failure))
                raise expectations.record_failure(PredicateFailed(text)) from failure.__cause__
            if fits and (answer := rule.next_answer()) is not None:
                call.rule = rule
                return answer
        return None

    def refuse(self, call: Call) -> Failure:
        """Enter and return the failure for a call that no rule answers, to be raised."""
        return expectations.record_failure(self._refusal(messages.unexpected(self, call)))


async def perform(answer: Answer, call: Call) -> Rows | Value | Drop:
    """Wait as `answer` says, and return what it comes to.

    Raises:
        BaseException: the exception that the answer holds.
    """
    __tracebackhide__ = True
    if answer.delay:
        await waiting.pause(answer.delay)
    outcome = answer.outcome
    if isinstance(outcome, Hang):
        await waiting.forever()
    if isinstance(outcome, Error):
        raise fresh(outcome.error)
    if isinstance(outcome, Computed):
        groups = call.rule.groups(call) if isinstance(call.rule, StatementRule) else {}
        result = outcome.function(call, **groups)
        return answers.read_computed(await result if inspect.isawaitable(result) else result)
    assert isinstance(outcome, Rows | Value | Drop)
    return outcome


def fresh(error: BaseException | type[BaseException]) -> BaseException:
    """Return `error` to be raised, without the traceback of an earlier use."""
    return error() if isinstance(error, type) else error.with_traceback(None)
