"""`isolation = "delete"`: tests commit for real, and the tables that they wrote are put back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from understudy.mysql.error_fields import server_error
from understudy.mysql.handshake import Capability
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.databases import MysqlPlace
from understudy.mysql_server.errors import MysqlDatabaseError
from understudy.real_mysql.client_state import RealClient
from understudy.real_mysql.restoring import Restorer
from understudy.real_mysql.upstream import Upstream
from understudy.real_mysql.written_tables import WrittenTables

if TYPE_CHECKING:
    from understudy.serving.sockets import Sockets

# What a client can do that the real server has to know.
_PASSED_ON = Capability.FOUND_ROWS | Capability.IGNORE_SPACE | Capability.INTERACTIVE


class RealDatabase:
    """The database of the tests of one process.

    Args:
        place: the server, with a template of the database.

    Raises:
        MysqlUnavailable: the server does not answer.
        MysqlDatabaseError: it refuses to create the database.

    Attributes:
        address: where it is.
    """

    def __init__(self, place: MysqlPlace) -> None:
        self.address: Address = place.new_database()
        self._admin = Admin(self.address)
        self.written = WrittenTables(self._admin, self.address.database)
        self._restorer = Restorer(self._admin, place.template, self.address.database)
        self._is_broken = False

    def open(self, client: RealClient, sockets: Sockets, own_name: str) -> Upstream:
        """Connect a client that has logged in.

        Args:
            client: the client.
            sockets: those that serve it.
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
        passed_on = client.capabilities & _PASSED_ON
        return Upstream(address, sockets, capabilities=passed_on, collation=client.collation)

    def note(self, sql: str) -> None:
        """Note what a statement of a client may write."""
        self.written.note(sql)

    def note_tables(self, names: Iterable[str]) -> None:
        """Note tables that Understudy itself writes."""
        self.written.note_tables(names)

    def connect(self) -> Admin:
        """Return a new connection that no test sees."""
        return Admin(self.address)

    def restore(self) -> None:
        """Put back what was written.

        Raises:
            MysqlDatabaseError: it cannot be put back; the next call tries to put everything back.
            MysqlUnavailable: the server is gone.
        """
        written = self.written
        try:
            if written.is_changed or self._is_broken:
                self._restorer.replace()
            else:
                self._restorer.restore(written.names)
        except MysqlDatabaseError as error:
            self._is_broken = True
            raise MysqlDatabaseError(
                f"The tables of the tests cannot be put back after this one: {error}"
            ) from error
        self._is_broken = False
        written.forget()

    def kill(self, number: int, *, query_only: bool) -> None:
        """End a connection of the real server, or the statement that runs on it."""
        with self.connect() as admin:
            admin.rows(f"KILL {'QUERY ' if query_only else ''}{number:d}")

    def close(self) -> None:
        """Close Understudy's connection. The end of the run drops the database."""
        self._admin.close()
