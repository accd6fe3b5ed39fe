"""Reruns in sessions that end early, in several processes, or with errors of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.rerun.conftest import Rerunning

pytestmark = pytest.mark.slow

TESTS = """
import psycopg, pytest

def ask(real_postgres, statement="SELECT 7 AS x"):
    with psycopg.connect(real_postgres.dsn, autocommit=True) as connection:
        connection.execute(statement)

def test_first(real_postgres):
    ask(real_postgres)

def test_second(real_postgres):
    ask(real_postgres)
"""
FAILED = (
    "SELECT ? AS x: error: call: psycopg.errors.SerializationFailure: "
    "could not serialize access due to concurrent update"
)


def test_each_worker_of_xdist_runs_its_own_tests_again(rerunning: Rerunning) -> None:
    rerunning.write(
        TESTS,
        """
        def pytest_sessionfinish(session):
            if hasattr(session.config, "workeroutput"):
                session.config.workeroutput["lines"] = lines

        @pytest.hookimpl(optionalhook=True)
        def pytest_testnodedown(node):
            lines.extend(node.workeroutput["lines"])
        """,
    )

    result = rerunning.pytester.runpytest_subprocess("-n2", "-p", "no:randomly")

    result.assert_outcomes(passed=2)
    found = sorted(line for line in result.outlines if line.startswith("test_"))
    assert found == [f"test_first: {FAILED}", f"test_second: {FAILED}"]


def test_a_session_that_stops_early_runs_nothing_again(rerunning: Rerunning) -> None:
    rerunning.write(
        TESTS.replace("def test_second", "def test_fails():\n    assert 0\n\ndef test_second")
    )

    assert rerunning.lines("-x") == []


def test_failing_reruns_stop_no_session(rerunning: Rerunning) -> None:
    rerunning.write(TESTS)
    result = rerunning.run("-x", "--maxfail=1")

    assert result.ret == pytest.ExitCode.OK
    assert len([line for line in result.outlines if line.startswith("test_")]) == 2


SHARED = """
@pytest.fixture(scope="session")
def shared(real_postgres_server):
    with psycopg.connect(real_postgres_server.dsn, autocommit=True) as connection:
        connection.execute("SELECT 1 AS of_the_fixture")
    yield
    raise ValueError("torn down badly")

def test_shared(real_postgres, shared):
    ask(real_postgres)
"""


def test_the_teardown_of_the_session_is_reported_unless_a_fault_may_have_broken_it(
    rerunning: Rerunning,
) -> None:
    rerunning.write(TESTS + SHARED, "def changes():\n    return {'none': None}\n")
    sound = rerunning.run()
    sound.assert_outcomes(passed=3, errors=1)
    sound.stdout.fnmatch_lines(["ERROR test_own.py::test_shared - ValueError: torn down badly"])

    rerunning.write(TESTS + SHARED)
    rerunning.run().assert_outcomes(passed=3)


HANGING = """
from pathlib import Path

def again(reruns):
    lines.append("so far")

    def hang(event):
        if event.kind == "statement" and event.phase == "call":
            Path("hangs").touch()
            return Hang()

    reruns.run(reruns.recorded["test_own.py::test_shared"].item, hang, seconds=60)
    lines.append("not so far")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGINT for another process")
def test_an_interrupted_rerun_leaves_the_results_so_far_and_nothing_else(
    rerunning: Rerunning,
) -> None:
    rerunning.write(TESTS + SHARED, HANGING)
    path = rerunning.pytester.path
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:randomly", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=path,
    ) as child:
        while not (path / "hangs").exists():
            assert child.poll() is None
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        output = child.communicate(timeout=60)[0]

    assert child.returncode == pytest.ExitCode.INTERRUPTED
    lines = output.splitlines()
    assert [line for line in lines if line.endswith("so far")] == ["so far"]
    assert "torn down badly" not in output
    assert lines[-1].startswith("3 passed")
    assert "! KeyboardInterrupt !" in output
