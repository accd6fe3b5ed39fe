"""No server and no folder is left behind, however and whenever the owning process ends."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from tests.playground import Playground

from understudy.embedded.processes import current_process
from understudy.embedded.workspace import MARKER, Workspace, sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and process groups")

# The program sends itself the signal as soon as a path appears under the data folder.
AT_STAGE = """
    import glob, os, threading, time
    from understudy.embedded import EmbeddedServer

    def strike():
        while not glob.glob({path!r}):
            time.sleep(0.0005)
        os.kill(os.getpid(), {signal})

    threading.Thread(target=strike, daemon=True).start()
    with EmbeddedServer():
        time.sleep(30)
"""
STAGES = {
    "folder": "owner.json",
    "data folder": "data",
    "template1 written": "data/base/1",
    "last file": "data/postgresql.conf",
    "postmaster": "data/postmaster.pid",
    "socket": ".s.PGSQL.*",
}
IDLE = """
    import sys
    from understudy.embedded import EmbeddedServer
    with EmbeddedServer() as server:
        print(server.dsn(), flush=True)
        sys.stdin.read()
"""


def kill_watcher(playground: Playground) -> None:
    [watcher] = [p for p in playground.processes() if "understudy-watcher" in p.cmdline()]
    watcher.kill()


def strike_at(playground: Playground, stage: str, number: signal.Signals) -> int:
    path = str(playground.data / "understudy-*" / STAGES[stage])
    done = playground.run(AT_STAGE.format(path=path, signal=int(number)))
    return done.returncode


@pytest.mark.parametrize(
    ("stage", "number"),
    [
        *((stage, number) for stage in STAGES for number in (signal.SIGKILL, signal.SIGINT)),
        ("postmaster", signal.SIGTERM),
    ],
)
def test_a_signal_at_a_start_from_the_cache_leaves_nothing(
    warm: Playground, stage: str, number: signal.Signals
) -> None:
    assert strike_at(warm, stage, number) == -number
    if stage == "folder":
        # Two milliseconds before the watcher: the next start cleans up.
        assert not any(folder.joinpath("data").exists() for folder in warm.leftovers())
        sweep(warm.data)
    assert warm.settles(), (warm.leftovers(), warm.processes())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("stage", ["data folder", "template1 written"])
def test_a_signal_during_initdb_leaves_nothing(
    playground: Playground, stage: str, number: signal.Signals
) -> None:
    assert strike_at(playground, stage, number) == -number
    assert playground.settles(), (playground.leftovers(), playground.processes())
    assert list(playground.cache.iterdir()) == []


def test_ctrl_c_at_the_terminal_reaches_the_program_and_not_its_server(warm: Playground) -> None:
    """The terminal signals the whole group; the server must outlive the program's teardown."""
    program = warm.begin(
        """
        import sys, psycopg
        from understudy.embedded import EmbeddedServer
        with EmbeddedServer() as server:
            try:
                print("ready", flush=True)
                sys.stdin.read()
            except KeyboardInterrupt:
                with psycopg.connect(server.dsn()) as connection:
                    print(connection.execute("SELECT 'teardown'").fetchone()[0])
        """,
        start_new_session=True,
    )
    assert warm.line(program) == "ready\n"
    os.killpg(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err) == (0, "teardown\n", "")
    assert warm.settles()


def test_the_next_start_cleans_up_after_a_killed_watcher(warm: Playground) -> None:
    program = warm.begin(IDLE)
    assert warm.line(program).startswith("postgresql://")
    kill_watcher(warm)
    program.kill()
    program.communicate(timeout=20)
    [abandoned] = warm.leftovers()
    assert warm.processes(), "the server still runs"

    program = warm.begin(IDLE)
    assert warm.line(program).startswith("postgresql://")
    assert not abandoned.exists()
    assert all(str(abandoned) not in " ".join(p.cmdline()) for p in warm.processes())
    program.communicate("", timeout=20)
    assert warm.settles()


def test_a_kill_during_stop_leaves_nothing(warm: Playground) -> None:
    done = warm.run(
        """
        import os, shutil
        from understudy.embedded import EmbeddedServer
        with EmbeddedServer():
            shutil.rmtree = lambda path: os.kill(os.getpid(), 9)
        """
    )
    assert done.returncode == -signal.SIGKILL
    assert warm.settles()


def test_stop_needs_no_watcher(warm: Playground) -> None:
    program = warm.begin(IDLE)
    assert warm.line(program).startswith("postgresql://")
    kill_watcher(warm)
    _, err = program.communicate("", timeout=20)
    assert (program.returncode, err) == (0, "")
    assert warm.settles()


def test_two_runs_at_once_leave_each_other_alone(warm: Playground) -> None:
    first, second = warm.begin(IDLE), warm.begin(IDLE)
    assert warm.line(first) != warm.line(second)
    assert len(warm.leftovers()) == 2
    first.communicate("", timeout=20)
    [rest] = warm.leftovers()
    assert f"understudy-{second.pid}-" in str(rest)
    assert any("postgres" in process.name() for process in warm.processes())
    second.communicate("", timeout=20)
    assert (first.returncode, second.returncode) == (0, 0)
    assert warm.settles()


def test_a_forked_child_does_not_stop_the_server_of_its_parent(warm: Playground) -> None:
    done = warm.run(
        """
        import os, psycopg
        from understudy.embedded import EmbeddedServer
        with EmbeddedServer() as server:
            child = os.fork()
            if child == 0:
                server.stop()
                os._exit(0)
            os.waitpid(child, 0)
            with psycopg.connect(server.dsn()) as connection:
                print(connection.execute("SELECT 1").fetchone())
        """
    )
    assert (done.returncode, done.stdout) == (0, "(1,)\n"), done.stderr


class TestSweep:
    def mark(self, folder: Path, **changes: object) -> None:
        owner = current_process()
        mark = {"pid": owner.pid, "started": owner.started, "world": owner.world, **changes}
        (folder / MARKER).write_text(json.dumps(mark))

    def folder(self, base: Path, pid: int) -> Path:
        folder = base / f"understudy-{pid}-0123abcd"
        folder.mkdir()
        return folder

    def test_keeps_the_folder_of_a_living_process(self, tmp_path: Path) -> None:
        workspace = Workspace(tmp_path)
        assert sweep(tmp_path) == []
        assert workspace.path.is_dir()
        workspace.remove()
        workspace.remove()
        assert list(tmp_path.iterdir()) == []

    def test_removes_the_folder_of_a_process_whose_id_was_reused(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, os.getpid())
        self.mark(folder, started="12")
        (folder / "data").mkdir()
        assert sweep(tmp_path) == [folder]
        assert list(tmp_path.iterdir()) == []

    def test_believes_the_mark_and_not_the_name(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, 999_999_999)
        self.mark(folder)
        assert sweep(tmp_path) == []

    @pytest.mark.parametrize("mark", [None, "", '{"pid": 1', "[]", '{"pid": 1}'])
    def test_removes_a_folder_with_an_incomplete_owner_file(
        self, tmp_path: Path, mark: str | None
    ) -> None:
        folder = self.folder(tmp_path, 999_999_999)
        if mark is not None:
            (folder / MARKER).write_text(mark)
        assert sweep(tmp_path) == [folder]

    def test_keeps_a_folder_that_is_being_made(self, tmp_path: Path) -> None:
        self.folder(tmp_path, os.getpid())
        assert sweep(tmp_path) == []

    def test_keeps_a_folder_of_that_name_that_holds_something_and_no_mark(
        self, tmp_path: Path
    ) -> None:
        folder = self.folder(tmp_path, 999_999_999)
        (folder / "thesis.tex").write_text("years of work")
        assert sweep(tmp_path) == []

    def test_keeps_other_names_files_and_links(self, tmp_path: Path) -> None:
        other = tmp_path / "understudy-data"
        other.mkdir()
        self.mark(other, started="12")
        (tmp_path / "understudy-1-01234567").write_text("a file")
        (tmp_path / "understudy-2-01234567").symlink_to(other)
        assert sweep(tmp_path) == []
        assert len(list(tmp_path.iterdir())) == 3

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has process id namespaces")
    def test_asks_the_lock_about_a_process_of_another_container(self, tmp_path: Path) -> None:
        import fcntl

        folder = self.folder(tmp_path, 1)
        self.mark(folder, pid=1, world="another boot pid:[1]")
        with (folder / MARKER).open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert sweep(tmp_path) == []
        assert sweep(tmp_path) == [folder]

    def test_stops_no_process_that_only_has_the_id_of_a_dead_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = self.folder(tmp_path, 999_999_999)
        self.mark(folder, pid=999_999_999)
        (folder / "data").mkdir()
        (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n")
        touched: list[object] = []
        for name in ("send_signal", "terminate", "kill"):
            monkeypatch.setattr(psutil.Process, name, lambda *call: touched.append(call))
        monkeypatch.setattr(psutil, "wait_procs", lambda *call, **_: touched.append(call))
        assert sweep(tmp_path) == [folder]
        assert touched == []

    def test_waits_for_a_process_that_still_writes_there(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, 1)
        self.mark(folder, started="12", pid=999_999_999)
        writing = threading.Event()

        def write() -> None:
            for number in itertools.count():
                try:
                    (folder / "data").mkdir(exist_ok=True)
                    (folder / "data" / str(number)).touch()
                except (FileNotFoundError, FileExistsError):
                    # Both mean that the sweep was quicker: mkdir() finds the folder there, asks
                    # whether it is one, and by then it is gone.
                    if not folder.exists():
                        return
                writing.set()
                if number == 2000:
                    return

        writer = threading.Thread(target=write)
        writer.start()
        writing.wait()
        assert sweep(tmp_path) == [folder]
        writer.join()
        assert list(tmp_path.iterdir()) == []

    def test_concurrent_sweeps_do_not_interfere(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path, 1)
        self.mark(folder, started="12", pid=999_999_999)
        for number in range(300):
            (folder / "data" / str(number)).mkdir(parents=True)
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: sweep(tmp_path), range(4)))
        assert list(tmp_path.iterdir()) == []

    def test_the_mark_goes_last(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = self.folder(tmp_path, 1)
        self.mark(folder, started="12", pid=999_999_999)
        (folder / "data").mkdir()

        def interrupted(path: Path) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", interrupted)
            with pytest.raises(KeyboardInterrupt):
                sweep(tmp_path)
        assert sweep(tmp_path) == [folder]

    def test_of_a_folder_that_is_not_there_finds_nothing(self, tmp_path: Path) -> None:
        assert sweep(tmp_path / "nothing") == []
