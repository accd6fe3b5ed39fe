"""The folders for the cache and for live data directories.

The current user has to be able to write to a folder, and the server's user to reach it.
"""

from __future__ import annotations

import errno
import getpass
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from understudy.embedded.accounts import Account
from understudy.embedded.environment import CACHE_VARIABLE, DATA_VARIABLE
from understudy.embedded.errors import UnusableFolder

# A data directory of 40 MB, its write-ahead log, and some dozens of cloned databases.
_WANTED_ON_TMPFS = 512 * 1024 * 1024
_SHARED_MEMORY = Path("/dev/shm")
# Linux allows 107 bytes in the path of a socket, macOS 103.
_LONGEST_BASE = 103 - len("/understudy-1234567-01234567/.s.PGSQL.65535")


def cache_folder() -> Path:
    """Return the folder that outlives runs, after creating it if necessary.

    Without a home that can be written, it is a folder of this user among the temporary ones.

    Raises:
        UnusableFolder: The folder cannot be created or written.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return _made(Path(chosen).absolute())
    try:
        return _made(_in_home())
    except (UnusableFolder, RuntimeError):
        # RuntimeError: there is no home at all.
        return _made(_among_temporary())


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise unusable("the cache", folder, error) from error
    return folder


def _in_home() -> Path:
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "understudy" / "cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "understudy"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "understudy"


def _among_temporary() -> Path:
    user = os.getuid() if sys.platform != "win32" else getpass.getuser()
    folder = Path(tempfile.gettempdir()) / f"understudy-cache-{user}"
    if folder.exists() and sys.platform != "win32":
        status = folder.lstat()
        # Programs and data of another user are not run.
        if folder.is_symlink() or status.st_uid != user or status.st_mode & 0o022:
            raise unusable("the cache", folder, PermissionError(errno.EACCES, "not your own"))
    return folder


def data_bases() -> list[Path]:
    """Return the folders that may contain live data directories, best first."""
    if chosen := os.environ.get(DATA_VARIABLE):
        return [Path(chosen).absolute()]
    bases = [Path(tempfile.gettempdir())]
    if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK):
        bases.insert(0, _SHARED_MEMORY)
    return bases


def choose_data_base(account: Account) -> Path:
    """Return the folder for the next live data directory.

    Raises:
        UnusableFolder: The server's user cannot reach any candidate.
    """
    bases = data_bases()
    for base in bases:
        try:
            base.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unusable("live data", base, error) from error
    reachable = [base for base in bases if account.reaches(base)]
    if not reachable:
        raise unreachable("live data", bases, account)
    best = reachable[0]
    if best == _SHARED_MEMORY and shutil.disk_usage(best).free < _WANTED_ON_TMPFS:
        return max(reachable, key=lambda base: shutil.disk_usage(base).free)
    return best


def socket_base(workspace: Path, bases: Sequence[Path]) -> Path | None:
    """Return a folder for the socket if the path of `workspace` is too long for one, else None."""
    if len(os.fsencode(workspace.parent)) <= _LONGEST_BASE:
        return None
    return min([Path("/tmp"), *bases], key=lambda base: len(os.fsencode(base)))


def full(text: str) -> str:
    """Return what to do if a message of PostgreSQL's says that its disk is full, else nothing."""
    if os.strerror(errno.ENOSPC) not in text:
        return ""
    return (
        f"The disk of the server's data is full: it is in {' or '.join(map(str, data_bases()))}.\n"
        f"Set {DATA_VARIABLE} to a folder with more space."
    )


def unusable(purpose: str, folder: Path, error: OSError) -> UnusableFolder:
    """Return the error for a folder that could not be written."""
    variable = CACHE_VARIABLE if "cache" in purpose else DATA_VARIABLE
    return UnusableFolder(
        f"The folder for {purpose} cannot be used: {folder}: {error.strerror or error}\n"
        f"Set {variable} to a writable folder with 200 MB free."
    )


def unreachable(purpose: str, folders: Sequence[Path], account: Account) -> UnusableFolder:
    """Return the error for folders that the server's user cannot enter."""
    variable = DATA_VARIABLE if purpose == "live data" else CACHE_VARIABLE
    return UnusableFolder(
        f"PostgreSQL runs as {account.name} because the tests run as root, and {account.name} "
        f"cannot reach any folder for {purpose}. Tried: {', '.join(map(str, folders))}.\n"
        f"Set {variable} to a folder whose parents everybody may enter (chmod o+x)."
    )
