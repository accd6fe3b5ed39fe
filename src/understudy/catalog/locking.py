"""A lock between processes: two runs of a project may write its catalog at the same time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: the last writer wins, and lost statements are learned again
    fcntl = None  # type: ignore[assignment] # tested before use


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder for other processes while the context is active.

    The folder itself is locked, so that no lock file is left behind. A folder that does not exist,
    or whose file system has no locks, is not locked.
    """
    handle = None
    with contextlib.suppress(OSError):
        if fcntl is not None:
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
