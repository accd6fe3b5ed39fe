from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from conftest import Playground
from understudy.embedded import EmbeddedServer, Place, SchemaError, UnusableFolder, load_schema
from understudy.embedded.cache_folders import cache_folder

HELLO = """
    import psycopg
    from understudy.embedded import EmbeddedServer
    with EmbeddedServer() as server, psycopg.connect(server.dsn()) as connection:
        print(connection.execute("SELECT 'hello'").fetchone()[0])
"""


def packed(place: Playground) -> Path:
    [found] = place.cache.glob("*.zip")
    return found


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def flip_in_the_index(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-2000] ^= 0xFF
    path.write_bytes(content)


def lead_out(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escaped", "x")


def starts(place: Playground) -> None:
    with EmbeddedServer() as server, psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert place.leftovers() == []


def test_the_first_start_fills_the_cache_and_the_next_does_not_run_initdb(
    at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts(at_home)
    before = packed(at_home).stat().st_mtime_ns
    monkeypatch.setattr("understudy.embedded.datacache._initialise", None)
    starts(at_home)
    assert packed(at_home).stat().st_mtime_ns == before
    assert [path.name for path in at_home.cache.iterdir()] == [packed(at_home).name]


@pytest.mark.parametrize(
    "damage", [cut, flip, flip_in_the_index, lead_out, lambda path: path.write_bytes(b"")]
)
def test_a_damaged_file_is_rebuilt(
    warm: Playground, at_home: Playground, damage: Callable[[Path], None]
) -> None:
    path = packed(warm)
    sound = path.stat().st_size
    damage(path)
    starts(warm)
    assert packed(warm).stat().st_size == pytest.approx(sound, rel=0.01)
    assert not (warm.data / "escaped").exists()


def test_two_programs_that_fill_it_at_once_both_start(playground: Playground) -> None:
    both = [playground.begin(HELLO), playground.begin(HELLO)]
    ended = [program.communicate(timeout=30) for program in both]
    assert ended == [("hello\n", ""), ("hello\n", "")]
    assert packed(playground)
    assert playground.settles()


def test_a_build_that_was_cut_short_is_swept(warm: Playground, at_home: Playground) -> None:
    half = warm.cache / "understudy-999999999-01234567"
    half.mkdir()
    (half / "owner.json").write_text(
        '{"pid": 999999999, "started": "1", "world": "%s"}' % world()  # noqa: UP031 # JSON braces
    )
    (half / "data-0.zip").write_bytes(b"half of it")
    starts(warm)
    assert not half.exists()


def world() -> str:
    from understudy.embedded.processes import current_world

    return current_world()


def test_a_cache_folder_that_is_a_file(
    at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home.cache.write_text("not a folder")
    with pytest.raises(UnusableFolder) as caught:
        EmbeddedServer().start()
    assert str(caught.value) == (
        f"The folder for the cache cannot be used: {at_home.cache}: File exists\n"
        "Set UNDERSTUDY_CACHE_DIR to a writable folder with 200 MB free."
    )
    at_home.cache.unlink()
    assert at_home.leftovers() == []


def test_a_data_folder_that_is_not_there_is_made(
    warm: Playground, at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(at_home.root / "new" / "data"))
    starts(warm)
    assert list((at_home.root / "new" / "data").iterdir()) == []


def test_a_data_folder_that_is_a_file(at_home: Playground, monkeypatch: pytest.MonkeyPatch) -> None:
    file = at_home.root / "file"
    file.write_text("not a folder")
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(file))
    with pytest.raises(UnusableFolder) as caught:
        EmbeddedServer().start()
    assert str(caught.value) == (
        f"The folder for live data cannot be used: {file}: File exists\n"
        "Set UNDERSTUDY_DATA_DIR to a writable folder with 200 MB free."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that is always full")
def test_a_full_disk_says_so(
    warm: Playground, at_home: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes, account: object) -> None:
        with Path("/dev/full").open("wb", buffering=0) as device:
            device.write(content)

    monkeypatch.setattr("understudy.embedded.datacache._write", full)
    with pytest.raises(UnusableFolder) as caught:
        EmbeddedServer().start()
    assert str(caught.value) == (
        f"The folder for live data cannot be used: {warm.data}: No space left on device\n"
        "Set UNDERSTUDY_DATA_DIR to a writable folder with 200 MB free."
    )
    assert warm.settles()


@pytest.mark.skipif(sys.platform == "win32", reason="homes are found in another way")
def test_a_home_that_cannot_be_written_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UNDERSTUDY_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home = tmp_path / "home"
    home.write_text("a file: nothing can be made in it, not even by root")
    expected = tmp_path / f"understudy-cache-{os.getuid()}"
    for variable, value in {"HOME": str(home), "XDG_CACHE_HOME": str(home)}.items():
        monkeypatch.setenv(variable, value)
        assert cache_folder() == expected
        assert cache_folder().stat().st_mode & 0o777 == 0o700
    # On a file system that is mounted read-only, the folder itself may be there.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "understudy").mkdir()
    access = os.access
    monkeypatch.setattr(os, "access", lambda at, mode: at.name != "understudy" and access(at, mode))
    assert cache_folder() == expected
    # Without a home at all.
    monkeypatch.undo()
    monkeypatch.delenv("UNDERSTUDY_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert cache_folder() == expected


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files tell nothing there")
def test_a_temporary_cache_of_another_user_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("UNDERSTUDY_CACHE_DIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    folder = tmp_path / f"understudy-cache-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UnusableFolder) as caught:
        cache_folder()
    assert str(caught.value) == (
        f"The folder for the cache cannot be used: {folder}: not your own\n"
        "Set UNDERSTUDY_CACHE_DIR to a writable folder with 200 MB free."
    )


@pytest.mark.parametrize("name", ["it's", 'a "b" c', "50% & more+"])
def test_any_name_of_a_data_folder_will_do(
    warm: Playground, at_home: Playground, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(at_home.root / name))
    starts(warm)
    with EmbeddedServer() as server:
        place = Place(server.dsn(), "x", socket_url=server.socket_dsn())
        with psycopg.connect(place.socket_dsn("postgres")) as connection:
            assert connection.info.host.startswith(str(at_home.root / name))


def test_a_full_disk_of_a_running_server_says_so(server: EmbeddedServer, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "DO $$ BEGIN RAISE disk_full USING MESSAGE ="
        " 'could not extend file \"x\": No space left on device'; END $$"
    )
    with pytest.raises(SchemaError) as caught:
        load_schema(server.dsn(), ["a.sql"], tmp_path)
    assert str(caught.value).splitlines()[-1] == (
        "Set UNDERSTUDY_DATA_DIR to a folder with more space."
    )
