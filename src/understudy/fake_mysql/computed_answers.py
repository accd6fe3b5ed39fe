"""Answers that a function of the test computes: what it returns, yields or raises."""

from __future__ import annotations

import inspect
from typing import Any, NoReturn

from understudy.catalog.errors import AnswerImpossible
from understudy.engine.outcome import Outcome
from understudy.fake_mysql.client_errors import server_error
from understudy.fake_mysql.scripted_errors import fields_of
from understudy.fake_mysql.scripted_results import result_of
from understudy.mysql.error_fields import MysqlErrorFields
from understudy.mysql.results import Result
from understudy.pg.errors import ServerError
from understudy.script import answers, expectations
from understudy.script.answers import Computed, Rows, Value
from understudy.script.calls import Call
from understudy.script.failures import Failure, ScriptError
from understudy.script.mysql_calls import MysqlCall
from understudy.script.mysql_errors import with_value
from understudy.serving.waits import Pending


def computed_result(computed: Computed, outcome: Outcome) -> Result | Pending:
    """Return the result of an answer that a function computes, or what waits for it."""
    try:
        value = outcome.compute(computed)
    except Exception as error:  # noqa: BLE001 # the client gets any error
        raise _raised(error, outcome) from None
    if inspect.isawaitable(value) or inspect.isasyncgen(value):

        async def awaited() -> Result:
            try:
                found = [row async for row in value] if inspect.isasyncgen(value) else await value
            except Exception as error:  # noqa: BLE001 # as above
                raise _raised(error, outcome) from None
            try:
                return _result_of_value(found, outcome)
            except Failure as failure:
                raise server_error(failure) from None

        return Pending(0.0, awaited)
    if inspect.isgenerator(value):
        try:
            value = list(value)
        except Exception as error:  # noqa: BLE001 # as above
            raise _raised(error, outcome) from None
        return _answered(answers.read_rows((value,)), outcome)
    return _result_of_value(value, outcome)


def _result_of_value(value: Any, outcome: Outcome) -> Result:
    try:
        result = answers.read_computed(value)
    except ScriptError as error:
        _fail(_function_raised(outcome.call, error))
    return _answered(result, outcome)


def _answered(result: Rows | Value, outcome: Outcome) -> Result:
    found = result_of(result, outcome)
    outcome.check_success(result)
    return found


def _raised(error: Exception, outcome: Outcome) -> ServerError:
    """Return what the client gets if the function that answers raised."""
    if isinstance(error, ServerError):
        return error
    try:
        if fields_of(error) is not None:
            return failed_with(error, outcome)
        _fail(_function_raised(outcome.call, error), error)
    except Failure as failure:
        return server_error(failure)


def failed_with(error: BaseException | type[BaseException], outcome: Outcome) -> ServerError:
    """Note that a call fails, and return the error that the client gets."""
    fields = fields_of(error)
    assert fields is not None, "checked when the rule was written"
    # What the schema tells of a key comes before what its name suggests.
    told = outcome.fail(fields)
    if isinstance(outcome.call, MysqlCall) and isinstance(told, MysqlErrorFields):
        told = with_value(told, outcome.call)
    return ServerError(told)


def _fail(text: str, cause: Exception | None = None) -> NoReturn:
    """Record that a scripted answer is impossible, and raise that."""
    raise expectations.record_failure(AnswerImpossible(text)) from cause


def _function_raised(call: Call, error: BaseException) -> str:
    rule = "" if call.rule is None else f"\n  rule: {call.rule.origin}  {call.rule.shown}"
    return (
        f"the function that answers raised {type(error).__name__}: {error}{rule}\n"
        f"  sql:  {call.sql}\n"
        f"  at:   {call.origin.place}\n"
        "An error of the database is raised as db_error(...)."
    )
