"""Remove the segment of System V shared memory that a killed PostgreSQL leaves behind.

Its few bytes let servers detect each other, and are all that is not in the data directory. A server
that is not killed removes the segment itself.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

_SEGMENTS = Path("/proc/sysvipc/shm")
_REMOVE = 0


def release_segment(pid_file: Path) -> None:
    """Remove the segment of a dead server that has left its `postmaster.pid`.

    The number may belong to another segment now, so the key has to match and nobody may use it.
    """
    if sys.platform != "linux" or not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    # The seventh line is the segment's key and number.
    wanted = lines[6].split() if len(lines) > 6 else []
    for line in _SEGMENTS.read_text().splitlines()[1:]:
        key, number, _, _, _, _, users, *_ = line.split()
        if [key, number] == wanted and users == "0":
            # A failure means that another process has removed it.
            ctypes.CDLL(None).shmctl(int(number), _REMOVE, None)
