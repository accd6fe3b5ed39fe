"""A client in the shared transaction of isolation by rollback."""

from __future__ import annotations

import re
from copy import copy
from typing import Self

from understudy.fake_mysql.clients import Client
from understudy.mysql import charsets
from understudy.mysql.sql import quoted

_OF_CHARSET = re.compile("names|character_set_(?:client|connection|results)|collation_connection")
_NAMES = "utf8mb4 COLLATE utf8mb4_general_ci"  # as the shared connection logs in


def set_value(name: str, value: str) -> str:
    """Return an assignment of SET; `SET NAMES x` has no sign."""
    return f"{name} {value}" if name == "names" else f"{name} = {value}"


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
        self.reset()

    def reset(self) -> None:
        """Begin a session: with the settings that the login chooses, and no transaction."""
        charset = charsets.by_collation(self.client.collation) or charsets.USUAL
        is_usual = charset == charsets.USUAL
        self._settings: dict[str, str] = {} if is_usual else {"names": charset.name}
        self._is_read_only = False
        self._begins = False

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
        undone = {
            name: "NULL" if name.startswith("@") else "DEFAULT"
            for name in before
            if name not in self._settings and not _OF_CHARSET.fullmatch(name)
        }
        if "names" not in self._settings and any(map(_OF_CHARSET.fullmatch, before)):
            undone["names"] = _NAMES  # DEFAULT is the server's, and not that of the login
        values = [*undone.items(), *self._settings.items()]
        statements = [f"SET {set_value(name, value)}" for name, value in values]
        if self._database and (other is None or other._database != self._database):
            statements.append(f"USE {quoted(self._database)}")
        return statements
