"""The segment of shared memory that a killed PostgreSQL leaves in the system.

It is a few bytes by which servers notice each other, and the one thing of a server that does not
lie in its data directory. A server that ends in any other way removes it itself.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_SEGMENTS = Path("/proc/sysvipc/shm")
_REMOVE = 0


def release_segment(pid_file: Path) -> None:
    """Remove the segment of a dead server, if there is one: where its `postmaster.pid` is left.

    The number may be another's by now: only a segment with the same key, which nobody uses, is it.
    """
    if sys.platform != "linux" or not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    # The seventh line is the segment's key and number.
    wanted = lines[6].split() if len(lines) > 6 else []
    for line in _SEGMENTS.read_text().splitlines()[1:]:
        key, number, _, _, _, _, users, *_ = line.split()
        if [key, number] == wanted and users == "0":
            # That it fails means that somebody else was quicker.
            ctypes.CDLL(None).shmctl(int(number), _REMOVE, None)
