"""What the statements of a session do to its transactions and variables."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from understudy.fake_mysql.protocol import variables
from understudy.fake_mysql.protocol.commands import (
    Assignment,
    Begin,
    Control,
    End,
    Kill,
    Savepoint,
    Set,
    Use,
)
from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.login import ServerOptions, unknown_database
from understudy.fake_mysql.protocol.transactions import Transactions
from understudy.mysql.effects import Effect, effect_of, is_of_temporary_table
from understudy.mysql.error_fields import server_error
from understudy.mysql.packets import Status
from understudy.mysql.sql import command_of

# MySQL's manual, 15.3.3: they commit what is open.
_COMMITTING: Final = frozenset(
    {
        *("ALTER", "ANALYZE", "CACHE", "CHECK", "CREATE", "DROP", "FLUSH", "GRANT", "INSTALL"),
        *("LOCK", "OPTIMIZE", "RENAME", "REPAIR", "RESET", "REVOKE", "TRUNCATE", "UNINSTALL"),
    }
)
_READING: Final = frozenset(("SELECT", "TABLE", "WITH"))
_FROM: Final = re.compile(r"\b(?:FROM|TABLE)\b", re.IGNORECASE)


def commits_implicitly(sql: str) -> bool:
    """Return whether a statement commits what is open, although it is not a COMMIT."""
    return command_of(sql) in _COMMITTING and not is_of_temporary_table(sql)


class SessionState:
    """The transactions and variables of a session.

    Args:
        connection: the connection.
        options: the server's.
    """

    def __init__(self, connection: Connection, options: ServerOptions) -> None:
        self._connection = connection
        self._options = options
        self.transactions = Transactions(connection)

    def reset(self) -> None:
        """Reset the session: roll back what is open, and forget the variables."""
        self.transactions.end(commit=False)
        connection = self._connection
        connection.reset(variables.at_start(self._options))
        # DEFAULT is the server's, and not that of the login.
        variables.use_charset(connection.settings, connection.charset.name, None)

    def status(self) -> int:
        """Return the flags for OK and EOF packets."""
        flags = Status.AUTOCOMMIT if self._connection.autocommit else Status(0)
        if self.transactions.is_open and self.transactions.is_shown:
            flags |= Status.IN_TRANSACTION
            if self.transactions.is_read_only:
                flags |= Status.IN_READ_ONLY_TRANSACTION
        sql_mode = str(self._connection.settings.get("sql_mode"))
        if "NO_BACKSLASH_ESCAPES" in sql_mode:
            flags |= Status.NO_BACKSLASH_ESCAPES
        if "ANSI_QUOTES" in sql_mode and self._options.is_mariadb:
            flags |= Status.ANSI_QUOTES
        return flags

    def begin_statement(self, sql: str) -> None:
        """Commit or begin a transaction, as a statement does before it runs."""
        if commits_implicitly(sql):
            self.transactions.end(commit=True)
        elif self._connection.autocommit:
            return
        elif effect_of(sql) in (Effect.WRITES, Effect.RUNS) or (
            command_of(sql) in _READING and _FROM.search(sql)
        ):
            if not self.transactions.is_open:
                self.transactions.begin(is_implicit=True)
            self.transactions.is_shown = True

    def effect_of(self, control: Control) -> Callable[[], None] | None:
        """Return what carries a statement out; None if the session cannot.

        It raises ServerError if the statement fails.
        """
        if not isinstance(control, Set):
            return lambda: self._carry_out(control)
        try:
            values = [
                (
                    assignment,
                    variables.assigned(assignment.name, assignment.value, self._connection),
                )
                for assignment in control.assignments
                if assignment.name != "names"
            ]
        except LookupError:
            return None
        names = [assignment for assignment in control.assignments if assignment.name == "names"]
        return lambda: self._set(names, values)

    def _carry_out(self, control: Control) -> None:
        transactions = self.transactions
        match control:
            case Begin(is_read_only):
                transactions.begin(is_read_only=is_read_only)
            case End(commit, chain):
                transactions.end(commit=commit)
                if chain:
                    transactions.begin()
            case Savepoint("SAVEPOINT", name):
                transactions.savepoint(name)
            case Savepoint("RELEASE", name):
                transactions.release(name)
            case Savepoint(_, name):
                transactions.roll_back_to(name)
            case Use(database):
                self.use(database)
            case Kill(pid, query_only):
                self.kill(pid, query_only=query_only)

    def use(self, database: str) -> None:
        """Change the database.

        Raises:
            ServerError: the server has another one.
        """
        only = self._options.login.database
        if only is not None and database != only:
            raise unknown_database(database)
        self._connection.database = database

    def kill(self, pid: int, *, query_only: bool) -> None:
        """End another connection, or its statement.

        Raises:
            ServerError: there is no such connection.
        """
        if not self._options.kill(pid, query_only):
            raise server_error(1094, "HY000", f"Unknown thread id: {pid}")

    def _set(self, names: list[Assignment], values: list[tuple[Assignment, object]]) -> None:
        connection = self._connection
        for assignment in names:
            variables.set_names(connection, assignment.value)
        for assignment, value in values:
            name = assignment.name
            if name.startswith("@"):
                connection.variables[name[1:].strip("`'\"")] = value
            elif not assignment.is_global:
                if name == "autocommit" and value and not connection.autocommit:
                    self.transactions.end(commit=True)
                variables.set_variable(name, value, connection)
