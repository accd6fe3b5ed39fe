"""The folders of sockets that killed processes leave are removed by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from understudy.fake_postgres.server import Server
from understudy.serving.private_folder import PrivateFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")
PROGRAM = """
    import sys
    from understudy.fake_postgres.server import Server

    server = Server()
    server.start()
    print(server.socket_dsn, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not tmp_path, which may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="u-") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def begun(base: Path) -> subprocess.Popen[bytes]:
    """Return a process whose server has started."""
    process = subprocess.Popen(
        [sys.executable, "-c", "\n".join(line[4:] for line in PROGRAM.splitlines())],
        env={**os.environ, "TMPDIR": str(base)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert b"pg-" in process.stdout.readline()
    return process


def folders(base: Path) -> list[Path]:
    return sorted(base.glob("pg-*"))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_leaves_one_and_the_next_removes_it(
    base: Path, how: signal.Signals
) -> None:
    with begun(base) as first, begun(base) as second:
        assert len(folders(base)) == 2
        first.send_signal(how)
        first.wait()
        # Of the process that runs, nothing is removed.
        server = Server()
        [left] = {path for path in folders(base) if path != server._sockets.folder}
        assert (left / "lock").read_bytes() == b"locked"
        server.stop()
        second.kill()
    server = Server()
    assert folders(base) == [server._sockets.folder]
    server.stop()
    assert folders(base) == []


def test_a_forked_child_removes_nothing_of_its_parent(base: Path) -> None:
    folder = PrivateFolder(base)
    child = os.fork()
    if child == 0:
        folder.remove()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert folders(base) == [folder.path]
    folder.remove()
    folder.remove()
    assert folders(base) == []


def test_the_folder_of_a_child_that_ended_without_cleaning_up(base: Path) -> None:
    child = os.fork()
    if child == 0:
        PrivateFolder(base)
        os._exit(0)
    os.waitpid(child, 0)
    assert len(folders(base)) == 1
    folder = PrivateFolder.new()
    assert folder is not None
    assert folders(base) == [folder.path]
    folder.remove()


def test_what_is_not_surely_left_stays(base: Path) -> None:
    for name, files in {
        "pg-new": [],
        "pg-unlocked": ["lock"],
        "pg-old": [".s.PGSQL.5432"],
        "pg-other": ["lock", "data"],
        "other": ["lock"],
    }.items():
        (base / name).mkdir()
        for file in files:
            (base / name / file).write_text("locked" if name == "pg-other" else "")
    (base / "pg-file").touch()
    (base / "pg-link").symlink_to(base / "other")
    os.utime(base / "pg-old", (0, 0))
    folder = PrivateFolder.new()
    assert folder is not None
    folder.remove()
    assert sorted(path.name for path in base.iterdir()) == [
        "other",
        "pg-file",
        "pg-link",
        "pg-new",
        "pg-other",
        "pg-unlocked",
    ]


@pytest.mark.parametrize("name", ["it's", 'a "b" c', "50% & more+", "ação"])
def test_any_temporary_folder_will_do(base: Path, name: str) -> None:
    (base / name).mkdir()
    tempfile.tempdir = str(base / name)
    server = Server()
    server.start()
    try:
        with psycopg.connect(server.socket_dsn) as connection:
            assert connection.info.host == str(server._sockets.folder)
    finally:
        server.stop()
