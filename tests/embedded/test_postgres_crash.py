"""A server that is killed, or whose disk is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
from tests.playground import Playground

from understudy.embedded import DatabaseError, EmbeddedServer, TestDatabases, UnusableFolder
from understudy.embedded.shared_memory import release_segment
from understudy.embedded.workspace import sweep

SEGMENTS = Path("/proc/sysvipc/shm")


def folder_of(playground: Playground) -> Path:
    [folder] = playground.data.glob("understudy-*")
    return folder


def kill_postgres(playground: Playground) -> str:
    """Kill the server's first process, and return its segment of shared memory: key and number."""
    lines = (folder_of(playground) / "data" / "postmaster.pid").read_text().splitlines()
    process = psutil.Process(int(lines[0]))
    everyone = [process, *process.children(recursive=True)]
    process.kill()
    # The others notice, and end by themselves.
    assert psutil.wait_procs(everyone[1:], timeout=30)[1] == []
    return lines[6]


def segments() -> list[str]:
    lines = SEGMENTS.read_text().splitlines()[1:]
    return [f"{int(line.split()[0]):>9} {int(line.split()[1]):>9}" for line in lines]


@pytest.mark.skipif(sys.platform != "linux", reason="it is looked for in /proc")
def test_a_server_that_is_killed_leaves_nothing_when_its_run_is_over(
    warm: Playground, at_home: Playground, tmp_path: Path
) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE users (id int);")
    with TestDatabases(["*.sql"], tmp_path) as databases:
        name, dsn = databases.new()
        with closing(psycopg.connect(dsn)) as connection:
            segment = kill_postgres(at_home)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        assert segment in segments()
        databases.drop(name)  # it is gone with its server
    assert at_home.settles()
    assert segment not in segments()


@pytest.mark.skipif(sys.platform != "linux", reason="it is looked for in /proc")
def test_a_segment_that_is_in_use_or_of_another_stays(
    warm: Playground, at_home: Playground, tmp_path: Path
) -> None:
    with EmbeddedServer() as server:
        pid_file = folder_of(at_home) / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        release_segment(pid_file)
        assert lines[6] in segments()
        for number, text in enumerate(["", "\n".join(lines[:6]), "\n".join([*lines[:6], "1 1"])]):
            other = tmp_path / str(number)
            other.write_text(text)
            release_segment(other)
        with psycopg.connect(server.dsn()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def small(playground: Playground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file system of 80 MB for the live data; a data directory takes half of it."""
    folder = playground.data / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=80m,mode=755", "understudy-tests", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"there is no program to mount with: {error}")
    if done.returncode:
        pytest.skip(f"only root may mount a small file system: {done.stderr.strip()}")
    monkeypatch.setenv("UNDERSTUDY_DATA_DIR", str(folder))
    monkeypatch.setenv("UNDERSTUDY_CACHE_DIR", str(playground.cache))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int) -> None:
    """Leave so many bytes free."""
    with (folder / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, os.statvfs(folder).f_bavail * 4096 - leave)


def test_a_disk_that_is_full_before_the_start_is_one_message(small: Path, warm: Playground) -> None:
    fill(small, leave=10_000_000)
    with pytest.raises(UnusableFolder) as caught:
        EmbeddedServer().start()
    assert str(caught.value) == (
        f"The folder for live data cannot be used: {small}: No space left on device\n"
        "Set UNDERSTUDY_DATA_DIR to a writable folder with 200 MB free."
    )
    assert [path.name for path in small.iterdir()] == ["ballast"]
    (small / "ballast").unlink()
    EmbeddedServer().start().stop()
    assert list(small.iterdir()) == []


def test_a_disk_that_is_full_between_two_copies_loses_only_the_second(
    small: Path, warm: Playground, tmp_path: Path
) -> None:
    (tmp_path / "1.sql").write_text("CREATE TABLE users (id int);")
    with TestDatabases(["*.sql"], tmp_path) as databases:
        first, dsn = databases.new()
        fill(small, leave=1_000_000)
        with pytest.raises(DatabaseError) as caught:
            databases.new()
        told = str(caught.value).splitlines()[0]
        assert told.startswith("Cannot clone the database 'understudy_")
        assert told.endswith(": No space left on device (SQLSTATE 53100)")
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT * FROM users").fetchall() == []
        (small / "ballast").unlink()
        second, _ = databases.new()
        databases.drop(second)
        databases.drop(first)
    assert list(small.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_server_that_was_left_on_purpose_is_gone_with_the_next_start(
    warm: Playground,
) -> None:
    done = warm.run(
        """
        from understudy.embedded import EmbeddedServer
        server = EmbeddedServer().start()
        server.admin.create("kept")
        print(server.dsn("kept"))
        server.leave()
        server.leave()
        server.stop()
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
    with psycopg.connect(done.stdout.strip()) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("kept",)
    assert sweep(warm.data) != []
    assert warm.settles()
