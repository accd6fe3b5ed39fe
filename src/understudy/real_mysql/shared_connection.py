"""What a client has instead of a connection of its own, with isolation by rollback."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Any

from understudy.fake_mysql.clients import Client
from understudy.fake_mysql.protocol import variables
from understudy.fake_mysql.protocol.commands import (
    Assignment,
    Begin,
    End,
    Kill,
    Savepoint,
    Set,
    control_of,
)
from understudy.fake_mysql.protocol.session_state import commits_implicitly
from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import Capability
from understudy.mysql.packets import Command
from understudy.mysql.results import Result, read_result
from understudy.mysql.sql import command_of, pieces
from understudy.mysql.templates import spelled
from understudy.real_mysql import failures
from understudy.real_mysql.participant import Participant, set_value
from understudy.real_mysql.rollback import Request, SharedTransaction
from understudy.real_mysql.upstream import Check, Reading, Upstream
from understudy.real_mysql.written_tables import writes_rows
from understudy.script import expectations
from understudy.serving.chain import chain
from understudy.serving.waits import Pending

# UNLOCK TABLES commits if tables are locked. XA has transactions of its own.
_COMMITTING_TOO = ("UNLOCK", "XA")
_MATCHED = re.compile(r"Rows matched: \d+  Changed: (\d+)  Warnings: \d+")
# Of the session in front, which knows them of each client. The timeouts would end the connection
# that all share.
_OF_SESSION = frozenset(
    {"autocommit", "transaction_isolation", "tx_isolation", "transaction_read_only"}
    | {"wait_timeout", "interactive_timeout", "idle_transaction_timeout"}
    | {"idle_readonly_transaction_timeout", "idle_write_transaction_timeout"}
)
_ABOUT_SESSION = re.compile(rf"\b(?:connection_id|{'|'.join(_OF_SESSION)})\b", re.IGNORECASE)


def _with_changed_rows(outcome: Any) -> None:
    """Count the rows that an UPDATE has changed, and not all that it has found.

    The shared connection was opened with CLIENT_FOUND_ROWS, which this client has not asked for.
    """
    if isinstance(outcome, Result) and (told := _MATCHED.match(outcome.info)) is not None:
        outcome.affected = int(told[1])


class SharedConnection(Participant):
    """What a client has instead of a connection of its own; see `Upstream` for what is not here.

    Args:
        client: the client.
        shared: the transaction.
        database: the name of its database on the real server, "" for none.
    """

    def __init__(self, client: Client, shared: SharedTransaction, database: str) -> None:
        super().__init__(client, database)
        self._shared = shared

    @property
    def real(self) -> Upstream:
        """The connection to the real server."""
        return self._shared.upstream

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
        if commits_implicitly(sql) or verb in _COMMITTING_TOO:
            words = [piece.word for piece in pieces(sql)[:2]]
            shown = " ".join(words) if verb in ("ALTER", "CREATE", "DROP", "RENAME") else verb
            raise expectations.record_failure(failures.commits(shown, sql))

    def ask(
        self,
        command: Command,
        body: bytes,
        reading: Reading,
        sql: str = "",
        check: Check = lambda _: None,
    ) -> Pending:
        """Send a command in the client's transaction, and return a Pending for its outcome."""
        asked = self._shared.submit(Request(self, command, body, reading, sql, check))
        if self.client.capabilities & Capability.FOUND_ROWS:
            return asked
        return chain(asked, _with_changed_rows)

    def when_idle(self, tell: Callable[[], None]) -> None:
        """Call what sends a command without an answer, when nothing runs for any client."""
        self._shared.when_idle(tell)

    def leave(self) -> None:
        """Roll back what a client that is gone has left open."""
        self._shared.drop(self)

    def use(self, database: str) -> Pending:
        """Change the database of the client."""
        before, self._database = self._database, database

        def keep() -> None:
            self._database = before

        def check(outcome: Result) -> None:
            if outcome.error is not None:
                keep()

        reading = read_result(deprecate_eof=False)
        return chain(self.ask(Command.INIT_DB, database.encode(), reading), check, keep)

    def reset_session(self) -> Pending | None:
        """Reset the client's session."""
        self._shared.end(self, commit=False)
        self._shared.replace_latest(self, copy(self))  # its settings are still in place
        self.reset()
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
                self._begin_autocommit(assignments)
                return self._set(assignments, sql, body)
            case None if self._is_known_in_front(sql):
                return None
        return self.ask(Command.QUERY, body, read_result(deprecate_eof=False), sql)

    def _begin_autocommit(self, assignments: Sequence[Assignment]) -> None:
        for assignment in assignments:
            if assignment.name == "autocommit":
                is_on = [piece.word for piece in assignment.value] in (["1"], ["ON"], ["TRUE"])
                if is_on and not self.client.autocommit:
                    self._begins = self._is_read_only = False
                    self._shared.end(self, commit=True)

    def _set(self, assignments: Sequence[Assignment], sql: str, body: bytes) -> Pending | None:
        """Carry out the assignments that are not of the session in front alone."""
        values = [
            (it.name, self._value(it, sql), it.is_global)
            for it in assignments
            if it.is_global or it.name not in _OF_SESSION
        ]
        if not values:
            return None
        if len(values) < len(assignments):
            parts = ["GLOBAL " * scope + set_value(name, value) for name, value, scope in values]
            body = f"SET {', '.join(parts)}".encode(self.client.codec, "surrogateescape")
        asked = self.ask(Command.QUERY, body, read_result(deprecate_eof=False), sql)
        own = {name: value for name, value, is_global in values if not is_global}
        return chain(asked, partial(self._note, own))

    def _value(self, assigned: Assignment, sql: str) -> str:
        """Return what a SET assigns; of a variable its value, which may be another one later."""
        if assigned.value[0].kind == "variable":
            with suppress(LookupError):  # or only the server knows it
                value = variables.assigned(assigned.name, assigned.value, self.client)
                if value is not None:
                    return spelled(value)
        return sql[assigned.value[0].start : assigned.value[-1].end]

    def _note(self, settings: dict[str, str], outcome: Result) -> None:
        """Note settings, unless the server has refused them.

        What a function or a query computes is not computed again.
        """
        if outcome.error is None:
            for name, value in settings.items():
                self._settings.pop(name, None)  # they are set again in this order
                if "(" not in value:
                    self._settings[name] = value

    def _is_known_in_front(self, sql: str) -> bool:
        """Return whether a question is about this client alone."""
        if _ABOUT_SESSION.search(sql):
            return True
        words = sql.upper()
        about = ("LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS", "WARNINGS", "ERRORS")
        return any(word in words for word in about) and not self._shared.is_latest(self)
