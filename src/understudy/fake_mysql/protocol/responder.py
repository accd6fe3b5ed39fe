"""The interface through which a session has its statements answered.

A session (session.py) speaks the protocol and knows nothing of scripts and catalogs. A `Responder`
knows what a statement means and returns: the script with the catalog for `fake_mysql`, a real
server for `real_mysql`, a few lines of Python in tests of the protocol.
"""

from __future__ import annotations

from typing import Protocol

from understudy.fake_mysql.protocol.connection import Connection
from understudy.fake_mysql.protocol.statements import Execution, Statement
from understudy.mysql.packets import Command
from understudy.mysql.results import Result
from understudy.serving.waits import Pending


class Responder(Protocol):
    """Prepares and answers statements.

    A Pending that a method returns ends with what the method returns otherwise.
    """

    def log_in(self, connection: Connection) -> Pending | None:
        """Note a connection that is logged in; return what its first answer waits for.

        Raises:
            ServerError: it is refused after all.
        """

    def prepare(self, sql: str, connection: Connection) -> Statement | Pending:
        """Prepare one statement for COM_STMT_PREPARE.

        Raises:
            ServerError: MySQL would refuse to prepare it.
        """

    def execute(
        self, statement: Statement, execution: Execution, connection: Connection
    ) -> Result | Pending:
        """Execute a statement.

        Args:
            statement: as `prepare` returned it, or a new one for a statement that came as text.
            execution: its parameters.
            connection: the connection that sent it.

        Raises:
            ServerError: it fails.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def control(self, sql: str, connection: Connection) -> Result | Pending | None:
        """Intercept a statement that the session answers itself.

        These are transaction control, SET, USE, KILL and what drivers ask on their own. None lets
        the session answer. A result replaces the session's answer; whatever the statement does to
        the session's transactions and variables is done in both cases.

        Raises:
            ServerError: it fails instead.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def command(
        self, command: Command, body: bytes, connection: Connection
    ) -> Result | Pending | None:
        """Intercept a command that is no statement, as `control` does.

        These are PING, INIT_DB, RESET_CONNECTION, CHANGE_USER (after its login), SET_OPTION,
        STATISTICS and PROCESS_KILL.

        Args:
            command: the command.
            body: the rest of its packet.
            connection: the connection that sent it.

        Raises:
            ServerError: it fails instead.
            ConnectionDropped: the connection ends instead of an answer.
        """

    def closed(self, statement: Statement, connection: Connection) -> None:
        """Note that a prepared statement is closed."""

    def lost(self, connection: Connection) -> None:
        """Note that a connection has ended."""
