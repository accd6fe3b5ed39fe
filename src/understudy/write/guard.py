"""Keeps the code that is tried from what is not its database: files, processes, the network.

The process is a child that ends with the run, so an audit hook may stay. Files in temporary
folders, where the copy of the project is, may be changed.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from understudy.embedded.connection_guard import ConnectionGuard, imported
from understudy.embedded.subprocesses import ROOT_VARIABLE

SECONDS = 5.0  # that a trial, or a class that makes a value, may take
_AGAIN = 0.1  # seconds after which code that has swallowed the end of its time is ended again
_ADVICE = "Point its settings at real_postgres: see real_postgres_env in the configuration."
_PROCESSES = {
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile"),
    *("os.fork", "os.forkpty", "pty.spawn"),
}
# The places of the paths among the arguments of what changes files.
_CHANGES = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"), (0,)),
    **dict.fromkeys(("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"), (0,)),
    **dict.fromkeys(("os.rename", "os.link"), (0, 1)),
    "os.symlink": (1,),
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# What uvloop does without an event of the interpreter: the event, and its arguments.
_UVLOOP: dict[str, Callable[..., tuple[str, tuple[Any, ...]]]] = {
    "create_connection": lambda _, host=None, port=None, **__: (
        "socket.connect",
        (None, None if host is None else (host, port)),
    ),
    "create_datagram_endpoint": lambda _, local_addr=None, remote_addr=None, **__: (
        "socket.sendto",
        (None, remote_addr or ("any address", 0)),
    ),
    "getaddrinfo": lambda host, *_, **__: ("socket.getaddrinfo", (host,)),
    "subprocess_exec": lambda *_, **__: ("subprocess.Popen", ()),
    "subprocess_shell": lambda *_, **__: ("subprocess.Popen", ()),
}
_held: list[Guard] = []


class Refused(Exception):
    """The code that is tried does what it must not do in a trial; the text is a sentence."""


class _Late(BaseException):
    """Code has had its time; no `except Exception` of it catches this."""


@contextmanager
def limited() -> Iterator[None]:
    """Hold a block, in which a class of the project makes a value, to the limits of a trial.

    Raises:
        Refused: it has done what a trial does not do, or has taken too long.
    """
    acting: AbstractContextManager[list[str]]
    acting = _held[-1].acting() if _held else nullcontext([])
    try:
        with _timed(), acting as refused:
            yield
    except _Late:
        raise Refused(f"it did not end within {SECONDS:g} s") from None
    if refused:  # and the code has swallowed it
        raise Refused(refused[0])


@contextmanager
def _timed() -> Iterator[None]:
    """End a block that takes too long. Windows has no signal for that."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _end)
    timer = signal.setitimer(signal.ITIMER_REAL, SECONDS, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _Late


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
        self._watch_uvloop()
        _held[:] = [self]

    def _watch_uvloop(self) -> None:
        uvloop: Any = imported("uvloop")
        for name, read in _UVLOOP.items() if uvloop is not None else ():
            setattr(uvloop.Loop, name, self._checked(getattr(uvloop.Loop, name), read))

    def _checked(
        self, method: Callable[..., Any], read: Callable[..., tuple[str, tuple[Any, ...]]]
    ) -> Callable[..., Any]:
        @functools.wraps(method)
        def called(loop: Any, *given: Any, **options: Any) -> Any:
            self._audit(*read(*given, **options))
            return method(loop, *given, **options)

        return called

    @contextmanager
    def acting(self) -> Iterator[list[str]]:
        """Refuse what the block does; the list tells what that was, as sentences."""
        refused: list[str] = []
        around = self._refusals, self._is_on  # a value may be made while a call runs
        self._refusals, self._is_on = refused, True
        before = len(self._servers.refusals)
        try:
            yield refused
        finally:
            self._refusals, self._is_on = around
            refused += self._servers.refusals[before:]

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:  # untraced
        if not self._is_on:
            return
        what = self._refused(event, arguments)
        if what:
            text = f"it {what}, which a trial does not do"
            self._refusals.append(text)
            raise Refused(text)

    def _refused(self, event: str, arguments: tuple[Any, ...]) -> str:  # untraced
        """Return what an event of the interpreter does beyond the database, or ""."""
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            # Sockets of the system, such as that of the event loop, have a path.
            if isinstance(address, tuple) and address[1] not in self._ports:
                does = "connects to" if event == "socket.connect" else "sends to"
                return f"{does} {address[0]}:{address[1]}"
        elif event == "socket.getaddrinfo":
            host = arguments[0]
            if host not in (None, "localhost", "127.0.0.1", "::1"):
                return f"looks up the address of {_text(host)}"
        elif event in _PROCESSES:
            return "starts a process"
        elif event in _CHANGES:
            paths = [arguments[at] for at in _CHANGES[event]]
            outside = [path for path in paths if self._is_outside(path)]
            return f"removes or changes {_text(outside[0])}" if outside else ""
        elif event == "os.mkdir" and self._is_outside(arguments[0]):
            # One that is there is not made: `makedirs(path, exist_ok=True)`.
            path = _text(arguments[0])
            return "" if Path(path).is_dir() else f"makes {path}"
        elif event == "sqlite3.connect" and self._is_outside(_sqlite_file(arguments[0])):
            return f"opens {_text(arguments[0])}"
        elif event == "open" and self._writes(arguments) and self._is_outside(arguments[0]):
            return f"writes to {_text(arguments[0])}"
        return ""

    def _writes(self, arguments: tuple[Any, ...]) -> bool:  # untraced
        _, mode, flags = arguments
        if isinstance(mode, str):
            return bool(set(mode) & set("wax+"))
        return isinstance(flags, int) and bool(flags & _WRITES)

    def _is_outside(self, path: Any) -> bool:  # untraced
        if not isinstance(path, str | bytes | os.PathLike):
            return False  # an open file
        place = os.path.realpath(os.fsdecode(path))
        return not f"{place}{os.sep}".startswith(self._folders)


def _text(value: Any) -> str:  # untraced
    return os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)


def _sqlite_file(database: Any) -> str | None:
    """Return the file of a database that SQLite opens; None for one in memory or to be read."""
    name = _text(database)
    if name.startswith("file:"):
        address = urlsplit(name)
        is_free = "mode=memory" in address.query or "mode=ro" in address.query
        name = "" if is_free else unquote(address.path)
    return None if name in ("", ":memory:") else name
