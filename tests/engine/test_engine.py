"""The engine: which script answers, what is logged, and what is checked against the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.describers import catalog_of
from understudy import (
    AnswerImpossible,
    ErrorImpossible,
    ParametersRefused,
    StatementRefused,
    UnexpectedStatement,
    db_error,
)
from understudy.catalog import active_checker
from understudy.catalog.checks import Checker
from understudy.catalog.description import Column, Description, Refusal, SchemaFacts, Verdict
from understudy.engine.engine import Engine
from understudy.script.answers import Computed, Error, Rows, Value
from understudy.script.call_counts import Tally
from understudy.script.calls import Call, Transaction
from understudy.script.database_errors import fields_of
from understudy.script.expectations import opened
from understudy.script.origin import caller
from understudy.script.parameter_matching import Parameters
from understudy.script.script import Script
from understudy.script.statement_rules import StatementRule

SELECT = "SELECT name FROM users WHERE id = $1"
WRONG = "SELECT nmae FROM users"
DESCRIPTION = Description(
    "SELECT", ("integer",), (Column("name", "text", "users.name", "not null"),), ("users",), ()
)
SAYS: dict[str, Verdict] = {
    SELECT: DESCRIPTION,
    WRONG: Refusal("42703", 'column "nmae" does not exist'),
}


@pytest.fixture
def checker() -> Iterator[None]:
    before = active_checker.POSTGRES.factory, active_checker.made()
    checker = Checker(catalog_of(SAYS, SchemaFacts({}, ())))
    active_checker.use(lambda: checker)
    yield
    active_checker.use(*before)


def on(script: Script, statement: str | re.Pattern[str], *parameters: Any) -> StatementRule:
    return script.add(StatementRule(statement, Parameters(parameters), caller()))


def call_of(statement: str, *parameters: Any, inside: Transaction | None = None) -> Call:
    return Call("fetch", statement, list(parameters), inside)


def test_the_first_script_with_an_answer_left_answers() -> None:
    first, second = Script(), Script()
    on(first, SELECT, 7).row(name="Ana").times(1)
    on(second, SELECT).row(name="Bea")
    engine = Engine(first, second, checks_calls=True)

    answers = [engine.ask(call_of(SELECT, 7)).answer for _ in range(2)]

    assert [answer and answer.outcome for answer in answers] == [
        Rows(({"name": "Ana"},)),
        Rows(({"name": "Bea"},)),
    ]
    assert len(engine.rules_for(call_of(SELECT, 8))) == 2
    assert engine.ask(call_of("SELECT 2")).answer is None


def test_an_answer_is_returned_as_it_was_written_and_not_waited_for() -> None:
    script = Script()
    error = ValueError("late")
    on(script, SELECT).delay(60).raises(error)

    answer = Engine(script, checks_calls=True).ask(call_of(SELECT, 7)).answer

    assert answer is not None
    assert (answer.outcome, answer.delay) == (Error(error), 60)


def test_a_function_that_answers_gets_the_call_and_the_named_groups() -> None:
    script = Script()
    rule = on(script, re.compile(r"FROM (?P<table>\w+)"))
    rule(lambda call, table: (call.parameters, table))
    outcome = Engine(script, checks_calls=True).ask(call_of(SELECT, 7))

    assert outcome.answer is not None
    assert isinstance(outcome.answer.outcome, Computed)
    assert outcome.compute(outcome.answer.outcome) == ([7], "users")


def test_a_call_is_logged_in_every_script_in_its_transaction_and_in_the_counts() -> None:
    scripts, tally, transaction = (Script(), Script()), Tally(), Transaction(1)
    engine = Engine(*scripts, checks_calls=True, tally=tally)
    run = call_of(SELECT, 7, inside=transaction)
    refused = call_of(WRONG, inside=transaction)

    engine.log(run)
    engine.log(refused, has_run=False)

    assert [list(script.calls) for script in scripts] == [[run, refused]] * 2
    assert transaction.calls == [run]
    assert (tally.calls, tally.statements) == (1, {SELECT})


def test_a_refusal_is_recorded_and_the_first_script_words_it() -> None:
    with opened() as state:
        failure = Engine(Script("pool"), Script(), checks_calls=True).refuse(call_of(SELECT, 7))

    assert isinstance(failure, UnexpectedStatement)
    assert state.failures == [failure]
    assert f'  pool.on("{SELECT}", 7).rows(...)' in str(failure).splitlines()


@pytest.mark.usefixtures("checker")
def test_statement_and_parameters_are_checked_before_a_rule_is_used_up() -> None:
    script = Script()
    rule = on(script, "...").rows().optional()
    engine = Engine(script, checks_calls=True)

    with pytest.raises(StatementRefused):
        engine.ask(call_of(WRONG))
    with pytest.raises(ParametersRefused):
        engine.ask(call_of(SELECT, "7"))

    assert rule.used == 0


@pytest.mark.usefixtures("checker")
def test_a_real_drivers_statement_is_checked_when_it_is_described() -> None:
    script = Script()
    on(script, "...").rows()
    engine = Engine(script, checks_calls=False)

    with pytest.raises(StatementRefused):
        engine.describe(call_of(WRONG), [])
    description = engine.describe(call_of(SELECT), ["integer"])

    assert description == DESCRIPTION
    assert engine.ask(call_of(SELECT, b"7"), description).description is DESCRIPTION
    assert engine.ask(call_of(WRONG)).description is None


@pytest.mark.usefixtures("checker")
def test_an_outcome_checks_its_result_and_its_error() -> None:
    outcome = Engine(Script(), checks_calls=True).ask(call_of(SELECT, 7))

    assert outcome.check(Rows(({"name": "Ana"},)))
    with pytest.raises(AnswerImpossible):
        outcome.check(Rows(({"nmae": "Ana"},)))
    with pytest.raises(AnswerImpossible, match="no bytes"):
        outcome.check(Rows(({"name": "Ana"},)), lambda type_name, value: f"no bytes for {value}")
    assert not outcome.call.failed
    with pytest.raises(ErrorImpossible):
        outcome.fail(fields_of(db_error("23505", constraint="nope")))
    assert outcome.call.failed


def test_without_a_catalog_every_result_and_error_is_possible() -> None:
    outcome = Engine(Script(), checks_calls=True).ask(call_of(WRONG))

    assert not outcome.check(Value(object()))
    outcome.fail(fields_of(db_error("23505", constraint="nope")))

    assert outcome.description is None
    assert outcome.call.failed
