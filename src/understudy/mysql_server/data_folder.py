"""The initialised data directory of a server, made once and cached."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from understudy.embedded.accounts import Account
from understudy.embedded.cache_folders import full
from understudy.embedded.datacache import provide_folder
from understudy.mysql_server.errors import MysqlUnavailable
from understudy.mysql_server.installations import Installation

# Part of the key: raise it when the content of the directory changes.
_FORMAT = 1
# What one of the two servers, or an older version, does not know is "loose".
SMALL = (
    "--innodb-autoextend-increment=1",
    "--innodb-data-file-path=ibdata1:5M:autoextend",
    "--loose-innodb-log-file-size=4M",
    "--loose-innodb-redo-log-capacity=8M",
    "--innodb-buffer-pool-size=32M",
    "--skip-log-bin",
    "--performance-schema=0",
)


def provide_data(
    data: Path,
    installation: Installation,
    account: Account,
    arguments: list[str],
    popen: Mapping[str, Any],
) -> None:
    """Create an initialised data directory, from the cache if possible.

    Args:
        data: The folder to create. Its parent exists.
        installation: The binaries.
        account: The owner of the new files.
        arguments: What every start of the program needs.
        popen: The arguments with which subprocess starts a program.

    Raises:
        UnusableFolder: The cache cannot be used, or `data` cannot be written.
        MysqlUnavailable: The directory cannot be made.
    """
    # Of two builds of one version, each may have its own system tables.
    build = installation.program.stat().st_size
    key = [_FORMAT, str(installation), build, *SMALL]

    def make() -> None:
        data.mkdir(mode=0o700)
        account.own(data)
        _initialise(data, installation, [*arguments, f"--datadir={data}", *SMALL], popen)

    provide_folder(data, account, "mysql-data", key, make)


def _initialise(
    data: Path, installation: Installation, arguments: list[str], popen: Mapping[str, Any]
) -> None:
    script: bytes | None = None
    if not installation.is_mariadb:
        arguments = [*arguments, "--initialize-insecure"]
    else:
        arguments = [*arguments, "--bootstrap"]
        scripts = installation.scripts
        if not scripts:
            raise MysqlUnavailable(
                f"{installation} is not complete: expected mariadb_system_tables.sql, or "
                f"mysql_system_tables.sql, and the scripts that belong to it in "
                f"{installation.prefix}/share/mysql or {installation.prefix}/share/mariadb."
            )
        texts = [file.read_bytes() for file in scripts]
        script = b"\n".join([b"CREATE DATABASE mysql;", b"USE mysql;", *texts])
    given = {name: value for name, value in popen.items() if name != "stdin"}
    done = subprocess.run(
        [installation.program, *arguments],
        input=script,
        cwd=data.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **given,
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()
        lines = [line for line in said.splitlines() if "ERROR" in line] or said.splitlines()[-8:]
        raise MysqlUnavailable(
            f"{installation} could not make its data directory (exit code {done.returncode}):\n"
            + "\n".join([*(f"  {line}" for line in lines), full(said)]).rstrip()
        )
