"""What a server knows of one connection, apart from its bytes."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.mysql import charsets
from understudy.mysql.charsets import Charset
from understudy.mysql.handshake import Capability
from understudy.mysql.results import ServerWarning
from understudy.serving import connection


class Connection(connection.Connection):
    """One connection, as the server and a test see it. `pid` is what CONNECTION_ID() returns.

    Attributes:
        capabilities: what the client can do, of what the server can.
        collation: the number of the collation in the client's login.
        charset: the character set of the client's statements and of the answers.
        attributes: what the client tells of itself: _client_name, program_name ...
        settings: the session's system variables, by name in lower case.
        defaults: their values at the session's start.
        variables: the user's variables, by name in lower case and without @.
        warnings: those of the latest statement.
        last_insert_id: what LAST_INSERT_ID() returns.
        row_count: what ROW_COUNT() returns.
        found_rows: what FOUND_ROWS() returns.
        read_only: whether it refuses to write, after a failover.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.capabilities = Capability(0)
        self.collation = charsets.UTF8MB4
        self.attributes: dict[str, str] = {}
        self.read_only = False
        self.reset({})

    def reset(self, settings: dict[str, object]) -> None:
        """Begin a session: with these system variables, and nothing else.

        Args:
            settings: their values, by name in lower case.
        """
        self.charset: Charset = charsets.by_collation(self.collation) or charsets.USUAL
        self.settings = settings
        self.defaults = dict(settings)
        self.variables: dict[str, object] = {}
        self.warnings: Sequence[ServerWarning] = ()
        self.last_insert_id = 0
        self.row_count = -1
        self.found_rows = 0

    @property
    def autocommit(self) -> bool:
        """Whether each statement commits what it changes."""
        return bool(self.settings.get("autocommit", 1))

    @property
    def product(self) -> str:
        """What the server calls itself: "MariaDB" or "MySQL"."""
        return "MariaDB" if "MariaDB" in str(self.settings.get("version")) else "MySQL"

    @property
    def codec(self) -> str:
        """Python's codec of the connection's character set."""
        return self.charset.codec
