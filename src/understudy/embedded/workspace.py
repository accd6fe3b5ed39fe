"""Folders that belong to one process, and the removal of folders whose process has ended.

The name of a folder contains the process id, and a file in it identifies the owner. The file
decides, never the name alone.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from understudy.embedded.processes import (
    ProcessIdentity,
    current_process,
    current_world,
    is_alive,
    start_time,
)
from understudy.embedded.shared_memory import release_segment

MARKER = "owner.json"
# In the folder `data` of a server: PostgreSQL's name for it, which MySQL is told to use.
PID_FILE = "postmaster.pid"
_STOP_AT_ONCE = getattr(signal, "SIGQUIT", signal.SIGTERM)
_PATIENCE = 5.0
_NAME = re.compile(r"understudy-([0-9]+)-[0-9a-f]{8}")


class Workspace:
    """A folder of this process that only its user can enter.

    Attributes:
        path: The folder.
    """

    def __init__(self, base: Path) -> None:
        """Make the folder in `base`.

        Raises:
            OSError: The folder cannot be made.
        """
        owner = current_process()
        self.path = base / f"understudy-{owner.pid}-{secrets.token_hex(4)}"
        self.path.mkdir(mode=0o700)
        marker = os.open(self.path / MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        # The lock marks it as alive for processes in other process id namespaces.
        self._marker: int | None = marker
        _lock(marker)
        os.write(marker, json.dumps(asdict(owner)).encode())

    def leave(self) -> None:
        """Leave the folder to the next sweep after this process has ended."""
        if self._marker is not None:
            os.close(self._marker)
            self._marker = None

    def remove(self) -> None:
        """Remove the folder and its contents. Idempotent."""
        self.leave()
        remove_folder(self.path)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a folder that is removed at the end, or by the next sweep if this process is killed."""
    workspace = Workspace(Path(tempfile.gettempdir()))
    try:
        yield workspace.path
    finally:
        # What still writes to it is not waited for.
        shutil.rmtree(workspace.path, ignore_errors=True)
        workspace.leave()


def sweep(base: Path) -> list[Path]:
    """Remove the folders in `base` whose process has ended, and stop a server that runs in one.

    Folders of other users and of running processes, and folders without an owner file, are left
    alone.

    Returns:
        The folders that were removed.
    """
    if not base.is_dir():
        return []
    removed = []
    with os.scandir(base) as scan:
        entries = list(scan)
    for entry in entries:
        name = _NAME.fullmatch(entry.name)
        folder = Path(entry.path)
        # Another process may remove it at the same time.
        with contextlib.suppress(FileNotFoundError):
            if name and _is_own(entry) and _is_abandoned(folder, int(name[1])):
                _stop_server_in(folder)
                release_segment(folder / "data" / PID_FILE)
                remove_folder(folder)
                removed.append(folder)
    return removed


def remove_folder(folder: Path) -> None:
    """Remove a workspace, its owner file last, so that a sweep can finish an interrupted removal.

    Other processes may be removing it too, and a program that is ending may still write to it; both
    are waited for.

    Raises:
        OSError: It cannot be removed, or a program still writes to it after five seconds.
    """
    deadline = time.monotonic() + _PATIENCE
    while folder.exists():
        try:
            _remove_once(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _remove_once(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()
    (folder / MARKER).unlink(missing_ok=True)
    folder.rmdir()


def _is_own(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    # The owner file's user, because the folder of root belongs to the server's user.
    marker = Path(entry.path) / MARKER
    try:
        holder = marker if marker.exists() else Path(entry.path)
    except PermissionError:  # it is not even to be entered
        return False
    return not hasattr(os, "getuid") or holder.stat().st_uid == os.getuid()


def _is_abandoned(folder: Path, pid: int) -> bool:
    marker = folder / MARKER
    try:
        owner = ProcessIdentity(**json.loads(marker.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # If its process was killed before it wrote the file, there is nothing else in it.
        is_bare = {path.name for path in folder.iterdir()} <= {MARKER}
        return is_bare and start_time(pid) is None
    if owner.world == current_world():
        return not is_alive(owner)
    return _can_lock(marker)


def _stop_server_in(folder: Path) -> None:
    pid_file = folder / "data" / PID_FILE
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if not lines or not lines[0].isdecimal():
        return
    import psutil  # type: ignore[import-untyped] # it has no types of its own

    # The id may belong to another process now: the server's command line contains the folder.
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(lines[0]))
        if str(folder / "data") in process.cmdline():
            # Stops PostgreSQL immediately. Killed, it would leave shared memory behind.
            process.send_signal(_STOP_AT_ONCE)
            for survivor in psutil.wait_procs([process], timeout=10)[1]:
                survivor.kill()


if sys.platform == "win32":

    def _lock(file: int) -> None:
        """Do nothing: Windows has no process id namespaces."""

    def _can_lock(marker: Path) -> bool:
        return False

else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _can_lock(marker: Path) -> bool:
        with marker.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True
