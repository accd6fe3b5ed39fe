"""A connection of the app: its transactions, and the way of a statement to its answer."""

from __future__ import annotations

import inspect
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from understudy.pg import sql
from understudy.pg.errors import ErrorFields
from understudy.pg.sql_spelling import quoted
from understudy.real_sqlite import checks, sender, statements
from understudy.script import calls, expectations
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
from understudy.script.boundary import Event, Kind, tell_ended
from understudy.script.calls import Call, Transaction
from understudy.script.failures import Failure, NotSupported
from understudy.script.origin import at
from understudy.script.requests import now
from understudy.script.sqlite_errors import name_of, sqlite_error

if TYPE_CHECKING:
    from understudy.real_sqlite.connections import ObservedConnection, ObservedCursor
    from understudy.real_sqlite.database import SqliteDatabase

_REMEDY = "Commit it, roll it back, or close the connection."
_numbers = itertools.count(1)
# After these errors of a statement that writes, SQLite has rolled the transaction back
# (https://sqlite.org/lang_transaction.html). SQLITE_FULL does so only without a statement journal.
_ROLLING_BACK = ("SQLITE_IOERR", "SQLITE_INTERRUPT", "SQLITE_NOMEM")


class Session:
    """What a connection does.

    Args:
        connection: the connection.
        database: the database of the tests.

    Attributes:
        transaction: the open transaction or savepoint, or None.
        is_stale: whether the database has got another file since the connection was made.
    """

    def __init__(self, connection: ObservedConnection, database: SqliteDatabase) -> None:
        self._connection = connection
        self._database = database
        self._number = next(_numbers)
        self._begun = 0
        self.transaction: Transaction | None = None
        self.is_stale = False
        here = sender.current()
        with database.lock:
            event = self._event("connect", self._call("connect", "", None, here), here)
            self._ended(event, "")
            database.sessions.add(self)
            self._settle(None, here)  # autocommit=False begins a transaction

    # What the app asks for -----------------------------------------------------------------------

    def execute(
        self,
        cursor: ObservedCursor,
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
        given, parameters = _copied(parameters, self._database.has_rules)
        with self._database.lock:
            implicit = self._begin_implicitly(statement, here)
            call = self._call(method, statement, given, here)
            event = self._event(statements.kind_of(statement), call, here)
            self._database.engine.log(call)
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
            with self._database.lock:
                if implicit is not None and not self._connection.in_transaction:
                    self._forget(*implicit, call)
                self._settle(event, here, error)
                count = -1 if error is not None else cursor.rowcount
                self._ended(event, statements.tag_of(statement, count), error)

    def end(self, command: str, real: Callable[[], Any]) -> Any:
        """Commit or roll back by a method of the connection, or fail as the script says."""
        __tracebackhide__ = True
        self._refuse_stale()
        if not self._connection.in_transaction:
            return real()
        here = sender.current()
        error: BaseException | None = None
        with self._database.lock:
            call = self._call("execute", command, None, here)
            event = self._event(statements.kind_of(command), call, here)
        try:
            answer = self._ask(call, event)
            if answer is not None:
                self._answer(self._connection.cursor(), call, answer)
            return real()
        except BaseException as problem:
            error = problem
            raise
        finally:
            with self._database.lock:
                self._settle(event, here, error)
                self._ended(event, command, error)

    def closed(self) -> None:
        """Note that the connection is closed, which rolls back."""
        here = sender.current()
        with self._database.lock:
            self._database.sessions.discard(self)
            if self.transaction is not None:
                call = self._call("execute", "ROLLBACK", None, here)
                event = self._event("rollback", call, here, is_drivers=True)
                self._end_transaction("rolled back")
                self._ended(event, "ROLLBACK")

    def begin_test(self, *, is_stale: bool) -> None:
        """Forget what an earlier test has left."""
        self.transaction = None
        self.is_stale = self.is_stale or is_stale

    # The answer ----------------------------------------------------------------------------------

    def _ask(self, call: Call, event: Event) -> Answer | None:
        """Return the scripted answer; None if SQLite answers."""
        __tracebackhide__ = True
        engine = self._database.engine
        with self._database.lock:
            if not self._database.has_rules or not engine.rules_for(call):
                return None
            answer = engine.ask(call).answer
        outcome = None if answer is None else answer.outcome
        if isinstance(outcome, Computed) and outcome.function is from_real_server:
            return None
        if outcome is not None and event.kind == "statement" and call.method == "execute":
            checks.check_scripted(self._connection, self._database.template, call, outcome)
        return answer

    def _answer(self, cursor: ObservedCursor, call: Call, answer: Answer) -> bool:
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
            self._connection.hang_ends.clear()
            self._database.hanging.append(self._connection.hang_ends)
            self._connection.hang_ends.wait()
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
        if self._begins(call.statement):
            self._raw(f"BEGIN {self._connection.isolation_level}")

    def _raw(self, statement: str) -> None:
        sqlite3.Connection.cursor(self._connection).execute(statement)

    def _check_strings(self, call: Call) -> None:
        """Find names in double quotes that SQLite has taken for texts."""
        if '"' in call.statement and call.statement not in self._database.looked_at:
            self._database.looked_at.add(call.statement)
            checks.check_strings(self._connection, call)

    # Transactions --------------------------------------------------------------------------------

    def _begins(self, statement: str) -> bool:
        """Return whether sqlite3 begins a transaction before a statement."""
        connection = self._connection
        is_legacy = getattr(connection, "autocommit", -1) == -1  # since Python 3.12
        return (
            is_legacy
            and connection.isolation_level is not None
            and not connection.in_transaction
            and statements.changes_rows(statement)
        )

    def _begin_implicitly(
        self, statement: str, here: sender.Sender
    ) -> tuple[Transaction, Event] | None:
        """Note the transaction that begins with a statement."""
        is_outermost = statements.kind_of(statement) == "savepoint" and self.transaction is None
        if not is_outermost and not self._begins(statement):
            return None
        return self._begin(here)

    def _begin(self, here: sender.Sender) -> tuple[Transaction, Event]:
        event = self._event("begin", self._call("execute", "BEGIN", None, here), here)
        event.is_drivers = True
        self._ended(event, "BEGIN")
        return self._new_transaction(here), event

    def _new_transaction(self, here: sender.Sender, savepoint: str | None = None) -> Transaction:
        parent = self.transaction
        if parent is None:
            self._begun += 1
        self.transaction = Transaction(self._begun, savepoint, parent)
        self.transaction.origin = at(here.spot)
        self.transaction.remedy = _REMEDY
        if parent is None:
            self._database.transactions.append(self.transaction)
        return self.transaction

    def _forget(self, transaction: Transaction, event: Event, call: Call) -> None:
        """Forget a transaction that did not begin: SQLite has refused its first statement."""
        self.transaction = call.transaction = None
        self._begun -= 1
        self._database.transactions.remove(transaction)
        self._database.boundary.events.remove(event)

    def _settle(
        self, event: Event | None, here: sender.Sender, error: BaseException | None = None
    ) -> None:
        """Note which transactions have begun or ended with a call."""
        kind = None if event is None else event.kind
        try:
            is_open = self._connection.in_transaction
        except sqlite3.ProgrammingError:
            return  # closed
        # With autocommit=False another transaction has begun.
        is_over = not is_open or (error is None and kind in ("commit", "rollback"))
        if self.transaction is not None and is_over:
            is_lost = error is not None or kind == "rollback"
            self._end_transaction("rolled back" if is_lost else "committed")
        if is_open and self.transaction is None:
            if kind == "begin":
                self._new_transaction(here)
            else:
                self._begin(here)
        elif (
            event is not None and error is None and kind in ("savepoint", "release", "rollback to")
        ):
            self._move(kind, statements.words(event.call.statement)[-1], here)

    def _move(self, kind: Kind, name: str, here: sender.Sender) -> None:
        """Note a savepoint that is set, released or gone back to."""
        if kind == "savepoint":
            self._new_transaction(here, name.strip('"').lower())
            return
        transaction = self.transaction
        while transaction is not None and transaction.savepoint != name.strip('"').lower():
            transaction = transaction.parent
        if transaction is None:
            return
        if kind == "release":
            transaction.end("released")
            self.transaction = transaction.parent
        else:  # the savepoint itself stays
            transaction.end("rolled back")
            transaction.state = "open"
            self.transaction = transaction

    def _end_transaction(self, state: calls.State) -> None:
        outermost = self.transaction
        while outermost is not None and outermost.parent is not None:
            outermost = outermost.parent
        assert outermost is not None
        outermost.end(state)
        self.transaction = None

    # Calls and events ----------------------------------------------------------------------------

    def _call(self, method: str, statement: str, given: Any, here: sender.Sender) -> Call:
        call = Call(method, statement, given, self.transaction, here.spot)
        call.sender = calls.Sender(self._number, "", "main", "")
        return call

    def _event(
        self, kind: Kind, call: Call, here: sender.Sender, *, is_drivers: bool = False
    ) -> Event:
        event = self._database.boundary.begin(kind, call, here.request, is_drivers=is_drivers)
        event.is_handling = here.is_handling
        return event

    def _ended(self, event: Event, tag: str, error: BaseException | None = None) -> None:
        event.ended = now()
        if error is None:
            event.tag = tag
        else:
            event.call.fail()
            event.error = ErrorFields(name_of(error), str(error))
        tell_ended(event)

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


def _select(cursor: ObservedCursor, result: Rows, known: Sequence[str] | None) -> None:
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
