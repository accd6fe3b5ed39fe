"""How a call on a fake connection finds its answer: the engine, the state, psqlpy's errors."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from understudy.engine.engine import Engine
from understudy.engine.outcome import Outcome
from understudy.fakes import driver_errors, result_shapes
from understudy.fakes.connection_state import ConnectionState
from understudy.fakes.psqlpy_methods import PsqlpyMethods
from understudy.fakes.scripted import Scripted
from understudy.fakes.waiting_answers import wait_for
from understudy.script import answers, expectations
from understudy.script.answers import Computed, Drop, Rows, Value
from understudy.script.calls import Call, Transaction
from understudy.script.database_errors import fields_of
from understudy.script.failures import Failure
from understudy.script.origin import spot
from understudy.script.script import Script
from understudy.script.waiting import let_others_run, others_are_due, yield_to_others

# psqlpy prepares the statements of these methods, and keeps what it prepared.
_PREPARING = frozenset(
    ["execute", "fetch", "fetch_row", "fetch_val", "execute_many", "prepared.execute"]
)

_READY = (Rows, Value)  # what needs no working out
# How each method returns a scripted result.
_SHAPES: dict[str, Callable[[Rows | Value], Any]] = {
    "execute": result_shapes.as_record,
    "fetch": result_shapes.as_record,
    "fetch_row": result_shapes.as_row,
    "fetch_val": result_shapes.as_value,
    "execute_many": lambda result: result,
    "execute_batch": lambda _: None,
    "cursor.start": result_shapes.rows_of,
    "prepared.execute": result_shapes.rows_of,
    "copy_records_to_table": lambda result: result,
    "binary_copy_to_table": lambda result: result,
}


class ScriptedConnection(Scripted, PsqlpyMethods):
    """A connection's script and state, and the way from a call to its result."""

    def __init__(self, script: Script, strict: bool | None) -> None:
        super().__init__(script, strict)
        self._engine = Engine(script, checks_calls=True)
        self._state = ConnectionState()

    @abstractmethod
    def _log_plainly(self, call: Call) -> None:
        """Add a call to the plain list of its method, if it has one."""

    @abstractmethod
    def _has_plain_answer(self, method: str) -> bool:
        """Say whether a plain attribute answers the calls of a method that no rule answers."""

    @abstractmethod
    def _plain_answer(self, outcome: Outcome) -> Any:
        """Return what the plain attributes answer to a call that no rule answers."""

    async def _run(self, method: str, statement: str, parameters: Any) -> Any:
        """Answer a call of `method`, of a cursor or of a prepared statement.

        Other tasks get their turn even before a refusal is raised: code that retries for ever
        would otherwise block its own timeout.
        """
        __tracebackhide__ = True
        state = self._state
        call = Call(method, statement, parameters, state.current, spot(3))
        self._engine.log(call)
        self._log_plainly(call)
        try:
            if state.closed is not None or state.current is not None:
                state.check(method, in_parse=self._is_parsed(call))
            outcome = self._engine.ask(call)
            answer = outcome.answer
            if answer is None and self._is_strict and not self._has_plain_answer(method):
                raise self._engine.refuse(call)
        finally:
            if others_are_due():
                await yield_to_others()
        if answer is None:
            return self._plain_answer(outcome)
        result = answer.outcome
        if answer.delay or not isinstance(result, _READY):
            result = await self._waited(outcome)
        self._note_prepared(call)
        outcome.check(result)
        return _SHAPES[method](result)

    async def _waited(self, outcome: Outcome) -> Rows | Value:
        """Return the result of an answer that waits, raises or has to be computed.

        Others have their turn before a computed result is returned, so two tasks that read and
        then write lose an update here as they do on a database.
        """
        __tracebackhide__ = True
        assert outcome.answer is not None
        raised: Exception | None = None
        try:
            found = await wait_for(outcome.answer)
            if isinstance(found, Computed):
                value = outcome.compute(found)
                value = await value if inspect.isawaitable(value) else value
                found = answers.read_computed(value)
                await let_others_run()
        except Exception as error:  # noqa: BLE001 - raised below, where a failing check stands alone
            raised = error
        if raised is not None:
            raise self._raised(outcome, raised)
        if isinstance(found, Drop):
            in_parse = self._is_parsed(outcome.call)
            self._state.lose()
            raise driver_errors.connection_lost(outcome.call.method, in_parse=in_parse)
        assert not isinstance(found, Computed), "computed above"
        return found

    def _raised(self, outcome: Outcome, error: BaseException) -> BaseException:
        """Return `error` as the method that was called raises it, after its effect."""
        __tracebackhide__ = True
        call, fields = outcome.call, fields_of(error)
        outcome.fail(fields)
        if fields is None:
            return error
        in_parse = driver_errors.is_found_in_parse(fields)
        if fields.severity == "FATAL":
            self._state.lose()
        elif not in_parse and call.method == "execute_many":
            self._note_prepared(call)  # psqlpy ran it in a savepoint: the transaction lives
        else:
            self._state.fail()
            if not in_parse:
                self._note_prepared(call)
        return driver_errors.as_raised_by(
            call.method, error, fields, in_parse=in_parse and not self._is_simple(call)
        )

    def _is_simple(self, call: Call) -> bool:
        """Whether psqlpy sends the statement in one piece, without preparing it first."""
        return (
            call.method in ("execute", "fetch")
            and call.parameters is None
            and not self._state.begun
        )

    def _is_parsed(self, call: Call) -> bool:
        """Whether the statement has to be prepared: it is new to the connection."""
        return not self._is_simple(call) and call.statement not in self._state.prepared

    def _note_prepared(self, call: Call) -> None:
        if call.method in _PREPARING and not self._is_simple(call):
            self._state.prepared.add(call.statement)

    async def _control(self, method: str, statement: str) -> None:
        """Ask the script, and nothing but the script, about a statement such as COMMIT.

        The driver sends these by itself, so they need no rule and are not logged as calls.
        """
        __tracebackhide__ = True
        call = Call(method, statement, None, self._state.current)
        answer = self._script.answer(call) if self._script.rules else None
        await let_others_run()
        if answer is not None:
            outcome = Outcome(call, answer, None)
            if answer.delay or not isinstance(answer.outcome, _READY):
                await self._waited(outcome)

    def _watch(self, transaction: Transaction) -> None:
        """Have the end of the test check that `transaction` was ended.

        If this fake is not strict, that is only worth a warning; and if a test has replaced
        `transaction` by a function of its own, the end is that function's business.
        """
        watched = _WatchedTransaction(self, transaction)
        expectations.expect(watched)
        if "transaction" not in vars(self):
            expectations.warn_unless(watched)


class _WatchedTransaction:
    """A transaction that must have ended when the test ends."""

    check = "check_transactions"

    def __init__(self, connection: ScriptedConnection, transaction: Transaction) -> None:
        self._connection = connection
        self._transaction = transaction

    def failure_if_unmet(self) -> Failure | None:
        """Return the failure of a transaction left open on a strict connection, else None."""
        return self._transaction.failure_if_unmet() if self._connection._is_strict else None

    def confirmed(self) -> str | None:
        """Return the warning about a transaction left open on another connection, else None."""
        failure = None if self._connection._is_strict else self._transaction.failure_if_unmet()
        return None if failure is None else str(failure)
