"""The role and the run-time parameters of the session that all clients share."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.fake_postgres.protocol.session_settings import Values
from understudy.real_postgres.client_state import RollbackClient
from understudy.real_postgres.limits import Limits
from understudy.real_postgres.session_switch import switch


class SharedSettings:
    """What the session has, and how it changes to what a client has.

    Args:
        limits: what the test has met that one rolled-back transaction cannot show.

    Attributes:
        has_new_names: whether a parameter was made up, whose name the session keeps for good.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._first: Values = {}
        self._unknown: set[bool] = set()  # of each parameter, whether it is local
        self.begin({})

    def begin(self, first: Values) -> None:
        """Record a new session with its parameters."""
        self._first = first
        self.has_new_names = False
        self.restart()

    def restart(self) -> None:
        """Record that the transaction has ended, which undoes everything."""
        self._applied = self._first
        self._unknown.clear()
        self._latest: RollbackClient | None = None

    def note_commit(self, client: RollbackClient) -> None:
        """Record that the savepoint of a client is released: what is local stays."""
        self._applied = client.settings

    def note_unknown(self, *, local: bool) -> None:
        """Record that parameters were set whose names only the server knows."""
        self._unknown.add(local)
        self.has_new_names = True

    @property
    def are_known(self) -> bool:
        """Whether the settings of every client are known, and so can be restored."""
        return not self._unknown

    def local_to(self, client: RollbackClient) -> list[str]:
        """Return the statements for what is local to a client's transaction, which goes on.

        They may last as long as the savepoint in which they are sent.
        """
        return switch(client.lasting, client.settings, self._first["session_authorization"])

    def change_to(self, client: RollbackClient, own: Sequence[str]) -> list[str]:
        """Return the statements that give the session what a client has.

        Args:
            client: the client that sends the next request.
            own: statements to run with the rights of the user that has logged in.
        """
        login = self._first["session_authorization"]
        statements = []
        if True in self._unknown or (self._unknown and self._latest is not client):
            statements = ["SET ROLE NONE", "SET SESSION AUTHORIZATION DEFAULT", "RESET ALL"]
            self._applied = self._first
            if False in self._unknown:
                self._limits.note_unknown_setting()
            self._unknown.clear()
        if self.has_new_names and self._latest not in (None, client):
            self._limits.note_new_name()
        # A connection that outlives a test brings such names along.
        self.has_new_names |= any("." in name for name in client.lasting)
        statements += switch(self._applied, client.lasting, login, own)
        self._applied, self._latest = client.lasting, client
        return statements
