"""How a call on a fake connection finds its answer: the script, the plain attributes, the state."""

from __future__ import annotations

from typing import Any

from understudy.catalog import active_checker
from understudy.fakes import driver_errors, result_shapes
from understudy.fakes.connection_state import Session
from understudy.fakes.record import FakeRecord
from understudy.script import call_counts, expectations
from understudy.script.answers import Answer, Computed, Drop, Error, Rows, Value
from understudy.script.calls import Call, Transaction
from understudy.script.database_errors import fields_of
from understudy.script.failures import Failure
from understudy.script.origin import spot
from understudy.script.parameter_matching import Given
from understudy.script.script import Script, fresh, perform
from understudy.script.waiting import let_others_run

# psqlpy prepares the statements of these, and keeps what it prepared.
_PREPARING = frozenset(
    ["execute", "fetch", "fetch_row", "fetch_val", "execute_many", "prepared.execute"]
)


_READY = (Rows, Value)  # what needs no working out


class Answering:
    """A connection's script and state, and the way from a call to its answer.

    Args:
        strict: True to be strict from the start, False never to be; None from the first rule on.
    """

    def __init__(self, script: Script, strict: bool | None) -> None:
        self._script = script
        self._session = Session()
        self._strict = strict

    def _called(
        self, method: str, stmt: str | None, querystring: str | None, parameters: Given
    ) -> Call:
        __tracebackhide__ = True
        statement = querystring if stmt is None else stmt
        if statement is None:
            raise TypeError(
                f"{type(self).__name__}.{method}() missing 1 required positional argument: "
                "'stmt' ('querystring' in psqlpy)"
            )
        current = self._session.current
        call = Call(method, statement, parameters, current, spot(3))
        self._script.calls.append(call)
        call_counts.FAKES.note(statement)
        if current is not None:
            current.calls.append(call)
        return call

    def _answer(self, call: Call, *plain: Any) -> Answer | None:
        """Return the scripted answer, or None where the `plain` attributes are to answer.

        A refusal is an answer too, to be raised when others had their turn: code that tries again
        for ever would otherwise keep everything else from running, its own timeout too.
        """
        session = self._session
        script = self._script
        try:
            if session.closed is not None or session.current is not None:
                session.check(call.method, in_parse=self._is_parsed(call))
            if active_checker.factory is not None:
                checker = active_checker.current or active_checker.checker()
                if checker is not None:
                    held = checker.held.get(call.statement)
                    if held is None or not held.surely_takes(call.parameters):
                        checker.check_call(call)
            if script.rules:
                if (answer := script.answer(call)) is not None:
                    return answer
                if self._strict is False:
                    return None
            elif not self._strict:
                return None
            if all(value is None for value in plain):
                return Answer(Error(script.refuse(call)))
        except Exception as refusal:  # noqa: BLE001 # raised by whoever performs the answer
            return Answer(Error(refusal))
        return None

    @property
    def _is_strict(self) -> bool:
        return bool(self._script.rules) if self._strict is None else self._strict

    async def _perform(self, answer: Answer, call: Call) -> Rows | Value:
        __tracebackhide__ = True
        return self._ready(answer, call) or self._held(call, await self._worked_out(answer, call))

    def _ready(self, answer: Answer, call: Call) -> Rows | Value | None:
        """Return what an answer comes to where that is known at once, else None."""
        __tracebackhide__ = True
        outcome = answer.outcome
        if answer.delay or not isinstance(outcome, _READY):
            return None
        return self._held(call, outcome)

    def _held(self, call: Call, outcome: Rows | Value) -> Rows | Value:
        __tracebackhide__ = True
        if call.statement not in self._session.prepared:
            self._prepared(call)
        if active_checker.factory is not None:
            checker = active_checker.current or active_checker.checker()
            held = None if checker is None else checker.held.get(call.statement)
            if held is not None and not held.surely_returns(outcome, call.method):
                self._hold_against_catalog(call, outcome)
        return outcome

    async def _worked_out(self, answer: Answer, call: Call) -> Rows | Value:
        """Perform an answer that waits, raises or has to be computed.

        What was computed takes its time to arrive: others have their turn first, and so two tasks
        that read and then write lose an update here as they do on a database.
        """
        __tracebackhide__ = True
        raised: Exception | None = None
        try:
            outcome = await perform(answer, call)
            if isinstance(answer.outcome, Computed):
                await let_others_run()
        except Exception as error:  # noqa: BLE001 - raised below, where a failing check stands alone
            raised = error
        if raised is not None:
            raise self._raised(raised, call)
        if isinstance(outcome, Drop):
            in_parse = self._is_parsed(call)
            self._session.lose()
            raise driver_errors.connection_lost(call.method, in_parse=in_parse)
        return outcome

    def _canned(self, call: Call, data: Any) -> Any:
        """Return what a plain attribute holds as rows, after a look at whether they could be."""
        __tracebackhide__ = True
        if data is not None and active_checker.factory is not None:
            checker = active_checker.current or active_checker.checker()
            held = None if checker is None else checker.held.get(call.statement)
            if held is not None:
                rows = data.result() if isinstance(data, FakeRecord) else data
                if not held.surely_returns_rows(rows):
                    self._hold_against_catalog(call, result_shapes.rows_in(rows))
        return data

    def _canned_value(self, call: Call, value: Any) -> Any:
        """Return the plain attribute of `fetch_val`, after a look at whether it could be."""
        __tracebackhide__ = True
        if value is not None and active_checker.factory is not None:
            checker = active_checker.current or active_checker.checker()
            held = None if checker is None else checker.held.get(call.statement)
            if held is not None and not held.surely_returns_value(value):
                self._hold_against_catalog(call, Value(value))
        return value

    def _hold_against_catalog(self, call: Call, outcome: Rows | Value | None) -> None:
        __tracebackhide__ = True
        checker = active_checker.current or active_checker.checker()
        if checker is not None and outcome is not None:
            checker.check_answer(call, outcome)

    def _plain(self, call: Call, value: Any) -> Any:
        """Return a plain attribute's value, or raise it where it is an exception."""
        __tracebackhide__ = True
        if isinstance(value, BaseException):
            raise self._raised(fresh(value), call)
        if call.statement not in self._session.prepared:
            self._prepared(call)
        return value

    def _raised(self, error: BaseException, call: Call) -> BaseException:
        """Return `error` as `call`'s method raises it, after its effect on the session."""
        __tracebackhide__ = True
        call.fail()
        fields = fields_of(error)
        if fields is None:
            return error
        if active_checker.factory is not None and (checker := active_checker.checker()) is not None:
            checker.check_error(call, fields)
        in_parse = driver_errors.is_found_in_parse(fields)
        if fields.severity == "FATAL":
            self._session.lose()
        elif not in_parse and call.method == "execute_many":
            self._prepared(call)  # psqlpy ran it in a savepoint of its own: the transaction lives
        else:
            self._session.fail()
            if not in_parse:
                self._prepared(call)
        return driver_errors.as_raised_by(
            call.method, error, fields, in_parse=in_parse and not self._is_simple(call)
        )

    def _is_simple(self, call: Call) -> bool:
        """Whether psqlpy sends the statement in one piece, without preparing it first."""
        return (
            call.method in ("execute", "fetch")
            and call.parameters is None
            and not self._session.begun
        )

    def _is_parsed(self, call: Call) -> bool:
        """Whether the statement has to be prepared: it is new to the connection."""
        return not self._is_simple(call) and call.statement not in self._session.prepared

    def _prepared(self, call: Call) -> None:
        if call.method in _PREPARING and not self._is_simple(call):
            self._session.prepared.add(call.statement)

    async def _control(self, method: str, statement: str) -> None:
        """Ask the script, and nothing but the script, about a statement such as COMMIT.

        The driver sends these by itself, so they need no rule and are not logged as calls.
        """
        __tracebackhide__ = True
        call = Call(method, statement, None, self._session.current)
        answer = self._script.answer(call) if self._script.rules else None
        await let_others_run()
        if answer is not None:
            await self._perform(answer, call)

    def _watch(self, transaction: Transaction) -> None:
        """Have the end of the test check that `transaction` was ended, if this fake is strict.

        If it is not, that is only worth a warning; and where a test has put a function of its own
        in the place of `transaction`, it has taken the end upon itself.
        """
        expectations.expect(_WhileStrict(self, transaction))
        if "transaction" not in vars(self):
            expectations.warn_unless(_WhileLenient(self, transaction))


class _WhileStrict:
    """Expects a transaction to have ended, if its connection is strict when the test ends."""

    def __init__(self, connection: Answering, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure of a transaction left open on a strict connection, else None."""
        return self._transaction.failure_if_unmet() if self._connection._is_strict else None


class _WhileLenient:
    """Doubts that a transaction has ended on a connection that is not strict."""

    check = "check_transactions"

    def __init__(self, connection: Answering, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    def confirmed(self) -> str | None:
        """Return what is to be said of a transaction left open, else None."""
        failure = None if self._connection._is_strict else self._transaction.failure_if_unmet()
        return None if failure is None else str(failure)
