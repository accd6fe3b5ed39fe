"""A small process that outlives its owner, however that ends, and clears up after it.

It waits on a pipe whose other end only the owner holds. When the owner ends without a word, the
system closes that end, and the watcher stops what runs in its process group and removes the
folders. It is a shell, because that starts in two milliseconds. Windows has neither: there the
next start sweeps.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

# QUIT is PostgreSQL's order to stop at once. It ends initdb too. KILL at the end reaches the
# watcher itself and whatever of its group still lives.
_SCRIPT = """
trap '' INT QUIT TERM HUP
if read -r _; then exit 0; fi
kill -QUIT 0
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
    """Watches over folders, and over the processes started with `popen_arguments`."""

    def __init__(self, *folders: Path) -> None:
        """Begin to watch. The first folder is the one whose `data` the server runs in."""
        self._process: subprocess.Popen[bytes] | None = None
        if sys.platform == "win32":
            return
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "understudy-watcher", *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            # A group of its own, out of reach of the terminal's Ctrl-C.
            process_group=0,
        )

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What puts a process into the watched group."""
        return {} if self._process is None else {"process_group": self._process.pid}

    def clear_up(self) -> bool:
        """Do now what would be done at the owner's death. Whether there was a watcher to do it."""
        if self._process is None:
            return False
        self._process.communicate()
        self._process = None
        return True

    def dismiss(self) -> None:
        """End the watch: the owner has cleared up itself. Doing so twice is no error."""
        if self._process is None:
            return
        try:
            self._process.communicate(b"\n", timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
