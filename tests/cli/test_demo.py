from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from understudy.cli import extras, main

from .conftest import environment, understudy, write

# Says which server it is on, then takes its time.
SLOW = """
    import pathlib, time
    import psycopg, pytest

    @pytest.mark.integration
    def test_takes_its_time(real_postgres):
        with psycopg.connect(real_postgres.dsn) as connection:
            folder = connection.execute("SHOW data_directory").fetchone()[0]
        pid = pathlib.Path(folder, "postmaster.pid").read_text().splitlines()[0]
        pathlib.Path("pid.new").write_text(pid)
        pathlib.Path("pid.new").rename("pid.txt")
        time.sleep(60)
"""


def test_both_suites_for_a_person(project: Path) -> None:
    done = understudy("demo", "--in-place", "project", cwd=project.parent)

    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    progress, summary = done.stdout.split("\nSuite 1: ")
    assert "\nSuite 1 of 2: the unit tests, on fakes\n" in progress
    assert "\nSuite 2 of 2: the integration tests, on a real PostgreSQL\n" in progress
    assert "\n  2 tests passed, 0 failed, in " in summary
    assert (
        "\n  3 calls on fakes, 2 different statements, 2 of them checked by PostgreSQL\n" in summary
    )
    assert "\n  They run 3 of 4 lines of src, and 1 of 2 branches\n" in summary
    assert "\n  1 test passed, 0 failed, in " in summary
    assert "\nWhat to do next:\n  cd project\n" in summary


@pytest.mark.slow
def test_both_suites_for_a_program(project: Path) -> None:
    done = understudy("demo", "--format", "json", "--in-place", str(project), cwd=project.parent)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert report["copied"] is False
    assert report["folder"] == str(project.resolve())
    assert [lane["tests"]["passed"] for lane in report["lanes"]] == [2, 1]
    # Progress, heading by heading, each with pytest's own lines below it.
    assert done.stderr.index("Suite 1 of 2") < done.stderr.index("2 passed")
    assert done.stderr.index("2 passed") < done.stderr.index("Suite 2 of 2")
    assert done.stderr.index("Suite 2 of 2") < done.stderr.index("1 passed")


@pytest.mark.slow
def test_a_failure_in_one_suite_does_not_hide_the_other(project: Path) -> None:
    write(project, {"tests/test_more.py": "def test_no(): assert False"})

    done = understudy("demo", "--format=json", "--in-place", "project", cwd=project.parent)

    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["ok"] is False
    assert [lane["ok"] for lane in report["lanes"]] == [False, True]


def refused(*arguments: str) -> str:
    """Run the demo, which must fail before it starts, and return its error."""
    result = CliRunner().invoke(main, ["demo", *arguments], prog_name="understudy")
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def test_a_taken_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"understudy-demo/mine.txt": "mine"})
    monkeypatch.chdir(tmp_path)

    assert refused() == (
        "Error: understudy-demo exists and is not empty;"
        " the demo needs a new folder.\n"
        "To use another one:         understudy demo FOLDER\n"
        "To run the suite in it:     understudy demo --in-place understudy-demo\n"
    )
    assert [path.name for path in Path("understudy-demo").iterdir()] == ["mine.txt"]


def test_in_place_where_there_is_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert refused("--in-place").startswith("Error: understudy-demo is not a project:")


def test_missing_packages_are_named_before_anything_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(extras, "missing", lambda *_: ["fastapi>=0.115", "psqlpy>=0.11"])

    assert refused() == (
        "Error: The demo needs packages that are not installed:\n"
        "  fastapi>=0.115\n"
        "  psqlpy>=0.11\n"
        'The extra "demo" installs them:\n'
        '  pip install "understudy[demo]"\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_an_understudy_that_pip_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(package: str, _: str) -> list[str]:
        raise metadata.PackageNotFoundError(package)

    monkeypatch.setattr(extras, "missing", unknown)

    assert refused() == (
        "Error: The demo reads its requirements from the installed package,"
        " and understudy is not installed.\n"
        '  pip install "understudy[demo]"\n'
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there the console sends Ctrl-C, not a process")
@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_server(order: signal.Signals, project: Path) -> None:
    write(project, {"tests/test_integration.py": SLOW})
    demo = subprocess.Popen(
        [sys.executable, "-m", "understudy", "demo", "--format=json", "--in-place", str(project)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    server = psutil.Process(int(wait_for(project / "pid.txt", demo)))
    assert server.is_running()

    os.kill(demo.pid, order)
    stdout, stderr = demo.communicate(timeout=60)

    assert demo.returncode == 130
    assert stdout == ""
    assert stderr.endswith(
        "\nInterrupted in: the integration tests, on a real PostgreSQL."
        " The tests and PostgreSQL were stopped.\n"
    )
    assert "KeyboardInterrupt" in stderr  # pytest's own word: it has ended in its own way
    assert not server.is_running()


def wait_for(file: Path, process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the slow test did not begin"
        time.sleep(0.05)
    return file.read_text()


def test_an_interrupted_copy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("understudy.cli.demo_suites.run", interrupted)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["demo", "here"], prog_name="understudy")

    assert result.exit_code == 130
    assert result.stderr == (
        "\nInterrupted in: the unit tests, on fakes."
        " The tests and PostgreSQL were stopped.\nThe copy remains: here\n"
    )
    assert (tmp_path / "here" / "pyproject.toml").exists()


def test_an_interrupt_while_copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("understudy.cli.demo_backend.copy_to", interrupted)
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["demo", "here"], prog_name="understudy")

    assert result.exit_code == 130
    assert result.stderr == (
        "\nInterrupted before any test ran. The copy may be incomplete: here\n"
    )
