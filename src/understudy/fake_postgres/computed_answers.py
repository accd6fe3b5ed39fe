"""Answers that a function of the test computes: what it returns, yields or raises."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NoReturn

from understudy.catalog.errors import AnswerImpossible
from understudy.engine.outcome import Outcome
from understudy.fake_postgres import connection_queries
from understudy.fake_postgres.client_errors import server_error
from understudy.fake_postgres.generated_rows import GeneratedRows
from understudy.fake_postgres.protocol.statements import Result, Statement
from understudy.fake_postgres.scripted_errors import error_fields
from understudy.fake_postgres.scripted_results import ScriptedResults
from understudy.pg.errors import ServerError
from understudy.pg.sql import one_line
from understudy.script import answers, expectations
from understudy.script.answers import Computed
from understudy.script.calls import Call
from understudy.script.failures import Failure, ScriptError
from understudy.serving.waits import Pending


class ComputedAnswers:
    """Makes the results of answers that functions compute.

    Args:
        results: makes the results of rows and values.
    """

    def __init__(self, results: ScriptedResults) -> None:
        self._results = results

    def result_of(
        self, computed: Computed, outcome: Outcome, statement: Statement
    ) -> Result | Pending:
        """Return the result of an answer, or what waits for it."""
        try:
            value = outcome.compute(computed)
        except Exception as error:  # noqa: BLE001 # the client gets any error
            raise _raised(error, outcome) from None
        if not inspect.isawaitable(value):
            return self._result_of_value(value, outcome, statement)

        async def awaited() -> Result:
            try:
                found = await value
            except Exception as error:  # noqa: BLE001 # as above
                raise _raised(error, outcome) from None
            try:
                return self._result_of_value(found, outcome, statement)
            except Failure as failure:
                raise server_error(failure, statement.sql) from None

        return Pending(0.0, awaited)

    def _result_of_value(self, value: Any, outcome: Outcome, statement: Statement) -> Result:
        if inspect.isgenerator(value) or inspect.isasyncgen(value):
            read = partial(self._yielded, outcome, statement)
            return GeneratedRows(value, read, partial(_raised, outcome=outcome)).result
        try:
            result = answers.read_computed(value)
        except ScriptError as error:
            fail(_function_raised(outcome.call, error))
        found = self._results.result_of(result, outcome, statement)
        outcome.check_success(result)
        return configuring(found, outcome.call)

    def _yielded(self, outcome: Outcome, statement: Statement, row: Any) -> Sequence[Any]:
        """Return what a generator yields as a row."""
        try:
            try:
                read = answers.read_rows(([row],))
            except ScriptError as error:
                fail(_function_raised(outcome.call, error))
            found: Sequence[Any] = self._results.result_of(read, outcome, statement).rows[0]
        except Failure as failure:
            raise server_error(failure, statement.sql) from None
        return found


def _raised(error: Exception, outcome: Outcome) -> ServerError:
    """Return what the client gets if the function that answers raised."""
    if isinstance(error, ServerError):
        return error
    try:
        if error_fields(error) is not None:
            return failed_with(error, outcome)
        fail(_function_raised(outcome.call, error), error)
    except Failure as failure:
        return server_error(failure)


def failed_with(error: BaseException | type[BaseException], outcome: Outcome) -> ServerError:
    """Note that a call fails, and return the error that the client gets."""
    fields = error_fields(error)
    assert fields is not None, "checked when the rule was written"
    return ServerError(outcome.fail(fields))


def configuring(result: Result, call: Call) -> Result:
    """Return the result of a call; that of set_config() with what it sets."""
    if "set_config" not in call.statement:
        return result
    given = () if call.parameters is None else tuple(call.parameters)
    setting = connection_queries.configured(call.statement, given)
    return result if setting is None else replace(result, changed=(setting,))


def fail(text: str, cause: Exception | None = None) -> NoReturn:
    """Record that a scripted answer is impossible, and raise that."""
    raise expectations.record_failure(AnswerImpossible(text)) from cause


def _function_raised(call: Call, error: BaseException) -> str:
    rule = "" if call.rule is None else f"\n  rule: {call.rule.origin}  {call.rule.shown}"
    return (
        f"the function that answers raised {type(error).__name__}: {error}{rule}\n"
        f"  sql:  {one_line(call.statement)}\n"
        f"  at:   {call.origin.place}\n"
        "An error of the database is raised as db_error(...)."
    )
