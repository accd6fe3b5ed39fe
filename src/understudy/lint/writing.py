"""Puts a file in the place of another, as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Give a file new content; nobody ever sees half of it. A link stays a link.

    Raises:
        OSError: it cannot be written; then the old content is still there.
    """
    target = file.resolve()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        new.chmod(target.stat().st_mode if target.exists() else 0o644)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
