"""The responder that answers the statements of `fake_postgres` from the script.

What PostgreSQL says of a statement gives its types, and refuses what it would refuse. The script
gives the answer. A failure of either is recorded for the test, and sent to the client as an error
of the server: code that catches that hides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from understudy.catalog.bind_parameters import count_in
from understudy.catalog.command_tags import command_in
from understudy.catalog.report import answer_impossible
from understudy.engine.copied_rows import CopiedRows, query_of
from understudy.engine.engine import Engine
from understudy.engine.outcome import Outcome
from understudy.fake_postgres import scripted_copy, type_inference
from understudy.fake_postgres.boundary_changes import carry_out, kind_of
from understudy.fake_postgres.client_errors import server_error
from understudy.fake_postgres.clients import Client, client_of
from understudy.fake_postgres.computed_answers import (
    ComputedAnswers,
    configuring,
    fail,
    failed_with,
)
from understudy.fake_postgres.connection_queries import is_call
from understudy.fake_postgres.copy_columns import CopyColumns
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.introspection import Introspection
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Result, Statement
from understudy.fake_postgres.read_only import refuse_writing
from understudy.fake_postgres.scripted_results import ScriptedResults
from understudy.fake_postgres.scripted_rows import is_long
from understudy.fake_postgres.scripted_rules import ReceivedParameters
from understudy.fake_postgres.scripted_statements import StatementNotes, scripted_statement
from understudy.pg.codecs.codec import Decoder, Encoder
from understudy.pg.sql import one_line
from understudy.script import expectations
from understudy.script.answers import Computed, Drop, Error, Hang, Rows, Value, values_of
from understudy.script.boundary import Boundary, Change, Kind, Replace
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.script.origin import spot
from understudy.script.rules import Rule
from understudy.serving.faults import FAULTS
from understudy.serving.waits import ConnectionDropped, Pending

_READY = (Rows, Value)  # what needs no working out
_FAILURES = (Error, Hang, Drop)


class ScriptResponder:
    """A responder (protocol/responder.py) that answers from the scripts of an engine.

    Args:
        engine: finds the answers.
        lock: held while a rule is looked for or added: several threads ask.
        schema: the types of now.
        notify: sends a notification to everyone who listens: its channel, its payload, the number
            of the connection that sent it.
        boundary: gets an event for each call, and may change it.
    """

    def __init__(
        self,
        engine: Engine,
        lock: threading.RLock,
        schema: Schema,
        notify: Callable[[str, str, int], None],
        boundary: Boundary,
    ) -> None:
        self._engine = engine
        self._lock = lock
        self._schema = schema
        self._notify = notify
        self._boundary = boundary
        self._introspection = Introspection(schema)
        self._results = ScriptedResults(schema)
        self._computed = ComputedAnswers(self._results)
        self._copies = CopyColumns(engine, self._rules_for)

    # What a statement is -------------------------------------------------------------------------

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Describe a statement, as PostgreSQL or else its rules do."""
        client = client_of(connection)
        call = client.call(sql, None, spot())
        try:
            rules = self._rules_for(call)
            if not rules:
                kept = self._introspection.prepare(sql, declared)
                if kept is not None:
                    return kept
            known = map(self._schema.types.numbered, declared)
            names = ["" if kind is None else kind.name for kind in known]
            path = client.settings.get("search_path")
            context = self._engine.context(call, client, path)
            description = self._engine.describe(call, names, context)
            if description is None:
                return self._inferred(call, declared, rules, client)
            types = self._schema.types  # after the question, which may have renewed the catalog
            field = self._schema.field
            fields = tuple(field(column.name, column.type) for column in description.columns)
            parameters = tuple(map(types.oid, description.parameters))
            if parameters:
                hint = partial(type_inference.no_values, call, description.parameters)
                expectations.add_hint((client.pid, sql), hint)
            return scripted_statement(
                sql, description.command, parameters, fields or None, description
            )
        except Failure as failure:
            self._begin_refused(call, client)
            raise server_error(failure, sql) from None

    def _inferred(
        self, call: Call, declared: tuple[int, ...], rules: Sequence[Rule], client: Client
    ) -> Statement:
        """Describe a statement as its rules do, if nothing knows it better."""
        sql = call.statement
        copy = scripted_copy.direction(sql)
        if copy is not None:
            statement = scripted_statement(sql, command_in(sql))
            statement.copy = copy
            statement.notes.columns = self._copies.columns(call, client)
            return statement
        copied = None if rules else self._copies.asked_for(call, client)
        if copied is not None:
            told = tuple(self._schema.field(*column) for column in copied)
            return scripted_statement(sql, command_in(sql), fields=told)
        if not rules:
            self._engine.log(call, has_run=False)
            client.note_call(call)
            raise self._engine.refuse(call)
        named = self._schema.types.named
        count = max(count_in(sql), len(declared))
        names = type_inference.parameter_types(count, rules, sql, named)
        guessed = map(self._schema.types.oid, names)
        given = (*declared, *[0] * (count - len(declared)))
        parameters = tuple(known or guess for known, guess in zip(given, guessed, strict=True))
        try:
            columns = type_inference.columns(rules, sql)
        except LookupError:
            fail(
                "a function answers this, and a driver asks for the columns before it runs the "
                f"statement\n  sql: {one_line(sql)}\n  at:  {call.origin.place}\n"
                "Configure the schema, so that PostgreSQL tells the columns; or script the rows."
            )
        except type_inference.ColumnsUnknown as unknown:
            fail(answer_impossible(call, unknown.difference))
        fields = None
        if columns is not None:
            fields = tuple(self._schema.field(*column) for column in columns)
        shown = [] if all(given) else type_inference.guessed_parameters(names, sql, named)
        if shown:
            hint = partial(type_inference.not_sent, sql, call.origin.place, shown)
            expectations.add_hint((client.pid, sql), hint)
        return scripted_statement(sql, command_in(sql), parameters, fields)

    # What it is answered with --------------------------------------------------------------------

    def execute(
        self, statement: Statement, parameters: Sequence[Any], connection: Connection
    ) -> Result | Pending:
        """Answer a statement from the script."""
        client = client_of(connection)
        sql = statement.sql
        try:
            if not isinstance(statement.notes, StatementNotes):  # a question of a driver's
                if not self._rules_for(client.call(sql, None, spot())):
                    client.note_reset(sql)
                    call = client.call(sql, parameters, spot())
                    change = self._begin("statement", call, client, is_drivers=True)
                    if isinstance(change, FAULTS):
                        return carry_out(change, call)
                    return self._introspection.execute(statement, parameters, client)
                statement = scripted_statement(
                    sql, statement.command, statement.parameters, statement.fields
                )
            call, change = self._log(statement, parameters, client)
            if isinstance(change, FAULTS):
                return carry_out(change, call, statement.notes.description)
            outcome = self._ask(call, statement)
            if outcome.answer is None:
                raise self._engine.refuse(outcome.call)
            if client.read_only:
                refuse_writing(sql)
            if not isinstance(outcome.answer.outcome, _FAILURES):
                self._engine.succeeded(outcome.call, client, client.settings.get("search_path"))
            return self._answered(outcome, statement)
        except Failure as failure:
            raise server_error(failure, sql) from None

    def _begin(
        self, kind: Kind, call: Call, client: Client, *, is_drivers: bool = False
    ) -> Change | None:
        """Begin the event of a call; return what is to happen instead, or None."""
        boundary = self._boundary
        event = boundary.begin(kind, call, client.request, is_drivers=is_drivers)
        client.event, event.is_handling = event, client.is_handling
        return None if boundary.change is None else boundary.change(event)

    def _begin_refused(self, call: Call, client: Client) -> None:
        """Begin the event of a statement that is refused before it runs."""
        self._begin("statement", call, client)
        assert client.event is not None
        client.event.is_counted = False

    def _log(
        self, statement: Statement, parameters: Sequence[Any], client: Client
    ) -> tuple[Call, Change | None]:
        """Log a call, with the statement that replaces its own; return it and its change."""
        given: ReceivedParameters | CopiedRows
        if statement.copy == "in":
            given = self._copied(statement, b"".join(parameters), client)
        else:
            given = ReceivedParameters(parameters)
            given.oids, given.same = statement.parameters, self._schema.values.same
        call = client.call(statement.sql, given, spot(5))
        change = self._begin("statement", call, client)
        if isinstance(change, Replace):
            call = client.call(change.sql, given, call.spot)
        if statement.parameters:
            expectations.drop_hint((client.pid, statement.sql))
        self._engine.log(call)
        client.note_call(call)
        return call, change

    def _ask(self, call: Call, statement: Statement) -> Outcome:
        """Ask the engine for the answer to a call."""
        notes: StatementNotes = statement.notes
        if isinstance(call.parameters, CopiedRows):
            scripted_copy.read(call.parameters, call)
        with self._lock:
            return self._engine.ask(call, notes.description)

    def _copied(self, statement: Statement, data: bytes, client: Client) -> CopiedRows:
        """Return the rows of a COPY from a client."""
        expectations.drop_hint((client.pid, query_of(statement.sql)))
        notes: StatementNotes = statement.notes
        values = self._schema.values
        return CopiedRows(statement.sql, data, lambda: notes.columns, values, is_strict=True)

    def _rules_for(self, call: Call) -> Sequence[Rule]:
        with self._lock:
            return self._engine.rules_for(call)

    def _answered(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        """Return the result of an outcome, or what waits for it."""
        assert outcome.answer is not None
        answer, delay = outcome.answer.outcome, outcome.answer.delay
        is_known = not isinstance(answer, _READY) or id(answer) in statement.notes.results
        in_thread = not is_known and is_long(answer)
        if delay or in_thread:
            after = partial(self._after, outcome, statement)
            return Pending(delay, after, in_thread=in_thread)
        return self._result(outcome, statement)

    def _after(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        try:
            return self._result(outcome, statement)
        except Failure as failure:
            raise server_error(failure, statement.sql) from None

    def _result(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        assert outcome.answer is not None
        answer = outcome.answer.outcome
        if isinstance(answer, _READY):
            notes: StatementNotes = statement.notes
            known = notes.results.get(id(answer))
            if known is None or statement.copy == "in":
                known = (answer, self._results.result_of(answer, outcome, statement))
                notes.results[id(answer)] = known
            outcome.check_success(answer)
            return configuring(known[1], outcome.call)
        if isinstance(answer, Hang):
            return Pending(None)
        if isinstance(answer, Error):
            error = failed_with(answer.error, outcome)
            if not answer.after.rows:
                raise error
            result = self._results.result_of(answer.after, outcome, statement)
            return Result(result.rows, error=error)
        if isinstance(answer, Computed):
            return self._computed.result_of(answer, outcome, statement)
        outcome.call.fail()
        if answer.when != "during":
            raise ConnectionDropped(effective=answer.when == "after")
        result = self._results.result_of(answer.rows, outcome, statement)
        outcome.check_success(answer.rows, is_whole=False)
        return Result(result.rows, result.tag, dropped=True)

    # What the session does by itself -------------------------------------------------------------

    def control(
        self, sql: str, connection: Connection, parameters: Sequence[Any] = ()
    ) -> Result | Pending | None:
        """Ask the script about BEGIN, COMMIT, SET and the like: they need no rule."""
        client = client_of(connection)
        client.note_reset(sql)
        call = client.call(sql, list(parameters) or None, spot())
        is_logged = is_call(sql) and not client.is_inserter
        if is_logged:
            self._engine.log(call)
            client.note_call(call)
        kind = kind_of(sql)
        if kind is not None:
            is_drivers = client.is_inserter or (kind == "statement" and not is_logged)
            change = self._begin(kind, call, client, is_drivers=is_drivers)
            if isinstance(change, FAULTS):
                return carry_out(change, call)
        if not self._rules_for(call):
            return None
        try:
            with self._lock:
                outcome = self._engine.ask(call)
        except Failure as failure:
            raise server_error(failure, sql) from None
        if outcome.answer is None:
            return None
        answer = outcome.answer.outcome
        if not isinstance(answer, _READY):
            return self._answered(outcome, scripted_statement(sql, ""))
        if isinstance(answer, Value):
            result = Result([[answer.value]])
        else:
            result = Result([values_of(row) for row in answer.rows], answer.tag)
        delay = outcome.answer.delay
        return Pending(delay, lambda: result) if delay else result

    def notify(self, channel: str, payload: str, connection: Connection) -> None:
        """Notify everyone who listens to a channel."""
        self._notify(channel, payload, connection.pid)

    # Values --------------------------------------------------------------------------------------

    def decoder(self, oid: int, form: int) -> Decoder:
        """Return what reads a parameter."""
        return self._schema.values.decoder(oid, form)

    def encoder(self, oid: int, form: int) -> Encoder:
        """Return what writes a value."""
        return self._schema.values.encoder(oid, form)
