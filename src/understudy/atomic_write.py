"""Replace files as a whole, and several of them together or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def write_files(files: Mapping[Path, bytes]) -> None:
    """Give files new content; nobody ever reads half of a file.

    Each file is first written beside its place, and they take their places only when all are
    written. Missing folders are made. A link stays a link: the file it leads to is replaced.

    Args:
        files: the new content of each file.

    Raises:
        OSError: A file cannot be written; all of them, and the folders, are as they were before.
    """
    made: list[Path] = []
    staged: list[tuple[Path, Path]] = []
    placed: list[tuple[Path, bytes | None]] = []
    try:
        for file, content in files.items():
            path = file.resolve()
            _make_folder(path.parent, made)
            temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
            staged.append((path, temporary))
            try:
                _write(temporary, content)
            except OSError as error:
                error.filename = str(path)  # the name of the temporary file tells the user nothing
                raise
            if path.exists():
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        for path, temporary in staged:
            before = path.read_bytes() if len(staged) > 1 and path.exists() else None
            temporary.replace(path)
            placed.append((path, before))
    except BaseException:
        _undo(placed, staged, made)
        raise


def _make_folder(folder: Path, made: list[Path]) -> None:
    if not folder.exists():
        _make_folder(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _undo(
    placed: list[tuple[Path, bytes | None]], staged: list[tuple[Path, Path]], made: list[Path]
) -> None:
    for path, before in reversed(placed):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
    for _, temporary in staged:
        temporary.unlink(missing_ok=True)
    for folder in reversed(made):
        with suppress(OSError):  # another process has put something there
            folder.rmdir()
