"""What a server knows of one connection, besides the bytes that are under way."""

from __future__ import annotations

from understudy.script.calls import Transaction


class Connection:
    """One connection, as the server and a test see it.

    Attributes:
        pid: the process id that BackendKeyData gives; unique in a server.
        secret: what a CancelRequest has to know.
        user: who connected, "" before the startup message; `database`: to which.
        settings: run-time parameters as `SHOW` gives them, by name in lower case.
        transactions: every transaction so far, in order; savepoints are children.
        current: the transaction or savepoint that a statement would run in now, or None.
        channels: those that it listens to.
        read_only: whether it refuses to write: its server has failed over to another.
        options: run-time parameters that it was started with, as its client spelt them.
    """

    def __init__(self, pid: int, secret: int) -> None:
        self.pid = pid
        self.secret = secret
        self.user = ""
        self.database = ""
        self.settings: dict[str, str] = {}
        self.transactions: list[Transaction] = []
        self.current: Transaction | None = None
        self.channels: set[str] = set()
        self.read_only = False
        self.options: dict[str, str] = {}
