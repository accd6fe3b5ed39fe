"""The database of the tests on the real server, and how it is put back after each.

`isolation = "delete"`: tests commit for real, each client on a connection of its own, and the
tables that they wrote are put back. `isolation = "rollback"` is in rollback.py; only tables whose
engine has no transactions are put back like that. `isolation = "clone"` is a database of one test,
which is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import Capability
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlPlace
from understudy.mysql_server.errors import MysqlDatabaseError
from understudy.real_mysql.client_state import RealClient
from understudy.real_mysql.restoring import Restorer
from understudy.real_mysql.rollback import SharedTransaction
from understudy.real_mysql.shared_connection import SharedConnection
from understudy.real_mysql.upstream import Upstream
from understudy.real_mysql.written_tables import WrittenTables

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

Isolation = Literal["rollback", "delete", "clone"]
_MOST_SECONDS = 10.0  # until a rollback ends
_OTHER_ENGINES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
    " AND table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
)
# What a client can do that the real server has to know.
_PASSED_ON = Capability.FOUND_ROWS | Capability.IGNORE_SPACE | Capability.INTERACTIVE


class RealDatabase:
    """The database of the tests of one process.

    Args:
        place: the server, with a template of the database.
        sockets: those that serve the clients.
        isolation: that of the first test.

    Raises:
        MysqlUnavailable: the server does not answer.
        MysqlDatabaseError: it refuses to create the database.

    Attributes:
        address: where it is.
        isolation: that of the running test, or of the latest one.
        shared: the transaction of isolation by rollback.
    """

    def __init__(
        self, place: MysqlPlace, sockets: Sockets, isolation: Isolation = "rollback"
    ) -> None:
        self.isolation = isolation
        self._place = place
        self._sockets = sockets
        self.shared = SharedTransaction(self._open_shared, sockets)
        self.address: Address = place.new_database()
        self._admin = Admin(self.address)
        self.written = WrittenTables(self._admin, self.address.database)
        self._restorer = Restorer(self._admin, place.template, self.address.database)
        self._is_broken = False
        self._counted: set[str] = set()  # what was written and rolled back: its counters are not
        rows = self._admin.rows(_OTHER_ENGINES, self.address.database)
        self._not_rolled_back = {name for (name,) in rows}

    def _open_shared(self) -> Upstream:
        capabilities = Capability.FOUND_ROWS | Capability.MULTI_STATEMENTS
        return Upstream(self.address, self._sockets, capabilities=capabilities)

    def open(self, client: RealClient, own_name: str) -> Upstream | SharedConnection:
        """Connect a client that has logged in.

        Args:
            client: the client.
            own_name: the name by which clients know the database.

        Raises:
            ServerError: the client asks for another database, or the server refuses it.
        """
        if client.database not in ("", own_name):
            raise server_error(
                *(1049, "42000"),
                f"Unknown database '{client.database}'\nUnderstudy: the database of real_mysql is "
                f"'{own_name}', as real_mysql.dsn says.",
            )
        address = self.address if client.database else self.address.with_database("")
        if self.isolation == "rollback":
            return SharedConnection(client, self.shared, address.database)
        passed_on = client.capabilities & _PASSED_ON
        return Upstream(address, self._sockets, capabilities=passed_on, collation=client.collation)

    def note(self, sql: str) -> None:
        """Note what a statement of a client may write."""
        self.written.note(sql)

    def note_tables(self, names: Iterable[str]) -> None:
        """Note tables that Understudy itself writes."""
        self.written.note_tables(names)

    def connect(self) -> Admin:
        """Return a new connection that no test sees."""
        return Admin(self.address)

    def begin(self, isolation: Isolation | None) -> None:
        """Put back what was written since the last test, and begin another one.

        Args:
            isolation: that of the test; None for that of the last one.

        Raises:
            MysqlDatabaseError: as `restore`.
            MysqlUnavailable: as `restore`.
        """
        self.restore()
        self.isolation = isolation or self.isolation
        if self.isolation == "delete" and self._counted:
            self.written.note_tables(self._counted)
            self._counted = set()
            self.restore()

    def restore(self) -> None:
        """Put back what was written.

        Raises:
            MysqlDatabaseError: it cannot be put back; the next call tries to put everything back.
            MysqlUnavailable: the server is gone.
        """
        written = self.written
        is_rolled_back = self.isolation == "rollback"
        if is_rolled_back:
            self._roll_back()
        try:
            if written.is_changed or self._is_broken or self.shared.is_escaped:
                self._restorer.replace()
            else:
                names = written.names
                self._restorer.restore(names & self._not_rolled_back if is_rolled_back else names)
        except MysqlDatabaseError as error:
            self._is_broken = True
            raise MysqlDatabaseError(
                f"The tables of the tests cannot be put back after this one: {error}"
            ) from error
        self._is_broken = self.shared.is_escaped = False
        self._counted |= written.names if is_rolled_back else set()
        written.forget()

    def _roll_back(self) -> None:
        done: Future[object] = Future()
        self._sockets.post(lambda: self.shared.roll_back(done.set_result))
        with suppress(TimeoutError):
            done.result(_MOST_SECONDS)
            return
        self._is_broken = True
        running: Future[int | None] = Future()
        self._sockets.post(lambda: running.set_result(self.shared.number))
        if (number := running.result()) is not None:
            with suppress(MysqlDatabaseError):  # it has just ended; all is put back anyway
                self._admin.rows(f"KILL {number}")

    def drop(self) -> None:
        """Drop the database."""
        self._place.drop(self.address.database)

    def close(self) -> None:
        """Close Understudy's connections. The end of the run drops the database."""
        self._sockets.call(self.shared.close)
        self._admin.close()
