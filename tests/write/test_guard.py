"""What the code that is tried must not do is refused, and said."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from understudy.write import guard

_NO_UVLOOP = pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not run on Windows")
# The audit hook of a guard stays until its process ends.
_SCRIPT = """\
import asyncio, json, os, socket, sqlite3, subprocess, sys, tempfile
from pathlib import Path
from understudy.write.guard import Guard

home = Path(sys.argv[1])
mine = socket.create_server(("127.0.0.1", 0))
port = mine.getsockname()[1]
guard = Guard([f"postgresql://user:secret@127.0.0.1:{port}/app"], home)
guard.hold()
(home / "kept").write_text("x")

def quietly(function, *arguments):
    try:
        function(*arguments)
    except Exception:
        pass

def connect_elsewhere():
    socket.create_connection(("127.0.0.1", 9), timeout=1)

def connect_to_the_database():
    socket.create_connection(("127.0.0.1", port)).close()

def ask_for_an_address():
    socket.getaddrinfo("example.com", 80)

def start_a_process():
    subprocess.run([sys.executable, "-c", ""])

def remove_a_file():
    os.remove("/etc/nothing-here")

def write_a_file():
    open("/etc/nothing-here", "w")

def write_a_temporary_file():
    with tempfile.TemporaryFile() as file:
        file.write(b"x")

def read_a_file():
    open(__file__).close()

def connect_by_a_driver():
    import psycopg
    psycopg.connect("postgresql://user@127.0.0.1:9/production", connect_timeout=1)

def run_a_loop():
    asyncio.run(asyncio.sleep(0))

def send_a_datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", 9))

def make_a_folder():
    os.makedirs("/etc/nothing-here/at/all")

def have_a_folder():
    os.makedirs("/etc", exist_ok=True)

def make_a_link():
    os.symlink(__file__, "/etc/nothing-here")

def link_a_file():
    os.link("/etc/hosts", home / "hosts")

def change_a_mode():
    os.chmod("/etc/nothing-here", 0o600)

def open_sqlite():
    sqlite3.connect("/etc/nothing-here.db")

def open_sqlite_by_an_address():
    sqlite3.connect("file:/etc/nothing-here.db?mode=rwc", uri=True)

def open_sqlite_in_memory():
    sqlite3.connect(":memory:").close()
    sqlite3.connect("file::memory:?cache=shared", uri=True).close()

def on_uvloop(action):
    import uvloop
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(action())

def connect_by_uvloop():
    async def connect():
        await asyncio.open_connection("127.0.0.1", 9)
    on_uvloop(connect)

def connect_to_the_database_by_uvloop():
    async def connect():
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
    on_uvloop(connect)

def start_a_process_by_uvloop():
    async def start():
        await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    on_uvloop(start)

found = {}
by_uvloop = [
    connect_by_uvloop, connect_to_the_database_by_uvloop, start_a_process_by_uvloop,
] if sys.platform != "win32" else []  # which has no uvloop
for function in [
    connect_elsewhere, connect_to_the_database, ask_for_an_address, start_a_process,
    remove_a_file, write_a_file, write_a_temporary_file, read_a_file, connect_by_a_driver,
    run_a_loop, send_a_datagram, make_a_folder, have_a_folder, make_a_link, link_a_file,
    change_a_mode, open_sqlite, open_sqlite_by_an_address, open_sqlite_in_memory, *by_uvloop,
]:
    with guard.acting() as refused:
        quietly(function)
    found[function.__name__] = refused
connect_is_free = True
try:
    subprocess.run([sys.executable, "-c", ""], check=True)
except Exception as error:
    connect_is_free = False
found["afterwards"] = [] if connect_is_free else ["refused"]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("project")
    script = folder / "script.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, list[str]] = json.loads(ended.stdout)
    return found


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("connect_elsewhere", "it connects to 127.0.0.1:9, which a trial does not do"),
        ("ask_for_an_address", "it looks up the address of example.com, which a trial does not do"),
        ("start_a_process", "it starts a process, which a trial does not do"),
        (
            "remove_a_file",
            "it removes or changes /etc/nothing-here, which a trial does not do",
        ),
        ("write_a_file", "it writes to /etc/nothing-here, which a trial does not do"),
        ("send_a_datagram", "it sends to 127.0.0.1:9, which a trial does not do"),
        ("make_a_folder", "it makes /etc/nothing-here, which a trial does not do"),
        ("make_a_link", "it removes or changes /etc/nothing-here, which a trial does not do"),
        ("link_a_file", "it removes or changes /etc/hosts, which a trial does not do"),
        ("change_a_mode", "it removes or changes /etc/nothing-here, which a trial does not do"),
        ("open_sqlite", "it opens /etc/nothing-here.db, which a trial does not do"),
        (
            "open_sqlite_by_an_address",
            "it opens file:/etc/nothing-here.db?mode=rwc, which a trial does not do",
        ),
        pytest.param(
            "connect_by_uvloop",
            "it connects to 127.0.0.1:9, which a trial does not do",
            marks=_NO_UVLOOP,
        ),
        pytest.param(
            "start_a_process_by_uvloop",
            "it starts a process, which a trial does not do",
            marks=_NO_UVLOOP,
        ),
    ],
)
def test_what_reaches_further_is_refused_even_if_the_code_swallows_it(
    refused: dict[str, list[str]], action: str, sentence: str
) -> None:
    assert refused[action] == [sentence]


@pytest.mark.parametrize(
    "action",
    [
        "connect_to_the_database",
        "write_a_temporary_file",
        "read_a_file",
        "run_a_loop",
        "have_a_folder",
        "open_sqlite_in_memory",
        pytest.param("connect_to_the_database_by_uvloop", marks=_NO_UVLOOP),
        "afterwards",
    ],
)
def test_the_database_and_temporary_files_are_free(
    refused: dict[str, list[str]], action: str
) -> None:
    assert refused[action] == []


def test_a_driver_reaches_no_other_database(refused: dict[str, list[str]]) -> None:
    (text,) = refused["connect_by_a_driver"]

    assert text == (
        f"script.py:{_line('psycopg.connect(')} in connect_by_a_driver connects to the database "
        "server at 127.0.0.1:9, which is not the one that Understudy prepares. Nothing was sent to "
        'it.\n    psycopg.connect("postgresql://user@127.0.0.1:9/production", connect_timeout=1)\n'
        "Point its settings at real_postgres: see real_postgres_env in the configuration."
    )


def _line(text: str) -> int:
    lines = _SCRIPT.splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for that")
def test_a_value_is_made_in_the_time_of_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.05)

    def made() -> None:
        while True:
            with contextlib.suppress(Exception):
                time.sleep(1)

    with pytest.raises(guard.Refused) as refused, guard.limited():
        made()

    assert str(refused.value) == "it did not end within 0.05 s"


@pytest.mark.parametrize(
    ("database", "file"),
    [
        (":memory:", None),
        ("file:jobs?mode=memory", None),
        ("file:jobs.db?mode=ro", None),
        ("file:a%20b.db", "a b.db"),
        (b"jobs.db", "jobs.db"),
        (Path("jobs.db"), "jobs.db"),
    ],
)
def test_the_file_that_sqlite_would_write(database: Any, file: str | None) -> None:
    assert guard._sqlite_file(database) == file
