"""The folder of a server's Unix socket, and those that killed processes have left.

A process holds a lock on a file in its folder for as long as it lives, however it ends.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

_PREFIX = "pg-"
_LOCK = "lock"
# Linux allows 107 bytes in the path of a socket, macOS 103.
_LONGEST = 103 - len("/.s.PGSQL.5432")
# A folder without a locked file is in the making, or was when its process was killed.
_SECONDS_TO_MAKE = 3600

if sys.platform != "win32":
    import fcntl

    def _lock(file: int) -> bool:
        """Lock a file, and return whether that was possible."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

else:

    def _lock(file: int) -> bool:
        """Do nothing: there are no such folders."""
        return True


class PrivateFolder:
    """A folder that only the current user can enter.

    Attributes:
        path: the folder.
    """

    def __init__(self, base: Path) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        self._owner = os.getpid()
        self._file = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        _lock(self._file)
        # An empty file may be one that is not locked yet.
        os.write(self._file, b"locked")

    @classmethod
    def new(cls) -> PrivateFolder | None:
        """Return a new folder for a Unix socket; None if the system has no Unix sockets.

        Folders of processes that have ended are removed.
        """
        if not hasattr(socket, "AF_UNIX"):
            return None
        base = Path(tempfile.gettempdir())
        if len(os.fsencode(base)) + len("/pg-12345678") > _LONGEST:
            base = Path("/tmp")
        for folder in base.glob(f"{_PREFIX}*"):
            _remove_if_left(folder)
        return cls(base)

    def remove(self) -> None:
        """Remove the folder, except in a fork of the process that made it. Idempotent."""
        if os.getpid() == self._owner and self._file >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._file)
            self._file = -1


def _remove_if_left(folder: Path) -> None:
    """Remove a folder of this user if the process that made it has ended."""
    try:
        status = folder.lstat()
        if status.st_uid != os.getuid() or not folder.is_dir() or folder.is_symlink():
            return
        names = {path.name for path in folder.iterdir()}
        if any(name != _LOCK and not name.startswith(".s.PGSQL.") for name in names):
            return
        file = os.open(folder / _LOCK, os.O_RDWR) if _LOCK in names else -1
    except OSError:
        # Another process is removing it.
        return
    try:
        if file >= 0 and os.fstat(file).st_size:
            is_left = _lock(file)
        else:
            is_left = time.time() - status.st_mtime > _SECONDS_TO_MAKE
    finally:
        if file >= 0:
            os.close(file)
    if is_left:
        shutil.rmtree(folder, ignore_errors=True)
