"""`isolation = "rollback"`: one transaction on the real server, which all clients of a test share.

The transaction of a client is a savepoint in it. There is one savepoint at a time: other clients
wait until it ends, unless it has only read. No request is sent for this module's sake alone: what
ends a savepoint goes together with the next statement.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.fake_mysql.protocol.commands import (
    Assignment,
    Begin,
    End,
    Kill,
    Savepoint,
    Set,
    control_of,
)
from understudy.mysql.error_fields import server_error
from understudy.mysql.packets import Command, Status
from understudy.mysql.results import Result, read_result
from understudy.mysql.sql import command_of
from understudy.mysql_server.admin import quoted
from understudy.pg.errors import ServerError
from understudy.real_mysql import failures
from understudy.real_mysql.client_state import RealClient
from understudy.real_mysql.upstream import Reading, Upstream
from understudy.real_mysql.written_tables import may_write, writes_rows
from understudy.script import expectations
from understudy.serving.waits import Pending

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

PATIENCE = 5.0
_SAVEPOINT = "`understudy: one client`"
_RELEASE = f"RELEASE SAVEPOINT {_SAVEPOINT}"
_ROLL_BACK = f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}"
# MySQL's manual, 15.3.3; XA has transactions of its own.
_COMMITTING = re.compile(
    "ALTER|ANALYZE|CACHE|CHECK|CREATE|DROP|FLUSH|GRANT|INSTALL|LOCK|OPTIMIZE|RENAME|REPAIR|RESET"
    "|REVOKE|TRUNCATE|UNINSTALL|UNLOCK|XA"
)
# Of the session in front, which knows them of each client.
_OF_SESSION = ("autocommit", "transaction_isolation", "tx_isolation", "transaction_read_only")


@dataclass(slots=True, eq=False)
class _Request:
    connection: SharedConnection
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
        self._queue: deque[_Request] = deque()
        self._running: _Request | None = None
        self._holder: SharedConnection | None = None
        self._latest: SharedConnection | None = None  # its settings are in place
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

    def submit(self, request: _Request) -> Pending:
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

    def end(self, connection: SharedConnection, *, commit: bool) -> None:
        """End the transaction of a client, together with the next request."""
        if self._holder is connection:
            self._holder = None
            self._ending += [_RELEASE] if commit else [_ROLL_BACK, _RELEASE]
            self._next()

    def drop(self, connection: SharedConnection) -> None:
        """Forget a client that is gone, and roll back."""
        self._queue = deque(it for it in self._queue if it.connection is not connection)
        self.end(connection, commit=False)

    def is_latest(self, connection: SharedConnection) -> bool:
        """Whether a client has sent the latest statement."""
        return self._latest is connection

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

    def _is_free_for(self, connection: SharedConnection) -> bool:
        holder = self._holder
        if holder in (None, connection):
            return True
        assert holder is not None
        if holder.has_written or holder.has_savepoint:
            return False
        self._holder = None  # it has only read, and begins again with its next statement
        self._ending.append(_RELEASE)
        return True

    def _start(self, request: _Request) -> None:
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

    def _prepared(self, request: _Request, outcome: Any) -> None:
        failed = _error(outcome)
        if failed is not None:
            self._finished(request, failed)
        else:
            self._send(request)

    def _send(self, request: _Request) -> None:
        asked = self.upstream.ask(request.command, request.body, request.reading)
        assert asked.begin is not None
        asked.begin(partial(self._finished, request))

    def _finished(self, request: _Request, outcome: Any) -> None:
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

    def _on_timeout(self, request: _Request) -> None:
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


class SharedConnection:
    """What a client has instead of a connection of its own; see `Upstream` for what is not here.

    Args:
        client: the client.
        shared: the transaction.
        database: the name of its database on the real server, "" for none.

    Attributes:
        client: the client.
        has_written: whether it may have written in its open transaction.
    """

    is_lost = False

    def __init__(self, client: RealClient, shared: SharedTransaction, database: str) -> None:
        self.client = client
        self.has_written = False
        self._shared = shared
        self._database = database
        self._settings: dict[str, str] = {}
        self._is_read_only = False
        self._begins = False
        if client.charset.name != "utf8mb4":
            self._settings["names"] = client.charset.name

    @property
    def id(self) -> int:
        """The number of the connection on the real server."""
        return self._shared.upstream.id

    @property
    def is_in_transaction(self) -> bool:
        """Whether the client has begun a transaction."""
        return self._begins or self.client.open_transaction is not None

    @property
    def has_savepoint(self) -> bool:
        """Whether the client has set a savepoint."""
        return self.client.current is not self.client.open_transaction

    def check(self, sql: str) -> None:
        """Refuse a statement that commits implicitly, or writes where nothing may be written.

        Raises:
            Failure: it commits.
            ServerError: the client's transaction is read-only.
        """
        if self._is_read_only and self.is_in_transaction and writes_rows(sql):
            text = "Cannot execute statement in a READ ONLY transaction"
            raise server_error(1792, "25006", text)
        verb = command_of(sql)
        words = sql.upper().split()[:3]
        if _COMMITTING.fullmatch(verb) and "TEMPORARY" not in words:
            shown = " ".join(words[:2]) if verb in ("ALTER", "CREATE", "DROP", "RENAME") else verb
            raise expectations.record_failure(failures.commits(shown, sql))

    def ask(self, command: Command, body: bytes, reading: Reading, sql: str = "") -> Pending:
        """Send a command in the client's transaction, and return a Pending for its outcome."""
        return self._shared.submit(_Request(self, command, body, reading, sql))

    def tell(self, command: Command, body: bytes) -> None:
        """Send a command that has no answer."""
        if command != Command.QUIT:
            self._shared.tell(command, body)

    def close(self) -> None:
        """Roll back what the client has left open."""
        self._shared.drop(self)

    def use(self, database: str) -> Pending:
        """Change the database of the client."""
        self._database = database
        reading = read_result(deprecate_eof=False)
        return self.ask(Command.INIT_DB, database.encode(), reading)

    def reset(self) -> Pending | None:
        """Begin the client's session anew."""
        self._shared.end(self, commit=False)
        self._settings.clear()
        return None

    def control(self, sql: str, body: bytes) -> Result | Pending | None:
        """Carry out a statement that the session in front follows; None if that is enough."""
        match control_of(sql):
            case Begin(is_read_only):
                self._begins = False
                self._shared.end(self, commit=True)
                self._is_read_only = is_read_only
                return None
            case End(commit, is_chained):
                self._begins = False
                self._shared.end(self, commit=commit)
                self._is_read_only &= is_chained
                return None
            case Savepoint("SAVEPOINT") if not self.client.autocommit:
                self._begins = True  # the session in front notes it afterwards
            case Savepoint() if not self.is_in_transaction:
                return None
            case Kill():  # the session in front ends that client
                return None
            case Set(()) if self.is_in_transaction:  # SET TRANSACTION
                raise server_error(
                    *(1568, "25001"),
                    "Transaction characteristics can't be changed while a transaction is in "
                    "progress",
                )
            case Set(assignments):
                self._note(assignments)
                if all(assignment.name in _OF_SESSION for assignment in assignments):
                    return None
            case None if self._is_known_in_front(sql):
                return None
        return self.ask(Command.QUERY, body, read_result(deprecate_eof=False), sql)

    def _note(self, assignments: Sequence[Assignment]) -> None:
        for assignment in assignments:
            if assignment.name == "autocommit":
                is_on = [piece.word for piece in assignment.value] in (["1"], ["ON"], ["TRUE"])
                if is_on and not self.client.autocommit:
                    self._begins = self._is_read_only = False
                    self._shared.end(self, commit=True)
            elif not assignment.is_global and assignment.name not in _OF_SESSION:
                separator = " COLLATE " if assignment.name == "names" else " "
                self._settings[assignment.name] = separator.join(
                    piece.text for piece in assignment.value
                )

    def _is_known_in_front(self, sql: str) -> bool:
        """Return whether a question is about this client alone."""
        words = sql.upper()
        if "CONNECTION_ID" in words or any(name.upper() in words for name in _OF_SESSION):
            return True
        about = ("LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS", "WARNINGS", "ERRORS")
        return any(word in words for word in about) and not self._shared.is_latest(self)

    def settings_after(self, other: SharedConnection | None) -> list[str]:
        """Return the statements that put this client's settings in place of another's."""
        before = {} if other is None else other._settings
        statements = []
        for name in before.keys() - self._settings.keys():
            if name == "names":
                statements.append("SET NAMES utf8mb4")
            else:
                nothing = "NULL" if name.startswith("@") else "DEFAULT"
                statements.append(f"SET {name} = {nothing}")
        for name, value in self._settings.items():
            equals = " " if name == "names" else " = "
            statements.append(f"SET {name}{equals}{value}")
        if self._database and (other is None or other._database != self._database):
            statements.append(f"USE {quoted(self._database)}")
        return statements


def _error(outcome: Any) -> BaseException | None:
    if isinstance(outcome, BaseException):
        return outcome
    failed = (part.error for part in [outcome, *outcome.following] if part.error is not None)
    return next(failed, None)
