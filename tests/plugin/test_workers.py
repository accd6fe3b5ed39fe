"""The PostgreSQL of a run with pytest-xdist: one server, which the controller starts and stops."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import execnet
import psutil
import pytest

from tests.plugin.conftest import Project, section, without
from understudy.embedded import PostgresUnavailable
from understudy.plugin import databases
from understudy.plugin import xdist_workers as workers

TESTS = """
    import os
    import psycopg
    import pytest
    from understudy.plugin.databases import bare

    @pytest.mark.parametrize("n", range(8))
    def test_it(real_postgres, pytestconfig, n):
        print(f"BARE {bare(pytestconfig)} END")
        with psycopg.connect(real_postgres.dsn) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone()
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (0,)
            connection.execute("INSERT INTO users VALUES ('Ana')")
            (name,) = connection.execute("SELECT current_database()").fetchone()
            print(f"SEEN {os.getpid()} {folder} {name} END")
"""


@pytest.fixture
def database(project: Project) -> Project:
    """A project whose schema says in a file how often it was loaded, and tests that use it."""
    project.configure(
        '[tool.understudy]\nisolation = "clone"\nschema = ["schema:create", "db/*.sql"]'
    )
    project.write_text(project.path / "db" / "1.sql", "CREATE TABLE users (name text);")
    project.write(
        schema="""
            def create(dsn):
                with open("loaded", "a") as file:
                    file.write("once\\n")
        """
    )
    return project.write(test_it=TESTS)


def run(project: Project, workers: int = 2) -> pytest.RunResult:
    options = ("-n", str(workers), "-rA", *without("anyio"))
    return project.run(*options, asyncio=False, subprocess=True)


def seen(result: pytest.RunResult) -> list[tuple[int, str, str]]:
    """The worker, the data folder and the database of each test."""
    found = re.findall(r"SEEN (\d+) (\S+) (\S+) END", result.stdout.str())
    return [(int(pid), folder, database) for pid, folder, database in found]


def test_all_workers_share_a_server_that_is_gone_at_the_end(database: Project) -> None:
    result = run(database, workers=4)
    result.assert_outcomes(passed=8)
    rows = seen(result)
    assert len({pid for pid, _, _ in rows}) == 4
    (folder,) = {folder for _, folder, _ in rows}
    assert len({name for _, _, name in rows}) == 8
    assert (database.path / "loaded").read_text() == "once\n"
    assert len(set(re.findall(r"BARE (\S+) END", result.stdout.str()))) == 1
    assert processes_of(folder) == []


@pytest.mark.slow
def test_a_worker_that_crashes_takes_nothing_with_it(database: Project) -> None:
    database.write(
        test_crash="""
            import os, signal

            def test_crash(real_postgres):
                os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    result = run(database)
    result.assert_outcomes(passed=8, failed=1)
    assert len({folder for _, folder, _ in seen(result)}) == 1
    assert "worker 'gw" in result.stdout.str()


def test_what_keeps_the_controller_from_it_is_said_by_each_worker(database: Project) -> None:
    database.write_text(database.path / "db" / "2.sql", "CREATE TABLE roles (id imt);\n")
    result = run(database)
    result.assert_outcomes(errors=8)
    told = {section(result, f"test_it[{n}]").partition("\n")[2] for n in range(8)}
    (text,) = told
    assert text.startswith("PostgreSQL refused the schema file db/2.sql, line 1, column 24\n")
    assert (database.path / "loaded").read_text() == "once\n"


def test_results_are_sent_without_what_utf_8_does_not_have() -> None:
    config: Any = SimpleNamespace(workeroutput={})

    assert workers.send(config, "a", lambda: {"\udcff": ["é\ud800", ("\udcff",)], "n": {1}})

    assert config.workeroutput["a"] == {"\\udcff": ["é\\ud800", ("\\udcff",)], "n": {1}}
    execnet.dumps(config.workeroutput)


def test_a_controller_that_is_gone_is_one_message() -> None:
    gateway = execnet.makegateway()
    channel = gateway.newchannel()
    gateway.exit()
    gateway.join()
    config: Any = SimpleNamespace(workerinput={workers._KEY: channel})
    with pytest.raises(PostgresUnavailable) as caught:
        databases.ask_controller(config, "place")
    assert str(caught.value) == (
        "No PostgreSQL is available: the pytest process that starts it has ended."
    )


def test_a_worker_on_another_machine_sees_to_it_by_itself() -> None:
    spec = execnet.XSpec("ssh=elsewhere")
    node: Any = SimpleNamespace(gateway=SimpleNamespace(spec=spec), workerinput={})
    workers.offer(node, databases.answer)
    assert workers.ask(node, "place") is None


def test_when_the_run_is_over_nothing_is_started_any_more(database: Project) -> None:
    database.write(
        conftest="""
            def pytest_unconfigure(config):
                from understudy.plugin.databases import answer
                print("TOLD", answer(config, "place"), answer(config, "bare"))
        """,
        test_it="def test_it(real_postgres): pass",
    )
    result = database.run("-s")
    result.assert_outcomes(passed=1)
    told = {
        "error": "No PostgreSQL is available any more: the run is over.\n"
        "Use it in a test or in a fixture, not in code that runs after them."
    }
    assert f"TOLD {told} {told}" in result.stdout.str()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_controller_that_is_ended_in_the_middle_leaves_nothing(
    database: Project, number: signal.Signals
) -> None:
    database.write(
        test_it="""
            import time
            from pathlib import Path

            import psycopg

            def test_it(real_postgres):
                with psycopg.connect(real_postgres.dsn) as connection:
                    (folder,) = connection.execute("SHOW data_directory").fetchone()
                Path("begun.tmp").write_text(folder)
                Path("begun.tmp").rename("begun")
                time.sleep(600)
        """
    )
    unused = without("cacheprovider", "randomly", "hypothesispytest", "faker", "anyio")
    program = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n", "1", *unused],
        cwd=database.path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C at a terminal reaches the workers too.
        start_new_session=True,
    )
    begun = database.path / "begun"
    while not begun.exists():
        assert program.poll() is None
        time.sleep(0.02)
    folder = str(Path(begun.read_text()).parent)  # with what watches the server
    if number == signal.SIGINT:
        os.killpg(program.pid, number)
    else:
        program.send_signal(number)
    program.wait(timeout=60)
    psutil.wait_procs(processes_of(folder), timeout=60)
    assert processes_of(folder) == []
    assert not Path(folder).exists()
    # A worker whose controller is gone ends when execnet has noticed; its test need not sleep on.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)


def processes_of(folder: str) -> list[psutil.Process]:
    """What runs in a server's folder, its watcher included."""
    found = []
    for process in psutil.process_iter():
        try:
            if folder in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
