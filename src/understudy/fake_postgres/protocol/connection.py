"""What a server knows of one connection of PostgreSQL's protocol, apart from its bytes."""

from __future__ import annotations

from understudy.serving import connection


class Connection(connection.Connection):
    """One connection, as the server and a test see it.

    Attributes:
        secret: the key that a CancelRequest must send.
        settings: run-time parameters as `SHOW` gives them, by name in lower case.
        lasting: those that a commit leaves, without what was set for the transaction only.
        channels: the channels that it listens to.
        read_only: whether it refuses to write, after a failover.
        options: run-time parameters from the startup message, as the client sent them.
    """

    def __init__(self, pid: int, secret: int = 0) -> None:
        super().__init__(pid)
        self.secret = secret
        self.settings: dict[str, str] = {}
        self.lasting: dict[str, str] = {}
        self.channels: set[str] = set()
        self.read_only = False
        self.options: dict[str, str] = {}
