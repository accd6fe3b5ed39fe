"""A MariaDB or MySQL server, which ends with this process."""

from __future__ import annotations

import secrets
import signal
from pathlib import Path

from understudy.embedded.access import HAS_SOCKETS, HOST
from understudy.embedded.accounts import Account
from understudy.embedded.own_server import OwnServer
from understudy.embedded.workspace import PID_FILE
from understudy.mysql_server.address import Address
from understudy.mysql_server.data_folder import SMALL, provide_data
from understudy.mysql_server.errors import MysqlUnavailable
from understudy.mysql_server.installations import Installation, find_installation

USER = "understudy"
_READY = "ready for connections"
_SETTINGS = (
    *SMALL,
    "--skip-name-resolve",
    # No data has to survive a crash.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
    "--innodb-buffer-pool-load-at-startup=0",
    "--innodb-buffer-pool-dump-at-shutdown=0",
    "--innodb-temp-data-file-path=ibtmp1:5M:autoextend",
    "--loose-mysqlx=0",
    # The same on every machine.
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--max-connections=200",
    "--max-allowed-packet=64M",
)
_ACCOUNT = """\
CREATE USER '{user}'@'%' IDENTIFIED BY '{password}';
GRANT ALL PRIVILEGES ON *.* TO '{user}'@'%' WITH GRANT OPTION;
"""


class MysqlServer(OwnServer):
    """A server that is started for this process, from the binaries on this machine.

    It accepts connections on a free port of 127.0.0.1, and on a Unix socket in a folder that only
    the current user can enter; both need the password. It keeps its data in memory if possible
    (`/dev/shm`), and ends with this process, even if that is killed.

    Args:
        installation: The binaries; by default what `find_installation` finds.
        startup_timeout: Seconds that the server may take to start.

    Raises:
        MissingExtra: There is no server on this machine (`start`).
        MysqlUnavailable: It does not start (`start`).
    """

    title = "private MySQL server"
    port_taken = "Bind on TCP/IP port"
    stop_signal = getattr(signal, "SIGKILL", signal.SIGTERM)
    error = MysqlUnavailable

    def __init__(
        self, installation: Installation | None = None, *, startup_timeout: float = 30.0
    ) -> None:
        super().__init__(startup_timeout)
        self._installation = installation
        self._found: Installation | None = None

    @property
    def address(self) -> Address:
        """Its address, without a database.

        Raises:
            MysqlUnavailable: it is not running.
        """
        if self._process is None:
            raise MysqlUnavailable("The private MySQL server is not running: call start().")
        socket = str(self._socket) if HAS_SOCKETS else ""
        return Address(HOST, self._port, USER, self._password, socket=socket)

    @property
    def installation(self) -> Installation:
        """The binaries of the server, once it was started."""
        assert self._found is not None, "start() comes first"
        return self._found

    @property
    def _socket(self) -> Path:
        return self._socket_folder / "s"

    def _find(self) -> None:
        self._found = self._installation or find_installation()

    def _account(self) -> Account:
        account = super()._account()
        is_reached = account.reaches(self.installation.program.resolve().parent)
        return account if is_reached else Account("root")

    def _begin(self, account: Account) -> None:
        found = self.installation
        popen = self._popen_arguments(account, found.environment)
        basics = ["--no-defaults", f"--basedir={found.prefix}", f"--tmpdir={self._folder}"]
        if account.name == "root":
            basics.append("--user=root")
        provide_data(self._data, found, account, basics, popen)
        # Only the server reads it: arguments are seen by every user of the system.
        script = self._folder / f"{secrets.token_hex(4)}.sql"
        script.touch(mode=0o600)
        script.write_text(_ACCOUNT.format(user=USER, password=self._password))
        account.own(script)

        def command(port: int) -> list[str | Path]:
            own: list[str | Path] = [
                # A word of its own: so a sweep finds the server by it.
                *("--datadir", self._data),
                f"--pid-file={self._data / PID_FILE}",
                f"--init-file={script}",
                f"--port={port}",
                f"--bind-address={HOST}",
            ]
            sockets = [f"--socket={self._socket}"] if HAS_SOCKETS else []
            return [found.program, *basics, *own, *sockets, *_SETTINGS]

        self._launch(command, **popen)
        script.unlink()

    def _is_ready(self) -> bool:
        return _READY in self._log.read_text(errors="replace")

    def _close(self) -> None:
        """Do nothing: whoever connects closes."""
