"""One transaction on a real server, which the clients of a test share one at a time.

A whole test runs in one transaction, which is rolled back. The transaction of a client, or a
statement outside of one, is a savepoint in it. There is one savepoint at a time: other clients wait
until it ends. A transaction that has only read does not make them wait: its savepoint ends, and
another one begins with its next statement. No request is sent for the scheduler's sake alone: a
transaction begins, and a savepoint ends, together with the next request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from understudy.fake_postgres.protocol import errors
from understudy.fake_postgres.protocol.statements import Result
from understudy.pg.errors import ErrorFields, ServerError
from understudy.pg.sql_spelling import quoted
from understudy.real_postgres import failures, logins, upstream_requests
from understudy.real_postgres.aside import read_aside
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.deferred_constraints import CHECK, DeferredConstraints
from understudy.real_postgres.limits import Limits
from understudy.real_postgres.observation import Observation, ask_observed
from understudy.real_postgres.scheduled_request import Outcome, Read, Request
from understudy.real_postgres.sequences import restore_statements
from understudy.real_postgres.server_facts import ServerFacts
from understudy.real_postgres.shared_settings import SharedSettings
from understudy.real_postgres.upstream import Upstream
from understudy.real_postgres.upstream_replies import Reply
from understudy.script import expectations
from understudy.serving.sockets import Sockets
from understudy.serving.waits import Pending

PATIENCE = 5.0
COMMIT = "COMMIT"
SAVEPOINT = '"understudy: one client"'


class TransactionScheduler:
    """The transaction of a test. Except for `open`, call it in the sockets' thread.

    Args:
        sockets: returns the sockets that watch the connections.

    Attributes:
        patience: seconds that a request waits for another client's transaction.
        generation: changes when the server discards the prepared statements.
        needs_replacement: whether the database has to be replaced.
        limits: what the test has met that one rolled-back transaction cannot show.
        facts: what the server says of its roles and functions.
        settings: those of the session.
    """

    def __init__(self, sockets: Callable[[], Sockets]) -> None:
        self.patience = PATIENCE
        self.generation = 0
        self.needs_replacement = False
        self.facts = ServerFacts()
        self.limits = Limits()
        self.settings = SharedSettings(self.limits)
        self._sockets = sockets
        self._upstream: Upstream | None = None
        self._queue: deque[Request] = deque()
        self._running: Request | None = None
        self._holder: RollbackClient | None = None
        self._ending: Literal["", "release", "rollback"] = ""
        self._is_begun = False
        self._dsn = ""
        self._portals: list[str] = []
        self._constraints = DeferredConstraints()

    @property
    def is_open(self) -> bool:
        """Whether it is connected to a real server."""
        return self._upstream is not None and not self._upstream.is_lost

    def open(self, dsn: str) -> dict[str, str]:
        """Connect to a database, and return the parameters that its server reports."""
        self._dsn = dsn
        upstream = Upstream(dsn, self._sockets())
        self._sockets().call(partial(self._begin_with, upstream))
        return upstream.settings

    def _begin_with(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.generation += 1
        self.needs_replacement = self._is_begun = False
        upstream.watch()
        self._constraints.read_from(upstream)
        self.facts.read(upstream, self.limits)
        self.settings.begin(self.facts.logins.first)

    def close(self) -> None:
        """Close the connection to the database."""
        if self._upstream is not None:
            self._upstream.close()
            self._upstream = None

    # Clients -------------------------------------------------------------------------------------

    def submit(
        self,
        client: RollbackClient,
        sql: str,
        data: bytes,
        read: Read,
        copied: Sequence[bytes] | None = None,
        wanted: int = 1,
        observation: Observation | None = None,
    ) -> Pending:
        """Send a request in the client's transaction, and return a Pending for its outcome.

        Args:
            client: the client.
            sql: the statement that the request is for.
            data: the messages to send.
            read: turns the replies into the outcome; may raise.
            copied: the data of a COPY from the client.
            wanted: the number of replies.
            observation: what is asked beside it.
        """
        request = Request(client, sql, data, read, copied, wanted, observation=observation)
        return self._pending(request)

    def ask_aside(self, client: RollbackClient, sql: str, data: bytes, read: Read) -> Pending:
        """Send two requests, the second of which undoes the first, in any client's transaction."""
        return self._pending(Request(client, sql, data, read, wanted=2, is_aside=True))

    def _pending(self, request: Request) -> Pending:
        return Pending(
            None, begin=partial(self._enqueue, request), cancel=partial(self._cancel, request)
        )

    def commit(self, client: RollbackClient) -> Pending | None:
        """Commit the transaction of a client; return what to wait for if it may fail."""
        if self._holder is not client:
            return None
        requests = []
        if self._constraints.may_exist(self.facts.changed_schema):
            requests.append((CHECK, self._constraints.note_checked))
        if self.facts.changed_roles:
            requests.append((logins.READ, self.facts.logins.note))
        if not requests:
            self.end(client, commit=True)
            return None
        data = b"".join(request for request, _ in requests)
        done = partial(self._committed, client, [note for _, note in requests])
        return self.submit(client, COMMIT, data, done, wanted=len(requests))

    def _committed(
        self, client: RollbackClient, notes: Sequence[Callable[[Reply], None]], *replies: Reply
    ) -> Any:
        if replies[0].error is not None:
            self.end(client, commit=False)
            raise replies[0].error
        for note, reply in zip(notes, replies, strict=True):
            note(reply)
        self.end(client, commit=True)
        return Result()

    def end(self, client: RollbackClient, *, commit: bool) -> None:
        """End the transaction of a client, together with the next request."""
        if self._holder is not client:
            return
        self._holder = None
        self._ending = "release" if commit else "rollback"
        if commit:
            self.settings.note_commit(client)
        self._close_portals(client)
        self._next()

    def finish_commit(self) -> None:
        """Wait for a running commit, whose client may have its answer already."""
        if self._running is not None and self._running.sql == COMMIT:
            assert self._upstream is not None
            self._upstream.finish()

    def drop_client(self, client: RollbackClient) -> None:
        """Remove the requests of a client that has disconnected, and roll back."""
        self._queue = deque(request for request in self._queue if request.client is not client)
        running = self._running
        if running is not None and running.client is client:
            running.is_wanted = False
            assert self._upstream is not None
            self._upstream.cancel()
        else:
            self.end(client, commit=False)

    # Requests ------------------------------------------------------------------------------------

    def _enqueue(self, request: Request, done: Outcome) -> None:
        request.done = done
        self._queue.append(request)
        self._next()
        if request in self._queue:
            holder = self._holder
            if holder not in (None, request.client) and holder.open_transaction is not None:
                self.limits.note_wait(request.sql)
            self._sockets().later(self.patience, partial(self._on_timeout, request, self.patience))

    def _next(self) -> None:
        if self._running is not None:
            return
        for request in self._queue:
            if request.is_aside or self._is_free_for(request.client):
                self._queue.remove(request)
                self._start(request)
                return

    def _is_free_for(self, client: RollbackClient) -> bool:
        """Return whether a client may send a request; end the savepoint of one that only read."""
        holder = self._holder
        if holder in (None, client):
            return True
        current = holder.current
        if current is None or current.aborted or self.facts.changed_schema:
            return False
        if not self.settings.are_known:
            return False
        # An unnamed portal is left by a query for the first row, and no driver returns to it.
        if holder.may_have_written or holder.bound or {*holder.portals} - {holder.unnamed}:
            return False
        self._holder = None
        self._ending = "rollback"
        self._close_portals(holder)
        return True

    def _close_portals(self, client: RollbackClient) -> None:
        """Close the portals of a client, whose transaction or savepoint ends."""
        self._portals += [*client.portals, *client.closing]
        client.portals, client.closing = [], []
        client.bound.clear()

    def _start(self, request: Request) -> None:
        upstream = self._upstream
        self._running = request
        if upstream is None or upstream.is_lost:
            error = ServerError(ErrorFields("57P01", failures.SERVER_GONE, "FATAL"))
            self._finished(request, [Reply(error=error, status="")])
            return
        before = b"" if request.is_aside and self._is_begun else self._before(request)
        if not (request.is_aside or self.facts.reads.only_reads(request.sql)):
            request.client.may_have_written = True
        finished = partial(self._finished, request)
        if request.observation is not None:
            ask_observed(upstream, request.observation, request, before, finished)
            return
        wanted = request.wanted + bool(before)
        upstream.ask(before + request.data, wanted, finished, request.copied)

    def _before(self, request: Request) -> bytes:
        """Return the statements that prepare the server for a client's next request."""
        client = request.client
        if self._holder is client:
            return b""
        if request.is_aside:
            return upstream_requests.query(";".join(self._catch_up()))
        statements = self._catch_up()
        statements += self.settings.change_to(client, self._constraints.restore_statements())
        statements.append(f"SAVEPOINT {SAVEPOINT}")
        statements += self.settings.local_to(client)
        client.may_have_written = False
        if client.settings["transaction_read_only"] == "on":
            statements.append("SET LOCAL transaction_read_only = on")
        self._holder = client
        closed = b"".join(map(upstream_requests.close_portal, self._portals))
        self._portals = []
        return closed + upstream_requests.query(";".join(statements))

    def _catch_up(self) -> list[str]:
        """Return the statements that begin the transaction, or end a client's, if that is due."""
        if not self._is_begun:
            self._is_begun = True
            return ["BEGIN"]
        ending, self._ending = self._ending, ""
        released = [f"RELEASE SAVEPOINT {SAVEPOINT}"] if ending else []
        return [f"ROLLBACK TO SAVEPOINT {SAVEPOINT}"] * (ending == "rollback") + released

    def _finished(self, request: Request, replies: Sequence[Reply]) -> None:
        self._running = None
        own, replies = replies[: -request.wanted], replies[-request.wanted :]
        reply = replies[0]
        if own and own[0].error is not None:
            text = f"the transaction that isolates this test is broken: {own[0].error.fields.text}"
            self.limits.note_broken()
            expectations.record_failure(failures.IsolationBroken(text))
            self.needs_replacement = True
        if replies[-1].status == "I" and not self.needs_replacement:
            self.needs_replacement = True
            self.limits.note_broken()
            expectations.record_failure(failures.escaped(request.sql))
        self.facts.note(request.sql, reply.tag)
        if not request.is_wanted:
            self.end(request.client, commit=False)
        else:
            request.done(request.outcome(replies))
        self._next()

    def _cancel(self, request: Request) -> None:
        if request is self._running:
            assert self._upstream is not None
            request.is_cancelled = True
            self._upstream.cancel()
        elif request in self._queue:
            self._queue.remove(request)
            request.done(errors.error("57014", "canceling statement due to user request"))

    def _on_timeout(self, request: Request, seconds: float) -> None:
        """Fail a request that has waited too long for another client's transaction."""
        if request not in self._queue:
            return
        holder = self._holder if self._running is None else self._running.client
        if holder is None or not holder.transactions or holder.open_transaction is None:
            # A long-running statement outside of a transaction block will end.
            self._sockets().later(seconds, partial(self._on_timeout, request, seconds))
            return
        self._queue.remove(request)
        latest = holder.latest
        where = "another connection" if latest is None else latest.origin.place
        sent = "" if latest is None else latest.statement
        self.limits.note_busy()
        failure = failures.busy(request.sql, seconds, where, sent)
        expectations.record_failure(failure)
        request.done(errors.error("55P03", str(failure)))

    def read_beside(self, sql: str) -> Sequence[tuple[str | None, ...]] | None:
        """Return what a query finds in the open transaction, as texts; None while a request runs.

        An aborted transaction goes back to its innermost savepoint, or to its beginning. Its client
        cannot tell: what it sends before a rollback is refused before it comes here.

        Raises:
            ServerError: the query failed, or the server is gone.
        """
        if self._running is not None:
            return None
        if self._upstream is None or self._upstream.is_lost:
            raise ServerError(ErrorFields("57P01", failures.SERVER_GONE, "FATAL"))
        statements = self._catch_up()
        current = None if self._holder is None else self._holder.current
        if current is not None and current.aborted:
            name = SAVEPOINT if current.savepoint is None else quoted(current.savepoint)
            statements.append(f"ROLLBACK TO SAVEPOINT {name}")
        return read_aside(self._upstream, statements, sql)

    # Tests ---------------------------------------------------------------------------------------

    @property
    def is_used(self) -> bool:
        """Whether any request has run or waits since the last `roll_back`."""
        return self._is_begun or self._running is not None or bool(self._queue)

    def roll_back(self) -> None:
        """Roll back the transaction of a test."""
        upstream = self._upstream
        self._queue.clear()
        if upstream is None:
            return
        if self._running is not None:
            self._running.is_wanted = False
            upstream.cancel()
            upstream.finish()
        if self._is_begun and not upstream.is_lost and not self.needs_replacement:
            reply = upstream.ask_now(upstream_requests.query(f"ROLLBACK;{restore_statements()}"))
            self.needs_replacement = reply.error is not None
        self._is_begun = False
        self._holder = None
        self._ending = ""
        self.settings.restart()
        self._portals = []
        self._constraints.note_rollback()
        self.generation += self.facts.changed_schema
        self.facts.read_again(None if self.needs_replacement else upstream)
        if self.settings.has_new_names and not upstream.is_lost and not self.needs_replacement:
            # A session remembers such names, and current_setting() would not fail for them.
            self._reconnect()

    def _reconnect(self) -> None:
        """Replace the connection; if that fails, the next test connects, and says why it cannot."""
        import psycopg

        self.close()
        try:
            upstream = Upstream(self._dsn, self._sockets())
            self._begin_with(upstream)
        except (psycopg.OperationalError, ServerError):
            self.close()
