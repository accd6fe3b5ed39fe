"""A cache of the initialised data directory.

`initdb` takes half a second and always has the same result, which is packed into one file per
version of PostgreSQL: an uncompressed zip, whose checksums detect damage. The file is renamed into
place when it is complete. If two processes build it at the same time, the second one's file
replaces the equal first one.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from understudy.embedded.accounts import Account
from understudy.embedded.cache_folders import cache_folder, full, unusable
from understudy.embedded.environment import OWN_SERVER_HINT
from understudy.embedded.errors import PostgresUnavailable
from understudy.embedded.programs import Programs
from understudy.embedded.workspace import Workspace, sweep

# Part of the key: raise it when the content of the packed directory changes.
_FORMAT = 1
# The exceptions that zipfile raises for a damaged file.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, RuntimeError)
_BINARY = getattr(os, "O_BINARY", 0)


def provide_data(
    data: Path, programs: Programs, account: Account, popen: Mapping[str, Any]
) -> None:
    """Create an initialised data directory, from the cache if possible.

    Args:
        data: The folder to create. Its parent exists.
        programs: The binaries.
        account: The owner of the new files.
        popen: The arguments with which subprocess starts initdb.

    Raises:
        UnusableFolder: The cache cannot be used, or `data` cannot be written.
        PostgresUnavailable: initdb failed.
    """
    arguments = _initdb_arguments(programs.major)
    # Of two builds of one version, each has its own system catalogs.
    build = programs.installation.program("postgres").stat().st_size
    key = [_FORMAT, programs.version, build, *arguments]
    provide_folder(
        data, account, "data", key, lambda: _initialise(data, programs, arguments, popen)
    )


def provide_folder(
    data: Path, account: Account, name: str, key: Sequence[object], make: Callable[[], None]
) -> None:
    """Create a data directory from the cache, or make it and put it there.

    Args:
        data: The folder to create. Its parent exists.
        account: The owner of the new files.
        name: The beginning of the name of the cache's file.
        key: What the content depends on, besides the platform.
        make: Makes the folder.

    Raises:
        UnusableFolder: The cache cannot be used, or `data` cannot be written.
    """
    identity = json.dumps([*key, sys.platform, platform.machine()])
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    packed = cache_folder() / f"{name}-{digest}.zip"
    sweep(packed.parent)
    if packed.exists() and _unpack(packed, data, account):
        return
    make()
    try:
        _pack(data, packed)
    except OSError as error:
        raise unusable("the cache", packed.parent, error) from error


def _initdb_arguments(major: int) -> list[str]:
    # The same on every machine: text is compared by code point, and upper() and lower() work.
    locale = ["--locale=C"]
    if major >= 17:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-sync",
        "--no-instructions",
        *locale,
    ]


def _initialise(
    data: Path, programs: Programs, arguments: Sequence[str], popen: Mapping[str, Any]
) -> None:
    answer = subprocess.run(
        [programs.installation.program("initdb"), "-D", data, *arguments],
        cwd=data.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **popen,
    )
    if answer.returncode:
        raise PostgresUnavailable(
            "initdb, which builds the data directory, ended with exit code "
            f"{answer.returncode}:\n{answer.stdout.strip()}\n"
            f"{full(answer.stdout) or OWN_SERVER_HINT}"
        )


def _pack(data: Path, packed: Path) -> None:
    workspace = Workspace(packed.parent)
    try:
        fresh = workspace.path / packed.name
        with zipfile.ZipFile(fresh, "w", strict_timestamps=False) as archive:
            for path in sorted(data.rglob("*")):
                archive.write(path, path.relative_to(data))
        fresh.replace(packed)
    finally:
        workspace.remove()


def _unpack(packed: Path, data: Path, account: Account) -> bool:
    """Unpack the data directory and return True, or leave nothing and return False if damaged."""
    try:
        with zipfile.ZipFile(packed) as archive:
            _write_all(archive, data, account)
    except _DAMAGE:
        if data.exists():
            shutil.rmtree(data)
        return False
    except PermissionError as error:
        raise unusable("the cache", packed, error) from error
    return True


def _write_all(archive: zipfile.ZipFile, data: Path, account: Account) -> None:
    try:
        data.mkdir(mode=0o700)
        account.own(data)
        for entry in archive.infolist():
            name = PurePosixPath(entry.filename)
            if name.is_absolute() or ".." in name.parts:
                raise zipfile.BadZipFile(f"{name} leads out of the data directory")
            path = data / name
            if entry.is_dir():
                path.mkdir(mode=0o700)
                account.own(path)
            else:
                _write(path, archive.read(entry), account)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise zipfile.BadZipFile(f"a name in it is damaged: {error}") from error
    except OSError as error:
        raise unusable("live data", data.parent.parent, error) from error


def _write(path: Path, content: bytes, account: Account) -> None:
    # os.open, because this runs a thousand times per start, and open() takes twice as long.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
    try:
        account.own(file)
        view = memoryview(content)
        while view:
            view = view[os.write(file, view) :]
    finally:
        os.close(file)
