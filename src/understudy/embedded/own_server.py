"""A database server that is started for this process, and ends with it."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from understudy.embedded.access import HOST
from understudy.embedded.accounts import Account, server_account
from understudy.embedded.cache_folders import (
    choose_data_base,
    data_bases,
    full,
    socket_base,
    unusable,
)
from understudy.embedded.errors import PostgresError, PostgresUnavailable
from understudy.embedded.shared_memory import release_segment
from understudy.embedded.watcher import Watcher
from understudy.embedded.workspace import PID_FILE, Workspace, sweep

_LOG_LINES = 20
_PORTS = 5  # that are tried


class OwnServer(ABC):
    """A server in a folder of this process.

    Args:
        startup_timeout: Seconds that the server may take to start.

    Attributes:
        title: What messages call it.
        port_taken: What its log says if another program listens on its port.
        stop_signal: Ends it, without writing back data that nobody needs.
        error: The exception for a server that does not start.
    """

    title: str
    port_taken: str
    stop_signal: int
    error: type[PostgresError] = PostgresUnavailable

    def __init__(self, startup_timeout: float = 30.0) -> None:
        self._startup_timeout = startup_timeout
        self._owner = os.getpid()
        self._workspaces: list[Workspace] = []
        self._watcher: Watcher | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._password = secrets.token_hex(16)  # nothing in it has to be quoted anywhere

    def start(self) -> Self:
        """Start the server and return it once it accepts connections.

        Raises:
            MissingExtra: There is no server on this machine.
            UnusableFolder: The cache or the data cannot be written.
            PostgresError: The server does not start.
        """
        if self._process is not None:
            return self
        self._owner = os.getpid()
        self._find()
        account = self._account()
        for base in {*data_bases(), Path("/tmp")}:
            sweep(base)
        base = choose_data_base(account)
        try:
            self._prepare_folders(base, account)
            self._begin(account)
        except BaseException:
            self._abort()
            raise
        return self

    @abstractmethod
    def _find(self) -> None:
        """Find the binaries, before anything is written."""

    def _account(self) -> Account:
        """Return the user to run the server as."""
        return server_account()

    @abstractmethod
    def _begin(self, account: Account) -> None:
        """Fill the data directory and launch the server."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Return whether the process that was started accepts connections."""

    @abstractmethod
    def _close(self) -> None:
        """Close Understudy's own connections."""

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
        self._close()
        if self._process is not None:
            self._stop(self._process)
            release_segment(self._data / PID_FILE)
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
        self._close()
        if self._watcher is not None:
            self._watcher.dismiss()
        # Otherwise subprocess would warn about a running child process.
        self._process.returncode = 0
        for workspace in self._workspaces:
            workspace.leave()
        self._watcher = self._process = None
        self._workspaces = []

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

    @property
    def _socket_folder(self) -> Path:
        return self._workspaces[-1].path

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

    def _popen_arguments(self, account: Account, environment: Mapping[str, str]) -> dict[str, Any]:
        assert self._watcher is not None
        return {
            "env": {**environment, "LC_ALL": "C", "TZ": "UTC"},
            "stdin": subprocess.DEVNULL,
            **account.popen_arguments,
            **self._watcher.popen_arguments,
        }

    def _launch(self, command: Callable[[int], Sequence[str | Path]], **popen: Any) -> None:
        """Start the server on a free port, and wait until it is ready.

        Args:
            command: returns the program and its arguments for a port.
            popen: more arguments of `subprocess.Popen`.
        """
        for attempt in range(_PORTS, 0, -1):
            self._port = _free_port()
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    command(self._port), cwd=self._data, stdout=log, stderr=log, **popen
                )
            try:
                self._wait_until_ready()
            except PostgresError:
                # Another program may have taken the port since it was chosen.
                if attempt == 1 or self.port_taken not in self._log.read_text(errors="replace"):
                    raise
            else:
                return

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self._startup_timeout
        while not self._is_ready():
            exit_code = self._process.poll()
            if exit_code is not None:
                raise self.error(
                    f"The {self.title} ended with exit code {exit_code} before it was "
                    "ready. The end of its log:\n"
                    f"{self._log_tail()}"
                )
            if time.monotonic() > deadline:
                raise self.error(
                    f"The {self.title} was not ready after {self._startup_timeout:g} s. "
                    "The end of its log:\n"
                    f"{self._log_tail()}\n"
                    "If this machine is only slow, give it longer: "
                    f"{type(self).__name__}(startup_timeout=...)."
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
            self._stop(self._process)
        self._process = None
        self._watcher = None
        self._forget()

    def _forget(self) -> None:
        for workspace in self._workspaces:
            workspace.remove()
        self._workspaces = []

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        if sys.platform == "win32":
            process.terminate()
        else:
            process.send_signal(self.stop_signal)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
