"""The responder that answers the statements of `fake_mysql` from the script.

What the catalog says of a statement gives its columns, and refuses what MySQL would refuse. The
script gives the answer. A failure of either is recorded for the test, and sent to the client as an
error of the server: code that catches that hides nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from understudy.catalog.description import Description
from understudy.engine.engine import Engine
from understudy.engine.outcome import Outcome
from understudy.fake_mysql.boundary_changes import carry_out, kind_of
from understudy.fake_mysql.client_errors import server_error
from understudy.fake_mysql.clients import Client, client_of
from understudy.fake_mysql.computed_answers import computed_result, failed_with
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.statements import Execution, Statement
from understudy.fake_mysql.read_only import refuse_writing
from understudy.fake_mysql.scripted_results import result_of
from understudy.mysql import sql as mysql_sql
from understudy.mysql.packets import Command
from understudy.mysql.results import Result
from understudy.mysql.types import Column
from understudy.mysql_catalog.session_changes import context_of, note
from understudy.script.answers import Computed, Drop, Error, Hang, Rows, Value
from understudy.script.boundary import Boundary, Change, Kind, Replace
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.script.origin import spot
from understudy.script.rules import Rule
from understudy.serving.faults import FAULTS
from understudy.serving.waits import ConnectionDropped, Pending

_READY = (Rows, Value)  # what needs no working out


@dataclass(frozen=True, slots=True)
class StatementNotes:
    """What is kept with a statement.

    Attributes:
        description: what MySQL says of it; None if it was not asked.
    """

    description: Description | None


class ScriptResponder:
    """A responder (protocol/responder.py) that answers from the scripts of an engine.

    Args:
        engine: finds the answers.
        lock: held while a rule is looked for or added: several threads ask.
        boundary: gets an event for each call, and may change it.
    """

    def __init__(self, engine: Engine, lock: threading.RLock, boundary: Boundary) -> None:
        self._engine = engine
        self._lock = lock
        self._boundary = boundary

    def log_in(self, connection: Connection) -> Pending | None:
        """Let every connection in that the server has let in."""
        return None

    def lost(self, connection: Connection) -> None:
        """Do nothing: the client tells whether it is open."""

    def closed(self, statement: Statement, connection: Connection) -> None:
        """Do nothing: nothing is kept of a statement."""

    # What a statement is -------------------------------------------------------------------------

    def prepare(self, sql: str, connection: Connection) -> Statement | Pending:
        """Describe a statement of COM_STMT_PREPARE."""
        client = client_of(connection)
        call = client.call(sql, (), spot())
        try:
            if not self._rules_for(call):
                self._engine.log(call, has_run=False)
                client.note_call(call)
                raise self._engine.refuse(call)
            notes = StatementNotes(self._described(call))
        except Failure as failure:
            self._begin_refused(call, client)
            raise server_error(failure) from None
        pieces = mysql_sql.pieces(sql)
        count = sum(piece.text == "?" for piece in pieces)
        # Drivers count the parameters. The columns they get again with each result.
        return Statement(sql, [Column("?")] * count, notes=notes)

    def _described(self, call: Call) -> Description | None:
        """Return what MySQL says of a statement; None if it was not asked.

        Raises:
            Failure: it refuses the statement.
        """
        changes = self._engine.scripts[0].changes
        return self._engine.describe(call, (), context_of(changes, call))

    # What it is answered with --------------------------------------------------------------------

    def execute(
        self, statement: Statement, execution: Execution, connection: Connection
    ) -> Result | Pending:
        """Answer a statement from the script."""
        client = client_of(connection)
        try:
            self._note(statement, client)
            call, change = self._log(statement, execution, client)
            if isinstance(change, FAULTS):
                return carry_out(change, call)
            outcome = self._ask(call, statement)
            if outcome.answer is None:
                raise self._engine.refuse(outcome.call)
            if client.read_only:
                refuse_writing(statement.sql, client)
            return self._answered(outcome, statement)
        except Failure as failure:
            raise server_error(failure) from None

    def _note(self, statement: Statement, client: Client) -> None:
        """Describe a statement that was not prepared."""
        if statement.notes is None:
            call = client.call(statement.sql, (), spot())
            try:
                statement.notes = StatementNotes(self._described(call))
            except Failure:
                self._begin_refused(call, client)
                raise

    def _begin(
        self, kind: Kind, call: Call, client: Client, *, is_drivers: bool = False
    ) -> Change | None:
        """Begin the event of a call; return what is to happen instead, or None."""
        event = self._boundary.begin(kind, call, client.request, is_drivers=is_drivers)
        client.event, event.is_handling = event, client.is_handling
        return self._boundary.change_of(event)

    def _begin_refused(self, call: Call, client: Client) -> None:
        """Begin the event of a statement that is refused before it runs."""
        self._begin("statement", call, client)
        assert client.event is not None
        client.event.is_counted = False

    def _log(
        self, statement: Statement, execution: Execution, client: Client
    ) -> tuple[Call, Change | None]:
        """Log a call, with the statement that replaces its own; return it and its change."""
        bound: Sequence[Any] = execution.values or ()
        call: Call = client.call(statement.sql, bound, spot(5))
        change = self._begin("statement", call, client)
        if isinstance(change, Replace):
            call = client.call(change.sql, bound, call.spot)
        self._engine.log(call)
        client.note_call(call)
        return call, change

    def _ask(self, call: Call, statement: Statement) -> Outcome:
        """Ask the engine for the answer to a call."""
        notes: StatementNotes = statement.notes
        with self._lock:
            return self._engine.ask(call, notes.description)

    def _rules_for(self, call: Call) -> Sequence[Rule]:
        with self._lock:
            return self._engine.rules_for(call)

    def _answered(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        """Return the result of an outcome, or what waits for it."""
        assert outcome.answer is not None
        if delay := outcome.answer.delay:
            return Pending(delay, partial(self._after, outcome, statement))
        return self._result(outcome, statement)

    def _after(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        try:
            return self._result(outcome, statement)
        except Failure as failure:
            raise server_error(failure) from None

    def _result(self, outcome: Outcome, statement: Statement) -> Result | Pending:
        assert outcome.answer is not None
        answer = outcome.answer.outcome
        if isinstance(answer, _READY):
            result = result_of(answer, outcome)
            outcome.check_success(answer)
            note(self._engine.scripts[0].changes, outcome.call)
            return result
        if isinstance(answer, Hang):
            return Pending(None)
        if isinstance(answer, Computed):
            return computed_result(answer, outcome)
        if isinstance(answer, Error):
            error = failed_with(answer.error, outcome)
            if not answer.after.rows:
                raise error
            result = result_of(answer.after, outcome)
            result.error = error
            return result
        return self._dropped(answer, outcome)

    def _dropped(self, drop: Drop, outcome: Outcome) -> Result:
        outcome.call.fail()
        if drop.when != "during":
            raise ConnectionDropped(effective=drop.when == "after")
        result = result_of(drop.rows, outcome)
        outcome.check_success(drop.rows, is_whole=False)
        result.dropped = True
        return result

    # What the session does by itself -------------------------------------------------------------

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Ask the script about what needs no rule: BEGIN, COMMIT, SET, what drivers ask."""
        client = client_of(connection)
        call = client.call(sql, (), spot())
        kind = kind_of(sql)
        rules = self._rules_for(call)
        is_asked = bool(rules) or call.tokens == ("SELECT", "?")
        change = self._begin(kind, call, client, is_drivers=kind == "statement" and not is_asked)
        if is_asked:
            self._engine.log(call)
            client.note_call(call)
        if isinstance(change, FAULTS):
            return carry_out(change, call)
        if not rules:
            note(self._engine.scripts[0].changes, call)  # a sql_mode
            return None
        try:
            with self._lock:
                outcome = self._engine.ask(call)
            return None if outcome.answer is None else self._answered(outcome, Statement(sql))
        except Failure as failure:
            raise server_error(failure) from None

    def command(
        self, command: Command, body: bytes, connection: Connection
    ) -> Result | Pending | None:
        """Let the session carry out every command that is no statement."""
        if command in (Command.RESET_CONNECTION, Command.CHANGE_USER):
            client_of(connection).used_by = None
        return None
