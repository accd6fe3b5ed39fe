"""How a call on a fake connection finds its answer: in the script, or in plain attributes."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from typing import Any, NamedTuple

from understudy.catalog.errors import AnswerImpossible
from understudy.engine.engine import Engine
from understudy.engine.outcome import Outcome
from understudy.fakes import driver_errors, result_shapes
from understudy.fakes.call_lists import CallList
from understudy.fakes.connection_state import ConnectionState
from understudy.fakes.cursor import RowsThenError
from understudy.fakes.psqlpy_methods import PsqlpyMethods
from understudy.fakes.record import FakeRecord
from understudy.fakes.recording import control_kind, recorded
from understudy.fakes.scripted import Scripted
from understudy.fakes.waiting_answers import wait_for, without_traceback
from understudy.script import answers, boundary, expectations
from understudy.script.answers import Computed, Drop, Error, Rows, Value
from understudy.script.calls import Call, Transaction
from understudy.script.database_errors import complete_error, fields_of
from understudy.script.failures import Failure, ScriptError
from understudy.script.origin import spot
from understudy.script.script import Script
from understudy.script.waiting import let_others_run

# A failure points at the line that called, not at the functions of this module.
__tracebackhide__ = True

# psqlpy prepares the statements of these methods, and keeps what it prepared.
_PREPARING = frozenset(
    ["execute", "fetch", "fetch_row", "fetch_val", "execute_many", "prepared.execute"]
)

_READY = (Rows, Value)  # what needs no working out


class _Method(NamedTuple):
    """How a method of the connection, of a cursor or of a prepared statement is answered.

    Attributes:
        calls: the plain list of its calls, "" for none.
        attributes: the plain attributes that answer it if no rule does.
        returns: makes a scripted result what the method returns.
    """

    calls: str
    attributes: tuple[str, ...]
    returns: Callable[[Rows | Value], Any]


_METHODS = {
    "execute": _Method("_execute_calls", ("execute_return",), result_shapes.as_record),
    "execute_many": _Method("_execute_calls", ("execute_return",), lambda result: result),
    "execute_batch": _Method("_execute_calls", ("execute_return",), lambda _: None),
    "prepared.execute": _Method("_execute_calls", ("execute_return",), result_shapes.rows_of),
    "fetch": _Method("_fetch_calls", ("fetch_return",), result_shapes.as_record),
    "cursor.start": _Method("_fetch_calls", ("fetch_return",), result_shapes.rows_of),
    "fetch_row": _Method(
        "_fetch_calls", ("fetch_row_return", "fetch_return"), result_shapes.as_row
    ),
    "fetch_val": _Method("_fetch_val_calls", ("fetch_val_return",), result_shapes.as_value),
    "copy_records_to_table": _Method("", (), lambda result: result),
    "binary_copy_to_table": _Method("", (), lambda result: result),
}


class ScriptedConnection(Scripted, PsqlpyMethods):
    """A connection's script, plain attributes and state, and the way from a call to its result."""

    execute_calls = CallList()
    fetch_calls = CallList()
    fetch_val_calls = CallList()

    def __init__(self, script: Script, strict: bool | None) -> None:
        super().__init__(script, strict)
        self._engine = Engine(script, checks_calls=True)
        self._state = ConnectionState()
        self.execute_return: Any = None
        self.fetch_return: Any = None
        self.fetch_row_return: Any = None
        self.fetch_val_return: Any = None
        self._execute_calls: list[tuple[str, Any]] = []
        self._fetch_calls: list[tuple[str, Any]] = []
        self._fetch_val_calls: list[tuple[str, Any]] = []

    def _run(self, method: str, statement: str, parameters: Any) -> Coroutine[Any, Any, Any]:
        """Log a call of `method`, of a cursor or of a prepared statement; return its answer."""
        call = Call(method, statement, parameters, self._state.current, spot(3))
        self._engine.log(call)
        answer = self._answer(call, method, statement, parameters)
        return recorded("statement", call, answer) if boundary.watchers else answer

    async def _answer(self, call: Call, method: str, statement: str, parameters: Any) -> Any:
        """Answer a call.

        Other tasks get their turn even before a refusal is raised: code that retries for ever
        would otherwise block its own timeout.
        """
        state = self._state
        calls, attributes, returns = _METHODS[method]
        if calls:
            getattr(self, calls).append((statement, parameters))
        try:
            if state.closed is not None or state.current is not None:
                state.check(method, in_parse=self._is_parsed(call))
            outcome = self._engine.ask(call, owner=state)
            answer = outcome.answer
            is_unexpected = answer is None and self._is_strict
            if is_unexpected and all(getattr(self, name) is None for name in attributes):
                raise self._engine.refuse(call)
        finally:
            await let_others_run()
        if answer is None:
            return self._plain_answer(outcome)
        result = answer.outcome
        if method == "cursor.start" and isinstance(result, Error) and result.after.rows:
            return self._rows_then_error(outcome, result)
        if answer.delay or not isinstance(result, _READY):
            result = await self._waited(outcome)
        self._note_prepared(call)
        result = outcome.complete(result)
        outcome.check(result)
        outcome.check_success(result)
        self._engine.succeeded(call, state)
        return returns(result)

    def _rows_then_error(self, outcome: Outcome, error: Error) -> RowsThenError:
        """Return the rows that a cursor gets before an error."""
        self._note_prepared(outcome.call)
        rows = outcome.complete(error.after)
        outcome.check(rows)
        return RowsThenError(
            result_shapes.rows_of(rows),
            lambda: self._raised(outcome, without_traceback(error.error)),
        )

    async def _waited(self, outcome: Outcome) -> Rows | Value:
        """Return the result of an answer that waits, raises or has to be computed.

        Others have their turn before a computed result is returned, so two tasks that read and
        then write lose an update here as they do on a database.
        """
        assert outcome.answer is not None
        raised: Exception | None = None
        try:
            found = await wait_for(outcome.answer)
            if isinstance(found, Computed):
                value = outcome.compute(found)
                value = await value if inspect.isawaitable(value) else value
                if inspect.isgenerator(value) or inspect.isasyncgen(value):
                    value = await _all_rows(value)
                found = _read_computed(outcome, value)
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

    def _plain_answer(self, outcome: Outcome) -> Any:
        """Return what the plain attributes answer to a call that no rule answers."""
        match outcome.call.method:
            case "fetch_val":
                value = self._plain(outcome, self.fetch_val_return)
                if value is not None:
                    outcome.check(Value(value))
                    outcome.check_success(Value(value))
                return value
            case "fetch_row":
                row = self._plain(outcome, self.fetch_row_return)
                if row is not None:
                    return _checked(outcome, row)
                rows = self._plain(outcome, self.fetch_return)
                row = rows.pop(0) if isinstance(rows, list) and rows else rows
                return FakeRecord(_checked(outcome, row))
            case "fetch" | "cursor.start" as method:
                data = _checked(outcome, self._plain(outcome, self.fetch_return))
                return FakeRecord(data) if method == "fetch" else _listed(data)
            case "execute" | "prepared.execute" as method:
                value = _next_queued(self._plain(outcome, self.execute_return))
                data = _checked(outcome, value)
                return FakeRecord(data) if method == "execute" else _listed(data)
            case "execute_many" | "execute_batch":
                self._plain(outcome, self.execute_return)
        return None

    def _plain(self, outcome: Outcome, value: Any) -> Any:
        """Return a plain attribute's value, or raise it if it is an exception."""
        if isinstance(value, BaseException):
            raise self._raised(outcome, without_traceback(value))
        self._note_prepared(outcome.call)
        outcome.check_success(None)
        self._engine.succeeded(outcome.call, self._state)
        return value

    def _raised(self, outcome: Outcome, error: BaseException) -> BaseException:
        """Return `error` as the method that was called raises it, after its effect."""
        call, fields = outcome.call, fields_of(error)
        if fields is None:
            call.fail()
            return error
        fields = outcome.fail(fields)
        complete_error(error, fields)
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

    def _control(self, method: str, statement: str) -> Coroutine[Any, Any, None]:
        """Ask the script, and nothing but the script, about a statement such as COMMIT.

        The driver sends these by itself, so they need no rule and are not logged as calls.
        """
        call = Call(method, statement, None, self._state.current)
        asked = self._ask_control(call)
        return recorded(control_kind(statement), call, asked) if boundary.watchers else asked

    async def _ask_control(self, call: Call) -> None:
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


def _checked(outcome: Outcome, data: Any) -> Any:
    """Return the value of a plain attribute, after a check whether it could be the result."""
    if outcome.description is not None and (rows := result_shapes.rows_in(data)) is not None:
        outcome.check(rows)
        outcome.check_success(rows)
    return data


class _YieldedRows(list[Any]):
    """Rows, whatever they look like."""


async def _all_rows(generator: Generator[Any, Any, Any] | AsyncGenerator[Any, Any]) -> _YieldedRows:
    """Return all rows that a generator yields: psqlpy returns none before it has them all."""
    if inspect.isasyncgen(generator):
        return _YieldedRows([row async for row in generator])
    assert inspect.isgenerator(generator)
    return _YieldedRows(generator)


def _read_computed(outcome: Outcome, value: Any) -> Rows | Value:
    try:
        if isinstance(value, _YieldedRows):
            return answers.read_rows((list(value),))
        return answers.read_computed(value)
    except ScriptError as error:
        text = f"the function that answers returned no result: {error}\n  call: {outcome.call.line}"
        raise expectations.record_failure(AnswerImpossible(text)) from None


def _next_queued(value: Any) -> Any:
    """Return `value`, or the first of a queue: a list whose every item is a list."""
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return value.pop(0)
    return value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
