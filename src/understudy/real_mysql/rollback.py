"""`isolation = "rollback"`: one transaction on the real server, which all clients of a test share.

The transaction of a client is a savepoint in it. There is one savepoint at a time: other clients
wait until it ends, unless it has only read. No request is sent for this module's sake alone: what
ends a savepoint goes together with the next statement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.mysql.error_fields import MysqlErrorFields, server_error
from understudy.mysql.packets import Command, Status
from understudy.mysql.results import Result, read_result
from understudy.mysql_server.admin import LONGEST_WAIT
from understudy.pg.errors import ServerError
from understudy.real_mysql import failures
from understudy.real_mysql.participant import Participant
from understudy.real_mysql.upstream import Check, Reading, Upstream, ask_alone
from understudy.real_mysql.written_tables import may_write
from understudy.script import expectations
from understudy.serving.waits import ConnectionDropped, Pending

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

PATIENCE = 5.0
_NO_SAVEPOINT = 1305  # ER_SP_DOES_NOT_EXIST
_SAVEPOINT = "`understudy: one client`"
_NEVER_IDLE = f"SET wait_timeout = {LONGEST_WAIT}"
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
    check: Check = lambda _: None
    done: Callable[[Any], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Preparation:
    """What is sent before a request, in this order.

    Attributes:
        begins: begins the transaction of the test, on a new connection after a setting.
        ends: ends savepoints.
        settings: put the client's settings in place of those of `latest`.
        saves: sets the client's savepoint.
    """

    begins: list[str]
    ends: list[str]
    settings: list[str]
    saves: list[str]
    latest: Participant | None

    @property
    def statements(self) -> list[str]:
        """All of it."""
        return self.begins + self.ends + self.settings + self.saves


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
        self._told: list[Callable[[], None]] = []
        self._is_begun = False
        self._is_killing = False
        self._after_kill: list[Callable[[], None]] = []
        self._is_lost = False  # and what the test has written with it
        self._latest_refused = ""
        self.is_escaped = False
        self.patience = PATIENCE

    @property
    def upstream(self) -> Upstream:
        """The connection to the real server."""
        if self._upstream is not None and self._upstream.is_lost:
            self._forget()
        if self._upstream is None:
            self._upstream = upstream = self._opened()
            upstream.on_lost = partial(self._on_lost, upstream)
            if self._is_lost:
                self._is_lost = False
                expectations.record_failure(failures.lost())
        return self._upstream

    def _forget(self) -> None:
        """Forget the connection to the real server, which has ended."""
        self._is_lost |= self._is_begun
        self._upstream = self._latest = None
        self._forget_transaction()

    def _forget_transaction(self) -> None:
        self._is_begun, self._holder, self._ending = False, None, []

    def _on_lost(self, upstream: Upstream) -> None:
        if self._upstream is upstream:
            self._forget()
            self._next()

    def submit(self, request: Request) -> Pending:
        """Return a Pending for the outcome of a request."""

        def begin(done: Callable[[Any], None]) -> None:
            request.done = done
            self._queue.append(request)
            self._next()
            if request in self._queue:
                self._sockets.later(self.patience, partial(self._on_timeout, request))

        return Pending(None, begin=begin, cancel=partial(self._cancel, request))

    def _cancel(self, request: Request) -> None:
        """End a request before its time, as KILL QUERY does."""
        if request is self._running:
            self._kill()
        elif request in self._queue:
            self._queue.remove(request)
            request.done(server_error(1317, "70100", "Query execution was interrupted"))

    def _kill(self) -> None:
        """Kill what runs on the real server. Nothing else is sent until that is done."""
        if self._is_killing or (number := self.number) is None:
            return
        with suppress(ServerError):  # else the server is gone, which ends what runs, too
            ask_alone(self._opened, f"KILL QUERY {number}", self._killed)
            self._is_killing = True

    def _killed(self) -> None:
        """Go on: what runs has been killed, or had ended before."""
        self._is_killing = False
        waiting, self._after_kill = self._after_kill, []
        for function in waiting:
            function()
        self._next()

    def when_idle(self, tell: Callable[[], None]) -> None:
        """Call what sends a command without an answer, when nothing runs."""
        self._told.append(tell)
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
        if self._running is not None and self._running.connection is connection:
            self._kill()
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
        if self._is_killing:
            self._after_kill.append(partial(self.roll_back, done))
            return
        self._is_lost = False
        if self._upstream is None or self._upstream.is_lost or not self._is_begun:
            self._forget_transaction()
            done(None)
            return
        self._forget_transaction()
        asked = self._upstream.ask(Command.QUERY, b"ROLLBACK", read_result(deprecate_eof=False))
        assert asked.begin is not None
        asked.begin(done)

    @property
    def number(self) -> int | None:
        """The number of the connection on the real server, if there is one."""
        upstream = self._upstream
        return None if upstream is None or upstream.is_lost else upstream.id

    def close(self) -> None:
        """Close the connection to the real server."""
        if self._upstream is not None:
            self._upstream.close()

    # One request after another -------------------------------------------------------------------

    def _next(self) -> None:
        if self._running is not None or self._is_killing:
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
            request.check(upstream)
        except ServerError as error:
            self._finished(request, error)
            return
        self._send_told()
        latest = self._latest
        is_saved = self._holder is connection or not connection.is_in_transaction
        before = _Preparation(
            begins=[_NEVER_IDLE] * (latest is None) + ["START TRANSACTION"] * (not self._is_begun),
            ends=self._ending,
            settings=[] if latest is connection else connection.settings_after(latest),
            saves=[] if is_saved else [f"SAVEPOINT {_SAVEPOINT}"],
            latest=latest,
        )
        self._is_begun, self._latest, self._ending = True, connection, []
        if before.saves:
            self._holder, connection.has_written = connection, False
        connection.has_written |= may_write(request.sql)
        if before.statements:
            body = ";".join(before.statements).encode()
            asked = upstream.ask(Command.QUERY, body, read_result(deprecate_eof=False))
            assert asked.begin is not None
            asked.begin(partial(self._prepared, request, before))
        else:
            self._send(request)

    def _prepared(self, request: Request, before: _Preparation, outcome: Any) -> None:
        failed = _error(outcome)
        if failed is not None:
            self._latest = request.connection.mixed_with(before.latest)
            if self._is_begun and isinstance(outcome, Result):
                done = sum(part.error is None for part in [outcome, *outcome.following])
                if self._take_back(before, done, failed):
                    self._start(request)
                    return
        elif not self._is_begun:
            failed = ConnectionDropped()  # the test has ended: outside of it nothing may be written
        if failed is not None:
            self._finished(request, failed)
        else:
            self._send(request)

    def _take_back(self, before: _Preparation, done: int, failed: BaseException) -> bool:
        """Note that only the first statements of a preparation were carried out.

        Args:
            before: the preparation.
            done: how many were.
            failed: why the next one was not.

        Returns:
            Whether the transaction has ended before, so that the request can be prepared again.
        """
        if before.saves:
            self._holder, self._ending = None, []  # what was to end it since then, too
        if done < len(before.begins):
            self._is_begun = False
        elif left := before.ends[done - len(before.begins) :]:
            self._ending = left + self._ending
            if _is_no_savepoint(failed):
                self._note_escape(self._latest_refused)
                return True
        return False

    def _note_escape(self, sql: str) -> None:
        self._forget_transaction()
        self.is_escaped = True
        expectations.record_failure(failures.escaped(sql))

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
            if parts[-1].error is not None:
                self._latest_refused = request.sql
            if has_ended and self._is_begun:
                self._note_escape(request.sql)
        self._send_told()
        request.done(outcome)
        self._next()

    def _send_told(self) -> None:
        told, self._told = self._told, []
        for tell in told:
            tell()

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


def _is_no_savepoint(error: BaseException) -> bool:
    fields = error.fields if isinstance(error, ServerError) else None
    return isinstance(fields, MysqlErrorFields) and fields.code == _NO_SAVEPOINT


def _error(outcome: Any) -> BaseException | None:
    if isinstance(outcome, BaseException):
        return outcome
    failed = (part.error for part in [outcome, *outcome.following] if part.error is not None)
    return next(failed, None)
