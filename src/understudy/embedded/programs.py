"""Ensure that the server's user can run the installed binaries, and read their version."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from understudy.embedded.accounts import Account
from understudy.embedded.binaries import Installation
from understudy.embedded.cache_folders import cache_folder, unreachable, unusable
from understudy.embedded.environment import OWN_SERVER_HINT
from understudy.embedded.errors import PostgresUnavailable
from understudy.embedded.workspace import Workspace, sweep


@dataclass(frozen=True)
class Programs:
    """Binaries that the server's user can run.

    Attributes:
        installation: Their location.
        version: The version according to `postgres --version`, like `18.4`.
    """

    installation: Installation
    version: str

    @property
    def major(self) -> int:
        """The major version."""
        return int("".join(c if c.isdecimal() else " " for c in self.version).split()[0])


def runnable_programs(installation: Installation, account: Account) -> Programs:
    """Return the installed binaries, or a copy of them that `account` can reach.

    Raises:
        PostgresUnavailable: The binaries do not run.
        UnusableFolder: There is no usable folder for the copy.
    """
    if not account.reaches(installation.prefix / "bin"):
        installation = _copy_for(installation, account)
    return Programs(installation, _version(installation, account))


def _version(installation: Installation, account: Account) -> str:
    binary = installation.program("postgres")
    try:
        answer = subprocess.run(
            [binary, "--version"],
            cwd=binary.parent,
            capture_output=True,
            text=True,
            check=True,
            **account.popen_arguments,
        )
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or f"exit code {error.returncode}"
        raise _does_not_run(binary, reason) from error
    except (OSError, subprocess.SubprocessError) as error:
        if account.uid is not None and not _may_become(account):
            raise PostgresUnavailable(
                "PostgreSQL refuses to run as root, and it could not be started as "
                f"{account.name}: {error}\nRun the tests as an ordinary user. {OWN_SERVER_HINT}"
            ) from error
        raise _does_not_run(binary, str(error)) from error
    # The output is: postgres (PostgreSQL) 18.4
    said: str = answer.stdout
    return said.strip().rpartition(") ")[2]


def _does_not_run(binary: Path, reason: str) -> PostgresUnavailable:
    return PostgresUnavailable(
        f"The embedded PostgreSQL does not run: {binary} --version failed: {reason}\n"
        f"{OWN_SERVER_HINT}"
    )


def _may_become(account: Account) -> bool:
    try:
        subprocess.run(["/bin/sh", "-c", ":"], cwd="/", check=True, **account.popen_arguments)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def _copy_for(installation: Installation, account: Account) -> Installation:
    source = installation.prefix.parent.parent
    files = {path: (source / path).stat().st_size for path in _needed(installation, source)}
    key = hashlib.sha256(repr((str(source), sorted(files.items()))).encode()).hexdigest()[:16]
    base = _reachable_cache(account)
    target = base / f"postgres-{key}"
    sweep(base)
    try:
        if not _is_complete(target, files):
            _install(source, files, base, target)
    except OSError as error:
        raise unusable("a copy of PostgreSQL in the cache", base, error) from error
    return Installation(target / installation.prefix.relative_to(source), installation.origin)


def _needed(installation: Installation, source: Path) -> Iterator[Path]:
    """Yield the files that a server needs: no headers, static libraries or clients."""
    prefix = installation.prefix
    wheels = prefix / "lib" / "postgresql"
    library = wheels if wheels.is_dir() else prefix / "lib"
    folders = [library, prefix / "share", installation.libraries]
    yield from (installation.program(name).relative_to(source) for name in ("postgres", "initdb"))
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                if not name.endswith((".a", ".o", ".h", ".mk")):
                    yield Path(where, name).relative_to(source)


def _reachable_cache(account: Account) -> Path:
    """Return a permanent folder that the server's user can reach."""
    candidates = [cache_folder(), Path(tempfile.gettempdir()) / "understudy-root"]
    for folder in candidates:
        with contextlib.suppress(FileExistsError):
            if account.reaches(folder.parent):
                folder.mkdir(mode=0o755)
        # Another user may have created a folder of that name: do not run programs from it.
        if account.reaches(folder) and folder.stat().st_uid == os.getuid():
            return folder
    raise unreachable("a copy of PostgreSQL", candidates, account)


def _is_complete(target: Path, files: dict[Path, int]) -> bool:
    # Tools that clean temporary folders by age remove single files.
    try:
        return all((target / path).stat().st_size == size for path, size in files.items())
    except (FileNotFoundError, NotADirectoryError):
        return False


def _install(source: Path, files: dict[Path, int], base: Path, target: Path) -> None:
    workspace = Workspace(base)
    try:
        fresh = workspace.path / "postgres"
        for path in files:
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, fresh / path)
            (fresh / path).chmod(0o755)
        for folder in (fresh, *(path for path in fresh.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        if target.exists() and not _is_complete(target, files):
            shutil.rmtree(target)
        # If another process has put its copy there, use that one.
        with contextlib.suppress(OSError):
            fresh.rename(target)
        if not _is_complete(target, files):
            raise OSError(f"the copy in {target} is not complete")
    finally:
        workspace.remove()
