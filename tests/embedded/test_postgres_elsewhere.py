"""Other systems: without /proc, with other folders, with their own pg_dump."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from understudy.embedded import (
    EmbeddedServer,
    MissingExtra,
    PostgresUnavailable,
    SchemaError,
    cache_folders,
    processes,
    schema_copy,
)
from understudy.embedded.accounts import Account
from understudy.embedded.driver import without_password
from understudy.embedded.schema_copy import CopiedSource


def test_the_systems_pg_dump_is_used_without_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def without_wheel() -> None:
        raise MissingExtra("there is no wheel")

    monkeypatch.setattr(schema_copy, "find_installation", without_wheel)
    program = tmp_path / ("pg_dump.exe" if sys.platform == "win32" else "pg_dump")
    program.write_text("")
    program.chmod(0o755)
    source = CopiedSource("postgresql://db.example/app")
    monkeypatch.setenv("PATH", str(tmp_path))
    source.check()
    assert schema_copy._pg_dump() == program

    program.unlink()
    with pytest.raises(MissingExtra) as caught:
        source.check()
    assert str(caught.value) == (
        "Copying a schema from a database needs the program pg_dump, which is not installed.\n"
        'Run: pip install "understudy[postgres]"'
    )


def test_the_dump_is_loaded_as_the_schema(server: EmbeddedServer) -> None:
    [dump] = CopiedSource(server.dsn()).content()
    lines = dump.decode().splitlines()
    assert "-- PostgreSQL database dump" in lines
    assert not any(line.startswith(("\\", "-- Dumped")) for line in lines)


def test_a_dump_that_does_not_end_is_one_message(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_copy, "_TIMEOUT", 0.0)
    with pytest.raises(PostgresUnavailable) as caught:
        CopiedSource(server.dsn()).content()
    shown = without_password(server.dsn())
    assert str(caught.value) == (f"The schema of {shown} could not be copied: no end within 0 s")


def test_a_failed_dump_reports_pg_dumps_message(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_copy, "_OPTIONS", "--no-such-option")
    with pytest.raises(SchemaError) as caught:
        CopiedSource(server.dsn()).content()
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"The schema of {without_password(server.dsn())} could not be copied: ")
    assert "no-such-option" in first


def test_without_proc_a_process_is_known_by_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "sys", SimpleNamespace(platform="darwin"))
    own = processes.current_process()
    assert own.world == ""
    assert processes.is_alive(own)
    assert not processes.is_alive(processes.ProcessIdentity(own.pid, "1.000", ""))
    child = subprocess.Popen([sys.executable, "-c", ""])
    assert processes.start_time(child.pid) is not None
    child.wait()
    assert processes.start_time(child.pid) is None


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, ".cache/understudy"),
        ("linux", {"XDG_CACHE_HOME": "xdg"}, "xdg/understudy"),
        ("darwin", {}, "Library/Caches/understudy"),
        ("win32", {}, "AppData/Local/understudy/cache"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/understudy/cache"),
        ("win32", {"UNDERSTUDY_CACHE_DIR": "chosen"}, "chosen"),
    ],
)
def test_the_cache_folder(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    platform: str,
    environment: dict[str, str],
    expected: str,
) -> None:
    for name in ("UNDERSTUDY_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(cache_folders, "sys", SimpleNamespace(platform=platform))
    assert cache_folders.cache_folder() == tmp_path / expected


@pytest.mark.skipif(sys.platform == "win32", reason="it has no mode bits and no users by number")
def test_which_folders_another_user_can_enter(tmp_path: Path) -> None:
    other = Account("somebody", 54321, 54321)
    assert other.popen_arguments == {"user": 54321, "group": 54321, "extra_groups": []}
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    assert not other.reaches(folder)
    assert not other.reaches(tmp_path / "nowhere")
    assert Account("the owner").reaches(folder)
    assert other.reaches(Path("/"))
