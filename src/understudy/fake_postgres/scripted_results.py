"""Scripted rows as the results of statements, if the statements could return them."""

from __future__ import annotations

from typing import Any

from understudy.catalog.answer_checks import Mismatch, difference
from understudy.catalog.description import Column, Description
from understudy.catalog.errors import AnswerImpossible
from understudy.catalog.report import answer_impossible
from understudy.engine.outcome import Outcome
from understudy.fake_postgres import scripted_copy
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.protocol.statements import Result, Statement
from understudy.fake_postgres.scripted_rows import is_long, say_json_null
from understudy.pg.codecs.codec import TEXT, Encoder, Unencodable
from understudy.script import expectations
from understudy.script.answers import UNNAMED_COLUMN, Rows, Value, values_in_order

_FIRST_RULE = (
    "Without a schema, a statement has the columns that its rules tell when a driver prepares it."
)


class ScriptedResults:
    """Makes results of scripted rows.

    Args:
        schema: the types of now.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def result_of(self, answer: Rows | Value, outcome: Outcome, statement: Statement) -> Result:
        """Return scripted rows as the result of a statement, if it could return them."""
        if statement.copy is not None:
            return scripted_copy.result(
                answer, outcome.call, statement.copy, statement.notes.columns, self._schema.values
            )
        fields = statement.fields or ()
        names = [field.name for field in fields]
        if isinstance(answer, Value):
            answer = Rows(((answer.value,),), columns=tuple(names[:1]) or (UNNAMED_COLUMN,))
        unsendable = self._unsendable()
        complete = outcome.complete(answer, names, unsendable)
        assert isinstance(complete, Rows)
        if not outcome.check(complete, unsendable) and complete.rows:
            self._refuse_unsendable(complete, outcome, statement, unsendable)
        rows = [list(values_in_order(row, names)) for row in complete.rows] if names else ()
        if outcome.description is not None:
            say_json_null(rows, outcome.description)
        return Result(rows, complete.tag, is_long=is_long(complete))

    def _refuse_unsendable(
        self, answer: Rows, outcome: Outcome, statement: Statement, unsendable: Mismatch
    ) -> None:
        """Refuse an answer that was not checked and that the client could not be sent."""
        fields = statement.fields or ()
        numbered = self._schema.types.numbered
        kinds = [(field.name, numbered(field.oid)) for field in fields]
        columns = tuple(
            Column(name, "text" if kind is None else kind.name, None, "unknown")
            for name, kind in kinds
        )
        if outcome.description is not None:  # the check of answers is off
            names = [field.name for field in fields]
            answer = Rows(tuple(tuple(values_in_order(row, names)) for row in answer.rows))
        described = Description(statement.command, (), columns, (), ())
        found = difference(described, answer, unsendable, outcome.call.method)
        if found is not None:
            if outcome.description is None and statement.forward is None:
                found = found._replace(remedy=(*found.remedy, _FIRST_RULE))
            failure = AnswerImpossible(answer_impossible(outcome.call, found))
            raise expectations.record_failure(failure)

    def _unsendable(self) -> Mismatch:
        """Return what says why a value cannot be sent for a type; None if it can."""
        encoders: dict[str, Encoder] = {}  # an answer may have a hundred thousand values

        def reason(type_name: str, value: Any) -> str | None:
            if value is None:
                return None
            encode = encoders.get(type_name)
            if encode is None:
                oid = self._schema.types.oid(type_name)
                encode = encoders[type_name] = self._schema.values.encoder(oid, TEXT)
            try:
                encode(value)
            except Unencodable as error:
                return str(error)
            return None

        return reason
