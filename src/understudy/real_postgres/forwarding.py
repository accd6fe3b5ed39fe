"""The responder of `real_postgres`: it forwards statements to the real server, unless scripted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from understudy.catalog.command_tags import command_in
from understudy.catalog.introspection_statements import is_introspection
from understudy.engine.engine import Engine
from understudy.fake_postgres import scripted_copy
from understudy.fake_postgres.connection_queries import items_of
from understudy.fake_postgres.errors import FailuresToClient
from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import (
    ConnectionDropped,
    Field,
    Pending,
    Portal,
    Result,
    Sent,
    Statement,
)
from understudy.fake_postgres.read_only import refuse_writing
from understudy.fake_postgres.schema import Schema
from understudy.fake_postgres.script_responder import ScriptResponder
from understudy.pg.errors import ServerError
from understudy.real_postgres import report, upstream_requests
from understudy.real_postgres.client_state import Guest
from understudy.real_postgres.forwarded_statement import ForwardedStatement
from understudy.real_postgres.mixed_rules import from_the_real_server
from understudy.real_postgres.pending import sequel
from understudy.real_postgres.scheduler import Turns
from understudy.real_postgres.upstream_portals import UpstreamPortals
from understudy.real_postgres.upstream_replies import Reply
from understudy.script.answers import Computed, Drop
from understudy.script.calls import Call
from understudy.script.origin import NOWHERE

# Commands whose columns stay the same; those of FETCH, for example, do not.
_STABLE = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
# Commands that have the columns of something else, and none before that exists.
_CHANGING = frozenset({"FETCH", "EXECUTE"})
_MOST_KNOWN = 1000
_DISCARD_ALL = (
    "CLOSE ALL;RESET ALL;SELECT pg_catalog.pg_advisory_unlock_all();DISCARD TEMP;DISCARD SEQUENCES"
)


class ForwardingResponder(ScriptResponder):
    """Answers from the script if a rule matches, and from the real server otherwise.

    It is also the session's Forwarder (protocol/responder.py), which hears how the session goes on.

    Args:
        engine: finds the answers.
        lock: held while a rule is looked for or added.
        schema: the types of parameters and scripted values.
        notify: sends a notification to everyone who listens.
        turns: the transaction of the real server.
        check_owner: refuses a statement of a task that an earlier test has left running.
    """

    commands: tuple[type[c.Command], ...] = (
        c.Set,
        c.Reset,
        c.Show,
        c.SetConstraints,
        c.Declare,
        c.Fetch,
        c.Close,
    )

    def __init__(
        self,
        engine: Engine,
        lock: threading.RLock,
        schema: Schema,
        notify: Callable[[str, str, int], None],
        turns: Turns,
        check_owner: Callable[[str, Guest], None],
    ) -> None:
        super().__init__(engine, lock, schema, notify)
        self._turns = turns
        self._check_owner = check_owner
        self._portals = UpstreamPortals(turns)
        self._statements: dict[object, Statement] = {}
        self._generation = 0
        self._number = 0

    # Statements ----------------------------------------------------------------------------------

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Have the real server prepare and describe a statement, unless it already has."""
        guest = _guest(connection)
        self._admit(sql, guest)
        turns = self._turns
        if turns.has_defined or self._generation != turns.generation:
            self._statements.clear()
            self._generation = turns.generation
        key = (sql, declared, guest.settings_made)
        known = self._statements.get(key)
        if known is not None:
            return known
        self._number += 1
        name = f"u{self._number}"
        request = self._portals.before(sql, guest)
        request += (
            upstream_requests.parse(name, sql, declared)
            + upstream_requests.describe(name)
            + upstream_requests.SYNC
        )
        return turns.ask(guest, sql, request, partial(self._prepared, key, name))

    def _prepared(self, key: tuple[str, tuple[int, ...], object], name: str, reply: Reply) -> Any:
        if reply.error is not None:
            raise _hinted(reply.error)
        sql, declared, _ = key
        copy = scripted_copy.direction(sql)
        drivers_own = read(sql) is not None or items_of(sql) is not None or is_introspection(sql)
        notes = ForwardedStatement(
            None, {}, name, declared, self._turns.generation, not drivers_own
        )
        command = command_in(sql)
        statement = Statement(
            sql,
            "SELECT" if command == "VALUES" else command,
            reply.parameters,
            reply.fields,
            copy,
            notes,
            self._forward,
        )
        lasts = command in _STABLE or (reply.fields is None and command not in _CHANGING)
        if lasts and not self._turns.has_defined:
            if len(self._statements) >= _MOST_KNOWN:
                self._statements.clear()
            self._statements[key] = statement
        return statement

    def _admit(self, sql: str, guest: Guest) -> None:
        with FailuresToClient(sql):
            self._check_owner(sql, guest)

    # Executions ----------------------------------------------------------------------------------

    def _forward(self, portal: Portal, limit: int, connection: Connection) -> Result | Pending:
        """Answer the statement of a portal, from the script or from the real server."""
        statement = portal.prepared.statement
        assert statement is not None
        guest, sql = _guest(connection), statement.sql
        self._admit(sql, guest)
        guest.note_reset(sql)
        with FailuresToClient(sql):
            if guest.read_only:
                refuse_writing(sql)
            unscripted = portal.upstream or not (
                statement.notes.is_logged or self._is_scripted(sql, guest)
            )
            if unscripted:
                return self._passed_on(portal, limit, guest)
            outcome = self._ask(statement, self._values(statement, portal.values), guest)
            if outcome.answer is None:
                return self._passed_on(portal, limit, guest)
            answer = outcome.answer.outcome
            if isinstance(answer, Drop) and answer.when == "after":
                return sequel(
                    self._passed_on(portal, limit, guest), partial(self._drop_after, guest)
                )
            if isinstance(answer, Computed) and answer.function is from_the_real_server:
                delay = outcome.answer.delay
                pass_on = partial(self._passed_on, portal, limit, guest)
                return Pending(delay, pass_on) if delay else pass_on()
            return self._answered(outcome, statement)

    def _drop_after(self, guest: Guest, _result: Any) -> Result:
        """Let a statement take effect, and drop the connection before its answer."""
        if guest.current is None:
            self._turns.end(guest, commit=True)
        return _dropped(_result)

    def _is_scripted(self, sql: str, guest: Guest) -> bool:
        return bool(self._rules_for(Call("execute", sql, None, guest.current, NOWHERE)))

    def _values(self, statement: Statement, sent: Sequence[Any]) -> Sequence[Any]:
        """Return the parameters of a call: values, or bytes if they cannot be decoded."""
        return (
            [
                self._value(oid, value) if isinstance(value, Sent) else value
                for oid, value in zip(statement.parameters, sent, strict=True)
            ]
            if statement.copy is None
            else sent
        )

    def _value(self, oid: int, sent: Sent) -> Any:
        try:
            return self.decoder(oid, sent.form)(sent.data)
        except ServerError:
            return sent.data  # the real server says what is wrong with it

    def _passed_on(self, portal: Portal, limit: int, guest: Guest) -> Pending:
        statement = portal.prepared.statement
        assert statement is not None
        copying = statement.copy == "in"
        request = self._portals.before(statement.sql, guest)
        if not portal.upstream:
            request += self._portals.bind(portal, guest, lasts=bool(limit))
        request += upstream_requests.execute(portal.upstream, limit)
        request += upstream_requests.FLUSH if copying else upstream_requests.SYNC
        done = partial(self._executed, statement, guest)
        data = portal.values if copying else None
        return self._turns.ask(guest, statement.sql, request, done, data)

    def _executed(self, statement: Statement, guest: Guest, reply: Reply) -> Result:
        if reply.error is not None:
            raise reply.error if guest.current is not None else _hinted(reply.error)
        self._track_settings(statement.sql, guest)
        return Result(raw=bytes(reply.raw), suspended=reply.suspended)

    def _track_settings(self, sql: str, guest: Guest) -> None:
        """Record what a statement has changed in the run-time parameters and the cursors."""
        start = sql.lstrip()[:7].upper()
        made = guest.settings_made
        match read(sql) if start.startswith(("SET", "RESET", "DECLARE")) else None:
            case c.Declare(name=name, hold=hold):
                guest.declared(name, hold=hold)
            case c.Reset(name=str(name)) | c.Set(name=name, values=None, local=False):
                # The real server does not know the settings with which this client connected.
                initial = guest.initially(name)
                self._turns.applied(guest, (*made, sql, *initial), is_all=not initial)
            case c.Set(local=False):
                self._turns.applied(guest, (*made, sql))
            case c.Reset():
                self._turns.applied(guest, guest.initial, is_all=not guest.initial)
            case c.Set():  # until the end of the transaction: there, the test's
                self._turns.applied(guest, made, is_all=False)
            case _ if guest.current is not None and "set_config" in sql:
                self._turns.applied(guest, made, is_all=False)

    # What a session does by itself ---------------------------------------------------------------

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Ask the script, and then have the real server do the same."""
        guest = _guest(connection)
        self._admit(sql, guest)
        command = read(sql)
        assert command is not None
        try:
            scripted = super().control(sql, connection)
        except ServerError:
            self._fail(command, guest)
            raise
        except ConnectionDropped as lost:
            if not lost.effective:
                raise
            return sequel(self._execute_control(command, sql, guest) or Pending(0.0), _dropped)
        if isinstance(scripted, Pending):
            then = partial(self._after_script, command, sql, guest)
            return sequel(scripted, then, lambda: self._fail(command, guest))
        return self._after_script(command, sql, guest, scripted)

    def _after_script(
        self, command: c.Command, sql: str, guest: Guest, scripted: Result | None
    ) -> Result | Pending | None:
        own = self._execute_control(command, sql, guest)
        if own is None or scripted is None:
            return own or scripted
        return sequel(own, lambda _: scripted)

    def _fail(self, command: c.Command, guest: Guest) -> None:
        if isinstance(command, c.Commit | c.Rollback):
            self._turns.end(guest, commit=False)

    def _execute_control(self, command: c.Command, sql: str, guest: Guest) -> Pending | None:
        """Have the real server do what the session does; return what to wait for, if anything."""
        current = guest.current
        match command:
            case c.Begin():
                if current is None:
                    guest.is_read_only = ("transaction_read_only", "on") in command.modes
            case c.Commit() | c.Rollback() | c.PrepareTransaction():
                aborted = current is not None and current.aborted
                if isinstance(command, c.Commit) and not aborted:
                    return self._turns.commit(guest)
                self._turns.end(guest, commit=False)
            case c.Savepoint() | c.Release() | c.RollbackTo():
                if current is not None:
                    return self._turns.ask(guest, sql, upstream_requests.query(sql), _done)
            case c.SetTransaction(modes=modes) if ("transaction_read_only", "on") in modes:
                if current is not None:
                    guest.is_read_only = True
                    request = upstream_requests.query("SET LOCAL transaction_read_only = on")
                    return self._turns.ask(guest, sql, request, _done)
            case c.Discard(what=what):
                if what != "ALL":
                    return self._turns.ask(guest, sql, upstream_requests.query(sql), _done)
                if current is None:
                    request = upstream_requests.query(_DISCARD_ALL)
                    return self._turns.ask(guest, sql, request, partial(self._discarded, guest))
        return None

    def _discarded(self, guest: Guest, reply: Reply) -> Result:
        self._track_settings("RESET ALL", guest)
        return _done(reply)

    # The session's Forwarder ---------------------------------------------------------------------

    def settle(self, connection: Connection, *, commit: bool) -> Pending | None:
        """Commit or roll back what ran outside of a transaction block."""
        guest = _guest(connection)
        if commit:
            return self._turns.commit(guest)
        self._turns.end(guest, commit=False)
        return None

    def describe_cursor(self, name: str, connection: Connection) -> Pending:
        """Ask the real server for the columns of a cursor."""
        request = upstream_requests.describe_portal(name) + upstream_requests.SYNC
        return self._turns.ask(_guest(connection), name, request, _columns)

    def bound(self, portal: Portal, connection: Connection) -> None:
        """Keep a portal; it is made on the real server only when that needs it."""
        self._portals.bound(portal, _guest(connection))

    def closed(self, portal: Portal, connection: Connection) -> None:
        """Close a portal with what is sent next."""
        self._portals.closed(portal, _guest(connection))

    def lost(self, connection: Connection) -> None:
        """Undo what a connection has open."""
        self._turns.lost(_guest(connection))


def _guest(connection: Connection) -> Guest:
    assert isinstance(connection, Guest), "the server makes every connection"
    return connection


def _done(reply: Reply) -> Result:
    if reply.error is not None:
        raise reply.error
    return Result()


def _columns(reply: Reply) -> tuple[Field, ...]:
    if reply.error is not None:
        raise reply.error
    return reply.fields or ()


def _hinted(error: ServerError) -> ServerError:
    """Add a hint about clones to an error for a statement that cannot run in a transaction."""
    if error.fields.sqlstate == "25001" and error.fields.hint is None:
        fields = error.fields
        error.fields = type(fields)(
            fields.sqlstate,
            fields.message,
            fields.severity,
            fields.detail,
            report.IN_TRANSACTION_HINT,
        )
    return error


def _dropped(_: object) -> Result:
    raise ConnectionDropped(effective=True)
