"""Files written all together, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from understudy.init import messages
from understudy.init.errors import WriterError
from understudy.init.plan import Change


def save(changes: Sequence[Change]) -> None:
    """Write every file of a plan.

    Each is first written beside its place; only when all are there do they take their places. What
    goes wrong on the way undoes what was done.

    Raises:
        WriterError: a folder cannot be written to, or a file is no longer what the plan was made
            for. Nothing is changed then.
    """
    made: list[Path] = []
    staged: list[tuple[Change, Path]] = []
    placed: list[Change] = []
    try:
        for change in changes:
            _must_be_as_it_was(change)
            made += _make_folders(change.path.parent)
            staged.append((change, _stage(change)))
        for change, temporary in staged:
            temporary.replace(change.path)
            placed.append(change)
    except BaseException as error:
        for change in reversed(placed):
            _undo(change)
        for _, temporary in staged:
            temporary.unlink(missing_ok=True)
        for folder in reversed(made):
            with suppress(OSError):  # somebody else has put something there since
                folder.rmdir()
        if isinstance(error, OSError):
            raise WriterError(messages.cannot_write(error)) from error
        raise


def _must_be_as_it_was(change: Change) -> None:
    try:
        now = change.path.read_bytes()
    except FileNotFoundError:
        now = None
    if now != (None if change.before is None else change.before.encode()):
        raise WriterError(messages.changed_meanwhile(change.path))


def _make_folders(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    missing.reverse()
    made: list[Path] = []
    try:
        for each in missing:
            each.mkdir()
            made.append(each)
    except OSError:
        for each in reversed(made):
            each.rmdir()
        raise
    return made


def _stage(change: Change) -> Path:
    descriptor, name = tempfile.mkstemp(dir=change.path.parent, prefix=f".{change.path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(change.after.encode())
            file.flush()
            os.fsync(file.fileno())
        mode = change.path.stat().st_mode if change.before is not None else 0o666 & ~_umask()
        temporary.chmod(mode & 0o7777)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _umask() -> int:
    """The mode bits that new files do not get; the system tells them only by setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _undo(change: Change) -> None:
    if change.before is None:
        change.path.unlink(missing_ok=True)
    else:
        change.path.write_bytes(change.before.encode())
