"""A rule: a statement or a method that the test expects, and its answers in order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self, TypeVar

from understudy.pg import sql
from understudy.script import answers
from understudy.script.answers import Answer, Outcome
from understudy.script.calls import Call
from understudy.script.failures import ScriptError
from understudy.script.formatting import typed
from understudy.script.origin import Origin
from understudy.script.parameter_matching import Parameters

F = TypeVar("F", bound=Callable[..., Any])


class Rule(ABC):
    """The answers to the calls that match, built up by a chain of verbs.

    One answer serves every call, and must be used at least once. Several answers are used once
    each, in order; `times(n)` gives the last written answer a number of uses of its own, and
    `optional()` allows the rule to stay unused. A rule without an answer succeeds with no rows.
    """

    def __init__(self, parameters: Parameters, origin: Origin, shown: str) -> None:
        self.parameters = parameters
        self.origin = origin
        self.shown = shown
        self.answers: list[Answer] = []
        self.is_optional = False
        self.is_unchecked = False
        self.is_excused = False  # a call for it was refused, which is reported already
        self._delay = 0.0

    # The verbs -----------------------------------------------------------------------------

    def raises(self, error: BaseException | type[BaseException]) -> Self:
        """Answer by raising `error`: an instance, or a class that is called without arguments."""
        return self._add(answers.read_error(error))

    def hangs(self) -> Self:
        """Do not answer: the call waits until it is cancelled."""
        return self._add(answers.Hang())

    def delay(self, seconds: float) -> Self:
        """Let the next answer of the chain come after `seconds`."""
        if not isinstance(seconds, int | float) or not seconds >= 0:
            raise ScriptError(f"delay() takes seconds from 0, got {typed(seconds)}")
        self._delay = float(seconds)
        return self

    def times(self, count: int) -> Self:
        """Use the last written answer for exactly `count` calls."""
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise ScriptError(
                f"times() takes a whole number from 1, got {typed(count)}; "
                "a call that must not happen is one that is not scripted"
            )
        if not self.answers:
            self._add(answers.Rows())
        self.answers[-1].times = count
        return self

    def optional(self) -> Self:
        """Do not fail the test when answers of this rule are left over."""
        self.is_optional = True
        return self

    def unchecked(self) -> Self:
        """Do not check the answers and errors of this rule against the catalog."""
        self.is_unchecked = True
        return self

    @property
    def then(self) -> Self:
        """The same rule, so that a queue of answers reads as one: `.raises(...).then.tag(...)`."""
        return self

    # What a script needs ----------------------------------------------------------------

    @property
    def is_specific(self) -> bool:
        """Whether the rule says what it is for, instead of answering any call."""
        return True

    def matches(self, call: Call) -> bool:
        """Return whether this rule is for `call`, whether or not it has an answer left."""
        return (
            self.matches_statement(call)
            and self.matches_sender(call)
            and self.matches_parameters(call)
        )

    def matches_parameters(self, call: Call) -> bool:
        """Return whether a call, of which the statement matches, has the expected parameters.

        Raises:
            PredicateFailed: a predicate raised.
        """
        return self.parameters.match(call.parameters)

    def matches_sender(self, call: Call) -> bool:
        """Return whether this rule is for calls of the connection that sent `call`."""
        return True

    @abstractmethod
    def matches_statement(self, call: Call) -> bool:
        """Return whether this rule is for the call's statement, whatever the parameters."""

    @property
    def exact_statement(self) -> sql.Tokens | None:
        """The tokens of the only statement that it is for; None if it may be for several."""
        return None

    @abstractmethod
    def differences(self, call: Call) -> list[tuple[str, str]]:
        """Describe, as (what, how), everything in which `call` departs from this rule."""

    def next_answer(self) -> Answer | None:
        """Return the answer for the next call and count it as used, or None if all are used up."""
        if not self.answers:
            self._add(answers.Rows())
        answer = self.answers[0]
        if answer.times is None and len(self.answers) == 1:
            answer.used += 1
            return answer
        for answer in self.answers:
            if self._left(answer) > 0:
                answer.used += 1
                return answer
        return None

    @property
    def used(self) -> int:
        """How many calls this rule has answered."""
        return sum(answer.used for answer in self.answers)

    @property
    def total(self) -> int | None:
        """The number of calls for which it has answers, or None if its answer repeats."""
        if len(self.answers) <= 1 and all(answer.times is None for answer in self.answers):
            return None
        return sum(answer.times or 1 for answer in self.answers)

    @property
    def satisfied(self) -> bool:
        """Whether everything that this rule expects has happened."""
        is_free = self.is_optional or self.is_excused
        return is_free or self.used >= (1 if self.total is None else self.total)

    @abstractmethod
    def similarity(self, call: Call) -> float:
        """Return how similar `call` is to this rule; higher is nearer."""

    def _left(self, answer: Answer) -> float:
        return float("inf") if self.total is None else (answer.times or 1) - answer.used

    def _add(self, outcome: Outcome) -> Self:
        self.answers.append(Answer(outcome, self._delay))
        self._delay = 0.0
        return self
