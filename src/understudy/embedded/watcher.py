"""A small process that cleans up after its owner, even if the owner is killed.

It waits on a pipe whose other end only the owner holds. When the owner dies, the system closes that
end, and the watcher stops the processes in its group and removes the folders. It is a shell, which
starts in two milliseconds. On Windows there is no watcher: the next start cleans up.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# KILL at the end reaches the rest of the group and the watcher itself.
_SCRIPT = """
trap '' INT QUIT TERM HUP
if read -r _; then exit 0; fi
kill -"$1" 0
shift
tries=0
while [ -e "$1/data/postmaster.pid" ] && [ "$tries" -lt 120 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
tries=0
while [ "$tries" -lt 40 ]; do
    rm -rf "$1/data" && rm -rf "$@" && break
    tries=$((tries + 1))
    sleep 0.05
done
kill -KILL 0
"""


class Watcher:
    """Cleans up folders, and the processes started with `popen_arguments`."""

    def __init__(self, *folders: Path, signal: str = "QUIT") -> None:
        """Start to watch.

        Args:
            folders: at least one, of which the first contains the server's `data` if there is one.
            signal: ends the processes. QUIT makes PostgreSQL stop immediately, and ends initdb too.
        """
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform == "win32":
            return
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "understudy-watcher", signal, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # A group of its own, out of reach of the terminal's Ctrl-C.
            process_group=0,
        )

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """The arguments with which subprocess starts a process in the watched group."""
        return {} if self._process is None else {"process_group": self._process.pid}

    def clean_up(self) -> bool:
        """Clean up now, and return whether there was a watcher to do it."""
        if self._process is None:
            return False
        self._process.communicate()
        self._process = None
        return True

    def dismiss(self) -> None:
        """End the watcher, after the owner has cleaned up itself. Idempotent."""
        if self._process is None:
            return
        try:
            self._process.communicate(b"\n", timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def watched_folder(prefix: str) -> Iterator[Path]:
    """Make a temporary folder that is removed afterwards, even if this process is killed.

    Args:
        prefix: begins the folder's name.
    """
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        watcher = Watcher(Path(folder), signal="TERM")
        try:
            yield Path(folder)
        finally:
            watcher.dismiss()
