"""A responder that forwards statements to a real server, unless a test scripts them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from understudy.catalog.description import Description
from understudy.engine.copied_rows import CopiedRows
from understudy.engine.engine import Engine
from understudy.fake_postgres.boundary_changes import carry_out
from understudy.fake_postgres.client_errors import server_error
from understudy.fake_postgres.clients import Client
from understudy.fake_postgres.current_schema import Schema
from understudy.fake_postgres.protocol import commands as c
from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Field, Portal, Result, Sent, Statement
from understudy.fake_postgres.read_only import refuse_writing
from understudy.fake_postgres.script_responder import ScriptResponder
from understudy.pg.errors import ServerError
from understudy.real_postgres import failures, upstream_requests
from understudy.real_postgres.client_settings import ClientSettings
from understudy.real_postgres.client_state import RollbackClient, rollback_client
from understudy.real_postgres.leaked_tasks import LeakedTasks
from understudy.real_postgres.observation import Observer
from understudy.real_postgres.replaced_statements import replace_statement
from understudy.real_postgres.scheduler import TransactionScheduler
from understudy.real_postgres.session_commands import SessionCommands
from understudy.real_postgres.setting_texts import Named
from understudy.real_postgres.upstream_portals import ForwardedStatement, UpstreamPortals
from understudy.real_postgres.upstream_replies import Reply
from understudy.real_postgres.upstream_statements import UpstreamStatements
from understudy.script import expectations
from understudy.script.answers import Computed, Drop, from_real_server
from understudy.script.boundary import Boundary, Change, Replace
from understudy.script.calls import Call
from understudy.script.failures import Failure
from understudy.script.origin import NOWHERE, spot
from understudy.serving.chain import chain
from understudy.serving.faults import FAULTS
from understudy.serving.waits import ConnectionDropped, Pending

_CLEANS_UP = (c.Rollback, c.RollbackTo)


class ForwardingResponder(ScriptResponder):
    """Answers from the script if a rule matches, and from the real server otherwise.

    It is also the session's Forwarder (protocol/responder.py).

    Args:
        engine: finds the answers.
        lock: held while a rule is searched or added.
        schema: the types of parameters and scripted values.
        notify: sends a notification to every listening connection.
        scheduler: the transaction on the real server.
        leaked: the tasks and threads that earlier tests have left running.
        connected: connects a client to the clone of the test, if it has one.
        boundary: gets an event for each call, and may change it.

    Attributes:
        observer: decides what is asked beside the statements; None asks nothing.
    """

    observer: Observer | None = None
    commands: tuple[type[c.Command], ...] = (c.Show, c.Declare, c.Fetch, c.Close)

    def __init__(
        self,
        engine: Engine,
        lock: threading.RLock,
        schema: Schema,
        notify: Callable[[str, str, int], None],
        scheduler: TransactionScheduler,
        leaked: LeakedTasks,
        connected: Callable[[RollbackClient], None],
        boundary: Boundary,
    ) -> None:
        super().__init__(engine, lock, schema, notify, boundary)
        self._scheduler = scheduler
        self._leaked = leaked
        self._open = connected
        self._limits = scheduler.limits
        self._portals = UpstreamPortals(scheduler)
        self._settings = ClientSettings(scheduler)
        self._apply = SessionCommands(scheduler, self._settings).apply
        self._known = Schema()
        self._statements = UpstreamStatements(
            scheduler, self._portals, self._execute, self._note_refused
        )

    # Statements ----------------------------------------------------------------------------------

    def prepare(
        self, sql: str, declared: tuple[int, ...], connection: Connection
    ) -> Statement | Pending:
        """Prepare and describe a statement on the real server, or return it from the cache."""
        client = rollback_client(connection)
        self._check(sql, client)
        return self._statements.prepare(sql, declared, client)

    def _note_refused(self, sql: str, client: RollbackClient) -> None:
        """Begin the event of a statement that is refused before it runs."""
        if client.event is None:  # else it replaces another statement
            self._begin_refused(client.call(sql, None, spot()), client)

    def _check(self, sql: str, client: RollbackClient, *, cleans_up: bool = False) -> None:
        """Refuse a statement that an earlier test sends, or that comes too late for this one.

        It is never too late to clean up: a pool does not take back a connection that cannot.
        """
        try:
            self._leaked.refuse(sql, client)
            if self._limits.has_clone:
                raise expectations.record_failure(failures.other_database(sql))
        except Failure as failure:
            raise server_error(failure, sql) from None
        self._limits.note_statement(sql, client)
        if not cleans_up:
            self._refuse_if_over()

    def _refuse_if_over(self) -> None:
        if self._limits.is_over and self._limits.moves:  # its teardown has not begun
            raise errors.error("0A000", failures.AGAIN)

    # Executions ----------------------------------------------------------------------------------

    def _execute(self, portal: Portal, limit: int, connection: Connection) -> Result | Pending:
        """Answer the statement of a portal, from the script or from the real server."""
        statement = portal.prepared.statement
        assert statement is not None
        client, sql = rollback_client(connection), statement.sql
        self._check(sql, client)
        if not portal.upstream:
            sent = (value and (value.form, value.data) for value in portal.values)
            self._limits.note_call(sql, () if statement.copy else tuple(sent), client)
            self._refuse_if_over()
        client.note_reset(sql)
        try:
            if client.read_only:
                refuse_writing(sql)
            if portal.upstream:
                return self._forward(portal, limit, client)
            is_logged = statement.notes.is_logged and not client.is_inserter
            if not (is_logged or self._is_scripted(sql, client)):
                call = client.call(sql, None, spot())
                is_drivers = client.is_inserter or not isinstance(read(sql), c.Declare)
                change = self._begin("statement", call, client, is_drivers=is_drivers)
                assert client.event is not None
                client.event.is_counted = False
                return self._changed(change, call, portal, limit, client)
            call, change = self._log(statement, self._values(statement, portal.values), client)
            if isinstance(change, FAULTS):
                return self._changed(change, call, portal, limit, client)
            outcome = self._ask(call, statement)
            if outcome.answer is None:
                return self._changed(change, call, portal, limit, client)
            answer = outcome.answer.outcome
            if isinstance(answer, Drop) and answer.when == "after":
                return chain(
                    self._forward(portal, limit, client), partial(self._drop_after, client)
                )
            if isinstance(answer, Computed) and answer.function is from_real_server:
                delay = outcome.answer.delay
                forward = partial(self._forward, portal, limit, client)
                return Pending(delay, forward) if delay else forward()
            outcome.description = self._described(outcome.call, statement.notes, client)
            if statement.copy == "out":
                statement.notes.columns = self._copies.accepted(sql, client)
            return self._answered(outcome, statement)
        except Failure as failure:
            raise server_error(failure, sql) from None

    def _changed(
        self, change: Change | None, call: Call, portal: Portal, limit: int, client: RollbackClient
    ) -> Result | Pending:
        """Forward a statement, or what a change at the boundary makes of it."""
        if isinstance(change, Drop) and change.when == "after":
            call.fail()
            return chain(self._forward(portal, limit, client), partial(self._drop_after, client))
        if isinstance(change, FAULTS):
            return carry_out(change, call)
        statement = portal.prepared.statement
        if isinstance(change, Replace) and statement is not None and change.sql != statement.sql:
            forward = partial(self._forward, portal, limit, client)
            prepared = self._statements.prepare(change.sql, statement.parameters, client)
            return replace_statement(portal, prepared, forward)
        return self._forward(portal, limit, client)

    def _described(
        self, call: Call, notes: ForwardedStatement, client: RollbackClient
    ) -> Description | None:
        """Return what the catalog says of a statement that a rule answers, to check the answer."""
        known = map(self._schema.types.numbered, notes.declared)
        declared = ["" if kind is None else kind.name for kind in known]
        context = self._engine.context(call, client, client.settings.get("search_path"))
        return self._engine.describe_accepted(call, declared, context)

    def _drop_after(self, client: RollbackClient, _result: Any) -> Result:
        """Drop the connection after a statement has taken effect."""
        if client.current is None:
            self._scheduler.end(client, commit=True)
        return _dropped(_result)

    def _is_scripted(self, sql: str, client: RollbackClient) -> bool:
        return bool(self._rules_for(client.call(sql, None, NOWHERE)))

    def _values(self, statement: Statement, sent: Sequence[Any]) -> Sequence[Any]:
        """Return the parameters of a call as Python values, or as bytes if invalid."""
        if statement.copy is not None:
            return sent
        return [
            self._value(oid, value) if isinstance(value, Sent) else value
            for oid, value in zip(statement.parameters, sent, strict=True)
        ]

    def _copied(self, statement: Statement, data: bytes, client: Client) -> CopiedRows:
        """Return the rows of a COPY from a client; the real server refuses what is wrong."""
        columns = partial(self._copies.accepted, statement.sql, client)
        return CopiedRows(statement.sql, data, columns, self._known.values, is_strict=False)

    def _value(self, oid: int, sent: Sent) -> Any:
        try:
            return self.decoder(oid, sent.form)(sent.data)
        except ServerError:
            return sent.data  # the real server will report the error

    def _forward(self, portal: Portal, limit: int, client: RollbackClient) -> Pending:
        statement = portal.prepared.statement
        assert statement is not None
        copying = statement.copy == "in"
        request = self._portals.before(statement.sql, client)
        is_first = not portal.upstream
        if is_first:
            request += self._portals.bind(portal, client, lasts=bool(limit))
        request += upstream_requests.execute(portal.upstream, limit)
        request += upstream_requests.FLUSH if copying else upstream_requests.SYNC
        named = self._settings.named_in(statement, portal.values, client)
        question = self._settings.question(named)
        request += question
        done = partial(self._executed, statement, client, named)
        data = portal.values if copying else None
        wanted = 2 if question else 1
        observation = None
        is_users = statement.notes.is_logged and self._boundary.change is None
        if self.observer is not None and is_users and is_first and not copying:
            facts = self._scheduler.facts
            observation = self.observer.observe(
                statement.sql, statement.parameters, portal.values, client, facts
            )
        return self._scheduler.submit(
            client, statement.sql, request, done, data, wanted, observation
        )

    def _executed(
        self,
        statement: Statement,
        client: RollbackClient,
        named: Sequence[Named],
        reply: Reply,
        answer: Reply | None = None,
    ) -> Result:
        if reply.error is not None:
            self._limits.note_error(reply.error.fields.sqlstate, client)
            raise reply.error if client.current is not None else failures.with_hint(reply.error)
        self._portals.declared(statement.sql, client)
        path = client.settings.get("search_path")
        self._engine.succeeded(client.call(statement.sql, None, NOWHERE), client, path)
        changed = self._settings.changed(client, named, answer or reply)
        return Result(
            tag=reply.tag, raw=bytes(reply.raw), suspended=reply.suspended, changed=changed
        )

    # Commands that the session carries out itself ------------------------------------------------

    def control(
        self, sql: str, connection: Connection, parameters: Sequence[Any] = ()
    ) -> Result | Pending | None:
        """Answer a command from the script, and then apply it on the real server."""
        client = rollback_client(connection)
        command = read(sql)
        assert command is not None
        self._check(sql, client, cleans_up=isinstance(command, _CLEANS_UP))
        try:
            scripted = super().control(sql, connection, parameters)
        except ServerError:
            self._roll_back_failed(command, client)
            raise
        except ConnectionDropped as lost:
            if not lost.effective:
                raise
            return chain(self._apply(command, sql, client) or Pending(0.0), _dropped)
        if isinstance(scripted, Pending):
            apply = partial(self._apply_after_script, command, sql, client)
            return chain(scripted, apply, lambda: self._roll_back_failed(command, client))
        return self._apply_after_script(command, sql, client, scripted)

    def _apply_after_script(
        self, command: c.Command, sql: str, client: RollbackClient, scripted: Result | None
    ) -> Result | Pending | None:
        own = self._apply(command, sql, client)
        if own is None or scripted is None:
            return own or scripted
        return chain(own, lambda result: replace(scripted, changed=result.changed))

    def _roll_back_failed(self, command: c.Command, client: RollbackClient) -> None:
        if isinstance(command, c.Commit | c.Rollback):
            self._scheduler.end(client, commit=False)

    # responder.Forwarder -------------------------------------------------------------------------

    def log_in(self, connection: Connection) -> dict[str, str] | Pending:
        """Return the run-time parameters of a connection that begins."""
        client = rollback_client(connection)
        self._open(client)
        if client.tunnel is None:
            return self._settings.log_in(client)
        return {**client.settings, **client.tunnel.settings}

    def settle(self, connection: Connection, *, commit: bool) -> Pending | None:
        """End a statement that ran outside of a transaction block."""
        client = rollback_client(connection)
        if commit:
            return self._scheduler.commit(client)
        self._scheduler.end(client, commit=False)
        return None

    def describe_cursor(self, name: str, connection: Connection) -> Pending:
        """Ask the real server for the columns of a cursor."""
        request = upstream_requests.describe_portal(name) + upstream_requests.SYNC
        return self._scheduler.submit(rollback_client(connection), name, request, _columns)

    def bound(self, portal: Portal, connection: Connection) -> None:
        """Record a portal, which is created on the real server only when necessary."""
        self._portals.bound(portal, rollback_client(connection))

    def closed(self, portal: Portal, connection: Connection) -> None:
        """Close a portal, with the next request to the real server."""
        self._portals.closed(portal, rollback_client(connection))

    def lost(self, connection: Connection) -> None:
        """Roll back the transaction of a lost connection."""
        client = rollback_client(connection)
        if client.tunnel is not None:
            client.tunnel.close()
        self._limits.note_lost(client)
        self._scheduler.drop_client(client)


def _columns(reply: Reply) -> tuple[Field, ...]:
    if reply.error is not None:
        raise reply.error
    return reply.fields or ()


def _dropped(_: object) -> Result:
    raise ConnectionDropped(effective=True)
