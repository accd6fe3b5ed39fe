"""A connection of the app, and the way of a statement to its answer."""

from __future__ import annotations

import inspect
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from understudy.pg import sql
from understudy.pg.sql_spelling import quoted
from understudy.real_sqlite import checks, sender, statements
from understudy.real_sqlite.answered_cursor import AnsweredCursor
from understudy.real_sqlite.session_log import SessionLog
from understudy.real_sqlite.shared_state import SharedState
from understudy.script import expectations
from understudy.script.answers import (
    Answer,
    Computed,
    Error,
    Hang,
    Row,
    Rows,
    Value,
    from_real_server,
    read_computed,
    values_of,
)
from understudy.script.boundary import Event
from understudy.script.calls import Call
from understudy.script.failures import Failure, NotSupported
from understudy.script.sqlite_errors import name_of, sqlite_error

# After these errors of a statement that writes, SQLite has rolled the transaction back
# (https://sqlite.org/lang_transaction.html). SQLITE_FULL does so only without a statement journal.
_ROLLING_BACK = ("SQLITE_IOERR", "SQLITE_INTERRUPT", "SQLITE_NOMEM")


class Session:
    """What a connection does.

    Args:
        connection: the connection.
        hang_ends: set when a statement of it that hangs is interrupted.
        shared: what it shares with the other connections.

    Attributes:
        is_stale: whether the database has got another file since the connection was made.
    """

    def __init__(
        self, connection: sqlite3.Connection, hang_ends: threading.Event, shared: SharedState
    ) -> None:
        self._connection = connection
        self._hang_ends = hang_ends
        self._shared = shared
        self._log = SessionLog(connection, shared)
        self.is_stale = False
        here = sender.current()
        with shared.lock:
            event = self._log.event("connect", self._log.call("connect", "", None, here), here)
            self._log.ended(event, "")
            self._log.settle(None, here)  # autocommit=False begins a transaction

    # What the app asks for -----------------------------------------------------------------------

    def execute(
        self,
        cursor: AnsweredCursor,
        method: str,
        statement: str,
        parameters: Any,
        real: Callable[..., Any],
    ) -> None:
        """Execute a statement, or answer it from the script.

        Args:
            cursor: the cursor that gets the answer.
            method: "execute", "execute_many" or "executescript".
            statement: its text.
            parameters: for "execute_many", the sets of parameters.
            real: the method of sqlite3.
        """
        __tracebackhide__ = True
        self._refuse_stale()
        here = sender.current()
        given, parameters = _copied(parameters, self._shared.has_rules)
        with self._shared.lock:
            self._can_be_interrupted()
            implicit = self._log.begin_implicitly(statement, here)
            call = self._log.call(method, statement, given, here)
            event = self._log.event(statements.kind_of(statement), call, here)
            self._shared.engine.log(call)
        error: BaseException | None = None
        try:
            answer = self._ask(call, event)
            if answer is None or not self._answer(cursor, call, answer):
                real(statement, parameters)
                self._check_strings(call)
        except BaseException as problem:
            error = problem
            raise
        finally:
            with self._shared.lock:
                if implicit is not None and not self._connection.in_transaction:
                    self._log.forget(*implicit, call)
                self._log.settle(event, here, error)
                count = -1 if error is not None else cursor.rowcount
                self._log.ended(event, statements.tag_of(statement, count), error)
            error = None  # its traceback has this frame, and so the cursor

    def end(self, command: str, real: Callable[[], Any]) -> Any:
        """Commit or roll back by a method of the connection, or fail as the script says."""
        __tracebackhide__ = True
        self._refuse_stale()
        if not self._connection.in_transaction:
            return real()
        here = sender.current()
        error: BaseException | None = None
        with self._shared.lock:
            self._can_be_interrupted()
            call = self._log.call("execute", command, None, here)
            event = self._log.event(statements.kind_of(command), call, here)
        try:
            answer = self._ask(call, event)
            if answer is not None:
                self._answer(
                    sqlite3.Connection.cursor(self._connection, AnsweredCursor), call, answer
                )
            return real()
        except BaseException as problem:
            error = problem
            raise
        finally:
            with self._shared.lock:
                self._log.settle(event, here, error)
                self._log.ended(event, command, error)
            error = None  # as above

    def closed(self) -> None:
        """Note that the connection is closed, which rolls back."""
        here = sender.current()
        with self._shared.lock:
            self._log.close(here)

    def begin_test(self, *, is_stale: bool) -> None:
        """Forget what an earlier test has left."""
        self._log.transaction = None
        self.is_stale = self.is_stale or is_stale

    # The answer ----------------------------------------------------------------------------------

    def _can_be_interrupted(self) -> None:
        """Begin a call: from the moment others can see it, an interruption is meant for it."""
        if self._shared.has_rules:
            self._hang_ends.clear()
            self._shared.hanging.add(self._hang_ends)

    def _ask(self, call: Call, event: Event) -> Answer | None:
        """Return the scripted answer; None if SQLite answers."""
        __tracebackhide__ = True
        engine = self._shared.engine
        with self._shared.lock:
            if not self._shared.has_rules or not engine.rules_for(call):
                return None
            answer = engine.ask(call).answer
        outcome = None if answer is None else answer.outcome
        if isinstance(outcome, Computed) and outcome.function is from_real_server:
            return None
        if outcome is not None and event.kind == "statement" and call.method == "execute":
            checks.check_scripted(self._connection, self._shared.template(), call, outcome)
        return answer

    def _answer(self, cursor: AnsweredCursor, call: Call, answer: Answer) -> bool:
        """Answer a call; False if SQLite answers it after a delay or a rule about COMMIT."""
        __tracebackhide__ = True
        outcome = answer.outcome
        if answer.delay:
            time.sleep(answer.delay)
        if isinstance(outcome, Computed):
            value = outcome.function(call)
            if inspect.isawaitable(value):
                raise _refused(call, "a function that answers on real_sqlite cannot be async")
            outcome = read_computed(value)
        if isinstance(outcome, Hang):
            if threading.current_thread() is threading.main_thread():
                raise _refused(
                    call, "hangs() would block the main thread, and so the test, forever"
                )
            self._hang_ends.wait()
            outcome = Error(sqlite_error("SQLITE_INTERRUPT"))
        if isinstance(outcome, Error):
            raise self._failed(call, outcome.error)
        assert isinstance(outcome, Rows | Value), "SqliteRule takes no other"
        if statements.kind_of(call.statement) != "statement":
            return False
        self._begin_really(call)
        if isinstance(outcome, Value):
            cursor.tell(-1, None)
            sqlite3.Cursor.execute(cursor, 'SELECT ? AS "value"', (outcome.value,))
        elif outcome.rows or outcome.tag is None:
            _select(cursor, outcome, checks.columns_of(self._connection, call))
        else:
            command, *numbers = outcome.tag.split()
            row = int(numbers[0]) if command == "INSERT" and len(numbers) == 2 else 0
            cursor.tell(outcome.count if numbers else -1, row or None)
        return True

    def _failed(self, call: Call, error: BaseException | type[BaseException]) -> BaseException:
        """Do what SQLite does to the transaction, and return the error to be raised."""
        made = error() if isinstance(error, type) else error
        self._begin_really(call)
        found = statements.words(call.statement)
        name = name_of(made)
        is_over = name.startswith(_ROLLING_BACK) and statements.changes_rows(call.statement)
        is_over |= name == "SQLITE_FULL" and found[0] == "INSERT" and "SELECT" not in found
        if is_over and self._connection.in_transaction:
            self._raw("ROLLBACK")
        return made.with_traceback(None)

    def _begin_really(self, call: Call) -> None:
        """Begin the transaction that sqlite3 would have begun for a statement."""
        if self._log.begins(call.statement):
            self._raw(f"BEGIN {self._connection.isolation_level}")

    def _raw(self, statement: str) -> None:
        sqlite3.Connection.cursor(self._connection).execute(statement)

    def _check_strings(self, call: Call) -> None:
        """Find names in double quotes that SQLite has taken for texts."""
        if '"' in call.statement and call.statement not in self._shared.looked_at:
            self._shared.looked_at.add(call.statement)
            checks.check_strings(self._connection, call)

    def _refuse_stale(self) -> None:
        if self.is_stale:
            raise expectations.record_failure(
                NotSupported(
                    "this connection to real_sqlite was opened in an earlier test, which left a "
                    "transaction open on it; the database of this test is another file.\n"
                    "Close connections in the test that opens them."
                )
            )


def _copied(parameters: Any, has_rules: bool) -> tuple[Any, Any]:
    """Return parameters for the log and for sqlite3: what can be read only once is read once."""
    if isinstance(parameters, Mapping):
        return dict(parameters), parameters
    if isinstance(parameters, list | tuple):
        return list(parameters) or None, parameters
    if has_rules and isinstance(parameters, Iterable):
        rows = list(parameters)
        return rows, rows
    return None, parameters


def _select(cursor: AnsweredCursor, result: Rows, known: Sequence[str] | None) -> None:
    """Answer with rows: SQLite itself returns them, so that the cursor behaves as always."""
    first: Row = result.rows[0] if result.rows else ()
    names: Sequence[str]
    if result.columns is not None:
        names = result.columns
    elif isinstance(first, Mapping):
        names = list(first)
    else:
        names = known or [f"column{place}" for place in range(1, len(first) + 1)]
    if not names:
        cursor.tell(-1, None)
        return
    columns = ", ".join(map(quoted, names))
    row = f"({', '.join('?' * len(names))})"
    rows = ", ".join([row] * len(result.rows))
    body = f"VALUES {rows}" if rows else f"SELECT {', '.join(['NULL'] * len(names))} WHERE 0"
    values = [value for one in result.rows for value in values_of(one)]
    text = f"WITH scripted({columns}) AS ({body}) SELECT * FROM scripted"
    sqlite3.Cursor.execute(cursor, text, values)


def _refused(call: Call, reason: str) -> Failure:
    text = f"{reason}\n  sql: {sql.one_line(call.statement)}\n  at:  {call.origin.place}"
    return expectations.record_failure(NotSupported(text))
