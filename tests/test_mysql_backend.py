"""The suite of the example on MySQL, as `make demo` runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mysql_places import installation_or_skip

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[1] / "examples" / "mysql_backend"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(
        EXAMPLE, tmp_path / "hotel", ignore=shutil.ignore_patterns("__pycache__", ".*")
    )


def run(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    return said


def test_the_tests_on_the_fake_need_no_server(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_MYSQL_BINARIES", str(copy))  # where there is none

    said = run(copy, "tests/test_bookings.py", "--understudy-locked")

    assert "6 passed" in said


def test_fake_and_real_server_share_the_app(copy: Path) -> None:
    installation_or_skip()

    said = run(copy)

    assert "calls on fake_mysql" in said
    assert "calls on real_mysql" in said
    assert "15 passed" in said


def test_each_call_fails_once(copy: Path) -> None:
    installation_or_skip()

    said = run(copy, "tests/test_hotel.py", "--understudy-sweep")

    answers = (copy / "tests" / "understudy-faults").read_text(encoding="utf-8")
    assert "Nothing is wrong with the answers." in said
    assert "POST /rooms/{room_id}/bookings, INSERT bookings, 1213 -> 201\n" in answers
    assert "POST /rooms/{room_id}/bookings, COMMIT, drop-after-commit -> 500\n" in answers


def test_mutants_of_its_sql_are_noticed(copy: Path) -> None:
    installation_or_skip()
    command = [sys.executable, "-m", "understudy", "mutate"]
    ended = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)

    # Each statement is one, whatever its values; each mutant is accepted, and met by a test.
    found = re.search(
        r"6 statements, (\d+) mutants: (\d+) killed, (\d+) alive, 0 probably equivalent, 0 refused",
        ended.stdout,
    )
    assert found is not None, ended.stdout + ended.stderr
    total, killed, alive = map(int, found.groups())
    assert total == killed + alive
    assert killed > alive


def test_the_example_is_small() -> None:
    files = [*EXAMPLE.rglob("*.py"), EXAMPLE / "schema.sql", EXAMPLE / "pyproject.toml"]

    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files) <= 600
