"""The call log: what was asked, in order, and assertions on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.pg import sql
from understudy.script import messages
from understudy.script.failures import CallNotFound, ScriptError
from understudy.script.origin import Origin, Spot, at, caller, spot
from understudy.script.parameter_matching import Given, Parameters
from understudy.script.rules import Rule, StatementRule

if TYPE_CHECKING:
    from understudy.script.transactions import Transaction


class Call:
    """One call on a fake.

    Attributes:
        method: the method's name, such as `fetch_row`.
        statement: the SQL as it was given; of a dummy, the method's name once more.
        parameters: the parameters as they were given (a list of rows, of `execute_many`).
        transaction: the transaction that was open on the connection, or None.
        origin: the line of the code under test that called.
        rule: the rule that answered, or None.
    """

    __slots__ = ("_failed", "_spot", "method", "parameters", "rule", "statement", "transaction")

    def __init__(
        self,
        method: str,
        statement: str,
        parameters: Given,
        transaction: Transaction | None = None,
        _spot: Spot | None = None,
    ) -> None:
        self.method = method
        self.statement = statement
        self.parameters = parameters
        self.transaction = transaction
        self._spot = _spot or spot()
        self.rule: Rule | None = None

    @property
    def spot(self) -> Spot:
        """The instruction of the code under test that called."""
        return self._spot

    @property
    def origin(self) -> Origin:
        """The line of the code under test that called."""
        return at(self._spot)

    @property
    def failed(self) -> bool:
        """Whether it was answered with an error."""
        return hasattr(self, "_failed")  # set on none but those: most calls cost nothing for it

    def fail(self) -> None:
        """Note that it was answered with an error."""
        self._failed = True

    @property
    def sql(self) -> str:
        """The statement on one line, without comments."""
        return sql.one_line(self.statement)

    @property
    def source(self) -> str:
        """The call as it would be written."""
        return messages.statement_call(self)

    @property
    def facts(self) -> list[str]:
        """The lines that describe the call in a failure."""
        return messages.statement_facts(self)

    @property
    def rule_source(self) -> str:
        """The source of a rule that would answer the call, to be pasted."""
        return messages.statement_rule(self)

    def __repr__(self) -> str:
        """Show the call as it was made, and where."""
        return f"<{messages.call_line(self)}>"


class CallLog(list[Call]):
    """Every call on a fake, oldest first: a list, with assertions.

    Attributes:
        was_read: whether a test has looked at it.
    """

    was_read = False

    def unread(self) -> list[Call]:
        """Return the calls that nobody has looked at.

        A call was looked at where the log was read, or where a rule says what statement it is for.
        One that was answered with an error is there for the error.
        """
        if self.was_read:
            return []
        return [
            call
            for call in self
            if not call.failed and (call.rule is None or not call.rule.is_specific)
        ]

    def matching(self, rule: Rule) -> list[Call]:
        """Return the calls that `rule` is for."""
        return [call for call in self if rule.matches(call)]

    def assert_called(self, statement: Any, *parameters: Any, times: int | None = None) -> None:
        """Assert that `statement` was executed, with `parameters` where any are given.

        Args:
            statement: literal SQL in which `...` stands for anything, or a regular expression.
            parameters: values or predicates, as for `on`; none means any.
            times: exactly how often (0: never); by default at least once.

        Raises:
            CallNotFound: with the calls there were, and how the nearest differs.
        """
        rule = StatementRule(statement, Parameters(parameters), caller())
        self.assert_matching(rule, times)

    def assert_matching(self, rule: Rule, times: int | None) -> None:
        """Assert that as many calls as `times` says are ones that `rule` is for."""
        if times is not None and (type(times) is not int or times < 0):
            raise ScriptError(messages.bad_expected_times(times))
        self.was_read = True
        found = len(self.matching(rule))
        if found != times if times is not None else not found:
            raise CallNotFound(messages.call_not_found(rule, times, self))
