"""Pytest in a child process: what comes back, and how it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lint.projects import write
from understudy.embedded import processes
from understudy.project import pytest_process

PLUGIN = """
    from understudy.project import pytest_process


    def pytest_runtest_logreport(report):
        if report.when == "call":
            pytest_process.answer({"test": report.nodeid, "passed": report.passed})


    def pytest_sessionfinish():
        pytest_process.answer({"requested": pytest_process.requested()})
"""
TESTS = "def test_a():\n    assert 1\n\n\ndef test_b():\n    assert 0\n"
LEFT_OUT = [f"-pno:{name}" for name in ("randomly", "hypothesispytest", "faker", "cacheprovider")]


def test_answers_output_and_exit_code_come_back(tmp_path: Path) -> None:
    write(tmp_path, {"asking.py": PLUGIN, "test_it.py": TESTS, "pytest.ini": "[pytest]\n"})

    ended = pytest_process.run(
        [*LEFT_OUT, "-q"], tmp_path, plugin="asking", request={"wanted": ["a", 1]}
    )

    assert ended.exit_code == 1
    assert not ended.timed_out
    assert ended.answers == [
        {"test": "test_it.py::test_a", "passed": True},
        {"test": "test_it.py::test_b", "passed": False},
        {"requested": {"wanted": ["a", 1]}},
    ]
    assert "1 failed, 1 passed" in ended.tail(1)
    assert "test_it.py" in ended.output


def test_output_is_shown_as_it_comes(tmp_path: Path) -> None:
    write(tmp_path, {"test_it.py": TESTS, "pytest.ini": "[pytest]\n"})

    with (tmp_path / "log").open("w") as log:
        log.write("before\n")
        ended = pytest_process.run([*LEFT_OUT, "-q", "-k", "test_a"], tmp_path, output=log)

    assert (ended.exit_code, ended.answers, ended.output) == (0, [], "")
    assert (tmp_path / "log").read_text().startswith("before\n")
    assert "1 passed" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("patience", [0, 30])
def test_a_child_whose_time_is_up_is_stopped(tmp_path: Path, patience: float) -> None:
    write(
        tmp_path,
        {"conftest.py": "import time\n\n\ntime.sleep(600)\n", "pytest.ini": "[pytest]\n"},
    )

    ended = pytest_process.run(LEFT_OUT, tmp_path, timeout=0.5, patience=patience)

    assert ended.timed_out
    assert ended.exit_code != 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_sigterm_stops_the_child_too(tmp_path: Path) -> None:
    # The child sends the signal to its parent, and would run on.
    write(
        tmp_path,
        {
            "conftest.py": f"""
                import os, pathlib, signal, time


                pathlib.Path("child").write_text(str(os.getpid()))
                os.kill({os.getpid()}, signal.SIGTERM)
                time.sleep(600)
            """,
            "pytest.ini": "[pytest]\n",
        },
    )
    before = signal.getsignal(signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt):
        pytest_process.run(LEFT_OUT, tmp_path)

    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "child").read_text()), 0)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no watcher")
@pytest.mark.parametrize(
    "by",
    ["SIGKILL", pytest.param("SIGHUP", marks=pytest.mark.slow)],  # a terminal is closed
)
def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path, by: str) -> None:
    write(
        tmp_path,
        {
            "conftest.py": """
                import os, pathlib, time


                pathlib.Path("pid").write_text(str(os.getpid()))
                pathlib.Path("pid").rename("child")
                time.sleep(600)
            """,
            "pytest.ini": "[pytest]\n",
        },
    )
    code = (
        "import sys; from understudy.project import pytest_process as p; p.run(sys.argv[1:], '.')"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, *LEFT_OUT], cwd=tmp_path)
    while not (tmp_path / "child").exists():
        assert parent.poll() is None
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    assert processes.start_time(child) is not None

    parent.send_signal(signal.Signals[by])
    parent.wait()

    while processes.start_time(child) is not None:  # pytest's own limit ends a wait in vain
        time.sleep(0.01)


def test_answers_come_while_the_child_runs_and_an_incomplete_one_is_left_out(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        {
            "conftest.py": """
                import os, pathlib, time
                from understudy.project import pytest_process


                pytest_process.answer({"step": 1})
                while not pathlib.Path("go").exists():
                    time.sleep(0.01)
                pytest_process.answer({"step": 2})
                with open(os.environ[pytest_process.ANSWERS_VARIABLE], "a") as file:
                    file.write('{"cut sho')
                    file.flush()
                    pathlib.Path("written").touch()
                    time.sleep(600)
            """,
            "pytest.ini": "[pytest]\n",
        },
    )
    with pytest_process.started(LEFT_OUT, tmp_path, patience=0) as child:
        answers: list[object] = []
        while not answers:
            answers = [*child.new_answers()]
        (tmp_path / "go").touch()
        while not (tmp_path / "written").exists():
            assert not child.wait(0.01)
        answers += child.new_answers()

    assert answers == [{"step": 1}, {"step": 2}]
    assert child.exit_code not in (None, 0)


def test_nothing_is_requested_of_another_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(pytest_process.REQUEST_VARIABLE, raising=False)

    assert pytest_process.requested() == {}
