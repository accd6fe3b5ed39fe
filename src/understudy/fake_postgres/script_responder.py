"""The script and the catalog behind every statement of `fake_postgres`.

What PostgreSQL says of a statement gives its types, and refuses what it would refuse. The script
gives the answer. A failure of either is recorded for the test, and told to the client
as an error of the server: code that catches that hides nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.catalog.answer_checks import Mismatch
from understudy.catalog.bind_parameters import count_in
from understudy.catalog.command_tags import command_in
from understudy.catalog.description import Description
from understudy.catalog.errors import AnswerImpossible
from understudy.fake_postgres import messages, scripted_copy, type_inference
from understudy.fake_postgres.errors import told
from understudy.fake_postgres.protocol.responder import (
    ConnectionDropped,
    Field,
    Pending,
    Result,
    Statement,
)
from understudy.fake_postgres.scripted_errors import error_fields
from understudy.fake_postgres.scripted_rules import Received
from understudy.pg.codecs.codec import TEXT, Decoder, Encoder, Unencodable
from understudy.pg.errors import ServerError
from understudy.script import answers, call_counts
from understudy.script.answers import (
    UNNAMED_COLUMN,
    Answer,
    Computed,
    Drop,
    Error,
    Hang,
    Outcome,
    Rows,
    Value,
)
from understudy.script.calls import Call
from understudy.script.failures import Failure, ScriptError
from understudy.script.origin import spot
from understudy.script.rules import Rule, StatementRule

if TYPE_CHECKING:
    from understudy.fake_postgres.protocol.connection import Connection
    from understudy.fake_postgres.server import Server


@dataclass(slots=True)
class Notes:
    """What has to be found again of a statement.

    Attributes:
        description: what PostgreSQL says of it; None where it was not asked.
        types: the types of its columns, as `format_type` spells them.
        results: what its scripted answers came to, each with the answer, which is kept so that no
            other has its identity.
    """

    description: Description | None
    types: tuple[str, ...] = ()
    results: dict[int, tuple[Outcome, Result]] = field(default_factory=dict)


class Answering:
    """A responder (responder.py) that answers from the script of the running test.

    Args:
        server: knows the connections, the script and the catalog of now.
    """

    _tally = call_counts.FAKES

    def __init__(self, server: Server) -> None:
        self._server = server

    # What a statement is -------------------------------------------------------------------------

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Describe a statement, as PostgreSQL or else its rules do."""
        server = self._server
        call = Call("execute", sql, None, connection.current, spot())
        try:
            rules = server.rules_for(call)
            if not rules and (kept := server.housekeeping.prepare(sql, declared)) is not None:
                return kept
            description = server.described(call, declared)
            if description is None:
                return self._inferred(call, declared, rules, connection)
        except Failure as failure:
            raise told(failure, sql) from None
        oid = server.types.oid
        columns = [(each.name, each.type) for each in description.columns] or None
        return self._statement(sql, tuple(map(oid, description.parameters)), columns, description)

    def _inferred(
        self, call: Call, declared: tuple[int, ...], rules: Sequence[Rule], connection: Connection
    ) -> Statement:
        """Describe a statement as its rules do: there is nobody who knows better."""
        copying = scripted_copy.direction(call.statement)
        if copying is not None:
            statement = self._statement(call.statement, (), None, None)
            statement.copy = copying
            return statement
        if not rules:
            self._server.note(call, connection)
            raise self._server.unexpected(call)
        count = max(count_in(call.statement), len(declared))
        names = type_inference.parameter_types(count, rules, call.statement)
        guessed = map(self._server.types.oid, names)
        given = (*declared, *[0] * (count - len(declared)))
        parameters = tuple(known or guess for known, guess in zip(given, guessed, strict=True))
        try:
            columns = type_inference.columns(rules, call.statement)
        except LookupError:
            raise self._server.failed(AnswerImpossible(messages.no_columns(call))) from None
        found = None if columns is None else list(columns.items())
        return self._statement(call.statement, parameters, found, None)

    def _statement(
        self,
        sql: str,
        parameters: tuple[int, ...],
        columns: list[tuple[str, str]] | None,
        description: Description | None,
    ) -> Statement:
        fields = None if columns is None else tuple(self._field(*each) for each in columns)
        spellings = tuple(spelling for _, spelling in columns or ())
        command = command_in(sql) if description is None else description.command
        # VALUES is tagged as the SELECT that it is.
        command = "SELECT" if command == "VALUES" else command
        return Statement(sql, command, parameters, fields, notes=Notes(description, spellings))

    def _field(self, name: str, spelling: str) -> Field:
        types = self._server.types
        known = types.named(spelling)
        return Field(name, types.oid(spelling), -1 if known is None else known.size)

    # What it is answered with --------------------------------------------------------------------

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result | Pending:
        """Answer a statement from the script."""
        server = self._server
        notes = statement.notes
        if type(notes) is not Notes:
            if not server.rules_for(Call("execute", statement.sql, None, connection.current)):
                server.reset(connection, statement.sql)
                return self._kept(statement, parameters, connection)
            notes = Notes(None)
        call = self._called(statement, parameters, connection)
        try:
            answer = server.answer(call)
            if answer is None:
                raise server.unexpected(call)
            if connection.read_only:
                server.refuse_writing(statement.sql)
            if answer.delay:
                return self._delayed(answer, call, statement, notes)
            return self._outcome(answer, call, statement, notes)
        except Failure as failure:
            raise told(failure, statement.sql) from None

    def _kept(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result:
        try:
            return self._server.housekeeping.execute(statement, parameters, connection)
        except Failure as failure:
            raise told(failure, statement.sql) from None

    def _called(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Call:
        if statement.copy == "in":
            given: list[Any] = [b"".join(parameters)]
        else:
            given = Received(parameters)
            given.oids, given.same = statement.parameters, self._server.same
        current = connection.current
        call = Call("execute", statement.sql, given, current, spot(5))
        self._server.note(call, connection)
        self._tally.note(statement.sql)
        if current is not None:
            current.calls.append(call)
        return call

    def _delayed(self, answer: Answer, call: Call, statement: Statement, notes: Notes) -> Pending:
        # Not in `execute`: its variables would be a closure's, and dearer on every call.
        return Pending(answer.delay, lambda: self._after(answer, call, statement, notes))

    def _after(
        self, answer: Answer, call: Call, statement: Statement, notes: Notes
    ) -> Result | Pending:
        try:
            return self._outcome(answer, call, statement, notes)
        except Failure as failure:
            raise told(failure, statement.sql) from None

    def _outcome(
        self, answer: Answer, call: Call, statement: Statement, notes: Notes
    ) -> Result | Pending:
        outcome = answer.outcome
        if type(outcome) is Rows or type(outcome) is Value:
            known = notes.results.get(id(outcome))
            if known is None or statement.copy == "in":
                known = (outcome, self._result(outcome, call, statement, notes))
                notes.results[id(outcome)] = known
            return known[1]
        if isinstance(outcome, Hang):
            return Pending(None)
        if isinstance(outcome, Error):
            raise self._error(outcome.error, call, notes)
        if isinstance(outcome, Drop):
            call.fail()
            if outcome.when != "during":
                raise ConnectionDropped(effective=outcome.when == "after")
            result = self._result(outcome.rows, call, statement, notes)
            return Result(result.rows, result.tag, dropped=True)
        assert isinstance(outcome, Computed)
        return self._computed(outcome, call, statement, notes)

    def _computed(
        self, outcome: Computed, call: Call, statement: Statement, notes: Notes
    ) -> Result | Pending:
        groups = call.rule.groups(call) if isinstance(call.rule, StatementRule) else {}
        try:
            value = outcome.function(call, **groups)
        except Exception as error:  # noqa: BLE001 # whatever it raises, the client has to be told
            raise self._raised(error, call, notes) from None
        if not inspect.isawaitable(value):
            return self._computed_result(value, call, statement, notes)

        async def awaited() -> Result:
            try:
                found = await value
            except Exception as error:  # noqa: BLE001 # as above
                raise self._raised(error, call, notes) from None
            try:
                return self._computed_result(found, call, statement, notes)
            except Failure as failure:
                raise told(failure, statement.sql) from None

        return Pending(0.0, awaited)

    def _computed_result(
        self, value: Any, call: Call, statement: Statement, notes: Notes
    ) -> Result:
        try:
            outcome = answers.read_computed(value)
        except ScriptError as error:
            raise self._server.failed(
                AnswerImpossible(messages.function_raised(call, error))
            ) from None
        return self._result(outcome, call, statement, notes)

    def _raised(self, error: Exception, call: Call, notes: Notes) -> ServerError:
        """Return what the client is told where the function that answers raised."""
        if isinstance(error, ServerError):
            return error
        try:
            if error_fields(error) is not None:
                return self._error(error, call, notes)
            text = messages.function_raised(call, error)
            raise self._server.failed(AnswerImpossible(text)) from error
        except Failure as failure:
            return told(failure)

    def _error(
        self, error: BaseException | type[BaseException], call: Call, notes: Notes
    ) -> ServerError:
        call.fail()
        fields = error_fields(error)
        assert fields is not None, "checked where it was written"
        if notes.description is not None:
            self._server.check_error(call, notes.description, fields)
        return ServerError(fields)

    # Rows ----------------------------------------------------------------------------------------

    def _result(
        self, outcome: Rows | Value, call: Call, statement: Statement, notes: Notes
    ) -> Result:
        if statement.copy is not None:
            return scripted_copy.result(outcome, call, statement.copy)
        fields = statement.fields or ()
        names = [each.name for each in fields]
        if isinstance(outcome, Value):
            name = names[0] if len(names) == 1 else UNNAMED_COLUMN
            outcome = Rows(({name: outcome.value},))
        unsendable = self._unsendable()
        checked = False
        if notes.description is not None:
            checked = self._server.check_answer(call, notes.description, outcome, unsendable)
        elif outcome.rows and list(outcome.rows[0]) != names:
            raise ServerError(messages.changed_result(names, list(outcome.rows[0])))
        if not checked:
            self._refuse_unsendable(outcome, call, notes, names, unsendable)
        rows = [[row.get(name) for name in names] for row in outcome.rows] if names else ()
        return Result(rows, outcome.tag)

    def _refuse_unsendable(
        self, outcome: Rows, call: Call, notes: Notes, names: Sequence[str], unsendable: Mismatch
    ) -> None:
        for row in outcome.rows:
            for name, spelling in zip(names, notes.types, strict=True):
                if reason := unsendable(spelling, row.get(name)):
                    text = messages.unsendable(call, name, spelling, reason)
                    raise self._server.failed(AnswerImpossible(text))

    def _unsendable(self) -> Mismatch:
        """Return what tells why a value is not sent for a type: None where it is."""
        encoders: dict[str, Encoder] = {}  # an answer may have a hundred thousand values

        def reason(spelling: str, value: Any) -> str | None:
            if value is None:
                return None
            encode = encoders.get(spelling)
            if encode is None:
                encode = encoders[spelling] = self.encoder(self._server.types.oid(spelling), TEXT)
            try:
                encode(value)
            except Unencodable as error:
                return str(error)
            return None

        return reason

    # What the session does by itself -------------------------------------------------------------

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Ask the script about BEGIN, COMMIT, SET and the like: they need no rule."""
        server = self._server
        server.reset(connection, sql)
        call = Call("execute", sql, None, connection.current, spot())
        if not server.rules_for(call):
            return None
        try:
            answer = server.answer(call)
        except Failure as failure:
            raise told(failure, sql) from None
        if answer is None:
            return None
        if answer.delay:
            return Pending(answer.delay, lambda: self._controlled(answer, call))
        return self._controlled(answer, call)

    def _controlled(self, answer: Answer, call: Call) -> Result | Pending:
        outcome = answer.outcome
        if isinstance(outcome, Value):
            return Result([[outcome.value]])
        if isinstance(outcome, Rows):
            return Result([list(row.values()) for row in outcome.rows], outcome.tag)
        nothing = Statement(call.statement, "", notes=Notes(None))
        return self._after(answer, call, nothing, nothing.notes)

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        """Tell everyone who listens."""
        self._server.notify(channel, payload, connection.pid)

    # Values --------------------------------------------------------------------------------------

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return what reads a parameter."""
        return self._server.values.decoder(oid, form)

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return what writes a value."""
        return self._server.values.encoder(oid, form)
