"""A private server: where it is, who may use it, and that nothing of it is left."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.mysql_places import installation_or_skip
from tests.playground import Playground
from understudy.mysql_server.address import Address
from understudy.mysql_server.admin import Admin
from understudy.mysql_server.errors import MysqlDatabaseError, MysqlUnavailable
from understudy.mysql_server.installations import BINARIES_VARIABLE
from understudy.mysql_server.server import MysqlServer

IDLE = """
    import sys
    from understudy.mysql_server.server import MysqlServer
    with MysqlServer() as server:
        print(server.address.url, flush=True)
        sys.stdin.read()
"""


def test_it_answers_over_tcp_and_by_its_socket(mysql_server: Address) -> None:
    over_tcp = Address(*(getattr(mysql_server, name) for name in ("host", "port", "user")))
    with Admin(mysql_server) as admin:
        assert admin.rows("SELECT @@time_zone, @@character_set_server") == (("+00:00", "utf8mb4"),)
    with Admin(Address(over_tcp.host, over_tcp.port, "understudy", mysql_server.password)) as admin:
        assert admin.rows("SELECT 1 + %s", 1) == ((2,),)


def test_another_password_is_refused(mysql_server: Address) -> None:
    with pytest.raises(MysqlUnavailable) as raised:
        Admin(Address(mysql_server.host, mysql_server.port, "understudy", "wrong"))

    assert str(raised.value) == (
        f"Cannot connect to MySQL at mysql://understudy:***@127.0.0.1:{mysql_server.port}/: "
        "Access denied for user 'understudy'@'127.0.0.1' (using password: YES)"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no users of POSIX")
def test_its_processes_are_not_those_of_root(mysql_server: Address) -> None:
    with Admin(mysql_server) as admin:
        [(file,)] = admin.rows("SELECT @@pid_file")
    process = psutil.Process(int(Path(file).read_text()))

    assert process.uids().real != 0
    assert mysql_server.password not in " ".join(process.cmdline())
    assert not list(Path(file).parents[1].glob("*.sql"))


def test_a_refused_statement_is_named(mysql_server: Address) -> None:
    with Admin(mysql_server) as admin, pytest.raises(MysqlDatabaseError) as raised:
        admin.rows("SELECT nothing FROM nowhere.at_all")

    assert str(raised.value) == (
        f"MySQL at {mysql_server.shown} refused a statement: "
        "Table 'nowhere.at_all' doesn't exist (1146)\n"
        "  SELECT nothing FROM nowhere.at_all"
    )


def test_nobody_answers() -> None:
    with pytest.raises(MysqlUnavailable, match=r"Cannot connect to MySQL at mysql://root@127.*:1/"):
        Admin(Address(port=1))


def test_an_address_of_a_server_that_was_not_started() -> None:
    with pytest.raises(MysqlUnavailable, match="The private MySQL server is not running"):
        _ = MysqlServer().address


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
    ],
)
def test_a_signal_leaves_nothing(playground: Playground, number: signal.Signals) -> None:
    installation_or_skip()
    process = playground.begin(IDLE)
    assert playground.line(process).startswith("mysql://understudy:")

    process.send_signal(number)
    process.wait(timeout=20)

    assert playground.settles(), (playground.leftovers(), playground.processes())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no watcher")
def test_the_next_start_removes_what_a_killed_watcher_left(playground: Playground) -> None:
    installation_or_skip()
    process = playground.begin(IDLE)
    playground.line(process)
    [watcher] = [it for it in playground.processes() if "understudy-watcher" in it.cmdline()]
    watcher.kill()
    process.kill()
    process.wait()
    assert playground.processes()

    done = playground.run(
        "from understudy.mysql_server.server import MysqlServer as M\nM().start()"
    )

    assert done.returncode == 0, done.stderr
    assert playground.settles(), (playground.leftovers(), playground.processes())


def test_a_server_whose_data_directory_cannot_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bin" / "mysqld"
    file.parent.mkdir()
    file.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "mysqld  Ver 8.4.1 for Linux"; exit; fi\n'
        "echo '2026-01-01 [ERROR] the disk is on fire'; exit 3\n"
    )
    file.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    monkeypatch.setenv(BINARIES_VARIABLE, str(tmp_path))
    monkeypatch.setenv("UNDERSTUDY_CACHE_DIR", str(tmp_path / "cache"))
    server = MysqlServer()

    with pytest.raises(MysqlUnavailable) as raised:
        server.start()

    assert str(raised.value) == (
        f"MySQL 8.4.1 ({file}) could not make its data directory (exit code 3):\n"
        "  2026-01-01 [ERROR] the disk is on fire"
    )
    assert not server.is_running
    assert list((tmp_path / "cache").iterdir()) == []
