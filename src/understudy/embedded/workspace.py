"""Folders that belong to one process, and the sweeping of those whose process is gone.

A folder is made with the process id in its name and, at once, a file in it that says who owns it.
The file decides; the name alone never does.
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
import time
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
        # The lock says "alive" to processes that count their process ids differently than we do.
        self._marker: int | None = marker
        _lock(marker)
        os.write(marker, json.dumps(asdict(owner)).encode())

    def leave(self) -> None:
        """Let go of the folder: once this process has ended, the next sweep removes it."""
        if self._marker is not None:
            os.close(self._marker)
            self._marker = None

    def remove(self) -> None:
        """Remove the folder and everything in it. Doing so twice is no error."""
        self.leave()
        remove_folder(self.path)


def sweep(base: Path) -> list[Path]:
    """Remove the folders in `base` whose process is dead, and stop a server that runs in one.

    Folders of other users, of living processes, and whatever has no owner's mark stay untouched.

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
        # Gone meanwhile: another process sweeps too.
        with contextlib.suppress(FileNotFoundError):
            if name and _is_ours(entry) and _is_abandoned(folder, int(name[1])):
                _stop_server_in(folder)
                release_segment(folder / "data" / "postmaster.pid")
                remove_folder(folder)
                removed.append(folder)
    return removed


def remove_folder(folder: Path) -> None:
    """Remove a workspace, its mark last: whoever is interrupted leaves one that can be swept.

    Others may be removing it at the same time, and a program that is about to end may still write
    to it; both are waited for.

    Raises:
        OSError: It cannot be removed, or is still written to after five seconds.
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


def _is_ours(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    # The marker's user, not the folder's: as root the folder belongs to the server's user.
    marker = Path(entry.path) / MARKER
    holder = marker if marker.exists() else Path(entry.path)
    return not hasattr(os, "getuid") or holder.stat().st_uid == os.getuid()


def _is_abandoned(folder: Path, pid: int) -> bool:
    marker = folder / MARKER
    try:
        owner = ProcessIdentity(**json.loads(marker.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        # Its process was killed before it wrote the mark, so there is nothing else in it.
        is_bare = {path.name for path in folder.iterdir()} <= {MARKER}
        return is_bare and start_time(pid) is None
    if owner.world == current_world():
        return not is_alive(owner)
    return _can_lock(marker)


def _stop_server_in(folder: Path) -> None:
    pid_file = folder / "data" / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if not lines or not lines[0].isdecimal():
        return
    import psutil  # type: ignore[import-untyped] # it has no types of its own

    # The id may be another process's by now: only a process that names the folder is the server.
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(lines[0]))
        if str(folder / "data") in process.cmdline():
            # PostgreSQL's order to stop at once; killed, it would leave shared memory behind.
            process.send_signal(_STOP_AT_ONCE)
            for survivor in psutil.wait_procs([process], timeout=10)[1]:
                survivor.kill()


if sys.platform == "win32":

    def _lock(file: int) -> None:
        """Nothing to do: there are no process id namespaces."""

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
