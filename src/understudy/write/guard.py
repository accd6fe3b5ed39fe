"""Keeps the code that is tried from what is not its database: files, processes, the network.

The process is a child that ends with the run, so an audit hook may stay. Files in temporary
folders, where the copy of the project is, may be changed.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from understudy.embedded.connection_guard import ConnectionGuard
from understudy.embedded.subprocesses import ROOT_VARIABLE

_ADVICE = "Point its settings at real_postgres: see real_postgres_env in the configuration."
_PROCESSES = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn"}
_REMOVALS = {"os.remove", "os.rmdir", "os.rename", "os.truncate", "shutil.rmtree"}
_WRITES = os.O_WRONLY | os.O_RDWR


class Refused(Exception):
    """The code that is tried does what it must not do in a trial."""


class Guard:
    """Refuses, while a trial acts, all that reaches beyond its database.

    Args:
        dsns: the URLs of the databases that the code may connect to.
        root: the copy of the project.
    """

    def __init__(self, dsns: Sequence[str], root: Path) -> None:
        os.environ.setdefault(ROOT_VARIABLE, str(root.resolve()))
        self._servers = ConnectionGuard(dsns, _ADVICE)
        # Of the URLs of Unix sockets, which name no host, no port is needed.
        self._ports = {urlsplit(dsn).port for dsn in dsns if urlsplit(dsn).hostname}
        folders = (os.path.realpath(tempfile.gettempdir()), "/dev")
        self._folders = tuple(f"{folder}{os.sep}" for folder in folders)
        self._is_on = False
        self._refusals: list[str] = []

    def hold(self) -> None:
        """Begin to watch, until the process ends."""
        # A module that is imported in a call writes no bytecode into the environment.
        sys.dont_write_bytecode = True
        self._servers.hold()
        sys.addaudithook(self._audit)

    @contextmanager
    def acting(self) -> Iterator[list[str]]:
        """Refuse what the block does; the list tells what that was, as sentences."""
        refused: list[str] = []
        self._refusals, self._is_on = refused, True
        before = len(self._servers.refusals)
        try:
            yield refused
        finally:
            self._is_on = False
            refused += self._servers.refusals[before:]

    def _audit(
        self, event: str, arguments: tuple[Any, ...]
    ) -> None:  # pragma: no cover - hooks are not traced
        if not self._is_on:
            return
        what = self._refused(event, arguments)
        if what:
            text = f"it {what}, which a trial does not do"
            self._refusals.append(text)
            raise Refused(text)

    def _refused(
        self, event: str, arguments: tuple[Any, ...]
    ) -> str:  # pragma: no cover - hooks are not traced
        """Return what an event of the interpreter does beyond the database, or ""."""
        if event == "socket.connect":
            address = arguments[1]
            # Sockets of the system, such as that of the event loop, have a path.
            if isinstance(address, tuple) and address[1] not in self._ports:
                return f"connects to {address[0]}:{address[1]}"
        elif event == "socket.getaddrinfo":
            host = arguments[0]
            if host not in (None, "localhost", "127.0.0.1", "::1"):
                return f"looks up the address of {_text(host)}"
        elif event in _PROCESSES:
            return "starts a process"
        elif event in _REMOVALS:
            # os.rename has two paths; what else is an argument is no path.
            outside = [path for path in arguments[:2] if self._is_outside(path)]
            return f"removes or changes {_text(outside[0])}" if outside else ""
        elif event == "open" and self._writes(arguments) and self._is_outside(arguments[0]):
            return f"writes to {_text(arguments[0])}"
        return ""

    def _writes(
        self, arguments: tuple[Any, ...]
    ) -> bool:  # pragma: no cover - hooks are not traced
        _, mode, flags = arguments
        if isinstance(mode, str):
            return bool(set(mode) & set("wax+"))
        return isinstance(flags, int) and bool(flags & _WRITES)

    def _is_outside(self, path: Any) -> bool:  # pragma: no cover - hooks are not traced
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # an open file
        place = os.path.realpath(os.fsdecode(path))
        return not f"{place}{os.sep}".startswith(self._folders)


def _text(value: Any) -> str:
    return os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
