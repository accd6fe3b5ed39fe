"""`isolation = "rollback"`: one transaction on the real server, which all clients of a test share.

The transaction of a client is a savepoint in it. There is one savepoint at a time: other clients
wait until it ends, unless it has only read. No request is sent for this module's sake alone: what
ends a savepoint goes together with the next statement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.mysql.error_fields import server_error
from understudy.mysql.packets import Command, Status
from understudy.mysql.results import Result, read_result
from understudy.pg.errors import ServerError
from understudy.real_mysql import failures
from understudy.real_mysql.participant import Participant
from understudy.real_mysql.upstream import Reading, Upstream
from understudy.real_mysql.written_tables import may_write
from understudy.script import expectations
from understudy.serving.waits import ConnectionDropped, Pending

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

PATIENCE = 5.0
_SAVEPOINT = "`understudy: one client`"
_RELEASE = f"RELEASE SAVEPOINT {_SAVEPOINT}"
_ROLL_BACK = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}"


@dataclass(slots=True, eq=False)
class Request:
    """A command of a client; see `Upstream.ask`.

    Attributes:
        done: receives the outcome.
    """

    connection: Participant
    command: Command
    body: bytes
    reading: Reading
    sql: str
    done: Callable[[Any], None] = lambda _: None


class SharedTransaction:
    """The transaction of a test. Call it in the sockets' thread.

    Args:
        opened: opens the connection to the real server.
        sockets: those that serve the clients.

    Attributes:
        is_escaped: whether a statement has committed the transaction.
        patience: seconds that a statement waits for another client's transaction.
    """

    def __init__(self, opened: Callable[[], Upstream], sockets: Sockets) -> None:
        self._opened = opened
        self._sockets = sockets
        self._upstream: Upstream | None = None
        self._queue: deque[Request] = deque()
        self._running: Request | None = None
        self._holder: Participant | None = None
        self._latest: Participant | None = None  # its settings are in place
        self._ending: list[str] = []
        self._told: list[tuple[Command, bytes]] = []
        self._is_begun = False
        self.is_escaped = False
        self.patience = PATIENCE

    @property
    def upstream(self) -> Upstream:
        """The connection to the real server."""
        if self._upstream is None or self._upstream.is_lost:
            self._upstream = self._opened()
            self._is_begun, self._holder, self._latest, self._ending = False, None, None, []
        return self._upstream

    def submit(self, request: Request) -> Pending:
        """Return a Pending for the outcome of a request."""

        def begin(done: Callable[[Any], None]) -> None:
            request.done = done
            self._queue.append(request)
            self._next()
            if request in self._queue:
                self._sockets.later(self.patience, partial(self._on_timeout, request))

        return Pending(None, begin=begin)

    def tell(self, command: Command, body: bytes) -> None:
        """Send a command without an answer, when nothing runs."""
        self._told.append((command, body))
        if self._running is None:
            self._send_told()

    def end(self, connection: Participant, *, commit: bool) -> None:
        """End the transaction of a client, together with the next request."""
        if self._holder is connection:
            self._holder = None
            self._ending += [_RELEASE] if commit else [_ROLL_BACK, _RELEASE]
            self._next()

    def drop(self, connection: Participant) -> None:
        """Forget a client that is gone, and roll back."""
        self._queue = deque(it for it in self._queue if it.connection is not connection)
        self.end(connection, commit=False)

    def is_latest(self, connection: Participant) -> bool:
        """Whether a client has sent the latest statement."""
        return self._latest is connection

    def replace_latest(self, connection: Participant, by: Participant) -> None:
        """Take another client for the one that has sent the latest statement, if it is this one."""
        if self._latest is connection:
            self._latest = by

    def roll_back(self, done: Callable[[Any], None]) -> None:
        """Roll everything back."""
        self._queue.clear()
        if self._upstream is None or self._upstream.is_lost or not self._is_begun:
            done(None)
            return
        self._is_begun, self._holder, self._ending = False, None, []
        asked = self._upstream.ask(Command.QUERY, b"ROLLBACK", read_result(deprecate_eof=False))
        assert asked.begin is not None
        asked.begin(done)

    def close(self) -> None:
        """Close the connection to the real server."""
        if self._upstream is not None:
            self._upstream.close()

    # One request after another -------------------------------------------------------------------

    def _next(self) -> None:
        if self._running is not None:
            return
        for request in self._queue:
            if self._is_free_for(request.connection):
                self._queue.remove(request)
                self._start(request)
                return

    def _is_free_for(self, connection: Participant) -> bool:
        holder = self._holder
        if holder in (None, connection):
            return True
        assert holder is not None
        if holder.has_written or holder.has_savepoint:
            return False
        self._holder = None  # it has only read, and begins again with its next statement
        self._ending.append(_RELEASE)
        return True

    def _start(self, request: Request) -> None:
        self._running = request
        connection = request.connection
        try:
            upstream = self.upstream
        except ServerError as error:
            self._finished(request, error)
            return
        self._send_told()
        before = [] if self._is_begun else ["START TRANSACTION"]
        self._is_begun = True
        before += self._ending
        self._ending = []
        if self._latest is not connection:
            before += connection.settings_after(self._latest)
            self._latest = connection
        if self._holder is not connection and connection.is_in_transaction:
            before.append(f"SAVEPOINT {_SAVEPOINT}")
            self._holder, connection.has_written = connection, False
        connection.has_written |= may_write(request.sql)
        if before:
            body = ";".join(before).encode()
            asked = upstream.ask(Command.QUERY, body, read_result(deprecate_eof=False))
            assert asked.begin is not None
            asked.begin(partial(self._prepared, request))
        else:
            self._send(request)

    def _prepared(self, request: Request, outcome: Any) -> None:
        failed = _error(outcome)
        if failed is None and not self._is_begun:
            failed = ConnectionDropped()  # the test has ended: outside of it nothing may be written
        if failed is not None:
            self._finished(request, failed)
        else:
            self._send(request)

    def _send(self, request: Request) -> None:
        asked = self.upstream.ask(request.command, request.body, request.reading)
        assert asked.begin is not None
        asked.begin(partial(self._finished, request))

    def _finished(self, request: Request, outcome: Any) -> None:
        self._running = None
        if isinstance(outcome, Result):
            parts = [outcome, *outcome.following]
            has_ended = parts[-1].error is None and not (
                (parts[-1].status or 0) & Status.IN_TRANSACTION
            )
            for part in parts:
                part.status = None  # the session in front knows that of its client
            if has_ended and self._is_begun:
                self._is_begun, self._holder, self.is_escaped = False, None, True
                expectations.record_failure(failures.escaped(request.sql))
        self._send_told()
        request.done(outcome)
        self._next()

    def _send_told(self) -> None:
        told, self._told = self._told, []
        for command, body in told:
            if self._upstream is not None:
                self._upstream.tell(command, body)

    def _on_timeout(self, request: Request) -> None:
        holder = self._holder
        if request not in self._queue:
            return
        if holder is None:
            self._sockets.later(self.patience, partial(self._on_timeout, request))
            return
        self._queue.remove(request)
        latest = holder.client.latest
        shown = "" if latest is None else latest.statement
        expectations.record_failure(failures.busy(request.sql, self.patience, shown))
        text = "Lock wait timeout exceeded; try restarting transaction"
        request.done(server_error(1205, "HY000", text))


def _error(outcome: Any) -> BaseException | None:
    if isinstance(outcome, BaseException):
        return outcome
    failed = (part.error for part in [outcome, *outcome.following] if part.error is not None)
    return next(failed, None)
