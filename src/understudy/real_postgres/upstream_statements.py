"""The statements that are prepared on the real server, and kept until the schema changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from understudy.catalog.command_tags import command_in
from understudy.catalog.introspection_statements import is_introspection
from understudy.fake_postgres import scripted_copy
from understudy.fake_postgres.connection_queries import items_of
from understudy.fake_postgres.protocol.command_parser import read
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Portal, Result, Statement
from understudy.real_postgres import failures, upstream_requests
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.scheduler import TransactionScheduler
from understudy.real_postgres.upstream_portals import ForwardedStatement, UpstreamPortals
from understudy.real_postgres.upstream_replies import Reply
from understudy.serving.waits import Pending

# Commands whose descriptions can be cached; FETCH and EXECUTE have the columns of something else.
_CACHEABLE = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
_VARIABLE = frozenset({"FETCH", "EXECUTE"})
_MOST_CACHED = 1000


class UpstreamStatements:
    """Prepares statements on the real server.

    Args:
        scheduler: the transaction on the real server.
        portals: tell what has to be sent before a statement.
        execute: executes a portal of a statement.
        note_refused: called with a statement that the server refuses.
    """

    def __init__(
        self,
        scheduler: TransactionScheduler,
        portals: UpstreamPortals,
        execute: Callable[[Portal, int, Connection], Result | Pending],
        note_refused: Callable[[str, RollbackClient], None],
    ) -> None:
        self._scheduler = scheduler
        self._portals = portals
        self._execute = execute
        self._note_refused = note_refused
        self._statements: dict[object, Statement] = {}
        self._generation = 0
        self._number = 0

    def prepare(
        self, sql: str, declared: tuple[int, ...], client: RollbackClient
    ) -> Statement | Pending:
        """Prepare and describe a statement, or return it from the cache."""
        scheduler = self._scheduler
        if scheduler.facts.changed_schema or self._generation != scheduler.generation:
            self._statements.clear()
            self._generation = scheduler.generation
        key = (sql, declared, client.parse_settings)
        known = self._statements.get(key)
        if known is not None:
            return known
        self._number += 1
        name = f"u{self._number}"
        request = self._portals.before(sql, client)
        request += (
            upstream_requests.parse(name, sql, declared)
            + upstream_requests.describe(name)
            + upstream_requests.SYNC
        )
        done = partial(self._prepared, key, name, client)
        return scheduler.submit(client, sql, request, done)

    def _prepared(
        self,
        key: tuple[str, tuple[int, ...], object],
        name: str,
        client: RollbackClient,
        reply: Reply,
    ) -> Any:
        sql, declared, _ = key
        if reply.error is not None:
            self._note_refused(sql, client)
            self._scheduler.limits.note_error(reply.error.fields.sqlstate, client)
            raise failures.with_hint(reply.error)
        copy = scripted_copy.direction(sql)
        command = command_in(sql)
        drivers_own = read(sql) is not None or items_of(sql) is not None or is_introspection(sql)
        notes = ForwardedStatement(
            None, {}, name, declared, self._scheduler.generation, not drivers_own
        )
        statement = Statement(
            sql,
            "SELECT" if command == "VALUES" else command,
            reply.parameters,
            reply.fields,
            copy,
            notes,
            self._execute,
        )
        is_cacheable = command in _CACHEABLE or (reply.fields is None and command not in _VARIABLE)
        if is_cacheable and not self._scheduler.facts.changed_schema:
            if len(self._statements) >= _MOST_CACHED:
                self._statements.clear()
            self._statements[key] = statement
        return statement
