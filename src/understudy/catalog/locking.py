"""One at a time: two runs of a project may write its catalog at the same moment."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: there the last one to write wins, and a statement is learned again
    fcntl = None  # type: ignore[assignment] # asked about before it is used


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep everyone else who locks `folder` waiting; a folder that is not there has nobody else.

    The folder itself is locked, so that no file is left lying about.
    """
    handle = None
    # Some network file systems lock nothing: there, too, the last one to write wins.
    with contextlib.suppress(OSError):
        if fcntl is not None:
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
