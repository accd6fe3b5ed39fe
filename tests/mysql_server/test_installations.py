"""Which server is found on a machine, and what is said where none is."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.mysql_places import installation_or_skip
from understudy.embedded.errors import MissingExtra
from understudy.mysql_server import installations
from understudy.mysql_server.errors import MysqlUnavailable
from understudy.mysql_server.installations import BINARIES_VARIABLE, find_installation


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without a server, and an empty folder."""
    monkeypatch.setattr(installations, "_ON_MACHINE", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(BINARIES_VARIABLE, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def program(file: Path, says: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_no_server_on_the_machine(bare: Path) -> None:
    with pytest.raises(MissingExtra) as raised:
        find_installation()

    assert str(raised.value) == (
        "There is no MariaDB or MySQL server on this machine: no mariadbd or mysqld on the PATH or "
        "where packages install it.\n"
        "Install one: apt-get install mariadb-server-core (Debian, Ubuntu), dnf install "
        "mariadb-server (Fedora, Red Hat), apk add mariadb (Alpine). It need not run.\n"
        "Or name its folder: UNDERSTUDY_MYSQL_BINARIES=/opt/mariadb.\n"
        "Or use a server that is running: "
        "UNDERSTUDY_MYSQL_URL=mysql://user:password@localhost:3306/."
    )


def test_the_way_to_get_one_is_that_of_the_platform(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    with pytest.raises(MissingExtra, match="Install one: brew install mariadb"):
        find_installation()


def test_a_server_on_the_path(bare: Path) -> None:
    file = program(bare / "mysqld", "mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community)")

    found = find_installation()

    assert (found.program, found.version, found.is_mariadb) == (file, (8, 0, 36), False)
    assert str(found) == f"MySQL 8.0.36 ({file})"


def test_mariadb_comes_before_mysql(bare: Path) -> None:
    program(bare / "mysqld", "mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community)")
    file = program(bare / "mariadbd", "mariadbd  Ver 11.4.2-MariaDB for Linux on x86_64")

    assert find_installation().program == file


def test_the_folder_that_is_named(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bare / "unpacked"
    file = program(folder / "sbin/mariadbd", "mariadbd  Ver 10.11.6-MariaDB for debian-linux-gnu")
    (folder / "lib/x86_64-linux-gnu").mkdir(parents=True)
    monkeypatch.setenv(BINARIES_VARIABLE, str(folder))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)

    found = find_installation()

    assert (found.program, found.prefix) == (file, folder)
    assert found.environment["LD_LIBRARY_PATH"] == f"{folder}/lib:{folder}/lib/x86_64-linux-gnu"


def test_a_folder_without_a_server(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BINARIES_VARIABLE, "/nowhere")

    with pytest.raises(MysqlUnavailable) as raised:
        find_installation()

    assert str(raised.value) == (
        "UNDERSTUDY_MYSQL_BINARIES is '/nowhere', but there is no mariadbd or mysqld in it.\n"
        'Name the folder with "bin" or "sbin" in it, or the program.'
    )


def test_a_server_that_is_too_old(bare: Path) -> None:
    file = program(bare / "mysqld", "mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community)")

    with pytest.raises(MysqlUnavailable) as raised:
        find_installation()

    assert str(raised.value) == (
        f"MySQL 5.7.44 ({file}) is too old.\nExpected MariaDB 10.5 or MySQL 8.0, or newer."
    )


@pytest.mark.parametrize(
    ("folder", "product"), [("mysql", "mysql"), ("mariadb", "mysql"), ("mariadb", "mariadb")]
)
def test_the_scripts_of_older_and_newer_versions(bare: Path, folder: str, product: str) -> None:
    program(bare / "mariadbd", "mariadbd  Ver 12.1.2-MariaDB for osx10.21 on arm64")
    share = bare / "share" / folder
    share.mkdir(parents=True)
    names = ["system_tables", "performance_tables", "system_tables_data"]
    files = [share / f"{product}_{name}.sql" for name in names]
    for file in files[:2]:
        file.touch()
    found = find_installation()

    assert found.scripts == []
    files[2].touch()
    assert found.scripts == files


def test_a_server_that_does_not_run(bare: Path) -> None:
    file = program(bare / "mariadbd", "error while loading shared libraries: liburing.so.2")

    with pytest.raises(MysqlUnavailable) as raised:
        find_installation()

    assert str(raised.value) == (
        f"{file} is on this machine, but does not run:\n"
        "  error while loading shared libraries: liburing.so.2\n"
        "Repair it, or name another one: UNDERSTUDY_MYSQL_BINARIES."
    )


def test_the_server_of_this_machine() -> None:
    found = installation_or_skip()

    assert found.version >= (8, 0, 0)
    assert found.scripts or not found.is_mariadb
