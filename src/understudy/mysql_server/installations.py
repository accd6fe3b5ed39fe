"""Find a MariaDB or MySQL server on this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from understudy.embedded.errors import MissingExtra
from understudy.mysql_server.errors import MysqlUnavailable

URL_VARIABLE = "UNDERSTUDY_MYSQL_URL"
BINARIES_VARIABLE = "UNDERSTUDY_MYSQL_BINARIES"
# The oldest versions that are supported.
OLDEST_MARIADB = (10, 5)
OLDEST_MYSQL = (8, 0)
_PROGRAMS = ("mariadbd", "mysqld")
_SUFFIX = ".exe" if sys.platform == "win32" else ""
_FOLDERS = ("sbin", "bin", "libexec", "")
# Debian and Red Hat have the server where the PATH of a user does not lead.
_ON_MACHINE = (
    *("/usr", "/usr/local", "/usr/local/mysql", "/usr/local/mariadb"),
    *("/opt/homebrew/opt/mariadb*", "/opt/homebrew/opt/mysql*"),
    *("/usr/local/opt/mariadb*", "/usr/local/opt/mysql*"),
    *("C:/Program Files/MariaDB*", "C:/Program Files/MySQL/MySQL Server*"),
)
_SCRIPTS = ("system_tables", "performance_tables", "system_tables_data")
_VERSION = re.compile(r"Ver (\d+)\.(\d+)\.(\d+)(\S*)")


@dataclass(frozen=True)
class Installation:
    """A server on disk.

    Attributes:
        program: mariadbd or mysqld.
        prefix: the folder with `share` in it.
        version: such as (10, 11, 18).
        is_mariadb: whether it is MariaDB.
    """

    program: Path
    prefix: Path
    version: tuple[int, int, int]
    is_mariadb: bool

    @property
    def scripts(self) -> list[Path]:
        """The scripts that make MariaDB's system tables, in order; empty if they are missing."""
        for folder in ("mysql", "mariadb", ""):
            for product in ("mysql", "mariadb"):  # older versions named them after MySQL
                place = self.prefix / "share" / folder
                files = [place / f"{product}_{name}.sql" for name in _SCRIPTS]
                if all(file.is_file() for file in files):
                    return files
        return []

    @property
    def environment(self) -> dict[str, str]:
        """The environment for its programs."""
        return _environment(self.prefix)

    def __str__(self) -> str:
        name = "MariaDB" if self.is_mariadb else "MySQL"
        return f"{name} {'.'.join(map(str, self.version))} ({self.program})"


def find_installation() -> Installation:
    """Return the server of UNDERSTUDY_MYSQL_BINARIES, or the first one on this machine.

    Raises:
        MissingExtra: there is none.
        MysqlUnavailable: it is too old, does not run, or is not in the folder that was named.
    """
    if chosen := os.environ.get(BINARIES_VARIABLE):
        place = Path(chosen)
        programs = [place] if place.is_file() else list(_in_folder(place))
        if not programs:
            raise MysqlUnavailable(
                f"{BINARIES_VARIABLE} is {chosen!r}, but there is no mariadbd or mysqld in it.\n"
                'Name the folder with "bin" or "sbin" in it, or the program.'
            )
        return _checked(programs[0])
    found = next(_on_machine(), None)
    if found is None:
        raise MissingExtra(no_server())
    return _checked(found)


def no_server() -> str:
    """Return the message for a machine without a server, with the ways to get one."""
    ways = {
        "darwin": "brew install mariadb",
        "win32": "install MariaDB from https://mariadb.org/download (untested on Windows)",
    }
    way = ways.get(
        sys.platform,
        "apt-get install mariadb-server-core (Debian, Ubuntu), dnf install mariadb-server "
        "(Fedora, Red Hat), apk add mariadb (Alpine)",
    )
    return (
        "There is no MariaDB or MySQL server on this machine: no mariadbd or mysqld on the PATH or "
        "where packages install it.\n"
        f"Install one: {way}. It need not run.\n"
        f"Or name its folder: {BINARIES_VARIABLE}=/opt/mariadb.\n"
        f"Or use a server that is running: {URL_VARIABLE}=mysql://user:password@localhost:3306/."
    )


def _on_machine() -> Iterator[Path]:
    for name in _PROGRAMS:
        if found := shutil.which(name):
            yield Path(found)
    for pattern in _ON_MACHINE:
        root = Path(pattern).anchor
        if root and Path(root).exists():
            for folder in sorted(Path(root).glob(str(Path(pattern).relative_to(root)))):
                yield from _in_folder(folder)


def _in_folder(folder: Path) -> Iterator[Path]:
    for name in _PROGRAMS:
        for inside in _FOLDERS:
            program = folder / inside / (name + _SUFFIX)
            if program.is_file():
                yield program


def _checked(program: Path) -> Installation:
    real = program.resolve()
    prefix = real.parent.parent if real.parent.name in _FOLDERS else real.parent
    told = _told_version(str(program), str(prefix))
    version = (int(told[1]), int(told[2]), int(told[3]))
    found = Installation(program, prefix, version, "MariaDB" in told[4])
    refuse_old(version, found.is_mariadb, str(found))
    return found


def refuse_old(version: tuple[int, ...], is_mariadb: bool, shown: str) -> None:
    """Refuse a server that is older than what is supported.

    Raises:
        MysqlUnavailable: it is.
    """
    if version[:2] < (OLDEST_MARIADB if is_mariadb else OLDEST_MYSQL):
        oldest = [".".join(map(str, it)) for it in (OLDEST_MARIADB, OLDEST_MYSQL)]
        raise MysqlUnavailable(
            f"{shown} is too old.\nExpected MariaDB {oldest[0]} or MySQL {oldest[1]}, or newer."
        )


def _environment(prefix: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if "MYSQL" not in name}
    # What was unpacked into another folder has its libraries beside it.
    if sys.platform == "linux" and prefix != Path("/usr"):
        folders = [
            folder
            for base in (prefix, prefix.parent)
            for folder in (base / "lib", *(base / "lib").glob("*-linux-gnu"))
            if folder.is_dir() and base != Path("/")
        ]
        known = environment.get("LD_LIBRARY_PATH", "")
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [*map(str, folders), known]))
    return environment


@lru_cache(maxsize=8)
def _told_version(program: str, prefix: str) -> re.Match[str]:
    try:
        done = subprocess.run(
            [program, "--version"],
            env=_environment(Path(prefix)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=30,
            check=False,
        )
        said = done.stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    found = _VERSION.search(said)
    if found is None:
        raise MysqlUnavailable(
            f"{program} is on this machine, but does not run:\n  {said}\n"
            f"Repair it, or name another one: {BINARIES_VARIABLE}."
        )
    return found
