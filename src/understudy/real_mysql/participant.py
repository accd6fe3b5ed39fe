"""A client in the shared transaction of isolation by rollback."""

from __future__ import annotations

from copy import copy
from typing import Self

from understudy.fake_mysql.clients import Client
from understudy.mysql.sql import quoted


class Participant:
    """What a client has set, and how far its own transaction is.

    Args:
        client: the client.
        database: the name of its database on the real server, "" for none.

    Attributes:
        client: the client.
        has_written: whether it may have written in its open transaction.
    """

    def __init__(self, client: Client, database: str) -> None:
        self.client = client
        self.has_written = False
        self._database = database
        self._settings: dict[str, str] = {}
        self._is_read_only = False
        self._begins = False
        if client.charset.name != "utf8mb4":
            self._settings["names"] = client.charset.name

    @property
    def is_in_transaction(self) -> bool:
        """Whether the client has begun a transaction."""
        return self._begins or self.client.open_transaction is not None

    @property
    def has_savepoint(self) -> bool:
        """Whether the client has set a savepoint."""
        return self.client.current is not self.client.open_transaction

    def mixed_with(self, other: Participant | None) -> Self:
        """Return what stands for a connection that has some of this client's settings in place.

        The others are those of another client.
        """
        mixed = copy(self)
        mixed._settings = {**({} if other is None else other._settings), **self._settings}
        mixed._database = ""
        return mixed

    def settings_after(self, other: Participant | None) -> list[str]:
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
